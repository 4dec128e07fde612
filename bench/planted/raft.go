package planted

var raftBugs = []Bug{
	// What stays open though it is decided.
	{"raft", "a majority of votes elects, whatever the quorums are", within(65), []Edit{
		in("raft.replica.countVote").replace(`r.elects(r.votes)`, `2*r.votes.Size() > r.config.Size()`),
	}},
	{"raft", "an append stays held though a snapshot covers it", within(500), []Edit{
		in("raft.replica.install").drop(`r.early.dropBefore(s.index + 1)`),
	}},
	{"raft", "a snapshot is received on though the log has passed it", inTest("raft.TestASnapshotThatTheLogHasPassedIsNotReceivedOn"), []Edit{
		in("raft.replica.commitTo").drop(`r.receiver.DropUpTo(r.commit)`),
	}},
	{"raft", "a command stays noted as proposed when it is applied", within(50), []Edit{
		in("forward.Forwarder.OnApplied").drop(`delete(f.proposed, id)`),
	}},

	{"raft", "no election restriction", within(135), []Edit{
		in("raft.replica.onRequestVote").replace(`r.isMoreRecentThan(m.LastIndex, m.LastTerm)`, `false`),
	}},
	{"raft", "an older term's entry is committed by counting", inScenario("recovery-raft"), []Edit{
		in("raft.replica.advanceCommit").replace(`r.log.term(index) == r.term`, `index > 0`),
	}},
	{"raft", "the vote is forgotten by a restart", inScenario("raft-revert-step"), []Edit{
		in("raft.stateOf").replace(`protocols.NodeID(m.GetVotedFor())`, `protocols.Nobody`),
	}},
	{"raft", "two votes in a term", within(200), []Edit{
		in("raft.replica.onRequestVote").drop(`r.votedFor == protocols.Nobody || r.votedFor == from`),
	}},
	{"raft", "term and vote are not durable", within(800), []Edit{
		in("raft.replica.persistState").replace(`r.persisted == r.state`, `true`),
	}},
	{"raft", "entries are not durable", within(50), []Edit{
		in("raft.replica.persistEntries").drop(`r.out.Persist(r.scratch.entriesRecord(first, entries))`),
	}},
	{"raft", "a late append shortens the log", within(50), []Edit{
		in("raft.replica.merge").replace(`!r.log.contains(index, e.Term)`, `e != nil`),
	}},
	{"raft", "entries are appended behind an entry of another term", within(700), []Edit{
		in("raft.replica.onAppendEntries").replace(`!r.log.contains(m.PrevIndex, m.PrevTerm)`, `false`),
	}},
	{"raft", "requests of an older term are followed", within(2600), []Edit{
		in("raft.replica.acceptLeader").replace(`term < r.term`, `false`),
	}},
	{"raft", "a leader does not step down", within(50), []Edit{
		in("raft.replica.enterTerm").replace(`r.stepDown()
			r.follow(protocols.Nobody)`,
			`if r.role != leader {
				r.follow(protocols.Nobody)
			}`),
	}},
	{"raft", "who is no member goes by the first leader for ever", inTest("raft.TestMembership"), []Edit{
		in("raft.replica.campaign").drop(`r.forwarder.Guess(r.now, r.out)`),
	}},
	{"raft", "a voter that does not know that it left guesses no leader", inTest("raft.TestMembership"), []Edit{
		in("raft.replica.campaign").replace(`r.log.memberships.Changes() && r.role != follower`, `false`),
	}},
	{"raft", "the configured leader takes itself for the leader, though it is no member", inTest("raft.TestMembership"), []Edit{
		in("raft.replica.start").drop(`r.config.Leader != r.config.ID`),
	}},
	{"raft", "early appends outlive their term", within(1200), []Edit{
		in("raft.replica.resetTerm").drop(`r.early = earlyAppends{}`),
	}},
	{"raft", "a leader counts its own log before it is durable", inTest("raft.TestALeaderThatIsWritingDoesNotCountItself"), []Edit{
		in("raft.replica.advanceCommit").replace(`r.durable`, `r.log.last()`),
	}},
	{"raft", "a vote does not wait for the disk", inTest("raft.TestAReplicaVotesOnceInATerm"), []Edit{
		in("raft.replica.onRequestVote").replace(`r.send(from, &Message_Vote{Vote: &Vote{Granted: granted, Asked: term, Recent: r.witness && would && behind}})`,
			`r.out.SendNow(from, &Message{Term: r.term, Kind: &Message_Vote{Vote: &Vote{Granted: granted, Asked: term}}})`),
	}},
	{"raft", "a candidate's requests for votes do not wait for the disk", inTest("raft.TestVotesOfAnEarlierTermDoNotElect"), []Edit{
		in("raft.replica.requestVotes").replace(`r.send(to, request)`, `r.out.SendNow(to, &Message{Term: r.term, Kind: request})`),
	}},
	{"raft", "a follower's answer does not wait for the disk", within(110), []Edit{
		in("raft.replica.onAppendEntries").replace(`r.send(from, r.scratch.appendedUpTo(matched))`,
			`r.out.SendNow(from, &Message{Term: r.term, Kind: &Message_Appended{Appended: &Appended{Index: matched}}})`),
	}},
	{"raft", "quorums need not meet", within(70), []Edit{
		in("quorum.sized.IsQuorum").replace(`(of & q.members).Size() >= q.size`, `(of&q.members).Size() >= q.size-1`),
	}},
	{"raft", "a command that is committed twice takes effect twice", within(50), []Edit{
		in("kv.session.once").replace(`if result, done := s.result(c.Seq); done { _ }`,
			`if result, done := s.result(c.Seq); done && c.Op == Op_GET { _ }`),
	}},

	// Snapshots.
	{"raft", "a snapshot loses the sessions", within(800), []Edit{
		in("kv.Capture.nextSession").drop(`c.encode()`),
	}},
	{"raft", "nobody is told of the snapshot that it needs", within(1000), []Edit{
		in("raft.replica.sendEntries").drop(`r.sendHead(to)`),
	}},
	{"raft", "a snapshot loses the entries that it does not cover", within(50), []Edit{
		in("raft.replica.persistSnapshot").replace(`r.log.entries`, `r.log.entries[:r.commit-r.log.base]`),
	}},
	{"raft", "a snapshot that comes late takes what is applied back", within(1800), []Edit{
		in("raft.replica.onInstallSnapshot").replace(`m.Piece.Index <= r.commit`, `m.Piece.Index == r.commit`),
	}},
	{"raft", "an installed snapshot is not durable", within(1400), []Edit{
		in("raft.replica.install").drop(`r.persistSnapshot()`),
	}},
	{"raft", "entries are removed that no snapshot covers", within(100), []Edit{
		in("raft.replica.continueSnapshot").replace(`r.snapshot = storedSnapshot{index: r.walk.Index, term: r.log.term(r.walk.Index), data: state}`,
			`r.snapshot = storedSnapshot{index: r.commit, term: r.log.term(r.commit), data: state}`),
	}},
	{"raft", "the log is cut before the snapshot is whole", within(500), []Edit{
		in("raft.replica.beginSnapshot").before(`r.walk.Begin(r.commit, r.store)`,
			`r.out.Snapshot(&Record{Kind: &Record_State{State: r.state.message()}})`),
	}},
	{"raft", "an overwrite while a snapshot is encoded leaks into it", within(250), []Edit{
		in("kv.Store.Apply").replace(`s.capture.saveEntry(e, entry{version: version, value: value})`, `false`),
	}},

	// Reads.
	{"raft", "a new leader reads before it has committed an entry of its term", within(50), []Edit{
		in("raft.replica.answerReads").replace(`r.log.term(r.commit) != r.term`, `false`),
	}},
	{"raft", "a read waits for no round", inScenario("raft-read-index"), []Edit{
		in("raft.replica.answerReads").replace(`p.confirmed >= read.round`, `r.round > 0 || p != nil`),
	}},
	{"raft", "a read takes the confirmations of a round before it", inScenario("raft-read-index"), []Edit{
		in("raft.replica.acceptRead").replace(`r.round + 1`, `r.round`),
	}},
	{"raft", "a lease has no end", inScenario("raft-lease"), []Edit{
		in("raft.replica.leased").replace(`r.now-p.confirmedStart < r.lease()`, `p.confirmed > 0`),
	}},
	{"raft", "a lease begins with the answer", inScenario("raft-lease"), []Edit{
		in("raft.replica.onConfirmed").replace(`time.Duration(m.BeganNs)`, `r.now`),
	}},
	{"raft", "those who grant a lease elect another", inScenario("raft-lease"), []Edit{
		in("raft.replica.refusesVote").replace(`r.checksQuorum && !m.Transfer && r.hasLeaderContact()`, `false`),
	}},
	{"raft", "a lease is forgotten by a restart", inScenario("raft-lease"), []Edit{
		in("raft.replica.start").drop(`r.lastHeard = r.now`),
	}},

	// Revert.
	{"raft", "a term is taken back in which its leader was heard", inScenario("raft-revert-accepted"), []Edit{
		in("raft.replica.clearReverts").drop(`r.history = r.history[:0]`),
	}},
	{"raft", "a term is taken back to the oldest pair", inScenario("raft-revert-step"), []Edit{
		in("raft.replica.takeBackTerm").replace(`r.history[last]`, `r.history[0]`),
		in("raft.replica.takeBackTerm").replace(`r.history[:last]`, `r.history[:min(0, last)]`),
	}},
	{"raft", "a revert is matched by its term alone", inScenario("raft-revert-late"), []Edit{
		in("raft.replica.onRevert").replace(`r.pair == back`, `r.term == m.Abandoned`),
	}},
	{"raft", "a leader takes its own term back", inTest("raft.TestALeaderDoesNotTakeItsTermBack"), []Edit{
		in("raft.replica.clearReverts").replace(`r.history = r.history[:0]`,
			`if r.role != leader {
				r.history = r.history[:0]
			}`),
		in("raft.replica.abandon").replace(`r.role != candidate`, `r.role < candidate`),
		in("raft.replica.yield").replace(`r.role == candidate`, `r.role >= candidate`),
	}},
	{"raft", "a replica stands again in a term that it has abandoned", inScenario("raft-revert-step"), []Edit{
		in("raft.replica.startElection").replace(`max(r.term, r.stood) + 1`, `r.term + 1`),
	}},
	{"raft", "a grant counts that comes after the revert", inTest("raft.TestAFailedCandidateTakesItsTermBack"), []Edit{
		in("raft.replica.onVote").drop(`m.Asked == r.term`),
	}},
	{"raft", "a revert is obeyed whatever the pair", inScenario("raft-revert-late"), []Edit{
		in("raft.replica.onRevert").drop(`r.pair == back`),
	}},

	// Transfer.
	{"raft", "who is told to stand leads without an election", within(50), []Edit{
		in("raft.replica.onTimeoutNow").replace(`r.campaigned = r.now
			r.startElection(true)`,
			`r.role = candidate
			r.becomeLeader()`),
	}},

	// Memberships.
	{"raft", "a membership is in force only when it is committed", within(3000), []Edit{
		in("raft.replica.followMembership").replace(`m.At(r.log.last())`, `m.At(max(r.commit, r.log.base))`),
		in("raft.replica.commitTo").before(`r.receiver.DropUpTo(r.commit)`, `r.followMembership()`),
	}},
	{"raft", "a membership is proposed before the last one is committed", within(3000), []Edit{
		in("raft.replica.advanceMembership").drop(`last.Index > r.commit`),
	}},
	{"raft", "a leader proposes a membership before it has committed an entry of its term", inTest("raft.TestANewLeaderCommitsAnEntryBeforeItProposesAMembership"), []Edit{
		in("raft.replica.advanceMembership").drop(`r.log.term(r.commit) != r.term`),
	}},
	{"raft", "the quorums of two memberships need not meet", inScenario("membership-chain"), []Edit{
		in("membership.Membership.Step").replace(`m.Meets(there) == nil`, `there != nil`),
	}},
	{"raft", "a step whose quorums are too many to compare is not taken", inTest("membership.TestAStepToAConfigurationInForceIsNotCompared"), []Edit{
		in("membership.Membership.Step").drop(`m.Shares(there)`),
	}},
	{"raft", "a removal that waits counts as done when a later request is included", inTest("membership.TestRequests"), []Edit{
		in("membership.Membership.Next").replace(`r.Kind == Change`, `r.Kind != ""`),
	}},
	{"raft", "who elects itself alone sends entries of a term that is not durable", inTest("raft.TestTheTermOfALoneQuorumIsDurable"), []Edit{
		in("raft.replica.termIsDurable").replace(`r.log.term(r.durable) == r.term`, `true`),
	}},
	{"raft", "the lead is handed over to one that cannot be elected", inTest("raft.TestTheLeadIsHandedOverToOneThatCanBeElected"), []Edit{
		in("raft.replica.checkHandover").drop(`!r.hearsVoters()`),
	}},
	{"raft", "a joint membership needs a quorum of its last configuration only", inTest("membership.TestStepsOfConfigurationsApart"), []Edit{
		in("membership.Membership.complete").replace(`quorum.All(systems...)`, `quorum.All(systems[len(systems)-1])`),
	}},
	{"raft", "a membership stays in force though its entry is removed", inTest("raft.TestAMembershipGoesWithItsEntry"), []Edit{
		in("raft.entryLog.replace").drop(`l.memberships.RemoveFrom(index)`),
	}},
	{"raft", "a snapshot brings no membership", within(3000), []Edit{
		in("raft.entryLog.after").drop(`after.memberships.Begin(base, m)`),
	}},
	{"raft", "a snapshot on disk has no membership", within(3000), []Edit{
		in("raft.replica.persistSnapshot").drop(`Membership: r.log.memberships.At(r.log.base).Message()`),
	}},
	{"raft", "new voters need not catch up", inTest("raft.TestMembership"), []Edit{
		in("membership.Membership.Step").drop(`m.Awaited(caughtUp) != 0`),
	}},
	{"raft", "turning a membership back needs the new replicas", inScenario("membership-back"), []Edit{
		in("membership.Membership.Advance").drop(`if len(m.Parts) > 1 { _ }`),
	}},
	{"raft", "the next leader does not know where a change leads", inScenario("membership-crash"), []Edit{
		in("membership.Membership.encode").drop(`if m.Goal != nil { _ }`),
	}},
	{"raft", "a voter that has left deposes the leader", inTest("raft.TestMembership"), []Edit{
		in("raft.newReplica").replace(`chosen.PreVote || c.Changes()`, `chosen.PreVote`),
		in("raft.replica.ignores").replace(`r.isVoter(from)`, `m != nil`),
	}},
	{"raft", "who hears a leader listens to a candidate that is no voter", inTest("raft.TestACandidateThatIsNoVoterIsIgnored"), []Edit{
		in("raft.replica.ignores").replace(`r.isVoter(from)`, `m != nil`),
	}},
	{"raft", "a replica that is no voter stands", inTest("raft.TestWhoIsNoVoterDoesNotStand"), []Edit{
		in("raft.replica.campaign").replace(`r.mayStand()`, `true`),
	}},
	{"raft", "a replica that is to leave does not stand, though it alone has the entry", within(3000), []Edit{
		in("raft.replica.mayStand").first(`return r.isVoter(r.config.ID)`),
	}},
	{"raft", "a leader that is no voter does not leave", inScenario("membership-remove-leader"), []Edit{
		in("raft.replica.advanceMembership").drop(`if !r.isVoter(r.config.ID) { _ }`),
	}},

	// Witnesses, which hold no commands (rules 35 and 36).
	{"raft", "a witness votes whatever it has accepted", inScenario("raft-witness"), []Edit{
		in("raft.replica.isMoreRecentThan").replace(`position{term, index}.isBefore(r.accepted)`, `false`),
	}},
	{"raft", "a candidate leaves aside whatever only a witness has accepted", inScenario("raft-witness"), []Edit{
		in("raft.replica.mayLeaveAside").first(`return true`),
	}},
	{"raft", "a witness that has accepted something more recent is counted as one that has nothing", inTest("raft.TestACandidateLeavesAsideOnlyWhatCannotBeCommitted"), []Edit{
		in("raft.replica.mayLeaveAside").replace(`votes.Without(r.reserved)`, `votes`),
	}},
	{"raft", "nothing that a witness has accepted is ever left aside", inTest("raft.TestACandidateLeavesAsideOnlyWhatCannotBeCommitted"), []Edit{
		in("raft.replica.elects").replace(`!r.mayLeaveAside(votes)`, `true`),
	}},
	{"raft", "a witness is not asked again", inTest("raft.TestAWitnessIsAskedAgain"), []Edit{
		in("raft.replica.onRequestVote").replace(`r.witness && m.Aside`, `false`),
	}},
	{"raft", "who is no witness votes for a log that is behind", inTest("raft.TestAWitnessIsAskedAgain"), []Edit{
		in("raft.replica.onRequestVote").replace(`r.witness && m.Aside`, `m.Aside`),
	}},
	{"raft", "a witness's vote elects though another may be needed", inTest("raft.TestACandidateLeavesAsideOnlyWhatCannotBeCommitted"), []Edit{
		in("raft.replica.elects").drop(`if !r.mayLeaveAside(votes) { _ }`),
	}},
	{"raft", "a late message shortens what a witness has accepted", inTest("raft.TestAWitnessKeepsTheMostRecentEnd"), []Edit{
		in("raft.replica.accept").replace(`r.accepted.isBefore(end)`, `r.accepted != end`),
	}},
	{"raft", "a witness compares indexes, not terms", inTest("raft.TestAWitnessKeepsTheMostRecentEnd"), []Edit{
		in("raft.position.isBefore").replace(`p.term < other.term || p.term == other.term && p.index < other.index`, `p.index < other.index`),
	}},
	{"raft", "a witness takes an entry for one of the leader's term", inTest("raft.TestAWitnessKeepsTheMostRecentEnd"), []Edit{
		in("raft.replica.onAppendEntries").replace(`position{m.PrevTerm, m.PrevIndex}`, `position{r.term, m.PrevIndex}`),
	}},
	{"raft", "what a witness has accepted is not durable", inTest("raft.TestAWitnessKeepsTheMostRecentEnd"), []Edit{
		in("raft.stateOf").replace(`position{m.GetAcceptedTerm(), m.GetAcceptedIndex()}`, `position{}`),
	}},
	{"raft", "a witness confirms before its disk is done", inTest("raft.TestAWitnessKeepsTheMostRecentEnd"), []Edit{
		in("raft.replica.accept").replace(`r.send(from, r.scratch.appendedUpTo(end.index))`,
			`r.out.SendNow(from, r.scratch.message(r.term, r.scratch.appendedUpTo(end.index)))`),
	}},
	{"raft", "a witness never clears its disk", inTest("raft.TestConformance"), []Edit{
		in("raft.replica.persistState").drop(`if r.records++; r.witness && r.config.SnapshotDue(r.records, 0, 0) { _ }`),
	}},
	{"raft", "a witness stands for election", inTest("raft.TestAWitnessHoldsNothingAndNeverStands"), []Edit{
		in("raft.replica.start").replace(`!r.witness`, `true`),
		in("raft.replica.mayStand").replace(`!r.witness`, `true`),
	}},
	{"raft", "a witness is sent commands", inTest("raft.TestConformance"), []Edit{
		in("raft.replica.append").replace(`r.config.IsWitness(to)`, `false`),
	}},
}
