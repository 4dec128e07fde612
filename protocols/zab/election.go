package zab

import (
	"cmp"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// searching is the state of a replica that looks for a leader (rule 2).
type searching struct {
	round      uint64 // of the election
	stands     bool   // it is a candidate, too
	vote       vote
	votes      quorum.Set       // who has voted for this replica in this round
	highest    protocols.Ballot // the highest acceptedEpoch that a vote has told in this round
	replied    quorum.Set       // who has been told this vote in answer to one of an earlier round, since it was told to all
	shunned    protocols.NodeID // gets no vote in this round: it was to lead in the one before, and has not been heard of
	campaigned time.Duration    // since when it has been looking for a leader, 0 if it has not
}

// vote names a candidate and what its history is worth.
type vote struct {
	candidate protocols.NodeID
	rank      rank
}

// isBetterThan returns true if a vote is for a better candidate (rule 2).
func (v vote) isBetterThan(other vote) bool {
	return cmp.Or(v.rank.compare(other.rank), cmp.Compare(v.candidate, other.candidate)) > 0
}

// start begins an incarnation. In the first, the configured leader is the only candidate; the others vote for it, and
// stand only if they hear of no leader for an election timeout. Later a replica looks for a leader at once.
func (r *replica) start() {
	r.election.Start(r.now, r.out)
	firstIncarnation := r.accepted == 0
	if !firstIncarnation || r.config.Leader == r.config.ID {
		r.look()
	}
}

func (r *replica) rank() rank { return rank{r.current, r.history.end()} }

// look makes the replica look for a leader: it begins a new round, and votes for itself (rules 2 and 9).
func (r *replica) look() {
	r.beginLooking()
	r.tellVote()
	r.decide()
}

// beginLooking makes the replica look for a leader, in a new round, without telling its vote yet.
func (r *replica) beginLooking() {
	r.leave()
	r.stands = true
	if r.campaigned == 0 {
		r.campaigned = max(r.now, 1)
	}
	r.enterRound(r.round + 1)
	r.election.Start(r.now, r.out)
}

// leave gives up following or leading.
func (r *replica) leave() {
	switch r.role {
	case leading:
		if r.stage == broadcasting {
			r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		}
		r.lead = lead{}
		r.sender.ForgetSent() // receivers drop pieces that were sent in another epoch
	case following:
		r.vote.candidate = protocols.Nobody // who has led: it is not shunned
	}
	r.role, r.follow = looking, follow{leader: protocols.Nobody, committed: r.committed}
	if r.forwarder.Leader() != protocols.Nobody {
		r.forwarder.Lead(protocols.Nobody, r.now, r.out)
	}
}

// enterRound begins a round of the election. In every second round, a candidate that this replica voted for in the round
// before and that did not come to lead gets no vote: it may hear nobody. In the others all vote for the best again.
func (r *replica) enterRound(round uint64) {
	r.round, r.shunned = round, protocols.Nobody
	if round%2 == 0 && r.vote.candidate != r.config.ID {
		r.shunned = r.vote.candidate
	}
	r.vote, r.votes, r.highest = vote{candidate: protocols.Nobody}, 0, 0
	if r.stands {
		r.vote = vote{r.config.ID, r.rank()}
		r.votes.Add(int32(r.config.ID))
	}
}

// tellVote tells all others the vote, and sets the timer after which it is told again.
func (r *replica) tellVote() {
	r.replied = 0
	r.out.Broadcast(r.config.ID, r.config.Members, r.voteMessage())
	r.out.SetTimer(heartbeatTimer, protocols.Retry(r.config.Delays.MaxRoundTrip()))
}

func (r *replica) voteMessage() *Message {
	v := r.vote
	return r.scratch.message(0, &Message_Vote{Vote: &Vote{
		Round: r.round, Candidate: int32(v.candidate),
		Current: uint64(v.rank.current), LastEpoch: uint64(v.rank.last.epoch), LastIndex: v.rank.last.index,
		Accepted: uint64(r.accepted),
	}})
}

// onVote handles the vote of a replica that looks for a leader. A leader takes that in (rule 10). A follower ignores it,
// unless it is its leader that looks, or it has not heard its leader for half an election timeout (rule 2). A vote that the leader told
// before its epoch does not show that it looks again.
func (r *replica) onVote(from protocols.NodeID, m *Vote) {
	switch r.role {
	case leading:
		r.takeIn(from, protocols.Ballot(m.Accepted))
	case following:
		looksAgain := from == r.leader && m.Round > r.round && protocols.Ballot(m.Accepted) >= r.accepted
		if looksAgain || r.now-r.lastHeard >= r.electionTimeout/2 {
			r.beginLooking()
			r.compareVotes(from, m, true)
		}
	case looking:
		r.compareVotes(from, m, false)
	}
}

// compareVotes handles a vote at a replica that looks for a leader, too. It comes to a later round, adopts a better
// vote, and tells that. Who is in an earlier round is told of the present one, but not for each vote that comes late, which would
// be answered in turn (rule 2). It tells its vote in any case if that is fresh: nobody has been told of it.
func (r *replica) compareVotes(from protocols.NodeID, m *Vote, fresh bool) {
	if m.Round < r.round {
		if fresh {
			r.tellVote()
		} else if !r.replied.Has(int32(from)) {
			r.replied.Add(int32(from))
			r.out.Send(from, r.voteMessage())
		}
		return
	}
	changed := fresh
	if m.Round > r.round {
		changed = true
		r.enterRound(m.Round)
		r.election.Heard(r.now)
	}
	theirs := vote{protocols.NodeID(m.Candidate), rank{protocols.Ballot(m.Current), zxid{protocols.Ballot(m.LastEpoch), m.LastIndex}}}
	r.highest = max(r.highest, protocols.Ballot(m.Accepted))
	switch {
	case theirs.candidate == r.config.ID:
		r.votes.Add(int32(from))
	case theirs.candidate != r.shunned && theirs.isBetterThan(r.vote):
		r.vote, changed = theirs, true
		fallthrough
	default:
		r.votes = r.votes.Without(quorum.Of(from))
	}
	if changed {
		r.tellVote()
	}
	r.decide()
}

// decide makes the replica the leader of a new epoch if a phase-1 and a phase-2 quorum have voted for it: it could not
// work with fewer (rule 2).
func (r *replica) decide() {
	if r.role == looking && r.vote.candidate == r.config.ID && r.phase1.IsQuorum(r.votes) && r.phase2.IsQuorum(r.votes) {
		r.discover(r.highest)
	}
}
