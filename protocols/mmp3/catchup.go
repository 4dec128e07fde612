package mmp3

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
)

// add adds one instance to a query; it extends the last stretch if it follows that.
func (q *Query) add(at position) {
	if last := q.endingAt(at); last != nil {
		last.End++
		return
	}
	q.Stretches = append(q.Stretches, &Query_Stretch{Column: uint32(at.column), From: at.lsn, End: at.lsn + 1})
}

// addAllFrom adds an instance and all after it in its column to a query.
func (q *Query) addAllFrom(at position) {
	if last := q.endingAt(at); last != nil {
		last.End = 0
		return
	}
	q.Stretches = append(q.Stretches, &Query_Stretch{Column: uint32(at.column), From: at.lsn})
}

// endingAt returns the last stretch of a query if it ends right before an instance, else nil.
func (q *Query) endingAt(at position) *Query_Stretch {
	if last := len(q.Stretches) - 1; last >= 0 && q.Stretches[last].Column == uint32(at.column) && q.Stretches[last].End == at.lsn {
		return q.Stretches[last]
	}
	return nil
}

// missingQuery returns a query for all instances that are not known to be committed here. It leaves out the known
// ones, so that an answer that is cut off always brings something new.
func (r *replica) missingQuery() *Query {
	query := &Query{}
	for c := range replicas {
		at := position{c, r.applied[c]}
		for asked := 0; at.lsn < r.columns[c].end() && asked < maxOpen; at.lsn++ {
			if x := r.get(at); x == nil || !x.committed {
				query.add(at)
				asked++
			}
		}
		query.addAllFrom(at)
	}
	return query
}

// catchUp asks both others for all that is missing here.
func (r *replica) catchUp() { r.sendQuery(r.missingQuery()) }

// catchUpFrom asks one other replica for all that is missing here.
func (r *replica) catchUpFrom(peer protocols.NodeID) {
	r.askedRest[peer] = r.now
	r.out.Send(peer, r.envelope(&Message_Query{Query: r.missingQuery()}))
}

// sendQuery sends a query to both others. One of them, in turn, is also asked for a snapshot, in case it has truncated
// what the query asks for; neither is while a snapshot is being received.
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

// maxBytes bounds the size of the instances in one message, unless Config.Limits has another bound.
const maxBytes = flow.MaxBytes

// size returns about how many bytes an instance takes in a message.
func (x *instance) size() int {
	size := 64 // all but the commands
	for _, command := range x.commands {
		size += len(command)
	}
	return size
}

// largeAnswer is the last large answer that a replica was sent.
type largeAnswer struct {
	first   position      // its first instance
	repeats time.Duration // when one that begins with that is sent again: until then it may be on its way
}

// onQuery answers a query with the committed instances it asks for. If one of them is truncated, it answers with a
// piece of a snapshot, if the query asks for that, or not at all. A large answer that may be on its way over a slow link is
// not sent again.
func (r *replica) onQuery(from protocols.NodeID, q *Query) {
	if len(q.Stretches) == 0 && q.Snapshot != nil {
		r.onAsk(from, q.Snapshot)
		return
	}
	answer, size, last := &Committed{}, 0, &r.answered[from]
	for _, s := range q.Stretches {
		c := &r.columns[s.Column]
		if s.From < c.base {
			if q.Snapshot != nil {
				r.onAsk(from, q.Snapshot)
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
			if len(answer.Instances) == 0 && x.at == last.first && r.now < last.repeats {
				return
			}
			size += x.size()
			answer.Instances = append(answer.Instances, x.message())
			answer.More = size > r.config.Limits.Max()
		}
	}
	if size > r.config.Limits.Min() {
		*last = largeAnswer{answer.Instances[0].position(), r.now + r.retry[from] + flow.Transmission(size)}
	}
	if len(answer.Instances) > 0 {
		r.out.Send(from, r.envelope(&Message_Committed{Committed: answer}))
	}
}

// onCommitted learns the instances in the answer to a query, and asks for the rest if the answer was cut off.
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
	// Also if all of these were known: the ones after them may not be. But then it may be a second answer, whose rest has
	// been asked for already: it is if it comes sooner after that question than a round trip takes.
	if m.More && (learnt > 0 || r.now-r.askedRest[from] >= r.config.Delays.RoundTrip(r.config.ID, from)) {
		r.catchUpFrom(from)
	}
	r.scheduleRecovery()
}
