package epaxos

import (
	"bytes"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// submit begins a new instance of this replica for a request (rule 1).
func (r *replica) submit(g *register, req *request) {
	id := position{r.id, g.columns[r.id].end()}
	x := r.instance(g, id)
	x.command, x.writes = req.command, req.writes
	x.phase, x.submitted, x.request = preaccepted, true, req
	x.deps = r.withSequence(g, g.conflictsOf(id, x.writes))
	x.initDeps = x.deps
	r.out.NoteInstance(protocols.InstanceEvent{ID: x.id(), Kind: protocols.InstanceProposed})
	r.persist(x)
	r.resume(x)
	r.watch(g)
}

// resume begins the attempt for an instance of this replica, or goes on with it after a restart: nothing has left but what
// is on disk (rules 3 and 17).
func (r *replica) resume(x *instance) {
	switch x.phase {
	case preaccepted:
		a := r.begin(x, 0, submitting)
		a.deps = x.initDeps
		m := r.valueMessage(Kind_PREACCEPT, x, 0, x.command, x.initDeps)
		first, needed := r.firstAsked()
		for _, to := range first {
			r.sendTo(a, to, m)
		}
		r.out.SetTimer(a.timer, r.timeoutOfAll(needed, 0))
		r.preaccepted(a, protocols.NodeID(r.id), x.initDeps)
	case accepted:
		r.sendAccept(r.begin(x, 0, accepting))
	}
}

// firstAsked returns the replicas that a command is sent to first, and those whose answers are waited for: all others, and
// the nearest who make a fast quorum; with thrifty these alone, with others in place of silent ones.
func (r *replica) firstAsked() (first, needed []protocols.NodeID) {
	if r.thrifty {
		first = r.reach.Choose(r.fast-1, r.now)
		return first, first
	}
	return r.peers, r.peers[:r.fast-1]
}

// onPreAccept takes an instance over from its submitter, with the conflicting instances that are known here added to its
// Deps, unless something is promised or accepted (rule 2). The same again gets the same answer.
func (r *replica) onPreAccept(from protocols.NodeID, g *register, m *Message) {
	x := r.instance(g, m.position())
	if x.ballot > 0 {
		r.refuse(from, x, m)
		return
	}
	x.asked = false // the submitter lives
	if x.phase == initial {
		r.setCommand(x, m.Command)
		x.phase, x.submitted = preaccepted, true
		x.initDeps = append(vector(nil), m.Deps...)
		x.deps = r.withSequence(g, x.initDeps.union(g.conflictsOf(x.position, x.writes)))
		g.hear(x.deps)
		r.persist(x)
		r.mark(x, protocols.MarkAccepted)
	}
	if x.phase == preaccepted {
		answer := r.answerTo(Kind_PREACCEPTED, x, m)
		answer.Deps = x.deps
		r.out.Send(from, answer)
	}
	r.watch(g)
}

// setCommand notes the command of an instance.
func (r *replica) setCommand(x *instance, command []byte) {
	x.noop = false
	if x.command != nil {
		return
	}
	x.command = bytes.Clone(command)
	r.command.Reset()
	x.writes = r.command.UnmarshalVTUnsafe(command) != nil || r.command.Op != kv.Op_GET
}

// onPreAccepted handles the answer to PreAccept.
func (r *replica) onPreAccepted(from protocols.NodeID, m *Message) {
	if a := r.of(from, m, submitting); a != nil && !a.answered.Has(int32(from)) {
		r.preaccepted(a, from, m.Deps)
	}
}

// preaccepted counts a replica's Deps. With a fast quorum of the submitter's own the value is committed. Otherwise, when a
// slow quorum has answered, the union is proposed (rule 3).
func (r *replica) preaccepted(a *attempt, from protocols.NodeID, deps []uint64) {
	a.answered.Add(int32(from))
	if a.x.initDeps.equal(deps) {
		a.agreed.Add(int32(from))
	} else {
		a.deps = a.deps.union(deps)
	}
	switch {
	case a.agreed.Size() >= r.fast:
		r.commit(a.x)
	case a.answered != a.agreed && a.answered.Size() >= r.slow:
		r.propose(a, a.x.command, a.deps)
	}
}

// propose accepts a value here, under the ballot of the attempt, and asks all others to accept it (rules 3 and 8). A nil
// command is a no-op.
func (r *replica) propose(a *attempt, command []byte, deps vector) {
	x := a.x
	r.noLongerWaiting(a)
	if a.ballot == 0 {
		r.out.Measure(measureSlow, 1)
	}
	if req := x.request; req != nil {
		r.out.Mark(req.id, protocols.MarkPrepared)
	}
	r.accept(x, a.ballot, command, deps)
	a.enter(accepting, r.now)
	r.sendAccept(a)
}

// sendAccept asks all others to accept the value that this replica has accepted.
func (r *replica) sendAccept(a *attempt) {
	x := a.x
	a.deps, a.command = x.deps, x.command
	if x.noop {
		a.command = nil
	}
	r.sendUnanswered(a, r.everybody(), r.valueMessage(Kind_ACCEPT, x, a.ballot, a.command, a.deps))
	r.setTimer(a, r.slow)
	r.countAccepted(a, protocols.NodeID(r.id))
}

// accept notes that a value is accepted here.
func (r *replica) accept(x *instance, b protocols.Ballot, command []byte, deps vector) {
	r.setValue(x, command, deps)
	x.phase, x.ballot, x.valueBallot = accepted, b, b
	r.persist(x)
}

// setValue sets the value of an instance. A nil or empty command is a no-op.
func (r *replica) setValue(x *instance, command []byte, deps vector) {
	if len(command) == 0 {
		x.noop, x.deps = true, nil
		return
	}
	r.setCommand(x, command)
	x.deps = deps
	x.register.hear(deps)
}

// onAccept accepts a value, unless a higher ballot is promised (rule 4).
func (r *replica) onAccept(from protocols.NodeID, g *register, m *Message) {
	x, b := r.instance(g, m.position()), protocols.Ballot(m.Ballot)
	if b < x.ballot {
		r.refuse(from, x, m)
		return
	}
	x.asked = false
	if x.phase != accepted || x.valueBallot != b {
		r.supersede(x, b)
		r.accept(x, b, m.Command, append(vector(nil), m.Deps...))
		r.mark(x, protocols.MarkAccepted)
	}
	r.out.Send(from, r.answerTo(Kind_ACCEPTED, x, m))
	r.watch(g)
}

// supersede gives up this replica's attempt under a lower ballot than the given one. Who has not answered for longer than
// the configured delays say lets it go unanswered: another recovers the instance before the timeout here, if this is by
// what was measured of a replica that is dead since. See timeoutOf.
func (r *replica) supersede(x *instance, b protocols.Ballot) {
	a := x.attempt
	if a == nil || a.ballot >= b || a.stage == backingOff {
		return
	}
	for _, to := range r.peers {
		if a.waitsFor(to) && r.now-a.sentAt > r.configuredTimeout(to) {
			r.reach.Unanswered(to, r.now)
		}
	}
	r.backOff(a)
}

// onAccepted counts an acceptance.
func (r *replica) onAccepted(from protocols.NodeID, m *Message) {
	if a := r.of(from, m, accepting); a != nil {
		r.countAccepted(a, from)
	}
}

// countAccepted counts an acceptance: with a slow quorum of them the value is committed (rule 4).
func (r *replica) countAccepted(a *attempt, from protocols.NodeID) {
	a.answered.Add(int32(from))
	if a.answered.Size() >= r.slow {
		r.commit(a.x)
	}
}

// commit notes that an instance is committed with the value it has here, and tells all (rule 5).
func (r *replica) commit(x *instance) {
	x.phase = committed
	r.persist(x)
	r.out.Broadcast(protocols.NodeID(r.id), r.config.Members, r.commitOf(x))
	r.settle(x)
}

// commitOf returns the Commit of an instance.
func (r *replica) commitOf(x *instance) *Message {
	command := x.command
	if x.noop {
		command = nil
	}
	return r.valueMessage(Kind_COMMIT, x, 0, command, x.deps)
}

// onCommit learns a decision, whatever is promised (rule 5).
func (r *replica) onCommit(g *register, m *Message) {
	x := r.instance(g, m.position())
	r.setValue(x, m.Command, append(vector(nil), m.Deps...))
	x.phase = committed
	r.persist(x)
	r.settle(x)
}

// settle does what follows from a decision: it ends the attempt, submits the command again if it was decided against
// (rule 11), goes on with recoveries that wait for the instance (rule 10), and executes what is ready.
func (r *replica) settle(x *instance) {
	g := x.register
	r.noteCommitted(x)
	r.end(x)
	if req := x.request; req != nil {
		x.request = nil
		if x.noop {
			r.out.Measure(measureNoop, 1)
			r.submitAgain(g, req)
		} else {
			r.out.Mark(req.id, protocols.MarkCommitted)
			if x.request = req; r.early && req.early { // rule 13
				r.answer(req, kv.PutResult)
			}
		}
	}
	r.checkWaiting(g)
	r.execute(g)
	r.watch(g)
}

// mark marks the command of an instance with an event.
func (r *replica) mark(x *instance, event string) {
	if x.noop {
		return
	}
	if id, err := kv.ID(x.command); err == nil {
		r.out.Mark(id, event)
	}
}

// refuse tells the sender of a request that a higher ballot is promised.
func (r *replica) refuse(to protocols.NodeID, x *instance, m *Message) {
	answer := r.answerTo(Kind_REFUSED, x, m)
	answer.Promised = uint64(x.ballot)
	r.out.Send(to, answer)
}
