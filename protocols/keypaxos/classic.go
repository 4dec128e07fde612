package keypaxos

import (
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Classic is a Replica that gets values chosen by the two phases of classic Paxos, prepare and accept. It implements Rules,
// for paxos as it is, and for the classic ballots of fastpaxos.
type Classic struct {
	*Replica
	ClassicOptions
	phase1, phase2 quorum.System
	fast           quorum.System // of the fast ballot; nil: values are accepted under classic ballots alone
}

// ClassicOptions are the choices about classic ballots. The zero value has none of them.
type ClassicOptions struct {
	Reverts    bool // proposers that do not go on take back what was promised to them (rule 13)
	Broadcasts bool // acceptors tell all that they have accepted (rule 14)
	Silent     bool // acceptors do not answer what they refuse (rule 15)
}

// NewClassic returns a replica without keys, with the quorums of the Config for the roles phase1 and phase2 and, if some
// values are accepted under the fast ballot, for fast. The rules are those of the driver that embeds it; nil: its own.
func NewClassic(c protocols.Config, chosen ClassicOptions, rules Rules) *Classic {
	r := &Classic{ClassicOptions: chosen, phase1: c.Quorums[quorum.Phase1], phase2: c.Quorums[quorum.Phase2], fast: c.Quorums[quorum.Fast]}
	if rules == nil {
		rules = r
	}
	r.Replica = New(c, r.phase1, rules)
	return r
}

func (r *Classic) fastQuorums() quorum.System { return r.fast }

// Receive implements Rules: it answers the requests of proposers (rules 1, 2 and 12), and handles the answers to its own.
func (r *Classic) Receive(from protocols.NodeID, g *Register, m *Message) {
	switch m.Kind {
	case Kind_PREPARE:
		r.onPrepare(from, g, m)
	case Kind_ACCEPT:
		r.onAccept(from, g, m)
	case Kind_REVERT:
		r.Revert(g, m.Version, protocols.Ballot(m.Ballot)) // sent only with the option revert
	case Kind_PROMISE:
		r.onPromise(from, g, m)
	case Kind_ACCEPTED:
		r.onAccepted(from, g, m)
	}
}

// Begin implements Rules: it sends the prepare of phase 1 to all.
func (r *Classic) Begin(g *Register, _ protocols.Ballot) {
	r.PrepareHere(g)
	r.WaitForQuorum(g, r.phase1)
	r.Broadcast(g, r.ProposalMessage(g, Kind_PREPARE, nil))
	r.promised(g, r.ID)
}

// onPrepare is the acceptor's side of phase 1: it promises, or refuses, and tells what it has accepted (rules 1 and 3). With
// refusals: silent it answers no ballot below its promise (rule 15).
func (r *Classic) onPrepare(from protocols.NodeID, g *Register, m *Message) {
	before := r.Prepare(g, m.Version, protocols.Ballot(m.Ballot))
	if r.Silent && before.LastBallot > protocols.Ballot(m.Ballot) {
		return
	}
	r.Tell(from, g, m, Kind_PROMISE, before)
}

// onAccept is the acceptor's side of phase 2: it accepts, or refuses (rules 2 and 3; rule 15: in silence). With learn: broadcast
// it tells all that it has accepted, with the value, and counts itself among those of whom it knows that (rule 14). Also a
// request that it refuses tells that the proposer has accepted, which is a quorum where one replica is.
func (r *Classic) onAccept(from protocols.NodeID, g *Register, m *Message) {
	last := r.Accept(g, m.Version, protocols.Ballot(m.Ballot), m.Value)
	accepted := last <= protocols.Ballot(m.Ballot)
	answer := r.Reply(m, Kind_ACCEPTED, last)
	switch {
	case accepted && r.Broadcasts:
		answer.Value = m.Value
		r.Broadcast(g, answer)
		r.Told(r.ID, g, m, r.phase2)
		return
	case accepted || !r.Silent:
		r.Send(from, g, answer)
	}
	if r.Broadcasts {
		r.Told(from, g, m, r.phase2)
	}
}

// onPromise handles an acceptor's answer to a prepare: a refusal if it has promised a higher ballot, else a
// promise with the value it has accepted (rules 3 and 4).
func (r *Classic) onPromise(from protocols.NodeID, g *Register, m *Message) {
	if !r.Awaited(from, g, m, Preparing) {
		return
	}
	if last := protocols.Ballot(m.LastBallot); last > g.Proposal.Ballot {
		r.refused(g, from, last)
		return
	}
	g.Proposal.AdoptValue(from, protocols.Ballot(m.ValueBallot), m.Value)
	r.promised(g, from)
}

// promised counts a promise. With a quorum of them it starts phase 2 with the value accepted under the highest
// ballot or, if there is none, its own (rule 4); a read without a value is answered (rule 6).
func (r *Classic) promised(g *Register, from protocols.NodeID) {
	p := g.Proposal
	p.Agreed.Add(int32(from))
	if !r.phase1.IsQuorum(p.Agreed) {
		return
	}
	if p.ValueBallot == 0 {
		p.recoverFast(r.fast)
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
	r.Broadcast(g, r.ProposalMessage(g, Kind_ACCEPT, p.Value))
	r.accepted(g, r.ID)
}

// onAccepted handles an acceptor's answer to an accept: a refusal if it has promised a higher ballot (rule 3).
// With learn: broadcast it also handles what acceptors tell all about others' proposals (rule 14).
func (r *Classic) onAccepted(from protocols.NodeID, g *Register, m *Message) {
	last := protocols.Ballot(m.LastBallot)
	switch {
	case r.Awaited(from, g, m, Accepting):
		if last > g.Proposal.Ballot {
			r.refused(g, from, last)
			return
		}
		r.accepted(g, from)
	case r.Broadcasts && last <= protocols.Ballot(m.Ballot):
		r.Told(from, g, m, r.phase2)
	}
}

// accepted counts an acceptance: a value that a quorum has accepted is chosen (rule 5).
func (r *Classic) accepted(g *Register, from protocols.NodeID) {
	p := g.Proposal
	p.Agreed.Add(int32(from))
	if !r.phase2.IsQuorum(p.Agreed) {
		return
	}
	if r.Broadcasts { // rule 14: the acceptors have told all
		r.ChosenTold(g)
		return
	}
	r.Chosen(g)
}

// refused counts a refusal. When the others cannot form a quorum any more, the attempt is given up; the next one
// takes a ballot above all that were met (rule 4).
func (r *Classic) refused(g *Register, from protocols.NodeID, last protocols.Ballot) {
	p := g.Proposal
	p.Refused.Add(int32(from))
	p.Highest = max(p.Highest, last)
	needed := r.phase1
	if p.Phase == Accepting {
		needed = r.phase2
	}
	if needed.IsQuorum(needed.Members().Without(p.Refused)) {
		return
	}
	r.abandon(g)
	r.GiveUp(g)
}

// TimedOut implements Rules: the answers of a phase did not come in time. The phase's message is sent again to
// those that have not answered, under the same ballot (rule 4). If a replica has refused, the attempt is given up: the
// others may be down. If promises can be taken back, it is given up, too, when sending the prepare again has brought no
// other promise, so that others go on meanwhile (rule 13). If refusals are silent, it is given up when sending a message of
// either phase again has brought no other answer, which may be a refusal (rule 15).
func (r *Classic) TimedOut(g *Register) {
	p := g.Proposal
	inVain := p.Agreed == p.Before // this replica itself has agreed: not at the first timeout
	p.Before = p.Agreed
	r.NoteSilent(r.config.All().Without(p.Agreed | p.Refused))
	if p.Phase == Outrun {
		r.NextVersion(g)
		return
	}
	if p.Refused != 0 || inVain && (r.Silent || r.Reverts && p.Phase == Preparing) {
		if r.Silent {
			p.Highest = max(p.Highest, guess(p.Ballot))
		}
		r.abandon(g)
		r.GiveUp(g)
		return
	}
	r.Again(g)
	kind, value, needed := Kind_PREPARE, []byte(nil), r.phase1
	if p.Phase == Accepting {
		kind, value, needed = Kind_ACCEPT, p.Value, r.phase2
	}
	r.WaitForQuorum(g, needed)
	for _, to := range r.peers {
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
func (r *Classic) abandon(g *Register) {
	if r.Reverts {
		r.Abandon(g)
	}
}
