package multipaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// start begins an incarnation. In the first, the configured leader becomes a candidate at once, if it may (rule 26).
func (r *replica) start() {
	r.apply()      // what is known to be chosen from the disk
	if r.witness { // rule 19: it never stands for election
		return
	}
	r.election.Start(r.now, r.out)
	firstIncarnation := r.promised == 0 && r.abandoned == 0
	if !r.inGroup(r.config.ID) && r.config.Leader != protocols.Nobody && r.config.Leader != r.config.ID {
		r.forwarder.Lead(r.config.Leader, r.now, r.out) // the leader to begin with
	}
	if !firstIncarnation { // rule 27: it may have heard a leader a moment before the crash
		r.heard = r.now
	} else if r.config.Leader == r.config.ID {
		r.stand()
	}
}

// candidacy is the state of a candidate.
type candidacy struct {
	promises quorum.Set
	found    instanceLog // for each instance after the commit index, the proposal with the highest ballot in any promise
	received []uint64    // by acceptor: its proposals before this instance have been received
	parts    uint64      // how many parts of promises that take several messages, and pieces of snapshots, have been received
	told     uint64      // parts when those who have promised were last told
	votes    votes       // what promises told, by acceptor; of a cluster with witnesses
	prepared quorum.Set  // who was sent a prepare, where the membership may change
	sentFor  bool        // the leader before has told it to stand (rule 28)
}

// stand is called when the election timer fires: the replica becomes a candidate, if it may (rule 26). It guesses who leads if it may not,
// or has heard no leader since its last candidacy: it may have left, and not know it (rule 27).
func (r *replica) stand() {
	guesses := r.log.memberships.Changes() && r.campaigned > 0
	if r.mayStand() {
		r.becomeCandidate(false)
	} else {
		guesses = true
		r.election.Start(r.now, r.out)
	}
	if guesses && r.role != leader {
		r.forwarder.Guess(r.now, r.out)
	}
}

// becomeCandidate begins phase 1 under a ballot that was never used before (rule 2), with a promise to
// itself. A transfer of a snapshot that another candidacy has interrupted goes on where it was (rule 13). With told, the leader
// before has told it to stand (rule 28).
func (r *replica) becomeCandidate(told bool) {
	if r.role == candidate { // no piece has come for an election timeout
		r.receiver = snapshot.Receiver{}
	}
	r.abandon() // a candidacy that has brought no quorum
	r.promise(max(r.promised, r.refused, r.abandoned).Next(r.config.ID))
	r.role, r.durable = candidate, false
	if r.campaigned == 0 {
		r.campaigned = max(r.now, 1)
	}
	r.candidacy = candidacy{
		found: instanceLog{truncated: r.commit, memberships: r.log.memberships.Empty()}, received: make([]uint64, r.config.MostReplicas()), sentFor: told,
	}
	r.candidacy.votes = r.newVotes()
	r.election.Start(r.now, r.out)
	r.phase1 = r.toPromise().Role(quorum.Phase1)
	r.prepare()
	r.onPromise(r.config.ID, &Promise{Accepted: r.proposals(r.commit+1, r.log.last())})
}

// prepare sends prepares to those who have not promised, and sets the timer after which they are sent again. Those who
// have been asked before get another one, too, if the candidate has come on since, so that they wait for it (rule 11). If a
// snapshot is being received, its next piece is asked for again: the question or the piece may have been lost.
func (r *replica) prepare() {
	acceptors := r.acceptors()
	for _, to := range acceptors {
		if to != r.config.ID && (!r.promises.Has(int32(to)) || r.parts > r.told) {
			r.prepareAt(to)
		}
	}
	if r.parts > r.told { // those, too, that were asked before a membership without them was found: they would stand
		for _, to := range protocols.Replicas(r.prepared &^ quorum.Of(acceptors...) &^ quorum.Of(r.config.ID)) {
			r.prepareAt(to)
		}
	}
	r.told = r.parts
	if sender, underWay := r.receiver.UnderWay(r.now); underWay {
		r.catchUp(sender)
	}
	r.out.SetTimer(heartbeatTimer, protocols.Retry(r.config.Delays.MaxRoundTrip()))
}

// prepareAt asks one replica for its promise, and for what it has accepted from the first instance on that
// the candidate does not know to be chosen and has not been told of (rule 4).
func (r *replica) prepareAt(to protocols.NodeID) {
	first := max(r.commit+1, r.received[to]) // rule 4: from the first instance that it does not know to be chosen
	r.send(to, r.promised, &Message_Prepare{Prepare: &Prepare{First: first, Parts: r.parts, Told: r.sentFor}})
}

// onPrepare is the acceptor's side of phase 1: it tells what it has accepted from instance first on, or that
// its log is truncated there (rules 4 and 13). The ballot is promised already.
func (r *replica) onPrepare(from protocols.NodeID, first, parts uint64) {
	if parts > r.preparedParts { // rule 11: the candidate comes on
		r.preparedParts = parts
		r.election.Heard(r.now)
	}
	answer := &Promise{}
	if r.witness {
		answer.Witnessed = r.witnessed.from(first)
	} else if first <= r.log.truncated { // rule 13: the candidate needs a snapshot first
		answer.Truncated, answer.Next = r.log.truncated, r.log.truncated+1
	} else {
		end := first + uint64(len(r.log.batch(first, r.log.last(), r.config.Limits.Max())))
		answer.Accepted = r.proposals(first, end-1)
		if end <= r.log.last() {
			answer.Next = end
		}
	}
	r.send(from, r.promised, &Message_Promise{Promise: answer})
}

// proposals returns what this replica has accepted in the instances from first to last.
func (r *replica) proposals(first, last uint64) []*Proposal {
	var accepted []*Proposal
	for index := first; index <= last; index++ {
		if i := r.log.at(index); i.ballot > 0 {
			accepted = append(accepted, &Proposal{Index: index, Ballot: uint64(i.ballot), Command: i.command})
		}
	}
	return accepted
}

// onPromise takes the proposals of a promise; of each instance the one with the highest ballot stays (rule
// 5). The promise counts when it is complete (rule 4), and with a phase-1 quorum the candidate becomes the
// leader.
func (r *replica) onPromise(from protocols.NodeID, m *Promise) {
	if r.role != candidate {
		return
	}
	if from != r.config.ID {
		r.durable = true // the prepare that it answers was sent when the ballot was durable
	}
	if m.Truncated > r.commit { // rule 13: it needs a snapshot first
		r.catchUp(from)
		return
	}
	if !r.isValidPromise(from, m) {
		return
	}
	r.votes.add(from, m)
	for _, p := range m.Accepted {
		if ballot := protocols.Ballot(p.Ballot); ballot > r.found.at(p.Index).ballot { // rule 5: the proposal of the highest ballot
			r.found.set(p.Index, instance{ballot: ballot, command: p.Command})
		}
	}
	switch {
	case m.Next > r.received[from]:
		r.received[from] = m.Next
		r.parts++
		r.election.Heard(r.now) // rule 11: no new candidacy, which would begin from the start
		r.prepareAt(from)
	case m.Next > 0: // a part that has been received before: the rest has been asked for
	default:
		if n := len(m.Accepted); n > 0 {
			r.received[from] = max(r.received[from], m.Accepted[n-1].Index+1)
		}
		r.promises.Add(int32(from))
	}
	r.followFound()
	if r.phase1.IsQuorum(r.promises) && !r.lacksCommand() { // rule 20: else it waits for more promises
		r.becomeLeader()
	}
}

// becomeLeader begins phase 2: the leader proposes what phase 1 has found and it does not take for chosen (rule 31), and after that the
// commands that wait here (rule 5).
func (r *replica) becomeLeader() {
	r.role = leader
	r.keepPromise()
	r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
	r.out.Measure(protocols.MeasureElection, int64((r.now-r.campaigned)/time.Millisecond))
	r.out.Measure(protocols.MeasureRecovered, int64(r.found.last()-r.commit)) // including the no-ops in gaps
	r.campaigned = 0
	r.forwarder.Lead(r.config.ID, r.now, r.out)
	r.learnFound()
	r.beginWitnessed()
	r.heartbeat()
	r.admitFound()
	r.proposeFound()
	r.advanceMembership()
	r.propose(r.config.ID, r.forwarder.Waiting()...)
}

// promise raises the promised ballot. A candidate or leader becomes a follower (rule 1).
func (r *replica) promise(ballot protocols.Ballot) {
	if ballot == r.promised {
		return
	}
	r.abandon() // this replica's own candidacy, if it has one
	r.pushPromise()
	r.promised, r.preparedParts = ballot, 0
	r.election.Heard(r.now) // rule 11: a candidate's first prepare counts as a sign of a leader, its mere repetitions do not
	r.sender.ForgetSent()   // receivers drop pieces that were sent under another ballot
	r.stepDown()
}

// onRefuse ends a candidacy or leadership that was refused because of a higher ballot (rule 11).
func (r *replica) onRefuse(ballot, promised protocols.Ballot) {
	r.refused = max(r.refused, promised)
	if ballot == r.promised {
		r.abandon()
		r.stepDown()
	}
}

// stepDown makes the replica a follower that knows no leader.
func (r *replica) stepDown() {
	if r.role == leader {
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.election.Start(r.now, r.out) // rule 11: it may be a candidate again
	}
	if r.role != follower {
		r.role, r.candidacy, r.changing, r.durable, r.witnessedTo = follower, candidacy{}, changing{}, false, nil
		r.out.StopTimer(heartbeatTimer)
	}
	if r.forwarder.Leader() != protocols.Nobody {
		r.forwarder.Lead(protocols.Nobody, r.now, r.out)
	}
}

// follow notes that the replica has heard the leader whose ballot it has promised.
func (r *replica) follow(leader protocols.NodeID) {
	r.keepPromise()
	r.heard = r.now
	r.election.Heard(r.now)
	if r.forwarder.Leader() != leader {
		r.forwarder.Lead(leader, r.now, r.out)
		r.campaigned = 0
		if sender, _ := r.receiver.UnderWay(r.now); sender != leader {
			r.receiver = snapshot.Receiver{} // the new leader's snapshot takes its place
		}
		r.reclaimAt = r.now + r.config.Delays.ElectionTimeout()
	}
}
