package paxos1

import (
	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
)

// onlyAsks returns true for a proposal of a read that asks for a promise first, with the option revert (rule 11). A read
// that has met an accepted value at home brings it along as a write does.
func (r *replica) onlyAsks(g *keypaxos.Register) bool { return r.reverts && g.Proposal.Value == nil }

// onPrepare is the acceptor's side of a read that only asks: it promises, or refuses, and tells what it has accepted
// (rule 11).
func (r *replica) onPrepare(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	r.Tell(from, g, m, keypaxos.Kind_PROMISE, r.Prepare(g, m.Version, protocols.Ballot(m.Ballot)))
}

// onPromise handles the answer to a read that only asks. Without a value it is answered, and takes its promises back (rule 12).
// With one it travels again, under the same ballot, to get the value accepted (rule 11).
func (r *replica) onPromise(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	r.reach.Answered(from)
	if !r.Awaited(from, g, m, keypaxos.Preparing) || !r.onlyAsks(g) {
		return
	}
	p := g.Proposal
	if last := protocols.Ballot(m.LastBallot); last > p.Ballot {
		r.refused(g, from, last)
		return
	}
	if p.AdoptValue(from, protocols.Ballot(m.ValueBallot), m.Value); p.Value == nil {
		r.abandon(g)
		r.AnswerAbsent(g)
		return
	}
	r.BeginPhase2(g)
	r.send(g)
}

// abandon takes back the promises to a read that has only asked (rule 12). A proposal with a value is not taken back: a copy
// of it may still arrive at the other replica, and be accepted there.
func (r *replica) abandon(g *keypaxos.Register) {
	if r.onlyAsks(g) {
		r.Abandon(g)
	}
}
