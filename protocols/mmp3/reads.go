package mmp3

import (
	"slices"

	"quorumbench/protocols"
)

// This file keeps rule 9 for reads outside the log. A write that was answered before a read began is
// held by two of three replicas: so it is in the Seen of this one or in that of any other.

type reads struct {
	open     []*read // in the order of their arrival
	next     uint64  // number; begins at random: answers to a former life must not be taken for others
	timerSet bool    // the timer for those that are not known
}

type read struct {
	id     protocols.CommandID
	key    []byte
	number uint64
	to     protocols.NodeID
	known  bool   // an answer has come, so that
	until  vector // is what has to be applied
}

// read begins a read.
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

func (r *replica) askSeen(q *read) {
	r.out.Send(q.to, r.envelope(&Message_Read{Read: &Read{Number: q.number}}))
	if !r.reads.timerSet {
		r.reads.timerSet = true
		r.out.SetTimer(readTimer, r.longestTimeout())
	}
}

// retryReads asks the other replica where one has not answered.
func (r *replica) retryReads() {
	r.reads.timerSet = false
	for _, q := range r.reads.open {
		if !q.known {
			q.to = r.peers[0] + r.peers[1] - q.to
			r.askSeen(q)
		}
	}
}

func (r *replica) onRead(from protocols.NodeID, m *Read) {
	r.out.Send(from, r.envelope(&Message_Seen{Seen: &Seen{Number: m.Number, Seen: r.seen[:]}}))
}

func (r *replica) onSeen(m *Seen) {
	if r.reads == nil {
		return
	}
	i := slices.IndexFunc(r.reads.open, func(q *read) bool { return q.number == m.Number })
	if i < 0 || r.reads.open[i].known {
		return
	}
	q := r.reads.open[i]
	r.seen.raise(vectorOf(m.Seen)) // what the read waits for will be committed or recovered
	q.known, q.until = true, r.seen
	r.out.Mark(q.id, protocols.MarkCommitted)
	r.answerReads()
	r.scheduleRecovery()
}

// serve answers the reads that wait for nothing any more.
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
