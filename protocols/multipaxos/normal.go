package multipaxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/relay"
)

// The normal case: phase 2. A command is proposed at the next instance, accepted, chosen and
// applied.

// propose puts a command forward that from, or a client of this replica, has handed over.
func (r *replica) propose(from protocols.NodeID, c *relay.Command) {
	if r.relay.Admit(from, c) {
		r.out.Mark(c.ID(), protocols.MarkProposed)
		r.put(r.log.last()+1, instance{id: c.ID(), command: c.Data})
	}
}

// put proposes commands, which nobody has accepted under the leader's ballot yet, at the
// instances from first on, and is the first to accept them.
func (r *replica) put(first uint64, proposals ...instance) {
	for i, p := range proposals {
		p.ballot, p.proposed = r.promised, r.now
		r.log.set(first+uint64(i), p)
	}
	commands := instances(proposals).commands()
	r.persist(first, commands)
	r.broadcast(&Message_Accept{Accept: &Accept{First: first, Commands: commands, Commit: r.commit}})
	r.watchAnswers()
	r.onAccepted(r.config.ID, &Accepted{First: first, Count: uint64(len(proposals))})
}

func (r *replica) onAccept(from protocols.NodeID, m *Accept) {
	known := true
	for i, command := range m.Commands {
		index := m.First + uint64(i)
		known = known && r.log.at(index).ballot == r.promised
		r.log.set(index, instance{ballot: r.promised, command: command})
	}
	if !known { // else it came twice
		r.persist(m.First, m.Commands)
	}
	r.send(from, r.promised, &Message_Accepted{Accepted: &Accepted{First: m.First, Count: uint64(len(m.Commands))}})
	r.learn(m.Commit)
}

func (r *replica) onAccepted(from protocols.NodeID, m *Accepted) {
	if r.role != leader {
		return
	}
	for index := max(m.First, r.commit+1); index < m.First+m.Count; index++ { // rule 7
		i := &r.log[index-1]
		if r.chosen(i) {
			continue
		}
		i.accepted.Add(int32(from))
		if r.chosen(i) && i.id != (protocols.CommandID{}) {
			r.out.Mark(i.id, protocols.MarkCommitted)
		}
	}
	for r.commit < r.log.last() && r.chosen(&r.log[r.commit]) {
		r.commit++
	}
	r.apply()
}

// chosen tells a leader whether an instance that it has proposed is chosen. Only answers to its
// own ballot are counted (rule 6).
func (r *replica) chosen(i *instance) bool { return i.accepted.Count() >= r.majority }

// apply executes what is known to be chosen.
func (r *replica) apply() {
	for r.applied < r.commit {
		r.applied++
		command := r.log.at(r.applied).command
		id, result := r.store.Apply(command)
		r.out.Commit(protocols.Slot{Index: r.applied}, id, command)
		if r.role == leader && len(command) > 0 {
			r.out.Mark(id, protocols.MarkApplied)
		}
		r.relay.OnApplied(id, result, r.out)
	}
}

// heartbeat makes the leader heard, and its commit index (rule 8).
func (r *replica) heartbeat() {
	r.broadcast(&Message_Heartbeat{Heartbeat: &Heartbeat{Commit: r.commit}})
	r.out.SetTimer(pulseTimer, r.config.Delays.Heartbeat())
}
