package multipaxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
)

// The normal case: phase 2. Commands are proposed at the next instances, accepted, chosen and
// applied.

// propose puts commands forward that from, or clients of this replica, have handed over: what has
// waited together travels together.
func (r *replica) propose(from protocols.NodeID, handed ...*forward.Command) {
	fresh := r.fresh[:0]
	for _, c := range handed {
		id := c.ID()
		if !r.forwarder.Admit(from, c) {
			continue
		}
		if result, done := r.store.Result(id); done || r.store.Acked(id) { // rule 7: the answer was lost, or is late
			r.answer(id, result)
			continue
		}
		r.out.Mark(id, protocols.MarkProposed)
		fresh = append(fresh, instance{id: id, command: c.Data})
	}
	r.fresh = fresh[:0]
	for len(fresh) > 0 {
		batch := flow.Batch(fresh, size)
		r.put(r.log.last()+1, batch)
		fresh = fresh[len(batch):]
	}
}

// put proposes commands, which nobody has accepted under the leader's ballot yet, at the
// instances from first on. It accepts them itself, which counts when it is durable (rule 3).
func (r *replica) put(first uint64, proposals []instance) {
	for i, p := range proposals {
		p.ballot, p.proposed = r.promised, r.now
		r.log.set(first+uint64(i), p)
	}
	commands := commands(proposals)
	r.persist(first, commands)
	r.out.BroadcastNow(r.config.ID, r.config.Members, &Message{
		Ballot: uint64(r.promised), Kind: &Message_Accept{Accept: &Accept{First: first, Commands: commands, Commit: r.commit}},
	})
	r.watchAnswers()
	r.writing = append(r.writing, span{r.promised, first, uint64(len(proposals))})
	r.out.WhenDurable(first)
}

// span is count instances from first on that the leader of a ballot has accepted.
type span struct {
	ballot       protocols.Ballot
	first, count uint64
}

// onDurable counts the leader's own acceptance of what it has proposed first of all that it writes.
func (r *replica) onDurable() {
	own := r.writing[0]
	r.writing = r.writing[1:]
	if own.ballot == r.promised {
		r.onAccepted(r.config.ID, own.first, own.count)
	}
}

func (r *replica) onAccept(from protocols.NodeID, m *Accept) {
	if m.First+uint64(len(m.Commands)) > r.commit+reach { // rule 15
		r.learn(m.Commit)
		return
	}
	known := true
	for i, command := range m.Commands {
		index := m.First + uint64(i)
		if index <= r.log.truncated || r.log.at(index).ballot == r.promised { // rule 13, or it came twice
			continue
		}
		known = false
		r.log.set(index, instance{ballot: r.promised, command: command})
		if id, err := kv.ID(command); err == nil && id.Seq > 0 {
			r.out.Mark(id, protocols.MarkAccepted)
		}
	}
	if !known {
		r.persist(m.First, m.Commands)
	}
	r.send(from, r.promised, &Message_Accepted{Accepted: &Accepted{First: m.First, Count: uint64(len(m.Commands))}})
	r.learn(m.Commit)
}

// onAccepted counts who has accepted count instances from first on.
func (r *replica) onAccepted(from protocols.NodeID, first, count uint64) {
	if r.role != leader {
		return
	}
	for index := max(first, r.commit+1); index < min(first+count, r.log.last()+1); index++ { // rule 7
		i := r.log.place(index)
		if r.chosen(i) {
			continue
		}
		i.accepted.Add(int32(from))
		if r.chosen(i) && i.id != (protocols.CommandID{}) {
			r.out.Mark(i.id, protocols.MarkCommitted)
		}
	}
	for r.commit < r.log.last() && r.chosen(r.log.place(r.commit+1)) {
		r.commit++
	}
	r.apply()
}

// chosen tells a leader whether an instance that it has proposed is chosen. Only answers to its
// own ballot are counted (rule 6).
func (r *replica) chosen(i *instance) bool { return r.phase2.IsQuorum(i.accepted) }

// apply executes what is known to be chosen.
func (r *replica) apply() {
	for r.applied < r.commit {
		r.applied++
		command := r.log.place(r.applied).command
		id, result := r.store.Apply(command)
		r.out.Commit(protocols.Slot{Index: r.applied}, id, command)
		r.answer(id, result)
	}
}

// answer gives the result of a command to its client, if it waits here, and at the leader to the
// replica that has handed it over.
func (r *replica) answer(id protocols.CommandID, result []byte) {
	if r.forwarder.OnApplied(id, result, r.out) {
		r.out.Mark(id, protocols.MarkApplied)
	}
}

// heartbeat makes the leader heard, and its commit index (rule 8).
func (r *replica) heartbeat() {
	r.broadcast(&Message_Heartbeat{Heartbeat: &Heartbeat{Commit: r.commit}})
	r.out.SetTimer(pulseTimer, r.config.Delays.Heartbeat())
}
