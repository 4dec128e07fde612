package paxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/register"
)

// Begin implements register.Rules: phase 1.
func (r *replica) Begin(g *register.Register) {
	r.Wait(g, r.phase1)
	r.Broadcast(g, r.Ask(g, register.Kind_PREPARE, nil))
	r.promised(g, r.ID)
}

func (r *replica) onPromise(from protocols.NodeID, g *register.Register, m *register.Message) {
	if !r.Awaited(from, g, m, register.Preparing) {
		return
	}
	if last := protocols.Ballot(m.LastBallot); last > g.Proposal.Ballot {
		r.refused(g, from, last)
		return
	}
	g.Proposal.Meet(protocols.Ballot(m.ValueBallot), m.Value)
	r.promised(g, from)
}

// promised notes a promise, and begins phase 2 when a quorum has promised.
func (r *replica) promised(g *register.Register, from protocols.NodeID) {
	p := g.Proposal
	p.Agreed.Add(int32(from))
	if !r.phase1.IsQuorum(p.Agreed) {
		return
	}
	if p.Value == nil { // rule 6: a read that met nothing
		r.takeBack(g)
		r.Absent(g)
		return
	}
	r.Prepared(g)
	if last := r.Accept(g, p.Version, p.Ballot, p.Value); last > p.Ballot { // it has promised another meanwhile
		p.Highest = max(p.Highest, last)
		p.Refused.Add(int32(r.ID))
		r.GiveUp(g)
		return
	}
	r.Wait(g, r.phase2)
	r.Broadcast(g, r.Ask(g, register.Kind_ACCEPT, p.Value))
	r.accepted(g, r.ID)
}

func (r *replica) onAccepted(from protocols.NodeID, g *register.Register, m *register.Message) {
	if !r.Awaited(from, g, m, register.Accepting) {
		return
	}
	if last := protocols.Ballot(m.LastBallot); last > g.Proposal.Ballot {
		r.refused(g, from, last)
		return
	}
	r.accepted(g, from)
}

// accepted keeps rule 5.
func (r *replica) accepted(g *register.Register, from protocols.NodeID) {
	p := g.Proposal
	p.Agreed.Add(int32(from))
	if !r.phase2.IsQuorum(p.Agreed) {
		return
	}
	r.Chosen(g)
}

// refused keeps rules 3 and 4: without a quorum to be had, the attempt is over.
func (r *replica) refused(g *register.Register, from protocols.NodeID, last protocols.Ballot) {
	p := g.Proposal
	p.Refused.Add(int32(from))
	p.Highest = max(p.Highest, last)
	needed := r.phase1
	if p.Phase == register.Accepting {
		needed = r.phase2
	}
	if needed.IsQuorum(needed.Members().Without(p.Refused)) {
		return
	}
	r.takeBack(g)
	r.GiveUp(g)
}

// Late implements register.Rules: the answers do not come.
func (r *replica) Late(g *register.Register) {
	r.takeBack(g)
	r.GiveUp(g)
}

// takeBack keeps rule 13, if the option is on.
func (r *replica) takeBack(g *register.Register) {
	if r.reverts {
		r.TakeBack(g)
	}
}
