package paxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
)

// Begin implements keypaxos.Rules: phase 1.
func (r *replica) Begin(g *keypaxos.Register) {
	r.Wait(g, r.phase1)
	r.Broadcast(g, r.Ask(g, keypaxos.Kind_PREPARE, nil))
	r.promised(g, r.ID)
}

func (r *replica) onPromise(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	if !r.Awaited(from, g, m, keypaxos.Preparing) {
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
func (r *replica) promised(g *keypaxos.Register, from protocols.NodeID) {
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
	r.Broadcast(g, r.Ask(g, keypaxos.Kind_ACCEPT, p.Value))
	r.accepted(g, r.ID)
}

func (r *replica) onAccepted(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	if !r.Awaited(from, g, m, keypaxos.Accepting) {
		return
	}
	if last := protocols.Ballot(m.LastBallot); last > g.Proposal.Ballot {
		r.refused(g, from, last)
		return
	}
	r.accepted(g, from)
}

// accepted keeps rule 5.
func (r *replica) accepted(g *keypaxos.Register, from protocols.NodeID) {
	p := g.Proposal
	p.Agreed.Add(int32(from))
	if !r.phase2.IsQuorum(p.Agreed) {
		return
	}
	r.Chosen(g)
}

// refused keeps rules 3 and 4: without a quorum to be had, the attempt is over.
func (r *replica) refused(g *keypaxos.Register, from protocols.NodeID, last protocols.Ballot) {
	p := g.Proposal
	p.Refused.Add(int32(from))
	p.Highest = max(p.Highest, last)
	needed := r.phase1
	if p.Phase == keypaxos.Accepting {
		needed = r.phase2
	}
	if needed.IsQuorum(needed.Members().Without(p.Refused)) {
		return
	}
	r.takeBack(g)
	r.GiveUp(g)
}

// Late implements keypaxos.Rules: the answers do not come.
func (r *replica) Late(g *keypaxos.Register) {
	r.takeBack(g)
	r.GiveUp(g)
}

// takeBack keeps rule 13, if the option is on.
func (r *replica) takeBack(g *keypaxos.Register) {
	if r.reverts {
		r.TakeBack(g)
	}
}
