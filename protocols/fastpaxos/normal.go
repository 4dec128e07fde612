package fastpaxos

import (
	"bytes"
	"hash/fnv"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/quorum"
)

// Begin implements keypaxos.Rules. A write that nobody has refused begins with the fast ballot, if this replica may accept its value and
// a fast quorum is likely to answer (rules 1 and 6). If this replica has accepted another's value, everything waits until that is
// decided, for as long as the other takes if nothing is in its way (rule 7). All else begins with a classic ballot.
func (r *replica) Begin(g *keypaxos.Register, met protocols.Ballot) {
	p := g.Proposal
	p.Highest = met
	switch here := r.Promised(g, p.Version); {
	case met > 0:
	case here.LastBallot == keypaxos.FastBallot && !bytes.Equal(here.Value, p.Value):
		p.Highest = keypaxos.FastBallot
		if wait := r.waitFor(g); wait > 0 {
			r.WaitForOther(g, wait)
			return
		}
	case !g.Request().Read && r.fast.IsQuorum(r.fast.Members().Without(r.Unheard)) && r.BeginFast(g):
		r.WaitForQuorum(g, r.fast)
		r.Broadcast(g, r.ProposalMessage(g, keypaxos.Kind_FAST_ACCEPT, p.Value))
		r.accepted(g, r.ID)
		return
	}
	r.Classic.Begin(g, met)
}

// waitFor returns how long the key's proposal waits for the value that this replica has accepted of another proposer (rule 7).
func (r *replica) waitFor(g *keypaxos.Register) time.Duration {
	switch {
	case r.SinceAccepted(g, g.Proposal.Version) >= r.wait+r.recovery:
		return 0
	case g.Request().Read: // for all versions in a row
		return r.wait - r.Waited(g.Request())
	}
	return r.wait
}

// Receive implements keypaxos.Rules: it handles what concerns the fast ballot. The rest is that of classic ballots.
func (r *replica) Receive(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	switch m.Kind {
	case keypaxos.Kind_FAST_ACCEPT:
		r.OnFastAccept(from, g, m)
		return
	case keypaxos.Kind_PROMISE, keypaxos.Kind_ACCEPTED, keypaxos.Kind_FAST_ACCEPTED:
		r.Unheard = r.Unheard.Without(quorum.Of(from))
	}
	if m.Kind != keypaxos.Kind_FAST_ACCEPTED {
		r.Classic.Receive(from, g, m)
		return
	}
	r.onFastAccepted(from, g, m)
}

// onFastAccepted handles an acceptor's answer under the fast ballot: it has accepted the proposal's value, or refuses it, since it has
// promised a classic ballot or accepted another value (rule 3).
func (r *replica) onFastAccepted(from protocols.NodeID, g *keypaxos.Register, m *keypaxos.Message) {
	if !r.Awaited(from, g, m, keypaxos.AcceptingFast) {
		return
	}
	if last := protocols.Ballot(m.LastBallot); last > keypaxos.FastBallot || m.ValueBallot > 0 {
		if m.ValueBallot == uint64(keypaxos.FastBallot) {
			g.Proposal.AdoptValue(from, keypaxos.FastBallot, m.Value) // for rule 8
		}
		r.refused(g, from, last)
		return
	}
	r.accepted(g, from)
}

// accepted counts an acceptance: a value that a fast quorum has accepted under the fast ballot is chosen (rule 3).
func (r *replica) accepted(g *keypaxos.Register, from protocols.NodeID) {
	p := g.Proposal
	p.Agreed.Add(int32(from))
	if r.fast.IsQuorum(p.Agreed) {
		r.Chosen(g)
	}
}

// refused counts a refusal. As soon as the others are no fast quorum, the fast ballot has failed: a collision. A classic ballot
// begins, above all that was met (rule 3): at once, or when that of another proposer is likely to have failed (rule 8).
func (r *replica) refused(g *keypaxos.Register, from protocols.NodeID, last protocols.Ballot) {
	p := g.Proposal
	p.Refused.Add(int32(from))
	p.Highest = max(p.Highest, last)
	if r.fast.IsQuorum(r.fast.Members().Without(p.Refused)) {
		return
	}
	r.Out.Measure(measureCollision, int64(p.Refused.Size()))
	if p.Highest == keypaxos.FastBallot && !goesOn(p) {
		r.WaitForOther(g, r.recovery)
		return
	}
	r.GoOn(g)
}

// TimedOut implements keypaxos.Rules. Replicas that have not answered are expected to be silent from now on (rule 6). After a fast
// ballot, a classic one begins (rule 3); in a classic one, the message is sent again.
func (r *replica) TimedOut(g *keypaxos.Register) {
	p := g.Proposal
	r.Unheard |= r.fast.Members().Without(p.Agreed | p.Refused)
	if p.Phase != keypaxos.AcceptingFast {
		r.Classic.TimedOut(g)
		return
	}
	r.Out.Measure(measureTimeout, int64(r.fast.Members().Without(p.Agreed|p.Refused).Size()))
	p.Highest = max(p.Highest, keypaxos.FastBallot)
	r.AnotherAttempt(g)
}

// goesOn tells whether a proposal whose value has collided is the one that goes on: its value has the least hash of those that its
// proposer has been told of. So of two that collide one goes on and the other waits, and none waits more often than others (rule 8).
func goesOn(p *keypaxos.Proposal) bool {
	own := hash(p.Value)
	for _, other := range p.Fast {
		if hash(other.Value) < own {
			return false
		}
	}
	return true
}

func hash(value []byte) uint64 {
	h := fnv.New64a()
	h.Write(value) // never fails
	return h.Sum64()
}
