package multipaxos

import (
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
)

// propose handles commands that replica from has forwarded, or that clients of this replica have given. The
// leader proposes those that it has not proposed yet at the next instances, as many in one message as fit. A
// command that has taken effect is answered with its result (rule 7).
func (r *replica) propose(from protocols.NodeID, handed ...*forward.Command) {
	fresh := r.fresh[:0]
	for _, c := range handed {
		id := c.ID()
		if !r.forwarder.Admit(from, c) {
			continue
		}
		if result, done := r.store.Result(id); done || r.store.Acked(id) { // rule 7: it has taken effect; the answer was lost or is late
			r.answer(id, result)
			continue
		}
		r.out.Mark(id, protocols.MarkProposed)
		fresh = append(fresh, instance{id: id, command: c.Data})
	}
	r.fresh = fresh[:0]
	if r.holds() { // rule 22: a membership comes first
		r.hold(fresh)
		return
	}
	r.proposeNew(fresh)
}

// proposeNew proposes commands at the next instances, as many in one message as fit.
func (r *replica) proposeNew(fresh []instance) {
	for len(fresh) > 0 {
		batch := flow.Batch(r.config.Limits.Max(), fresh, size)
		r.proposeAt(r.log.last()+1, batch)
		fresh = fresh[len(batch):]
	}
}

// proposeAt proposes commands at the instances from first on, where nothing has been accepted under the
// leader's ballot. The accepts do not wait for the leader's disk once its ballot is durable; its own acceptance
// counts when that is durable (rule 3).
func (r *replica) proposeAt(first uint64, proposals []instance) {
	for i, p := range proposals {
		p.ballot, p.proposed = r.promised, r.now
		r.log.set(first+uint64(i), p)
	}
	r.followMembership()
	commands := r.scratch.commandsOf(proposals)
	r.persist(first, commands)
	broadcast := r.out.BroadcastNow
	if !r.durable { // rule 3: a crash must not make it use the ballot again
		broadcast = r.out.Broadcast
	}
	broadcast(r.config.ID, r.full, r.scratch.message(r.promised, r.scratch.acceptOf(first, commands, r.commit)))
	if len(r.witnesses) > 0 { // rule 19: without the commands
		broadcast(r.config.ID, r.witnesses, r.scratch.message(r.promised, r.scratch.countOf(first, uint64(len(commands)), r.commit)))
	}
	r.startResendTimers()
	if len(r.syncing) == cap(r.syncing) { // the oldest are taken from its beginning, so that it moves through its array
		r.syncing = slices.Grow(r.syncing, 64+len(r.syncing))
	}
	r.syncing = append(r.syncing, span{r.promised, first, uint64(len(proposals))})
	r.out.WhenDurable(first)
}

// span is count instances from first on, which the leader with that ballot has accepted itself.
type span struct {
	ballot       protocols.Ballot
	first, count uint64
}

// onDurable is called when the oldest of the leader's own acceptances that were not durable is durable. It
// counts if the leader still has the same ballot (rule 3).
func (r *replica) onDurable() {
	own := r.syncing[0]
	r.syncing = r.syncing[1:]
	if own.ballot == r.promised {
		r.durable = true
		r.onAccepted(r.config.ID, own.first, own.count)
	}
}

// onAccept is the acceptor's side of phase 2: it accepts the commands under the promised ballot, persists
// them and answers. Instances that are decided, or accepted under this ballot, are only answered (rule 13).
func (r *replica) onAccept(from protocols.NodeID, m *Accept) {
	if r.witness {
		r.onWitness(from, m)
		return
	}
	if m.First+uint64(len(m.Commands)) > r.commit+maxGap { // rule 15: too far after the commit index
		r.learn(m.Commit)
		return
	}
	if m.First == r.asked {
		r.asked = 0
	}
	for first, rest := m.First, m.Commands; len(rest) > 0; {
		n := r.runOf(rest)
		if isMembership(rest[0]) && !r.hasAllBefore(first, m.Commit) { // rule 24
			break
		}
		r.accept(from, first, rest[:n])
		first, rest = first+uint64(n), rest[n:]
	}
	r.learn(m.Commit)
}

// accept accepts commands from an instance on under the promised ballot.
func (r *replica) accept(from protocols.NodeID, first uint64, commands [][]byte) {
	known := true
	for i, command := range commands {
		index := first + uint64(i)
		if index <= r.log.truncated || r.log.at(index).ballot == r.promised { // rule 13: decided; or a duplicate
			continue
		}
		known = false
		r.log.set(index, instance{ballot: r.promised, command: command})
		if id, err := kv.ID(command); err == nil && id.Seq > 0 {
			r.out.Mark(id, protocols.MarkAccepted)
		}
	}
	if !known {
		r.persist(first, commands)
		r.followMembership()
	}
	r.send(from, r.promised, r.scratch.acceptedOf(first, uint64(len(commands))))
}

// onAccepted notes that a replica has accepted count instances from first on, and applies what is chosen, in
// the order of the log (rule 7).
func (r *replica) onAccepted(from protocols.NodeID, first, count uint64) {
	if r.role != leader {
		return
	}
	r.noteCaughtUp(from, first, count)
	r.noteWitnessed(from, first, count)
	for index := max(first, r.commit+1); index < min(first+count, r.proposedTo()+1); index++ { // rule 7: each instance by itself
		if r.chosen(index) {
			continue
		}
		i := r.log.slot(index)
		i.accepted.Add(int32(from))
		if r.chosen(index) && i.id != (protocols.CommandID{}) {
			r.out.Mark(i.id, protocols.MarkCommitted)
		}
	}
	for r.commit < r.proposedTo() && r.chosen(r.commit+1) {
		r.commit++
	}
	r.apply()
	r.advanceMembership()
}

// chosen returns true if a phase-2 quorum has accepted an instance of this leader under its ballot (rule 6).
func (r *replica) chosen(index uint64) bool {
	return r.phase2At(index).IsQuorum(r.log.slot(index).accepted)
}

// apply applies the instances up to the commit index, in the order of the log (rule 7). It drops a snapshot that is being
// received and covers no more (rule 13).
func (r *replica) apply() {
	for r.applied < r.commit {
		r.applied++
		command := r.log.slot(r.applied).command
		if r.log.memberships.Changes() && isMembership(command) {
			command = nil
			r.markMembership(r.applied)
		}
		id, result := r.store.Apply(command)
		r.appliedBytes += len(command)
		r.out.Commit(protocols.Slot{Index: r.applied}, id, command)
		r.answer(id, result)
	}
	r.receiver.DropUpTo(r.applied)
}

// answer gives a command's result to its client, if the command waits here, and at the leader to the replica
// that has forwarded it.
func (r *replica) answer(id protocols.CommandID, result []byte) {
	if r.forwarder.OnApplied(id, result, r.out) {
		r.out.Mark(id, protocols.MarkApplied)
	}
}

// heartbeat tells all followers that the leader is there, with its commit index (rule 8).
func (r *replica) heartbeat() {
	r.broadcast(&Message_Heartbeat{Heartbeat: &Heartbeat{Commit: r.commit}})
	r.out.SetTimer(heartbeatTimer, r.config.Delays.Heartbeat())
}
