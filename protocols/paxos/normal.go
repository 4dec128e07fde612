package paxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
)

// Begin implements keypaxos.Rules: it sends the prepare of phase 1 to all.
func (r *replica) Begin(g *keypaxos.Register) {
	r.WaitForQuorum(g, r.phase1)
	r.Broadcast(g, r.ProposalMessage(g, keypaxos.Kind_PREPARE, nil))
	r.promised(g, r.ID)
}

// onPrepare is the acceptor's side of phase 1: it promises, or refuses, and tells what it has accepted (rules 1 and 3). With
// refusals: silent it answers no ballot below its promise (rule 15).
func (r *replica) onPrepare(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	before := r.Prepare(g, m.Version, protocols.Ballot(m.Ballot))
	if r.silent && before.LastBallot > protocols.Ballot(m.Ballot) {
		return
	}
	answer := r.Reply(m, keypaxos.Kind_PROMISE, before.LastBallot)
	answer.ValueBallot, answer.Value = uint64(before.ValueBallot), before.Value
	r.Send(from, g, answer)
}

// onAccept is the acceptor's side of phase 2: it accepts, or refuses (rules 2 and 3; rule 15: in silence). With learn: broadcast
// it tells all that it has accepted, with the value, and counts itself among those of whom it knows that (rule 14).
func (r *replica) onAccept(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	last := r.Accept(g, m.Version, protocols.Ballot(m.Ballot), m.Value)
	accepted := last <= protocols.Ballot(m.Ballot)
	answer := r.Reply(m, keypaxos.Kind_ACCEPTED, last)
	switch {
	case accepted && r.broadcasts:
		answer.Value = m.Value
		r.Broadcast(g, answer)
		r.Told(r.ID, g, m, r.phase2)
	case accepted || !r.silent:
		r.Send(from, g, answer)
	}
}

// onPromise handles an acceptor's answer to a prepare: a refusal if it has promised a higher ballot, else a
// promise with the value it has accepted (rules 3 and 4).
func (r *replica) onPromise(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	if !r.Awaited(from, g, m, keypaxos.Preparing) {
		return
	}
	if last := protocols.Ballot(m.LastBallot); last > g.Proposal.Ballot {
		r.refused(g, from, last)
		return
	}
	g.Proposal.AdoptValue(protocols.Ballot(m.ValueBallot), m.Value)
	r.promised(g, from)
}

// promised counts a promise. With a quorum of them it starts phase 2 with the value accepted under the highest
// ballot or, if there is none, its own (rule 4); a read without a value is answered (rule 6).
func (r *replica) promised(g *keypaxos.Register, from protocols.NodeID) {
	p := g.Proposal
	p.Agreed.Add(int32(from))
	if !r.phase1.IsQuorum(p.Agreed) {
		return
	}
	if p.Value == nil { // rule 6: no acceptor of the quorum has a value
		r.abandon(g)
		r.AnswerAbsent(g)
		return
	}
	r.BeginPhase2(g)
	if last := r.Accept(g, p.Version, p.Ballot, p.Value); last > p.Ballot { // this replica has promised a higher ballot meanwhile
		p.Highest = max(p.Highest, last)
		p.Refused.Add(int32(r.ID))
		r.GiveUp(g)
		return
	}
	r.WaitForQuorum(g, r.phase2)
	r.Broadcast(g, r.ProposalMessage(g, keypaxos.Kind_ACCEPT, p.Value))
	r.accepted(g, r.ID)
}

// onAccepted handles an acceptor's answer to an accept: a refusal if it has promised a higher ballot (rule 3).
// With learn: broadcast it also handles what acceptors tell all about others' proposals (rule 14).
func (r *replica) onAccepted(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	last := protocols.Ballot(m.LastBallot)
	switch {
	case r.Awaited(from, g, m, keypaxos.Accepting):
		if last > g.Proposal.Ballot {
			r.refused(g, from, last)
			return
		}
		r.accepted(g, from)
	case r.broadcasts && last <= protocols.Ballot(m.Ballot):
		r.Told(from, g, m, r.phase2)
	}
}

// accepted counts an acceptance: a value that a quorum has accepted is chosen (rule 5).
func (r *replica) accepted(g *keypaxos.Register, from protocols.NodeID) {
	p := g.Proposal
	p.Agreed.Add(int32(from))
	if !r.phase2.IsQuorum(p.Agreed) {
		return
	}
	if r.broadcasts { // rule 14: the acceptors have told all
		r.Learn(g, p.Version, p.Value)
		return
	}
	r.Chosen(g)
}

// refused counts a refusal. When the others cannot form a quorum any more, the attempt is given up; the next one
// takes a ballot above all that were met (rule 4).
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
	r.abandon(g)
	r.GiveUp(g)
}

// TimedOut implements keypaxos.Rules: the answers of a phase did not come in time. The phase's message is sent again to
// those that have not answered, under the same ballot (rule 4). If a replica has refused, the attempt is given up: the
// others may be down. If promises can be taken back, it is given up, too, when sending the prepare again has brought no
// other promise, so that others go on meanwhile (rule 13). If refusals are silent, it is given up when sending a message of
// either phase again has brought no other answer, which may be a refusal (rule 15).
func (r *replica) TimedOut(g *keypaxos.Register) {
	p := g.Proposal
	inVain := p.Agreed == p.Before // this replica itself has agreed: not at the first timeout
	p.Before = p.Agreed
	if p.Refused != 0 || inVain && (r.silent || r.reverts && p.Phase == keypaxos.Preparing) {
		if r.silent {
			p.Highest = max(p.Highest, guess(p.Ballot))
		}
		r.abandon(g)
		r.GiveUp(g)
		return
	}
	r.Again(g)
	kind, value, needed := keypaxos.Kind_PREPARE, []byte(nil), r.phase1
	if p.Phase == keypaxos.Accepting {
		kind, value, needed = keypaxos.Kind_ACCEPT, p.Value, r.phase2
	}
	r.WaitForQuorum(g, needed)
	for _, to := range r.others {
		if !p.Agreed.Has(int32(to)) {
			r.Send(to, g, r.ProposalMessage(g, kind, value))
		}
	}
}

// furthest is how far above a ballot, in rounds, a proposer looks for one that silent acceptors have promised.
const furthest = 1 << 10

// guess returns a ballot that acceptors may have promised which do not answer a proposer: the next attempt, above it, has twice
// the round of this one, or one that is higher by 1024. So a promise however high is found in a few attempts (rule 15).
func guess(b protocols.Ballot) protocols.Ballot {
	return protocols.NewBallot(b.Round()+min(b.Round(), furthest)-1, 0)
}

// abandon takes back the promises to the proposal's ballot, with the option revert (rule 13).
func (r *replica) abandon(g *keypaxos.Register) {
	if r.reverts {
		r.Abandon(g)
	}
}
