package paxos1

import (
	"bytes"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
)

// Begin implements keypaxos.Rules: the proposer, prepared here, leaves (rule 1).
func (r *replica) Begin(g *keypaxos.Register) {
	p := g.Proposal
	p.To = r.reach.Nearest(r.Now())
	r.WaitFor(g, p.To)
	m := r.Ask(g, keypaxos.Kind_PROPOSE, p.Value)
	m.ValueBallot = uint64(p.ValueBallot)
	r.Send(p.To, g, m)
}

// onPropose keeps rule 2. The same proposer again, of a doubled message, gets the same answer.
func (r *replica) onPropose(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	b, before := protocols.Ballot(m.Ballot), r.Promised(g, m.Version)
	if before.LastBallot > b {
		r.Send(from, g, r.Reply(m, keypaxos.Kind_PROPOSED, before.LastBallot))
		return
	}
	value := m.Value
	if before.ValueBallot > protocols.Ballot(m.ValueBallot) {
		value = before.Value
	}
	if len(value) > 0 {
		r.Accept(g, m.Version, b, value)
	} else {
		r.Prepare(g, m.Version, b)
	}
	answer := r.Reply(m, keypaxos.Kind_PROPOSED, before.LastBallot)
	if !bytes.Equal(value, m.Value) {
		answer.Value = value
	}
	r.Send(from, g, answer)
}

// onProposed keeps rules 3, 5 and 6: the proposer is back.
func (r *replica) onProposed(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	r.reach.Answered(from)
	if !r.Awaited(from, g, m, keypaxos.Preparing) {
		return
	}
	p := g.Proposal
	if last := protocols.Ballot(m.LastBallot); last > p.Ballot {
		r.refused(g, from, last)
		return
	}
	if len(m.Value) > 0 {
		p.Value = m.Value
	}
	if p.Value == nil {
		r.Absent(g)
		return
	}
	if last := r.Accept(g, p.Version, p.Ballot, p.Value); last > p.Ballot { // rule 3: void
		r.refused(g, r.ID, last)
		return
	}
	r.Chosen(g)
}

// refused keeps rule 4: the next attempt is above the ballot met.
func (r *replica) refused(g *keypaxos.Register, by protocols.NodeID, last protocols.Ballot) {
	g.Proposal.Refused.Add(int32(by))
	g.Proposal.Highest = last
	r.GiveUp(g)
}

// Late implements keypaxos.Rules: the proposer does not come back, or its answer.
func (r *replica) Late(g *keypaxos.Register) {
	r.reach.Unanswered(g.Proposal.To, r.Now())
	r.GiveUp(g)
}
