package epaxos

import (
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// attempt is this replica's work on an instance that it wants decided: its own, under ballot 0, or any under a ballot of
// its own.
type attempt struct {
	x      *instance
	timer  protocols.TimerID
	ballot protocols.Ballot
	stage  stage

	asked    quorum.Set // to whom the message of this stage was sent
	answered quorum.Set // who has answered in this stage; of the submitter's attempt this replica is among them
	refused  quorum.Set // who has told a higher ballot
	met      protocols.Ballot
	agreed   quorum.Set // submitting: who has answered D0
	deps     vector     // submitting: union of the answers; recovering: the Deps of R, or of the accepted value
	tries    int        // how often the message of this stage was sent again
	refusals int        // how many attempts for the instance were refused
	sentAt   time.Duration
	resentAt time.Duration

	// Of a recovery (rules 8 to 10).
	quorum      quorum.Set // Q
	agreeing    int        // |R|
	command     []byte     // of R or of the accepted value; nil: a no-op
	valueBallot protocols.Ballot
	accepted    bool // somebody of Q has accepted a value
	submitter   bool // the submitter is in Q
	conflicts   []conflict
}

// stage is what an attempt is doing.
type stage uint8

const (
	submitting stage = iota + 1 // rule 3: PreAccept is sent
	accepting                   // rule 4
	recovering                  // rule 7
	validating                  // rule 9
	waiting                     // rule 10
	backingOff                  // refused: a new ballot after a random time
)

// conflict is an instance that contradicts what is validated (rule 9).
type conflict struct {
	position
	committed bool
}

// begin begins an attempt for an instance, in place of one that is under way.
func (r *replica) begin(x *instance, b protocols.Ballot, s stage) *attempt {
	a := x.attempt
	if a == nil {
		a = &attempt{x: x}
		if last := len(r.free) - 1; last >= 0 {
			a.timer = firstAttempt + protocols.TimerID(r.free[last])
			r.free = r.free[:last]
			r.attempts[a.timer-firstAttempt] = a
		} else {
			a.timer = firstAttempt + protocols.TimerID(len(r.attempts))
			r.attempts = append(r.attempts, a)
		}
		x.attempt = a
	} else {
		r.noLongerWaiting(a)
		*a = attempt{x: x, timer: a.timer, refusals: a.refusals}
	}
	a.ballot = b
	a.enter(s, r.now)
	return a
}

// enter begins a stage of an attempt.
func (a *attempt) enter(s stage, now time.Duration) {
	a.stage, a.asked, a.answered, a.refused, a.tries = s, 0, 0, 0, 0
	a.sentAt, a.resentAt = now, now
}

// waitsFor returns true if a replica was asked in the attempt's stage and has not answered.
func (a *attempt) waitsFor(id protocols.NodeID) bool {
	return a.asked.Has(int32(id)) && !a.answered.Has(int32(id))
}

// end ends the attempt for an instance, if there is one.
func (r *replica) end(x *instance) {
	a := x.attempt
	if a == nil {
		return
	}
	r.noLongerWaiting(a)
	r.out.StopTimer(a.timer)
	i := int(a.timer - firstAttempt)
	r.attempts[i], x.attempt = nil, nil
	r.free = append(r.free, i)
}

// noLongerWaiting takes the attempt's instance out of the list of those whose recovery waits.
func (r *replica) noLongerWaiting(a *attempt) {
	if a.stage == waiting {
		g := a.x.register
		g.waiting = slices.DeleteFunc(g.waiting, func(x *instance) bool { return x == a.x })
	}
}

// of returns the attempt that a message answers, nil if there is none in one of the stages, under the ballot of the message, or if
// this replica has promised another ballot meanwhile. It samples the round trip if it is known when what is answered was sent;
// and who answers what is given up meanwhile is not silent.
func (r *replica) of(from protocols.NodeID, m *Message, stages ...stage) *attempt {
	x := r.register(m.Key).get(m.position())
	if x == nil || x.attempt == nil {
		return nil
	}
	a := x.attempt
	if uint64(a.ballot) != m.Ballot {
		return nil
	}
	r.reach.Answered(from)
	if a.ballot != x.ballot || !slices.Contains(stages, a.stage) {
		return nil
	}
	if a.answered.Has(int32(from)) || !a.asked.Has(int32(from)) {
		return a
	}
	switch int(m.Try) {
	case 0:
		r.trips[from].Sample(r.now - a.sentAt)
	case a.tries:
		r.trips[from].Sample(r.now - a.resentAt)
	}
	return a
}

const (
	// maxDoublings caps back-offs at 32 (2<<4) times the timeout by the configured delays.
	maxDoublings = 4
	// maxMeasuredDoublings caps back-offs at 8 (2<<2) times what the measured round trips say: these may have been measured
	// during an overload, and who backs off measures nothing that would correct them.
	maxMeasuredDoublings = 2
	// maxTimeoutDoublings caps the doubling of timeouts at 4 (1<<2) times the configured one.
	maxTimeoutDoublings = 2
	// maxTimeoutShift caps what was measured at 64 (1<<6) times the configured timeout.
	maxTimeoutShift = 6
)

// timeout returns how long to wait for the nearest replicas that are a quorum of that size together with this one: all of
// them after a timeout, since one of the nearest may be down.
func (r *replica) timeout(size, tries int) time.Duration {
	if tries > 0 {
		size = r.n
	}
	return r.timeoutOfAll(r.peers[:max(0, size-1)], min(max(tries, 1)-1, maxTimeoutDoublings))
}

// timeoutOfAll returns how long to wait for the answers of all these replicas.
func (r *replica) timeoutOfAll(peers []protocols.NodeID, doublings int) time.Duration {
	longest := protocols.Retry(0)
	for _, peer := range peers {
		longest = max(longest, r.timeoutOf(peer, doublings))
	}
	return longest
}

// timeoutOf returns how long to wait for the answer of one replica: the configured timeout, doubled so often, or the measured
// one, if that is longer. What was measured of a replica that is silent does not count: if it was measured during an overload
// and the replica is down since, nothing would ever correct it. This replica would then wait so long before it goes on with
// its own commands that the others recover each of them as a no-op (rule 11).
func (r *replica) timeoutOf(peer protocols.NodeID, doublings int) time.Duration {
	configured := r.configuredTimeout(peer)
	if r.reach.Silent(peer) {
		return configured << doublings
	}
	return min(configured<<maxTimeoutShift, r.trips[peer].DoubledTimeout(doublings))
}

// configuredTimeout returns how long the answer of a replica may take by the configured delays.
func (r *replica) configuredTimeout(peer protocols.NodeID) time.Duration {
	return protocols.Retry(r.config.Delays.RoundTrip(r.config.ID, peer))
}

// setTimer sets the timeout for the answers of a quorum of that size.
func (r *replica) setTimer(a *attempt, size int) { r.out.SetTimer(a.timer, r.timeout(size, a.tries)) }

// sendTo sends the message of an attempt's stage to a replica.
func (r *replica) sendTo(a *attempt, to protocols.NodeID, m *Message) {
	a.asked.Add(int32(to))
	m.Try = uint32(a.tries)
	r.out.Send(to, m)
}

// sendUnanswered sends the message of an attempt's stage to the others of a set who have not answered.
func (r *replica) sendUnanswered(a *attempt, set quorum.Set, m *Message) {
	for _, to := range r.peers {
		if set.Has(int32(to)) && !a.answered.Has(int32(to)) {
			r.sendTo(a, to, m)
		}
	}
}

// everybody is the set of all replicas.
func (r *replica) everybody() quorum.Set { return quorum.First(r.n) }

// onTimeout sends the message of a stage again to those who have not answered. If somebody has refused it and it was sent again
// already, the attempt is given up: those who would be a quorum without the refusing ones may be down.
func (r *replica) onTimeout(a *attempt) {
	if a.stage == backingOff {
		r.recover(a.x)
		return
	}
	for _, to := range r.peers {
		if a.waitsFor(to) {
			r.reach.Unanswered(to, r.now)
		}
	}
	if a.refused.Size() > 0 && a.tries > 0 {
		r.backOff(a)
		return
	}
	if req := a.x.request; req != nil {
		r.out.Mark(req.id, protocols.MarkRetried)
	}
	a.tries++
	a.resentAt = r.now
	switch a.stage {
	case submitting:
		if a.answered.Size() >= r.slow { // rule 3: the fast quorum may be out of reach
			r.propose(a, a.x.command, a.deps)
			return
		}
		r.sendUnanswered(a, r.everybody(), r.valueMessage(Kind_PREACCEPT, a.x, 0, a.x.command, a.x.initDeps))
		r.setTimer(a, r.n)
	case accepting:
		r.sendUnanswered(a, r.everybody(), r.valueMessage(Kind_ACCEPT, a.x, a.ballot, a.command, a.deps))
		r.setTimer(a, r.n)
	case recovering:
		r.sendUnanswered(a, r.everybody(), r.message(Kind_RECOVER, a.x, a.ballot))
		r.setTimer(a, r.n)
	case validating:
		if a.tries > mostValidations { // one of Q may be down: another Q
			r.recover(a.x)
			return
		}
		r.sendUnanswered(a, a.quorum, r.valueMessage(Kind_VALIDATE, a.x, a.ballot, a.command, a.deps))
		r.setTimer(a, r.n)
	case waiting:
		if a.tries > mostWaits {
			r.recover(a.x)
			return
		}
		r.tellWaiting(a)
		r.setTimer(a, r.n)
	}
}

const (
	mostValidations = 2 // times that Validate is sent again
	mostWaits       = 4 // timeouts that a recovery waits for another, until it begins again
)

// onRefused notes that a replica has promised a higher ballot. When the others are no slow quorum any more, the attempt is
// given up for a random time.
func (r *replica) onRefused(from protocols.NodeID, m *Message) {
	a := r.of(from, m, submitting, accepting, recovering, validating, waiting)
	if a == nil {
		return
	}
	a.refused.Add(int32(from))
	a.met = max(a.met, protocols.Ballot(m.Promised))
	if r.n-a.refused.Size() < r.slow || a.stage == validating {
		r.backOff(a)
	}
}

// backOff gives an attempt up. Another with a higher ballot begins after a random time whose bound doubles with each one
// that was refused.
func (r *replica) backOff(a *attempt) {
	if a.stage == backingOff {
		return
	}
	r.noLongerWaiting(a)
	a.stage = backingOff
	a.refusals++
	r.out.Measure(protocols.MeasureRefused, int64(a.refusals))
	least := 2 * r.timeout(r.n, 0) // the other one may need so long
	most := least << min(a.refusals, maxMeasuredDoublings)
	for _, peer := range r.peers {
		most = max(most, 2*r.configuredTimeout(peer)<<min(a.refusals, maxDoublings))
	}
	r.out.SetTimer(a.timer, least+time.Duration(r.random.Int64N(int64(most))))
}
