package mmp3

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// proposal is an attempt of this replica to get an instance committed. It is sent to one other replica at a time.
type proposal struct {
	attempt
	promised protocols.Ballot // the highest ballot promised elsewhere, from refusals
	refused  bool             // the current attempt was; the timer is the back-off
	tries    int              // how many attempts have ended without a commit
	refusals int              // how many of them, the current one included, were refused
	earlier  []attempt        // the last ones that were given up: their answers are still measured
}

// attempt is one ballot of a proposal: where it was sent, and when.
type attempt struct {
	ballot protocols.Ballot
	to     protocols.NodeID
	sent   time.Duration
}

// maxEarlier bounds the earlier attempts of a proposal that are remembered to measure round trips.
const maxEarlier = 8

// propose opens the next instance of this replica's own column for the commands of the requests and sends it to the
// nearest reachable peer (rule 1).
func (r *replica) propose(requests []*request) {
	at := position{r.id, r.seen[r.id]}
	r.proposed[at.lsn] = requests
	x := r.open(at)
	x.commands = x.single[:0]
	for _, req := range requests {
		req.lsn = at.lsn
		x.commands = append(x.commands, req.command)
	}
	x.deps = r.freshDeps(at)
	x.proposal = r.memory.proposals.New()
	x.proposal.ballot = x.ballot
	r.out.NoteInstance(protocols.InstanceEvent{ID: at.id(), Kind: protocols.InstanceProposed})
	r.persist(x)
	r.sendProposal(x, r.reach.Nearest(r.now))
}

// sendProposal sends an instance, as prepared at this replica, to one other replica and sets the timeout for the
// answer.
func (r *replica) sendProposal(x *instance, to protocols.NodeID) {
	p := x.proposal
	p.to, p.refused, p.sent = to, false, r.now
	if to != r.peers[0] {
		r.out.Measure(measureSecond, 1)
	}
	r.out.Send(to, r.proposeOf(x))
	after := r.timeout(to, p.tries)
	if x.at.column != r.id && p.tries > 0 {
		after += r.randomDelay(to)
	}
	r.out.SetTimer(timerOf(x.at), after)
}

// randomDelay returns a random time of up to one timeout. Retries of recoverers wait so much longer, so that two of
// them do not collide again and again (rule 5). The first attempt does without: it starts at a random time already.
func (r *replica) randomDelay(to protocols.NodeID) time.Duration {
	return time.Duration(r.random.Int64N(int64(r.retry[to])))
}

const (
	// maxDoublings caps the doubling of back-offs at 16 (1<<4) times the configured timeout.
	maxDoublings = 4
	// maxTimeoutDoublings caps the doubling of timeouts at 4 (1<<2) times the configured one: messages may just be lost.
	// If the link is slower than that, late answers to earlier attempts raise the measured round trip.
	maxTimeoutDoublings = 2
	// maxTimeoutShift caps the timeout for an answer at 64 (1<<6) times the configured one, whatever was measured.
	maxTimeoutShift = 6
)

// timeout returns how long to wait for a replica's answer: the measured timeout, or the configured one doubled with
// each try, up to four times, whichever is longer. The cap of what was measured matters after a partition, when answers
// have come minutes late.
func (r *replica) timeout(to protocols.NodeID, tries int) time.Duration {
	return min(r.retry[to]<<maxTimeoutShift, max(r.trips[to].Timeout(), r.retry[to]<<min(tries, maxTimeoutDoublings)))
}

// onPropose is the acceptor's side of a proposal: unless it has promised a higher ballot, it accepts the value with
// the highest ballot, its own or the one sent; if there is none, the commands sent, with the Deps sent raised by its
// own Seen. It answers with the instance (rule 2).
func (r *replica) onPropose(from protocols.NodeID, m *Instance) {
	if r.truncated(m.position()) { // rule 13: it is decided, and this replica may not know the value any more
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
	case b == x.valueBallot: // the same proposal again: the same answer
	default:
		if theirs := protocols.Ballot(m.ValueBallot); theirs > x.valueBallot {
			x.commands, x.deps = r.owned(x, m.Commands), m.vector()
		} else if x.valueBallot == 0 {
			deps := m.vector()
			deps.raise(r.freshDeps(x.at))
			x.commands, x.deps = r.owned(x, m.Commands), deps
		}
		x.ballot, x.valueBallot = b, b
		r.persist(x)
		r.mark(x, protocols.MarkAccepted)
	}
	r.out.Send(from, r.acceptedOf(x))
	r.scheduleRecovery()
}

// onAccepted handles the answer to a proposal: unless it has promised a higher ballot meanwhile, this replica accepts
// what the other one has accepted; the instance is then committed, and all others are told (rule 3). A retry of
// its own raises the promise, too, and so voids the answers to earlier attempts.
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
	x.valueBallot, x.commands, x.deps = b, r.owned(x, m.Commands), m.vector()
	r.commit(x)
	r.out.Broadcast(protocols.NodeID(r.id), members, r.commitOf(x))
}

// measure samples the round trip of the attempt that is answered. Each attempt has a ballot of its own.
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

// sendCommit sends a committed instance to one other replica.
func (r *replica) sendCommit(to protocols.NodeID, x *instance) {
	r.out.Send(to, r.commitOf(x))
}

// onCommit learns an instance that another replica has committed.
func (r *replica) onCommit(m *Instance) {
	if r.learn(m) {
		r.apply()
		r.scheduleRecovery()
	}
}

// learn takes over a committed instance and returns whether it was new.
func (r *replica) learn(m *Instance) bool {
	if r.truncated(m.position()) {
		return false
	}
	x := r.open(m.position())
	if x.committed {
		return false
	}
	x.ballot = max(x.ballot, protocols.Ballot(m.Ballot))
	x.valueBallot, x.commands, x.deps = protocols.Ballot(m.ValueBallot), r.owned(x, m.Commands), m.vector()
	r.decide(x)
	return true
}

// commit notes that an instance is committed with the value it holds, and applies what can be applied.
func (r *replica) commit(x *instance) {
	r.decide(x)
	r.apply()
	r.scheduleRecovery()
}

// decide notes that an instance is committed with the value it holds. If it is of this replica's column with other
// commands than proposed, those are proposed again in a new instance (rule 3).
func (r *replica) decide(x *instance) {
	x.committed = true
	r.noteCommitted(x)
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

// abandon ends this replica's proposal of an instance, if there is one.
func (r *replica) abandon(x *instance) {
	if x.proposal != nil {
		x.proposal = nil
		r.out.StopTimer(timerOf(x.at))
	}
}

// mark marks the commands of an instance with an event.
func (r *replica) mark(x *instance, event string) {
	for _, command := range x.commands {
		if id, err := kv.ID(command); err == nil {
			r.out.Mark(id, event)
		}
	}
}

// onRefused backs off for a random time: another replica proposes the same instance.
func (r *replica) onRefused(m *Refused) {
	x := r.get(position{int(m.Column), m.Lsn})
	if x == nil || x.proposal == nil || uint64(x.proposal.ballot) != m.Ballot || x.proposal.refused {
		return
	}
	p := x.proposal
	p.promised, p.refused = protocols.Ballot(m.Promised), true
	p.refusals++
	r.out.SetTimer(timerOf(x.at), r.backoff(p))
}

// backoff returns a random time whose bound doubles with each refusal, up to 16 times the timeout. Attempts without an
// answer do not count: they do not show that another replica proposes the instance.
func (r *replica) backoff(p *proposal) time.Duration {
	return time.Duration(r.random.Int64N(int64(r.retry[p.to]) << min(p.refusals, maxDoublings)))
}

// retryProposal sends a proposal again when its answer did not come in time or its back-off is over: under a higher
// ballot, to the other replica if the first did not answer (rule 4).
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

// prepareAgain prepares an instance at this replica under a ballot above the given one. If nothing was accepted, its
// Deps are computed anew (rule 4).
func (r *replica) prepareAgain(x *instance, above protocols.Ballot) {
	x.ballot = above.Next(protocols.NodeID(r.id))
	x.proposal.ballot = x.ballot
	if x.valueBallot == 0 {
		x.deps = r.freshDeps(x.at)
	}
	r.persist(x)
}
