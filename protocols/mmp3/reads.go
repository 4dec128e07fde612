package mmp3

import (
	"slices"

	"quorumbench/protocols"
)

// reads are the reads outside the log (rule 9). Two of three replicas hold a write that was answered before a
// read began, so it is in the Seen of this replica or in that of any other: the read asks one other replica, and
// waits until both Seens are applied here.
type reads struct {
	open     []*read // in order of arrival
	next     uint64  // number of the next read; starts at random, so that an answer to an earlier incarnation fits no read
	timerSet bool    // the timer for reads without an answer is set
}

// read is one read outside the log.
type read struct {
	id     protocols.CommandID
	key    []byte
	number uint64
	to     protocols.NodeID
	known  bool   // an answer has come
	until  vector // if known: what must be applied before the read is answered
}

// read starts a read of a key: it asks the nearest reachable replica for its Seen.
func (r *replica) read(id protocols.CommandID, key []byte) {
	if slices.ContainsFunc(r.reads.open, func(q *read) bool { return q.id == id }) {
		return
	}
	q := &read{id: id, key: key, number: r.reads.next, to: r.reach.Nearest(r.now)}
	r.reads.next++
	r.reads.open = append(r.reads.open, q)
	r.out.Mark(id, protocols.MarkProposed)
	r.askSeen(q)
}

// askSeen asks a replica for its Seen on behalf of a read, and sets the timer for the answer.
func (r *replica) askSeen(q *read) {
	r.out.Send(q.to, r.envelope(&Message_Read{Read: &Read{Number: q.number}}))
	if !r.reads.timerSet {
		r.reads.timerSet = true
		r.out.SetTimer(readTimer, r.longestTimeout())
	}
}

// retryReads asks the other replica for each read that has no answer yet.
func (r *replica) retryReads() {
	r.reads.timerSet = false
	for _, q := range r.reads.open {
		if !q.known {
			q.to = r.peers[0] + r.peers[1] - q.to
			r.askSeen(q)
		}
	}
}

// onRead answers a read of another replica with this one's Seen.
func (r *replica) onRead(from protocols.NodeID, m *Read) {
	r.out.Send(from, r.envelope(&Message_Seen{Seen: &Seen{Number: m.Number, Seen: r.seen[:]}}))
}

// onSeen handles the answer to a read: the read waits until all that is in the Seen of both replicas is applied here.
func (r *replica) onSeen(m *Seen) {
	if r.reads == nil {
		return
	}
	i := slices.IndexFunc(r.reads.open, func(q *read) bool { return q.number == m.Number })
	if i < 0 || r.reads.open[i].known {
		return
	}
	q := r.reads.open[i]
	r.seen.raise(vectorOf(m.Seen)) // so that all the read waits for will be recovered, if need be
	q.known, q.until = true, r.seen
	r.out.Mark(q.id, protocols.MarkCommitted)
	r.answerReads()
	r.scheduleRecovery()
}

// answerReads answers the reads for which all that they wait for is applied.
func (r *replica) answerReads() {
	if r.reads == nil {
		return
	}
	r.reads.open = slices.DeleteFunc(r.reads.open, func(q *read) bool {
		if !q.known || !r.applied.covers(q.until) {
			return false
		}
		r.out.Mark(q.id, protocols.MarkApplied)
		r.out.Answer(q.id, r.store.Read(q.key))
		return true
	})
}
