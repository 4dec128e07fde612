package mmp3

import (
	"time"

	"quorumbench/protocols"
)

// This file keeps rule 13: who has applied what, and what may be forgotten.

// tellPeriod is how often a replica that is not level with the others tells them how far it is. It is
// long against a round trip, so that it costs a busy cluster nothing that matters.
const tellPeriod = time.Second

// hear notes how far another replica has applied each column. All that is decided, and in Seen: if it
// is missing here, it is asked for, and asked for again, before it is proposed. It may be truncated
// there. But it must be proposed in the end, for the other may be dead by now.
func (r *replica) hear(from protocols.NodeID, applied vector) {
	applied = r.reachable(applied)
	r.heard[from].raise(applied)
	r.seen.raise(applied)
	for c := range replicas {
		for lsn := r.applied[c]; lsn < min(applied[c], r.columns[c].end()); lsn++ {
			if x := r.get(position{c, lsn}); x != nil {
				r.abandon(x)
				x.asked = false
			}
		}
	}
	r.forget()
	r.sweepLater()
	r.tellLater()
}

// level tells whether both others are known to have applied the same as this replica.
func (r *replica) level() bool {
	return r.heard[r.peers[0]] == r.applied && r.heard[r.peers[1]] == r.applied
}

// tellLater sets the timer for telling. When all are level, nothing is told any more; but a snapshot on
// offer has to be dropped in time.
func (r *replica) tellLater() {
	if r.telling || r.level() && r.offer.Expire(r.now) == 0 {
		return
	}
	r.telling = true
	r.out.SetTimer(tellTimer, tellPeriod+r.longestTimeout())
}

// tell tells those who are not known to be level, and asks them for the same.
func (r *replica) tell() {
	r.telling = false
	r.forget()
	for _, peer := range r.peers {
		if r.heard[peer] != r.applied {
			r.tellTo(peer, true)
		}
	}
	r.tellLater()
}

func (r *replica) tellTo(to protocols.NodeID, ask bool) {
	r.out.Send(to, r.envelope(&Message_Applied{Applied: &Applied{Applied: r.applied[:], Ask: ask}}))
}

func (r *replica) onApplied(from protocols.NodeID, m *Applied) {
	r.hear(from, vectorOf(m.Applied))
	if m.Ask {
		r.tellTo(from, false)
	}
}

// forget truncates each column: what all three have applied, and what is so far behind that a
// snapshot is cheaper. What stands behind a snapshot that is asked for will be needed when that has come.
func (r *replica) forget() {
	offered := r.offer.Expire(r.now) > 0
	for c := range replicas {
		done := r.applied[c]
		base := min(done, r.heard[r.peers[0]][c], r.heard[r.peers[1]][c])
		if far := done - min(done, r.kept); offered {
			base = max(base, min(far, r.offer.applied[c]))
		} else {
			base = max(base, far)
		}
		r.columns[c].truncate(base)
	}
}
