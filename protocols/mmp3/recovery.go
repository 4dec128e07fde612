package mmp3

import (
	"slices"
	"time"

	"quorumbench/protocols"
)

// Bounds of one recovery.
const (
	// maxOpen is how many open instances of a column it asks for, and how many it proposes, of maxBytes altogether. While those of
	// a dead replica are open, nothing after them is applied, so they are proposed together: at thousands of writes a second,
	// some hundred are open when a replica crashes.
	maxOpen = 1024
	// maxUnknown is how many of them it proposes of which it has no value. They may be committed, and then each proposal is
	// answered with the instance.
	maxUnknown = 64
)

// scheduleRecovery sets the recovery timer if an instance is open: in Seen, but not applied, whether or not this
// replica holds anything of it (rule 5).
func (r *replica) scheduleRecovery() {
	if r.recoveryTimerSet || r.appliedAllSeen() {
		return
	}
	r.recoveryTimerSet, r.recoverBelow = true, r.seen
	longest := r.longestTimeout()
	r.out.SetTimer(recoveryTimer, longest+time.Duration(r.random.Int64N(int64(longest))))
}

// appliedAllSeen tells whether this replica has applied all that it has seen.
func (r *replica) appliedAllSeen() bool { return r.applied.covers(r.seen) }

// longestTimeout returns how long to wait for both others. A measured timeout counts up to four times the configured one,
// so that one slow link does not delay recovery for long.
func (r *replica) longestTimeout() (longest time.Duration) {
	for _, peer := range r.peers {
		longest = max(longest, min(r.trips[peer].Timeout(), 4*r.retry[peer]))
	}
	return longest
}

// leftOver is what a recovery has left over, as it was too much for one time (rule 5).
type leftOver struct {
	below    vector     // recovered are instances below
	asked    *Query     // others were asked about these, and the answers may be on their way
	proposed []position // of which none may be under way when the others are proposed
}

// recoverOpen handles each instance that was open when the recovery timer was set and still is: the first time it
// asks the others whether it is committed, after that it proposes it (rule 5). It does not propose what comes
// with a snapshot that is being received. With something left over it goes on with that, and asks for nothing more.
func (r *replica) recoverOpen(left *leftOver) {
	query, proposed, size := &Query{}, []position(nil), 0
	below, again, tooMuch := r.recoverBelow, left != nil, false
	if again {
		below, query = left.below, left.asked
	} else {
		r.recoveryTimerSet = false
	}
	withSnapshot := r.retryPiece()
	for c := range replicas {
		asked, recovered, unknown, full := 0, 0, 0, false
		for lsn := r.applied[c]; lsn < below[c] && asked < maxOpen && !(again && full); lsn++ {
			at := position{c, lsn}
			x := r.open(at)
			switch {
			case x.committed || x.proposal != nil:
			case !x.asked, lsn < withSnapshot[c]:
				if !again {
					x.asked = true
					query.add(at)
					asked++
				}
			case again && query.names(at):
			case size < r.config.Limits.Max() && recovered < maxOpen && (x.valueBallot > 0 || unknown < maxUnknown):
				if x.valueBallot == 0 {
					unknown++
				}
				r.out.Measure(protocols.MeasureRecovered, 1)
				x.proposal = &proposal{}
				r.prepareAgain(x, x.ballot)
				r.sendProposal(x, r.reach.Nearest(r.now))
				proposed = append(proposed, at)
				recovered++
				size += x.size()
			default:
				full, tooMuch = true, true
			}
		}
	}
	if r.leftOver = nil; tooMuch {
		r.leftOver = &leftOver{below, query, proposed}
	}
	if !again {
		r.sendQuery(query)
	}
	r.scheduleRecovery()
}

// goOnRecovering goes on with what a recovery has left over, if nothing that it has proposed is under way any more.
func (r *replica) goOnRecovering() {
	left := r.leftOver
	if left == nil {
		return
	}
	for len(left.proposed) > 0 {
		if x := r.get(left.proposed[0]); x != nil && x.proposal != nil {
			return
		}
		left.proposed = left.proposed[1:]
	}
	r.recoverOpen(left)
}

// names reports whether a query is about an instance.
func (q *Query) names(at position) bool {
	return slices.ContainsFunc(q.Stretches, func(s *Query_Stretch) bool {
		return int(s.Column) == at.column && s.From <= at.lsn && at.lsn < s.End
	})
}
