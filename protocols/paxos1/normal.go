package paxos1

import (
	"bytes"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/quorum"
)

// Begin implements keypaxos.Rules: it sends the proposal, which this replica has prepared, to the nearest
// reachable replica, with the value accepted here and its ballot (rule 1).
func (r *replica) Begin(g *keypaxos.Register, _ protocols.Ballot) {
	r.PrepareHere(g)
	p := g.Proposal
	p.To = r.reach.Nearest(r.Now())
	r.send(g)
}

// send sends the proposal to the replica chosen for its ballot.
func (r *replica) send(g *keypaxos.Register) {
	p := g.Proposal
	r.WaitForReplica(g, p.To)
	if r.onlyAsks(g) {
		r.Send(p.To, g, r.ProposalMessage(g, keypaxos.Kind_PREPARE, nil))
		return
	}
	m := r.ProposalMessage(g, keypaxos.Kind_PROPOSE, p.Value)
	m.ValueBallot = uint64(p.ValueBallot)
	r.Send(p.To, g, m)
}

// onPropose is the acceptor's side of a proposal: it refuses a ballot below its promise; else it accepts the
// value with the highest ballot, its own or the one sent, or only promises if there is none (rule 2). The same
// proposal again, from a duplicated message, gets the same answer.
func (r *replica) onPropose(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	b, before, highest := protocols.Ballot(m.Ballot), r.Promised(g, m.Version), g.HighestFrom(m.Version)
	if before.LastBallot > b {
		refusal := r.Reply(m, keypaxos.Kind_PROPOSED, before.LastBallot)
		refusal.Highest = highest
		r.Send(from, g, refusal)
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
	answer.Highest = highest // before this request: all that matters to a read was accepted before it arrived (rule 17 of paxos)
	if !bytes.Equal(value, m.Value) {
		answer.Value = value
	}
	r.Send(from, g, answer)
}

// onProposed handles the answer to a proposal: this replica accepts what the other one has accepted, unless it has
// promised a higher ballot meanwhile (rule 3); then the value is chosen (rule 5). A read without a value is
// answered (rule 6).
func (r *replica) onProposed(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	r.reach.Answered(from)
	phase := keypaxos.Preparing
	if g.Proposal != nil && g.Proposal.Phase == keypaxos.Accepting { // rule 11: a read that has asked before
		phase = keypaxos.Accepting
	}
	if !r.Awaited(from, g, m, phase) {
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
		r.AnswerAbsent(g)
		return
	}
	if last := r.Accept(g, p.Version, p.Ballot, p.Value); last > p.Ballot { // rule 3: the answer is void
		r.refused(g, r.ID, last)
		return
	}
	r.Chosen(g)
}

// refused gives up an attempt that met a higher promise; the next one takes a ballot above that (rule 4).
func (r *replica) refused(g *keypaxos.Register, by protocols.NodeID, last protocols.Ballot) {
	r.abandon(g)
	g.Proposal.Refused.Add(int32(by))
	g.Proposal.Highest = last
	r.GiveUp(g)
}

// maxTries is how often a proposal is sent again to one replica: once by the first attempt for a request, so that another
// replica is asked soon, and then so often that loss is hardly the reason if there is no answer.
const maxTries = 3

// TimedOut implements keypaxos.Rules: no answer came in time. The proposal is sent again to the same replica under the
// same ballot, as a network may double it (rule 4). In the end the replica asked counts as unreachable for a while, and
// another attempt begins.
func (r *replica) TimedOut(g *keypaxos.Register) {
	p := g.Proposal
	if p.Phase == keypaxos.Outrun && g.Unanswered() == 0 {
		r.NextVersion(g)
		return
	}
	if p.Phase != keypaxos.Outrun && !r.reach.Silent(p.To) && (p.Tries == 0 || g.Unanswered() > 0 && p.Tries < maxTries) {
		r.Again(g)
		r.send(g)
		return
	}
	r.reach.Unanswered(g.Proposal.To, r.Now())
	r.NoteSilent(quorum.Of(g.Proposal.To))
	if p.Phase == keypaxos.Outrun {
		r.NextVersion(g)
		return
	}
	r.abandon(g)
	r.AnotherAttempt(g)
}
