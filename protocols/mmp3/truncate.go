package mmp3

import (
	"time"

	"quorumbench/protocols"
)

// appliedPeriod is how often a replica sends Applied to one that is not known to have applied the same. It is long
// against a round trip, so that it costs a busy cluster little.
const appliedPeriod = time.Second

// noteApplied notes how far another replica has applied each column (rule 13). All that is decided and may be
// truncated there: it counts as seen, and proposals of it here are given up; recovery asks for it again first. If
// no answer comes, recovery proposes it in the end, since the other replica may be down.
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

// allLevel tells whether both others are known to have applied the same as this replica.
func (r *replica) allLevel() bool {
	return r.peerApplied[r.peers[0]] == r.applied && r.peerApplied[r.peers[1]] == r.applied
}

// scheduleApplied sets the timer for sending Applied, unless all replicas have applied the same and there is no
// snapshot that must be dropped in time.
func (r *replica) scheduleApplied() {
	if r.appliedTimerSet || r.allLevel() && r.outgoing.Expire(r.now) == 0 {
		return
	}
	r.appliedTimerSet = true
	r.out.SetTimer(appliedTimer, appliedPeriod+r.longestTimeout())
}

// sendAppliedToPeers sends Applied to each replica that is not known to have applied the same, and asks for its own.
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

// sendApplied sends Applied to one other replica; with ask, that answers with its own.
func (r *replica) sendApplied(to protocols.NodeID, ask bool) {
	r.out.Send(to, r.envelope(&Message_Applied{Applied: &Applied{Applied: r.applied[:], Ask: ask}}))
}

// onApplied notes another replica's Applied, and answers with this one's if it is asked to.
func (r *replica) onApplied(from protocols.NodeID, m *Applied) {
	r.noteApplied(from, vectorOf(m.Applied))
	if m.Ask {
		r.sendApplied(from, false)
	}
}

// maxKeptBytes bounds what is kept of each column for a replica that is behind, besides the option kept: 32 MiB of all.
const maxKeptBytes = 32 << 20 / replicas

// truncateColumns truncates in each column what all three replicas have applied, and what is too far behind. While a
// snapshot is being made or sent, it keeps what comes after that (rule 13).
func (r *replica) truncateColumns() {
	offered := r.outgoing.Expire(r.now) > 0
	for c := range replicas {
		column := &r.columns[c]
		far := column.recent.from
		if offered {
			far = min(far, r.outgoing.applied[c])
		}
		base := max(far, min(r.applied[c], r.peerApplied[r.peers[0]][c], r.peerApplied[r.peers[1]][c]))
		if r.own.UnderWay() {
			base = min(base, r.own.applied[c])
		}
		column.passOver(base)
		column.truncate(base)
	}
}
