package keypaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Proposal is an attempt, under one ballot, to get a value chosen for one version of a key.
type Proposal struct {
	Version     uint64
	Ballot      protocols.Ballot
	Phase       Phase
	Value       []byte           // to propose: the request's, or one that an acceptor had accepted; nil for a read until then
	ValueBallot protocols.Ballot // of the value that an acceptor had accepted; 0: Value is the request's
	Agreed      quorum.Set       // replicas that promised or accepted in this phase
	Refused     quorum.Set       // replicas that refused in this phase
	Highest     protocols.Ballot // promised, of all refusals
	To          protocols.NodeID // paxos1: the replica it was sent to
	Before      quorum.Set       // paxos: Agreed at the last timeout of this phase
	Fast        []FastValue      // what replicas have told that they accepted under the fast ballot: those that promised, or refused another value

	told     quorum.Set    // replicas that have told how far the key has come, since the proposal began (rule 17)
	highest  uint64        // the highest version that they told
	chosen   bool          // by this proposal
	answered quorum.Set    // replicas that have answered any message of the proposal, in whatever way
	Tries    uint32        // how often the messages of this phase were sent again
	sentAt   time.Duration // when they were sent first
	resentAt time.Duration // when they were sent last
}

// Phase is how far a proposal is.
type Phase uint8

// The phases of a proposal. A proposal of paxos1 is Preparing until it ends or backs off, but for a read that asks first and
// then travels: it is Accepting while it travels.
const (
	Preparing Phase = iota + 1
	Accepting
	BackingOff
	AcceptingFast // under the fast ballot, without phase 1 (fastpaxos)
	Outrun        // the version was decided by others while the answers were on their way; they are waited for (rule 16)
)

// measureLost is the measure for writes that lose their version to another: how many the command has lost so
// far, this one included.
const measureLost = "version lost"

// AdoptValue takes over a value that an acceptor has accepted, if its ballot is the highest met so far (rule 4:
// the proposer proposes the value accepted under the highest ballot). Of values accepted under the fast ballot, it only
// notes who has accepted which; see recoverFast.
func (p *Proposal) AdoptValue(from protocols.NodeID, valueBallot protocols.Ballot, value []byte) {
	switch {
	case valueBallot == FastBallot:
		p.Fast = noteFast(p.Fast, from, value)
	case valueBallot > p.ValueBallot:
		p.ValueBallot, p.Value = valueBallot, value
	}
}

// propose starts a proposal for the oldest request of a key, unless one is in progress.
func (r *Replica) propose(g *Register) {
	req := g.requests
	if g.Proposal != nil || req == nil {
		return
	}
	if req.proposed {
		r.Out.Mark(req.id, protocols.MarkRetried)
	} else {
		r.markProposed(req)
	}
	r.begin(g, 0)
}

// begin starts an attempt for the oldest request under a new ballot, above the given one, this replica's own
// promise and its abandoned ballots: a ballot is used once (rules 9 and 13). The version is the first not known
// to be chosen (rule 8). If the request is a read, all other reads of the key that have arrived join it (rule 6).
func (r *Replica) begin(g *Register, met protocols.Ballot) {
	req, version := g.requests, g.Next()
	i := r.instance(g, version)
	b := max(i.LastBallot, i.abandoned, met).Next(r.ID)
	for other := req; req.Read && other != nil; other = other.next {
		if other.Read && !other.proposed {
			r.markProposed(other)
		}
	}
	req.attempt = Proposal{Version: version, Ballot: b, Phase: Preparing, Value: req.value, answered: quorum.Of(r.ID), sentAt: r.now}
	g.Proposal = &req.attempt
	r.tellHighest(r.ID, g, g.highest())
	r.rules.Begin(g, met)
}

// PrepareHere is this replica's own promise to its proposal, whose ballot is above all that it has promised: the proposal
// takes over the value that was accepted here.
func (r *Replica) PrepareHere(g *Register) {
	p := g.Proposal
	before := r.Prepare(g, p.Version, p.Ballot)
	p.AdoptValue(r.ID, before.ValueBallot, before.Value)
}

// Awaited tells whether an answer belongs to the current phase of the key's proposal. If so, it samples the
// round trip, as far as it is known when what is answered was sent.
func (r *Replica) Awaited(from protocols.NodeID, g *Register, m *Message, phase Phase) bool {
	p := g.Proposal
	r.silent = r.silent.Without(quorum.Of(from))
	if p != nil && g.requests.before.answeredBy(m) {
		r.roundTrips[from].Sample(r.now - g.requests.before.sentAt)
	}
	if p == nil || p.Phase != phase || p.Version != m.Version || uint64(p.Ballot) != m.Ballot {
		return false
	}
	switch m.Try {
	case 0:
		r.roundTrips[from].Sample(r.now - p.sentAt)
	case p.Tries:
		r.roundTrips[from].Sample(r.now - p.resentAt)
	}
	return true
}

// maxHurried is how many attempts for a request may be outrun before the next one waits for the answers to the last (rule 16).
// Where several write the same key now and then, few requests lose more versions than this.
const maxHurried = 8

// outrun tells whether the key's proposal, whose version is decided, was outrun, and the answers to its messages are waited for
// (rule 16). Its timer goes on: it is set for the time when they should have come.
func (r *Replica) outrun(g *Register) bool {
	p := g.Proposal
	switch {
	case p == nil || p.Phase == BackingOff || p.chosen:
		return false
	case p.Phase == Outrun && g.requests.level: // the version that the read waits for is on its way
		return true
	case r.quorum.IsQuorum(p.answered):
		return false
	case p.Phase == Outrun || g.requests.Read: // the answers tell a read what it waits for (rule 17)
		return true
	}
	g.requests.hurried++
	return g.requests.hurried > maxHurried
}

// heard notes that a replica has answered a message of the key's proposal, with what the driver expects or with a state, and tells
// whether it is one of the key's proposal.
func (r *Replica) heard(from protocols.NodeID, g *Register, version uint64, ballot protocols.Ballot) bool {
	p := g.Proposal
	if p == nil || p.Version != version || p.Ballot != ballot {
		return false
	}
	r.silent, r.Unheard = r.silent.Without(quorum.Of(from)), r.Unheard.Without(quorum.Of(from))
	p.answered.Add(int32(from))
	if p.Phase == Outrun {
		p.Agreed.Add(int32(from))
	}
	return true
}

// tellHighest notes the highest version in which a replica has accepted or applied anything, as it told after the key's proposal had
// begun. With a phase-1 quorum of such answers it is known what the reads wait for that had joined the proposal (rule 17).
func (r *Replica) tellHighest(from protocols.NodeID, g *Register, highest uint64) {
	p := g.Proposal
	if !g.requests.Read || r.told(p) {
		return
	}
	p.told.Add(int32(from))
	if p.highest = max(p.highest, highest); !r.told(p) {
		return
	}
	for req := g.requests; req != nil; req = req.next {
		if req.Read && req.proposed && !req.level {
			req.level, req.upTo = true, p.highest
		}
	}
}

// told tells whether a phase-1 quorum has told a proposal how far the key has come.
func (r *Replica) told(p *Proposal) bool { return r.quorum.IsQuorum(p.told) }

// afterAnswer goes on after an answer to a proposal that does not wait for one any more. If it was outrun and a quorum has
// answered by now, the next one begins (rule 16); a read that may be answered by now is answered (rule 17).
func (r *Replica) afterAnswer(g *Register) {
	p := g.Proposal
	switch {
	case p == nil || p.Phase != Outrun && p.Phase != BackingOff:
	case g.requests.levelAt(g.version):
		r.answerLevel(g)
	case p.Phase == Outrun && !g.requests.level && r.quorum.IsQuorum(p.answered):
		r.nextVersion(g)
	}
}

// answerLevel ends the key's proposal, answers the reads that may be answered (rule 17), and goes on with the other requests.
func (r *Replica) answerLevel(g *Register) {
	r.endProposal(g)
	r.answerDone(g)
	r.propose(g)
}

// nextVersion ends a proposal that was outrun, and begins one for the version after those that are decided by now.
func (r *Replica) nextVersion(g *Register) {
	r.endProposal(g)
	r.propose(g)
}

// NextVersion ends a proposal that was outrun and whose messages were not answered in time, and begins the next one (rule 16).
func (r *Replica) NextVersion(g *Register) {
	g.requests.noteUnanswered()
	r.nextVersion(g)
}

// BeginPhase2 notes that the proposal goes on to phase 2, accept.
func (r *Replica) BeginPhase2(g *Register) {
	p := g.Proposal
	p.Phase, p.Agreed, p.Refused, p.Before = Accepting, 0, 0, 0
	p.Tries, p.sentAt = 0, r.now
	r.Out.Mark(g.requests.id, protocols.MarkPrepared)
}

// Chosen notes that the proposal's value is chosen (rule 5) and sends the commit to all (rule 7).
func (r *Replica) Chosen(g *Register) {
	p := g.Proposal
	r.Broadcast(g, r.message(Kind_COMMIT, p.Version, 0, p.Value))
	r.ChosenTold(g)
}

// ChosenTold notes that the proposal's value is chosen, as all others are told anyway (rule 14).
func (r *Replica) ChosenTold(g *Register) {
	p := g.Proposal
	p.chosen = true
	r.Learn(g, p.Version, p.Value)
}

// AnswerAbsent ends a proposal of a read for which no acceptor of a quorum had a value: the latest known version
// is the latest. It answers all reads that had joined the proposal before it started (rule 6).
func (r *Replica) AnswerAbsent(g *Register) {
	r.endProposal(g)
	for at := &g.requests; *at != nil; {
		req := *at
		if !req.Read || !req.proposed {
			at = &req.next
			continue
		}
		*at = req.next
		r.answer(req, g.state.Read(req.version))
	}
	r.propose(g)
}

// endProposal ends the proposal of a key, if there is one.
func (r *Replica) endProposal(g *Register) {
	if g.Proposal != nil {
		g.Proposal = nil
		r.Out.StopTimer(g.timer)
	}
}

// GiveUp ends an attempt. The next one begins after a random back-off, whose bound doubles with each attempt that was
// refused (rule 4).
func (r *Replica) GiveUp(g *Register) {
	req := g.requests
	if req.levelAt(g.version) {
		r.answerLevel(g)
		return
	}
	if g.Proposal.Refused != 0 {
		req.attempts++
		r.Out.Measure(protocols.MeasureRefused, int64(req.attempts))
	} else {
		req.noteUnanswered()
	}
	g.Proposal.Phase = BackingOff
	r.Out.SetTimer(g.timer, r.backoff(req.attempts))
}

// AnotherAttempt ends an attempt that was not answered, and begins the next one at once: it is not known that another
// proposer is in the way (rule 4).
func (r *Replica) AnotherAttempt(g *Register) {
	g.requests.noteUnanswered()
	r.GoOn(g)
}

// unanswered is an attempt that ended without an answer. If the answer comes later, it tells how long the round trip
// takes, so that the next requests wait for it.
type unanswered struct {
	version uint64
	ballot  protocols.Ballot
	sentAt  time.Duration
}

// noteUnanswered notes that the present attempt ends without an answer.
func (req *Request) noteUnanswered() {
	req.unanswered++
	req.before = unanswered{req.attempt.Version, req.attempt.Ballot, req.attempt.sentAt}
}

// answeredBy tells whether a message answers what was sent first in the attempt.
func (u *unanswered) answeredBy(m *Message) bool {
	return u.version == m.Version && uint64(u.ballot) == m.Ballot && m.Try == 0
}

// GoOn ends an attempt that cannot succeed any more, and begins the next one at once, under a ballot above the highest that
// the proposal knows of.
func (r *Replica) GoOn(g *Register) {
	r.Out.Mark(g.requests.id, protocols.MarkRetried)
	r.begin(g, g.Proposal.Highest)
}

// WaitForOther ends an attempt in favour of another proposer's that is under way. The next one begins after the given time, unless
// the version is decided by then.
func (r *Replica) WaitForOther(g *Register, wait time.Duration) {
	g.Proposal.Phase = BackingOff
	r.Out.SetTimer(g.timer, wait)
}

// Again notes that the messages of the current phase are sent once more, under the same ballot (rule 4).
func (r *Replica) Again(g *Register) {
	p := g.Proposal
	p.Tries++
	p.resentAt = r.now
	r.Out.Mark(g.requests.id, protocols.MarkRetried)
}

const (
	// maxDoublings caps back-offs at 16 (1<<4) times the timeout of a phase by the configured delays.
	maxDoublings = 4
	// maxMeasuredDoublings caps back-offs at 4 (1<<2) times what the measured round trips say. These may
	// have been measured while a disk or a link was overloaded, and a replica that backs off measures nothing: with
	// more, it would wait for minutes after the overload is over.
	maxMeasuredDoublings = 2
)

// backoff returns a random time. Its bound is the timeout of a phase, and doubles with each refused attempt (rule 4):
// up to 16 times the timeout by the configured delays, or 4 times the measured one, whichever is longer.
func (r *Replica) backoff(refused int) time.Duration {
	doublings := max(refused, 1) - 1
	return time.Duration(r.random.Int64N(int64(max(
		r.quorumTimeout(r.quorum, 0)<<min(doublings, maxMeasuredDoublings),
		protocols.Retry(r.config.Delays.QuorumRoundTrip(r.ID, r.quorum))<<min(doublings, maxDoublings)))))
}

// onTimer starts a new attempt when the back-off of the last one is over. In any other phase, the answers did
// not come in time.
func (r *Replica) onTimer(g *Register) {
	p := g.Proposal
	switch {
	case p == nil:
	case p.Phase == Outrun && g.requests.level:
		r.nextVersion(g)
	case p.Phase == BackingOff:
		r.Out.Mark(g.requests.id, protocols.MarkRetried)
		r.begin(g, p.Highest)
	default:
		r.rules.TimedOut(g)
	}
}

// WaitForQuorum sets the timeout of a phase that a quorum must answer: of the nearest quorum at first; of all
// replicas after a timeout, since one of the nearest may be down.
func (r *Replica) WaitForQuorum(g *Register, s quorum.System) {
	if g.Proposal.Tries > 0 || g.requests.unanswered > 0 {
		s = quorum.Size(len(r.members), quorum.Of(r.members...))
	}
	r.Out.SetTimer(g.timer, r.quorumTimeout(s, g.doublings()))
}

// WaitForReplica sets the timeout of a phase that one replica must answer.
func (r *Replica) WaitForReplica(g *Register, from protocols.NodeID) {
	r.Out.SetTimer(g.timer, r.timeout(from, g.doublings()))
}

// NoteSilent notes that replicas have let a message go unanswered for as long as an answer may take. Until they answer, only the
// configured round trip says how long that is: if the measured one is from an overload and they are down since, nothing would
// ever correct it, and what is lost would be sent again late, for good.
func (r *Replica) NoteSilent(which quorum.Set) { r.silent |= which }

// timeout returns the timeout, doubled so often, for the answer of one replica.
func (r *Replica) timeout(from protocols.NodeID, doublings int) time.Duration {
	if r.silent.Has(int32(from)) {
		return protocols.Retry(r.config.Delays.RoundTrip(r.ID, from)) << doublings
	}
	return r.roundTrips[from].DoubledTimeout(doublings)
}

// maxTimeoutDoublings caps timeouts at 4 (1<<2) times those by the configured delays, unless longer round trips were measured.
const maxTimeoutDoublings = 2

// doublings is how often the timeout of the present phase is doubled: once for each timeout that the request has met after
// the first of an attempt.
func (g *Register) doublings() int {
	return min(g.requests.unanswered+max(int(g.Proposal.Tries), 1)-1, maxTimeoutDoublings)
}

// quorumTimeout returns the timeout, doubled so often, for the answers of the nearest replicas that form a quorum with this one.
// The nearest are those by configured delays: replicas that never answer in time give no samples. Those
// in Unheard are passed over.
func (r *Replica) quorumTimeout(s quorum.System, doublings int) time.Duration {
	timeout, heard := r.timeout(r.ID, doublings), quorum.Of(r.ID)
	for _, peer := range r.peers {
		if s.IsQuorum(heard) {
			break
		}
		if r.Unheard.Has(int32(peer)) {
			continue
		}
		heard.Add(int32(peer))
		timeout = max(timeout, r.timeout(peer, doublings))
	}
	return timeout
}

// message fills in the one message that is reused; it must be sent before the next call.
func (r *Replica) message(kind Kind, version uint64, b protocols.Ballot, value []byte) *Message {
	m := &r.sent
	m.Kind, m.Version, m.Ballot, m.Value = kind, version, uint64(b), value
	m.LastBallot, m.ValueBallot, m.State, m.Try, m.Asked, m.Highest = 0, 0, nil, 0, 0, 0
	return m
}

// ProposalMessage returns a message of the key's proposal, with a value. It must be sent at once: its memory is
// reused.
func (r *Replica) ProposalMessage(g *Register, kind Kind, value []byte) *Message {
	m := r.message(kind, g.Proposal.Version, g.Proposal.Ballot, value)
	m.Try = g.Proposal.Tries
	return m
}

// Reply returns the answer to a message, with the highest ballot promised before it. It must be sent at once: its
// memory is reused.
func (r *Replica) Reply(request *Message, kind Kind, last protocols.Ballot) *Message {
	m := r.message(kind, request.Version, protocols.Ballot(request.Ballot), nil)
	m.LastBallot, m.Try = uint64(last), request.Try
	return m
}

// Tell answers a request with what this replica had promised and accepted before it (rule 1).
func (r *Replica) Tell(from protocols.NodeID, g *Register, request *Message, kind Kind, before Promised) {
	answer := r.Reply(request, kind, before.LastBallot)
	answer.ValueBallot, answer.Value = uint64(before.ValueBallot), before.Value
	if kind == Kind_PROMISE {
		answer.Highest = g.HighestFrom(request.Version)
	}
	r.Send(from, g, answer)
}
