package mmp3

import (
	"time"

	"quorumbench/protocols"
)

// This file keeps rule 13: who has applied what, and what may be forgotten.

// appliedPeriod is how often a replica that is not level with the others tells them how far it is. It is
// long against a round trip, so that it costs a busy cluster nothing that matters.
const appliedPeriod = time.Second

// hear notes how far another replica has applied each column. All that is decided, and in Seen: if it
// is missing here, it is asked for, and asked for again, before it is proposed. It may be truncated
// there. But it must be proposed in the end, for the other may be dead by now.
func (r *replica) noteApplied(from protocols.NodeID, applied vector) {
	applied = r.clampAhead(applied)
	r.peerApplied[from].raise(applied)
	r.seen.raise(applied)
	for c := range replicas {
		for lsn := r.applied[c]; lsn < min(applied[c], r.columns[c].end()); lsn++ {
			if x := r.get(position{c, lsn}); x != nil {
				r.abandon(x)
				x.asked = false
			}
		}
	}
	r.truncateColumns()
	r.scheduleRecovery()
	r.scheduleApplied()
}

// level tells whether both others are known to have applied the same as this replica.
func (r *replica) allLevel() bool {
	return r.peerApplied[r.peers[0]] == r.applied && r.peerApplied[r.peers[1]] == r.applied
}

// scheduleApplied sets the timer for telling. When all are level, nothing is told any more; but a snapshot on
// offer has to be dropped in time.
func (r *replica) scheduleApplied() {
	if r.appliedTimerSet || r.allLevel() && r.outgoing.Expire(r.now) == 0 {
		return
	}
	r.appliedTimerSet = true
	r.out.SetTimer(appliedTimer, appliedPeriod+r.longestTimeout())
}

// tell tells those who are not known to be level, and asks them for the same.
func (r *replica) sendAppliedToPeers() {
	r.appliedTimerSet = false
	r.truncateColumns()
	for _, peer := range r.peers {
		if r.peerApplied[peer] != r.applied {
			r.sendApplied(peer, true)
		}
	}
	r.scheduleApplied()
}

func (r *replica) sendApplied(to protocols.NodeID, ask bool) {
	r.out.Send(to, r.envelope(&Message_Applied{Applied: &Applied{Applied: r.applied[:], Ask: ask}}))
}

func (r *replica) onApplied(from protocols.NodeID, m *Applied) {
	r.noteApplied(from, vectorOf(m.Applied))
	if m.Ask {
		r.sendApplied(from, false)
	}
}

// forget truncates each column: what all three have applied, and what is so far behind that a
// snapshot is cheaper. What stands behind a snapshot that is asked for will be needed when that has come.
func (r *replica) truncateColumns() {
	offered := r.outgoing.Expire(r.now) > 0
	for c := range replicas {
		done := r.applied[c]
		base := min(done, r.peerApplied[r.peers[0]][c], r.peerApplied[r.peers[1]][c])
		if far := done - min(done, r.kept); offered {
			base = max(base, min(far, r.outgoing.applied[c]))
		} else {
			base = max(base, far)
		}
		r.columns[c].truncate(base)
	}
}
