package paxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// proposal is an attempt, under one ballot, to get a value chosen for one version.
type proposal struct {
	version     uint64
	ballot      protocols.Ballot
	phase       int
	value       []byte           // the value to propose: the wish's, or one met in phase 1; nil for a read so far
	valueBallot protocols.Ballot // of the value met in phase 1
	agreed      quorum.Votes     // who promised, in phase 1; who accepted, in phase 2
	refused     quorum.Votes     // who did not
	highest     protocols.Ballot // that was met in a refusal
}

// The phases of a proposal.
const (
	preparing = iota + 1
	accepting
	backingOff
)

// propose begins an attempt for the oldest wish, unless one is under way.
func (r *replica) propose(g *register) {
	if g.proposal == nil && len(g.wishes) > 0 {
		w := g.wishes[0]
		if w.attempts == 0 {
			r.out.Mark(w.id, protocols.MarkProposed)
		} else {
			r.out.Mark(w.id, protocols.MarkRetried)
		}
		r.attempt(g, w, 0)
	}
}

// attempt runs phase 1 under a ballot above all that were met: the version's own promise holds
// every ballot that this replica has used for it (rule 9).
func (r *replica) attempt(g *register, w *wish, met protocols.Ballot) {
	version := g.next() // rule 8
	b := max(g.instance(version).lastBallot, met).Next(r.id)
	p := &proposal{version: version, ballot: b, phase: preparing, value: w.value}
	g.proposal = p
	r.out.SetTimer(g.timer, r.retry)
	before := r.prepare(g, version, b)
	r.broadcast(g, version, b, &Message_Prepare{Prepare: &Prepare{}})
	r.promised(g, p, r.id, before.valueBallot, before.value)
}

// awaited tells whether an answer belongs to the proposal under way, in that phase of it.
func (g *register) awaited(m *Message, phase int) bool {
	p := g.proposal
	return p != nil && p.phase == phase && p.version == m.Version && uint64(p.ballot) == m.Ballot
}

func (r *replica) onPromise(from protocols.NodeID, g *register, m *Message, answer *Promise) {
	if !g.awaited(m, preparing) {
		return
	}
	if protocols.Ballot(answer.LastBallot) > g.proposal.ballot {
		r.refused(g, from, protocols.Ballot(answer.LastBallot))
		return
	}
	r.promised(g, g.proposal, from, protocols.Ballot(answer.ValueBallot), answer.Value)
}

// promised keeps rule 4: the value accepted under the highest ballot has to be proposed.
func (r *replica) promised(g *register, p *proposal, from protocols.NodeID, valueBallot protocols.Ballot, value []byte) {
	if valueBallot > p.valueBallot {
		p.valueBallot, p.value = valueBallot, value
	}
	p.agreed.Add(int32(from))
	if p.agreed.Count() < r.quorum {
		return
	}
	if p.value == nil { // rule 6: a read that met nothing
		w := g.wishes[0]
		g.proposal = nil
		r.out.StopTimer(g.timer)
		r.answer(g, w.id, g.store.Read(g.key))
		r.propose(g)
		return
	}
	p.phase, p.agreed, p.refused = accepting, 0, 0
	r.out.SetTimer(g.timer, r.retry)
	if last := r.accept(g, p.version, p.ballot, p.value); last > p.ballot { // it has promised another meanwhile
		p.highest = max(p.highest, last)
		r.giveUp(g)
		return
	}
	r.broadcast(g, p.version, p.ballot, &Message_Accept{Accept: &Accept{Value: p.value}})
	r.accepted(g, p, r.id)
}

func (r *replica) onAccepted(from protocols.NodeID, g *register, m *Message, answer *Accepted) {
	if !g.awaited(m, accepting) {
		return
	}
	if protocols.Ballot(answer.LastBallot) > g.proposal.ballot {
		r.refused(g, from, protocols.Ballot(answer.LastBallot))
		return
	}
	r.accepted(g, g.proposal, from)
}

// accepted keeps rule 5.
func (r *replica) accepted(g *register, p *proposal, from protocols.NodeID) {
	p.agreed.Add(int32(from))
	if p.agreed.Count() < r.quorum {
		return
	}
	r.out.StopTimer(g.timer)
	r.broadcast(g, p.version, p.ballot, &Message_Commit{Commit: &Commit{Value: p.value}}) // rule 7
	g.proposal = nil
	r.learn(g, p.version, p.value)
}

// refused keeps rules 3 and 4: without a quorum to be had, the attempt is over.
func (r *replica) refused(g *register, from protocols.NodeID, last protocols.Ballot) {
	p := g.proposal
	p.refused.Add(int32(from))
	p.highest = max(p.highest, last)
	if r.n-p.refused.Count() >= r.quorum {
		return
	}
	r.giveUp(g)
}

// giveUp ends an attempt; the next one begins after the back-off of rule 4.
func (r *replica) giveUp(g *register) {
	w := g.wishes[0]
	w.attempts++
	g.proposal.phase = backingOff
	r.out.SetTimer(g.timer, r.backOff(w.attempts))
}

// backOff is a random time, at most that of a phase, which doubles with each attempt up to 64 times.
func (r *replica) backOff(attempts int) time.Duration {
	return time.Duration(r.random.Int64N(int64(r.retry) << min(attempts-1, 6)))
}

// onTimer gives up an attempt whose answers do not come, and begins a new one when the back-off is
// over: two proposers that time out in step must not go on in step.
func (r *replica) onTimer(g *register) {
	p := g.proposal
	if p == nil {
		return
	}
	if p.phase != backingOff {
		r.giveUp(g)
		return
	}
	w := g.wishes[0]
	r.out.Mark(w.id, protocols.MarkRetried)
	r.attempt(g, w, p.highest)
}
