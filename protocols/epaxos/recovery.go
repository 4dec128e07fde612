package epaxos

import (
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// recover takes a ballot of this replica for an instance, above all that are promised or were met, and asks all others
// what they have of it (rules 6 and 7).
func (r *replica) recover(x *instance) {
	above := x.ballot
	if x.attempt != nil {
		above = max(above, x.attempt.met)
	}
	r.out.Measure(protocols.MeasureRecovered, 1)
	r.promise(x, above.Next(protocols.NodeID(r.id)))
	r.persist(x)
	a := r.begin(x, x.ballot, recovering)
	r.sendUnanswered(a, r.everybody(), r.message(Kind_RECOVER, x, a.ballot))
	r.setTimer(a, r.slow)
	r.recovered(a, protocols.NodeID(r.id), r.report(r.message(Kind_RECOVERED, x, a.ballot), x))
}

// promise raises the ballot that is promised for an instance.
func (r *replica) promise(x *instance, b protocols.Ballot) {
	x.ballot = b
	if r.oneBallot {
		x.valueBallot = b
	}
}

// report fills in what this replica has of an instance (rule 7).
func (r *replica) report(m *Message, x *instance) *Message {
	m.Phase, m.ValueBallot, m.Deps, m.InitDeps = x.phase, uint64(x.valueBallot), x.deps, x.initDeps
	if x.phase != initial && !x.noop {
		m.Command = x.command
	}
	return m
}

// onRecover promises a ballot, if it is higher than any promised, and answers with all that this replica has of the
// instance (rule 7). The same again is answered again.
func (r *replica) onRecover(from protocols.NodeID, g *register, m *Message) {
	x, b := r.instance(g, m.position()), protocols.Ballot(m.Ballot)
	if b < x.ballot {
		r.refuse(from, x, m)
		return
	}
	if b > x.ballot {
		r.supersede(x, b)
		r.promise(x, b)
		r.persist(x)
	}
	x.asked = false // somebody is at it
	r.out.Send(from, r.report(r.answerTo(Kind_RECOVERED, x, m), x))
	r.watch(g)
}

// onRecovered handles the answer to Recover. One that comes from outside of Q while the recovery waits ends the wait, if it
// has an accepted value, or is the submitter's (rule 10).
func (r *replica) onRecovered(from protocols.NodeID, m *Message) {
	a := r.of(from, m, recovering, waiting)
	switch {
	case a == nil:
	case a.stage == recovering:
		if !a.answered.Has(int32(from)) {
			r.recovered(a, from, m)
		}
	case a.quorum.Has(int32(from)):
	case m.Phase == accepted:
		r.propose(a, m.Command, append(vector(nil), m.Deps...))
	case int(from) == a.x.column:
		r.propose(a, nil, nil)
	}
}

// recovered notes what a replica has of the instance. When a slow quorum has told, it follows what is proposed, or
// validated (rule 8).
func (r *replica) recovered(a *attempt, from protocols.NodeID, m *Message) {
	a.answered.Add(int32(from))
	switch b := protocols.Ballot(m.ValueBallot); {
	case m.Phase == accepted && (!a.accepted || b > a.valueBallot):
		a.accepted, a.valueBallot = true, b
		a.command, a.deps = slices.Clone(m.Command), append(vector(nil), m.Deps...)
	case m.Phase == preaccepted && vector(m.InitDeps).equal(m.Deps):
		a.agreeing++
		if !a.accepted {
			a.command, a.deps = slices.Clone(m.Command), append(vector(nil), m.Deps...)
		}
	}
	a.submitter = a.submitter || int(from) == a.x.column
	if a.answered.Size() < r.slow {
		return
	}
	a.quorum = a.answered
	switch {
	case a.accepted:
		r.propose(a, a.command, a.deps)
	case a.submitter || a.agreeing < a.quorum.Size()-(r.n-r.fast):
		r.propose(a, nil, nil)
	default:
		r.beginValidation(a)
	}
}

// beginValidation asks Q for what contradicts that the value of R was committed on the fast path (rule 9).
func (r *replica) beginValidation(a *attempt) {
	x := a.x
	a.enter(validating, r.now)
	r.sendUnanswered(a, a.quorum, r.valueMessage(Kind_VALIDATE, x, a.ballot, a.command, a.deps))
	r.setTimer(a, r.n)
	r.validate(x, a.command, a.deps)
	a.conflicts = x.register.contradicting(x.position, x.writes, a.deps)
	r.validated(a, protocols.NodeID(r.id))
}

// onValidate takes over what the submitter has sent, from a recovery, and answers with the instances that contradict that
// it was committed. It does nothing if something was accepted under that ballot (rule 9).
func (r *replica) onValidate(from protocols.NodeID, g *register, m *Message) {
	x, b := r.instance(g, m.position()), protocols.Ballot(m.Ballot)
	if b < x.ballot {
		r.refuse(from, x, m)
		return
	}
	if b > x.ballot || x.phase == accepted && x.valueBallot == b {
		return
	}
	x.asked = false
	r.validate(x, m.Command, append(vector(nil), m.Deps...))
	answer := r.answerTo(Kind_VALIDATED, x, m)
	for _, c := range g.contradicting(x.position, x.writes, x.initDeps) {
		answer.Conflicts = append(answer.Conflicts, &Conflict{Column: uint32(c.column), Number: c.number, Committed: c.committed})
	}
	r.out.Send(from, answer)
	r.watch(g)
}

// validate notes command and Deps as the submitter's, so that conflicts of other instances are computed with them (rule 9).
func (r *replica) validate(x *instance, command []byte, deps vector) {
	r.setCommand(x, command)
	x.submitted, x.initDeps = true, deps
	x.register.hear(deps)
	r.persist(x)
}

// contradicting returns the instances known here because of which an instance cannot have been committed with these Deps,
// or may not have been: those not in the Deps that conflict with its command and are committed without it in their
// Deps, or are not committed and did not have it in the Deps that their submitter sent (rule 9). Of those that are executed
// it names the last of each column: they do not have it in their Deps, since it is not executed (rule 15).
func (g *register) contradicting(id position, writes bool, deps vector) (found []conflict) {
	for i := range g.columns {
		if i == id.column { // those after it depend on it, and it depends on those before
			continue
		}
		c := &g.columns[i]
		if last := c.conflicting(writes); last > deps.at(i) {
			found = append(found, conflict{position{i, last - 1}, true})
		}
		for number := max(c.executed, deps.at(i)); number < c.end(); number++ {
			x := c.held[number-c.base]
			if x == nil {
				continue
			}
			switch {
			case x.phase == committed:
				if !x.noop && (x.writes || writes) && !x.deps.has(id) {
					found = append(found, conflict{x.position, true})
				}
			case x.submitted && (x.writes || writes) && !x.initDeps.has(id):
				found = append(found, conflict{x.position, false})
			}
		}
	}
	return found
}

// onValidated handles the answer to Validate.
func (r *replica) onValidated(from protocols.NodeID, m *Message) {
	a := r.of(from, m, validating)
	if a == nil || !a.quorum.Has(int32(from)) || a.answered.Has(int32(from)) {
		return
	}
	for _, c := range m.Conflicts {
		a.conflicts = append(a.conflicts, conflict{position{int(c.Column), c.Number}, c.Committed})
	}
	r.validated(a, from)
}

// validated counts an answer to Validate. When all of Q have answered, the value is proposed if nothing contradicts, a
// no-op if it cannot have been committed, and else the recovery waits for what contradicts (rule 10).
func (r *replica) validated(a *attempt, from protocols.NodeID) {
	a.answered.Add(int32(from))
	if a.answered != a.quorum {
		return
	}
	least := a.agreeing == a.quorum.Size()-(r.n-r.fast)
	for _, c := range a.conflicts {
		if c.committed || least && !a.quorum.Has(int32(c.column)) {
			r.propose(a, nil, nil)
			return
		}
	}
	if len(a.conflicts) == 0 {
		r.propose(a, a.command, a.deps)
		return
	}
	r.wait(a)
}

// wait lets a recovery wait for the instances that contradict: they are recovered, too (rule 10).
func (r *replica) wait(a *attempt) {
	g := a.x.register
	r.out.Measure(measureWaiting, 1)
	a.enter(waiting, r.now)
	g.waiting = append(g.waiting, a.x)
	r.tellWaiting(a)
	r.setTimer(a, r.n)
	r.checkWaiting(g)
}

// mostTogether bounds how many instances of a key are recovered at once for a recovery that waits. The others have their
// turn when the timer of rule 6 fires.
const mostTogether = 64

// tellWaiting tells all that a recovery is waiting, asks those outside of Q again for a late answer, and recovers what it
// waits for.
func (r *replica) tellWaiting(a *attempt) {
	x, g := a.x, a.x.register
	m := r.message(Kind_WAITING, x, a.ballot)
	m.Agreeing = uint32(a.agreeing)
	r.out.Broadcast(protocols.NodeID(r.id), r.config.Members, m)
	r.sendUnanswered(a, r.everybody().Without(a.quorum).Without(quorum.Of(protocols.NodeID(r.id))), r.message(Kind_RECOVER, x, a.ballot))
	conflicts := a.conflicts
	for _, c := range conflicts[:min(len(conflicts), mostTogether)] {
		if g.decided(c.position) {
			continue
		}
		if other := r.instance(g, c.position); other.attempt == nil {
			r.recover(other)
		}
	}
}

// checkWaiting goes on with the recoveries of a key that wait, if what they wait for is decided (rule 10).
func (r *replica) checkWaiting(g *register) {
	for _, x := range slices.Clone(g.waiting) {
		a := x.attempt
		if a == nil || a.stage != waiting {
			continue // decided meanwhile
		}
		contradicted, open := g.contradicted(a)
		switch {
		case contradicted:
			r.propose(a, nil, nil)
		case !open:
			r.propose(a, a.command, a.deps)
		}
	}
}

// contradicted tells whether one of the instances that a recovery waits for is committed, is no no-op and does not have the
// recovered one in its Deps; and whether any is still open. Of those that are forgotten it is enough to know
// whether they, or later ones of their column, conflict (rule 15).
func (g *register) contradicted(a *attempt) (contradicted, open bool) {
	for _, c := range a.conflicts {
		switch other := g.get(c.position); {
		case g.executed(c.position):
			if g.columns[c.column].conflicting(a.x.writes) > c.number {
				return true, false
			}
		case other == nil || other.phase != committed:
			open = true
		case !other.noop && !other.deps.has(a.x.position):
			return true, false
		}
	}
	return false, open
}

// onWaiting notes that the recovery of an instance waits. A recovery that waits for it goes on, if too many of the other's Q
// agree for its own value to be committed (rule 10).
func (r *replica) onWaiting(g *register, m *Message) {
	if int(m.Agreeing) <= r.slow-(r.n-r.fast) {
		return
	}
	for _, x := range slices.Clone(g.waiting) {
		a := x.attempt
		if a != nil && a.stage == waiting && slices.ContainsFunc(a.conflicts, func(c conflict) bool { return c.position == m.position() }) {
			r.propose(a, nil, nil)
		}
	}
}
