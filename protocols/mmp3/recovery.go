package mmp3

import (
	"time"

	"quorumbench/protocols"
)

// Bounds of one recovery: how many open instances of a column it asks for, and how many it proposes, of maxBytes
// altogether.
const (
	maxAsked     = 1024
	maxRecovered = 64
)

// scheduleRecovery sets the recovery timer if an instance is open: in Seen, but not applied, whether or not this
// replica holds anything of it (rule 5).
func (r *replica) scheduleRecovery() {
	if r.recoveryTimerSet || r.appliedAllSeen() {
		return
	}
	r.recoveryTimerSet, r.recoverBelow = true, r.seen
	longest := r.longestTimeout()
	r.out.SetTimer(recoveryTimer, 2*longest+time.Duration(r.random.Int64N(int64(longest))))
}

// appliedAllSeen tells whether this replica has applied all that it has seen.
func (r *replica) appliedAllSeen() bool { return r.applied.covers(r.seen) }

// longestTimeout returns how long to wait for both others. A measured timeout counts up to twice the configured one,
// so that one slow link does not delay recovery for long.
func (r *replica) longestTimeout() (longest time.Duration) {
	for _, peer := range r.peers {
		longest = max(longest, min(r.trips[peer].Timeout(), 2*r.retry[peer]))
	}
	return longest
}

// recoverOpen handles each instance that was open when the recovery timer was set and still is: the first time it
// asks the others whether it is committed, after that it proposes it (rule 5). It does not propose what comes
// with a snapshot that is being received.
func (r *replica) recoverOpen() {
	r.recoveryTimerSet = false
	withSnapshot := r.retryPiece()
	query, size := &Query{}, 0
	for c := range replicas {
		asked, recovered := 0, 0
		for lsn := r.applied[c]; lsn < r.recoverBelow[c] && asked < maxAsked && recovered < maxRecovered; lsn++ {
			at := position{c, lsn}
			x := r.open(at)
			switch {
			case x.committed || x.proposal != nil:
			case !x.asked, lsn < withSnapshot[c]:
				x.asked = true
				query.add(at)
				asked++
			case size < r.config.Limits.Max():
				r.out.Measure(protocols.MeasureRecovered, 1)
				x.proposal = &proposal{}
				r.prepareAgain(x, x.ballot)
				r.sendProposal(x, r.reach.Nearest(r.now))
				recovered++
				size += x.size()
			}
		}
	}
	r.sendQuery(query)
	r.scheduleRecovery()
}
