package mmp3

import (
	"time"

	"quorumbench/protocols"
)

// A sweep asks for so many open instances of a column, and proposes so many.
const (
	mostAsked     = 1024
	mostRecovered = 64
)

// sweepLater sets the timer of rule 5 if anything is open: in Seen, but not applied. What
// matters is Seen, not which instances there is a record of.
func (r *replica) sweepLater() {
	if r.sweeping || r.settledEverywhere() {
		return
	}
	r.sweeping, r.swept = true, r.seen
	longest := r.longestTimeout()
	r.out.SetTimer(sweepTimer, 2*longest+time.Duration(r.random.Int64N(int64(longest))))
}

// settledEverywhere tells whether all this replica has seen is applied here.
func (r *replica) settledEverywhere() bool { return r.applied.covers(r.seen) }

// longestTimeout is the patience for both others. What was measured counts here only as far as links
// may reasonably differ from what is configured: one that was slow for a while must not put off for
// long what all wait for.
func (r *replica) longestTimeout() (longest time.Duration) {
	for _, peer := range r.peers {
		longest = max(longest, min(r.trips[peer].Timeout(), 2*r.retry[peer]))
	}
	return longest
}

// sweep keeps rule 5 for every instance that was open when the timer was set and still is: the
// first time it asks, after that it proposes.
func (r *replica) sweep() {
	r.sweeping = false
	query := &Query{}
	for c := range replicas {
		asked, recovered := 0, 0
		for lsn := r.applied[c]; lsn < r.swept[c] && asked < mostAsked && recovered < mostRecovered; lsn++ {
			at := position{c, lsn}
			x := r.open(at)
			switch {
			case x.committed || x.proposal != nil:
			case !x.asked:
				x.asked = true
				query.add(at)
				asked++
			default:
				r.out.Measure("instances recovered", 1)
				x.proposal = &proposal{}
				r.prepareAgain(x, x.ballot)
				r.travel(x, r.nearest())
				recovered++
			}
		}
	}
	r.ask(query)
	r.sweepLater()
}

// add asks for one instance more, with the stretch before it if it ends there.
func (q *Query) add(at position) {
	if last := len(q.Stretches) - 1; last >= 0 && q.Stretches[last].Column == uint32(at.column) && q.Stretches[last].End == at.lsn {
		q.Stretches[last].End++
		return
	}
	q.Stretches = append(q.Stretches, &Query_Stretch{Column: uint32(at.column), From: at.lsn, End: at.lsn + 1})
}

// catchUp asks for everything from the first instance on that is not applied here.
func (r *replica) catchUp() {
	query := &Query{}
	for c := range replicas {
		query.Stretches = append(query.Stretches, &Query_Stretch{Column: uint32(c), From: r.applied[c]})
	}
	r.ask(query)
}

// ask sends a query to both others. One of them, and another one every time, is asked for a snapshot
// if it needs one to answer.
func (r *replica) ask(q *Query) {
	if len(q.Stretches) == 0 {
		return
	}
	r.helper = 1 - r.helper
	for i, peer := range r.peers {
		q.Snapshot = i == r.helper && !r.receiving()
		r.out.Send(peer, r.envelope(&Message_Query{Query: q}))
	}
}

// mostBytes bounds the commands in a message that carries several instances, and a part of a
// snapshot.
const mostBytes = 1 << 20

// onQuery answers with what is committed, or, if it is asked for and what has been truncated is
// needed, with a snapshot.
func (r *replica) onQuery(from protocols.NodeID, q *Query) {
	answer, size := &Committed{}, 0
	for _, s := range q.Stretches {
		c := &r.columns[s.Column]
		if s.From < c.base {
			if q.Snapshot {
				r.sendSnapshot(from)
			}
			return
		}
		end := c.end()
		if s.End > 0 {
			end = min(end, s.End)
		}
		for lsn := s.From; lsn < end && !answer.More; lsn++ {
			x := r.get(position{int(s.Column), lsn})
			if x == nil || !x.committed {
				continue
			}
			for _, command := range x.commands {
				size += len(command)
			}
			answer.Instances = append(answer.Instances, x.message())
			answer.More = size > mostBytes
		}
	}
	if len(answer.Instances) > 0 {
		r.out.Send(from, r.envelope(&Message_Committed{Committed: answer}))
	}
}

func (r *replica) onCommitted(m *Committed) {
	learnt := 0
	for _, x := range m.Instances {
		if r.learn(x) {
			learnt++
		}
	}
	if learnt == 0 {
		return
	}
	r.out.Measure("instances caught up", int64(learnt))
	r.apply()
	if m.More {
		r.catchUp()
	}
	r.sweepLater()
}
