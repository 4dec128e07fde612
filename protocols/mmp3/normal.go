package mmp3

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// proposal is an attempt of this replica to get an instance committed. There is one copy of it:
// it is at one other replica, or on its way there or back.
type proposal struct {
	attempt
	promised protocols.Ballot // the highest that refused an attempt
	refused  bool             // this attempt; the timer is its back-off
	tries    int
	earlier  []attempt // those given up last: their answers may still tell how long the link takes
}

// attempt is what one ballot was sent with.
type attempt struct {
	ballot protocols.Ballot
	to     protocols.NodeID
	sent   time.Duration
}

// maxEarlier bounds the attempts whose answers are still measured.
const maxEarlier = 8

// place keeps rule 1.
func (r *replica) propose(requests []*request) {
	at := position{r.id, r.seen[r.id]}
	r.proposed[at.lsn] = requests
	x := r.open(at)
	for _, req := range requests {
		req.lsn = at.lsn
		x.commands = append(x.commands, req.command)
	}
	x.deps = r.freshDeps(at)
	x.proposal = &proposal{attempt: attempt{ballot: x.ballot}}
	r.persist(x)
	r.sendProposal(x, r.reach.Nearest(r.now))
}

// sendProposal sends the instance, as prepared here, to one other replica.
func (r *replica) sendProposal(x *instance, to protocols.NodeID) {
	p := x.proposal
	p.to, p.refused, p.sent = to, false, r.now
	if to != r.peers[0] {
		r.out.Measure(measureSecond, 1)
	}
	r.out.Send(to, r.envelope(&Message_Propose{Propose: r.wire(x)}))
	after := r.timeout(to, p.tries)
	if x.at.column != r.id && p.tries > 0 {
		after += r.randomDelay(to)
	}
	r.out.SetTimer(timerOf(x.at), after)
}

// slack is a random time, so that recoverers whose proposals have met do not meet again and again (rule
// 5). The first attempt does without: when it began was random already.
func (r *replica) randomDelay(to protocols.NodeID) time.Duration {
	return time.Duration(r.random.Int64N(int64(r.retry[to])))
}

// maxDoublings bounds how often the patience for an answer is doubled, attempt by attempt. The link
// may have become slower than anything measured; then the answers to former attempts tell, in time.
const maxDoublings = 4

// maxTimeoutShift bounds what measured round trips can add: 64 times the timeout as configured.
const maxTimeoutShift = 6

// timeout is how long an answer of a replica may take, at the given repetition: as measured, and twice
// as long each time. Answers that came minutes late, of a network that was cut, make nobody wait as long.
func (r *replica) timeout(to protocols.NodeID, tries int) time.Duration {
	return min(r.retry[to]<<maxTimeoutShift, max(r.trips[to].Timeout(), r.retry[to]<<min(tries, maxDoublings)))
}

// onPropose keeps rule 2.
func (r *replica) onPropose(from protocols.NodeID, m *Instance) {
	if r.truncated(m.position()) { // rule 13
		r.sendApplied(from, false)
		return
	}
	x := r.open(m.position())
	b := protocols.Ballot(m.Ballot)
	switch {
	case x.committed:
		r.sendCommit(from, x)
		return
	case b < x.ballot:
		r.out.Send(from, r.envelope(&Message_Refused{Refused: &Refused{
			Column: m.Column, Lsn: m.Lsn, Ballot: m.Ballot, Promised: uint64(x.ballot)}}))
		return
	case b == x.valueBallot: // asked again
	default:
		if theirs := protocols.Ballot(m.ValueBallot); theirs > x.valueBallot {
			x.commands, x.deps = m.Commands, m.vector()
		} else if x.valueBallot == 0 {
			deps := m.vector()
			deps.raise(r.freshDeps(x.at))
			x.commands, x.deps = m.Commands, deps
		}
		x.ballot, x.valueBallot = b, b
		r.persist(x)
		r.mark(x, protocols.MarkAccepted)
	}
	r.out.Send(from, r.envelope(&Message_Accepted{Accepted: r.wire(x)}))
	r.scheduleRecovery()
}

// onAccepted keeps rule 3. A proposal that was given up for a higher ballot has raised the
// promise here, which voids its answer as any other promise does.
func (r *replica) onAccepted(m *Instance) {
	x := r.get(m.position())
	b := protocols.Ballot(m.Ballot)
	if x == nil || x.proposal == nil {
		return
	}
	r.measure(x.proposal, b)
	if x.committed || b != x.proposal.ballot || b != x.ballot {
		return
	}
	x.valueBallot, x.commands, x.deps = b, m.Commands, m.vector()
	r.commit(x)
	r.out.Broadcast(protocols.NodeID(r.id), members, r.envelope(&Message_Commit{Commit: r.wire(x)}))
}

// measure takes the time of the attempt that is answered: each has a ballot of its own.
func (r *replica) measure(p *proposal, answered protocols.Ballot) {
	if answered == p.attempt.ballot {
		r.trips[p.to].Sample(r.now - p.sent)
	}
	for _, a := range p.earlier {
		if a.ballot == answered {
			r.trips[a.to].Sample(r.now - a.sent)
		}
	}
}

// sendCommit sends one other replica an instance that is committed.
func (r *replica) sendCommit(to protocols.NodeID, x *instance) {
	r.out.Send(to, r.envelope(&Message_Commit{Commit: r.wire(x)}))
}

func (r *replica) onCommit(m *Instance) {
	if r.learn(m) {
		r.apply()
		r.scheduleRecovery()
	}
}

// learn takes over an instance that is committed, and tells whether that was new.
func (r *replica) learn(m *Instance) bool {
	if r.truncated(m.position()) {
		return false
	}
	x := r.open(m.position())
	if x.committed {
		return false
	}
	x.ballot = max(x.ballot, protocols.Ballot(m.Ballot))
	x.valueBallot, x.commands, x.deps = protocols.Ballot(m.ValueBallot), m.Commands, m.vector()
	r.decide(x)
	return true
}

// commit notes that an instance is committed, with the value it holds, and goes on from there.
func (r *replica) commit(x *instance) {
	r.decide(x)
	r.apply()
	r.scheduleRecovery()
}

// decide notes that an instance is committed, with the value it holds.
func (r *replica) decide(x *instance) {
	x.committed = true
	r.abandon(x)
	r.persist(x)
	if x.at.column != r.id {
		return
	}
	if requests := r.proposed[x.at.lsn]; sameCommands(requests, x.commands) {
		r.mark(x, protocols.MarkCommitted)
	} else {
		delete(r.proposed, x.at.lsn)
		r.proposeAgain(requests)
	}
	r.advanceCommitted()
}

// abandon ends this replica's proposal of an instance, if it has one.
func (r *replica) abandon(x *instance) {
	if x.proposal != nil {
		x.proposal = nil
		r.out.StopTimer(timerOf(x.at))
	}
}

// mark marks the commands of an instance (rule 10).
func (r *replica) mark(x *instance, event string) {
	for _, command := range x.commands {
		if id, err := kv.ID(command); err == nil {
			r.out.Mark(id, event)
		}
	}
}

// onRefused backs off for a random time: another replica is at work on the instance.
func (r *replica) onRefused(m *Refused) {
	x := r.get(position{int(m.Column), m.Lsn})
	if x == nil || x.proposal == nil || uint64(x.proposal.ballot) != m.Ballot || x.proposal.refused {
		return
	}
	p := x.proposal
	p.promised, p.refused = protocols.Ballot(m.Promised), true
	r.out.SetTimer(timerOf(x.at), r.backoff(p))
}

func (r *replica) backoff(p *proposal) time.Duration {
	return time.Duration(r.random.Int64N(int64(r.retry[p.to]) << min(p.tries+1, maxDoublings)))
}

// retryProposal keeps rule 4: the answer did not come in time, or the back-off is over.
func (r *replica) retryProposal(at position) {
	x := r.get(at)
	if x == nil || x.proposal == nil {
		return
	}
	p := x.proposal
	to := p.to
	if !p.refused {
		r.reach.Unanswered(p.to, r.now)
		to = r.peers[0] + r.peers[1] - p.to
	}
	if at.column == r.id {
		for _, req := range r.proposed[at.lsn] {
			r.out.Mark(req.id, protocols.MarkRetried)
		}
	}
	p.tries++
	p.earlier = append(p.earlier[max(0, len(p.earlier)+1-maxEarlier):], p.attempt)
	r.prepareAgain(x, max(x.ballot, p.promised))
	r.sendProposal(x, to)
}

// prepareAgain promises to this replica itself a ballot above all that were met.
func (r *replica) prepareAgain(x *instance, above protocols.Ballot) {
	x.ballot = above.Next(protocols.NodeID(r.id))
	x.proposal.ballot = x.ballot
	if x.valueBallot == 0 {
		x.deps = r.freshDeps(x.at)
	}
	r.persist(x)
}
