package mmp3

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
)

// A sweep asks for so many open instances of a column, and proposes so many, of maxBytes altogether.
const (
	maxAsked     = 1024
	maxRecovered = 64
)

// scheduleRecovery sets the timer of rule 5 if anything is open: in Seen, but not applied. What
// matters is Seen, not which instances there is a record of.
func (r *replica) scheduleRecovery() {
	if r.recoveryTimerSet || r.appliedAllSeen() {
		return
	}
	r.recoveryTimerSet, r.recoverBelow = true, r.seen
	longest := r.longestTimeout()
	r.out.SetTimer(recoveryTimer, 2*longest+time.Duration(r.random.Int64N(int64(longest))))
}

// appliedAllSeen tells whether all this replica has seen is applied here.
func (r *replica) appliedAllSeen() bool { return r.applied.covers(r.seen) }

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
// first time it asks, after that it proposes. For what comes with a snapshot it only asks.
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
			case size < maxBytes:
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

// add asks for one instance more, with the stretch before it if it ends there.
func (q *Query) add(at position) {
	if last := q.endingAt(at); last != nil {
		last.End++
		return
	}
	q.Stretches = append(q.Stretches, &Query_Stretch{Column: uint32(at.column), From: at.lsn, End: at.lsn + 1})
}

// addAllFrom asks for an instance and all that follow.
func (q *Query) addAllFrom(at position) {
	if last := q.endingAt(at); last != nil {
		last.End = 0
		return
	}
	q.Stretches = append(q.Stretches, &Query_Stretch{Column: uint32(at.column), From: at.lsn})
}

// endingAt returns the last stretch if an instance stands right behind it, else nil.
func (q *Query) endingAt(at position) *Query_Stretch {
	if last := len(q.Stretches) - 1; last >= 0 && q.Stretches[last].Column == uint32(at.column) && q.Stretches[last].End == at.lsn {
		return q.Stretches[last]
	}
	return nil
}

// missing asks for everything that is not known to be committed here. What is known is left out, so that
// an answer that does not hold all brings something new, and the next begins behind it.
func (r *replica) missingQuery() *Query {
	query := &Query{}
	for c := range replicas {
		at := position{c, r.applied[c]}
		for asked := 0; at.lsn < r.columns[c].end() && asked < maxAsked; at.lsn++ {
			if x := r.get(at); x == nil || !x.committed {
				query.add(at)
				asked++
			}
		}
		query.addAllFrom(at)
	}
	return query
}

// catchUp asks both others for everything that is missing, catchUpFrom one that has more of it.
func (r *replica) catchUp() { r.sendQuery(r.missingQuery()) }

func (r *replica) catchUpFrom(peer protocols.NodeID) {
	r.out.Send(peer, r.envelope(&Message_Query{Query: r.missingQuery()}))
}

// ask sends a query to both others. One of them, and another one every time, is asked for a snapshot
// if it needs one to answer, unless one is under way.
func (r *replica) sendQuery(q *Query) {
	if len(q.Stretches) == 0 {
		return
	}
	r.snapshotPeer = 1 - r.snapshotPeer
	_, underWay := r.incoming.UnderWay(r.now)
	for i, peer := range r.peers {
		q.Snapshot = nil
		if i == r.snapshotPeer && !underWay {
			q.Snapshot = r.incoming.Ask(peer)
		}
		r.out.Send(peer, r.envelope(&Message_Query{Query: q}))
	}
}

// maxBytes bounds the instances in a message that carries several.
const maxBytes = flow.MaxBytes

// size is about how many bytes an instance takes in a message.
func (x *instance) size() int {
	size := 64 // of what is not commands
	for _, command := range x.commands {
		size += len(command)
	}
	return size
}

// onQuery answers with what is committed, or, if it is asked for and what has been truncated is
// needed, with a snapshot.
func (r *replica) onQuery(from protocols.NodeID, q *Query) {
	if len(q.Stretches) == 0 && q.Snapshot != nil {
		r.sendPiece(from, q.Snapshot)
		return
	}
	answer, size := &Committed{}, 0
	for _, s := range q.Stretches {
		c := &r.columns[s.Column]
		if s.From < c.base {
			if q.Snapshot != nil {
				r.sendPiece(from, q.Snapshot)
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
			size += x.size()
			answer.Instances = append(answer.Instances, x.message())
			answer.More = size > maxBytes
		}
	}
	if len(answer.Instances) > 0 {
		r.out.Send(from, r.envelope(&Message_Committed{Committed: answer}))
	}
}

func (r *replica) onCommitted(from protocols.NodeID, m *Committed) {
	learnt := 0
	for _, x := range m.Instances {
		if r.learn(x) {
			learnt++
		}
	}
	if learnt > 0 {
		r.out.Measure(measureCaughtUp, int64(learnt))
		r.apply()
	}
	if m.More { // even if all of this has come meanwhile: what is behind it may not have
		r.catchUpFrom(from)
	}
	r.scheduleRecovery()
}
