package planted

var multipaxosBugs = []Bug{
	{"multipaxos", "a leader from which the configured one takes over stays", within(400), []Edit{
		in("multipaxos.replica.promise").replace(`r.stepDown()`, `if r.role != leader || ballot.Proposer() != r.config.Leader {
			r.stepDown()
		}`),
	}},
	// What stays open though it is decided.
	{"multipaxos", "a snapshot is received on though it covers nothing new", within(1000), []Edit{
		in("multipaxos.replica.apply").drop(`r.receiver.DropUpTo(r.applied)`),
	}},
	{"multipaxos", "proposals found in phase 1 stay after it", within(50), []Edit{
		in("multipaxos.replica.proposeFound").drop(`r.candidacy = candidacy{}`),
	}},

	{"multipaxos", "a new leader does not propose again what was accepted", within(50), []Edit{
		in("multipaxos.replica.becomeLeader").replace(`r.proposeFound()`, `r.log.slots = r.log.slots[:r.commit-r.log.truncated]`),
	}},
	{"multipaxos", "any accepted command is proposed again, not that of the highest ballot", within(2750), []Edit{
		in("multipaxos.replica.onPromise").replace(`ballot > r.found.at(p.Index).ballot`, `r.found.at(p.Index).ballot == 0`),
	}},
	{"multipaxos", "the candidate asks only for what is behind its own log", within(50), []Edit{
		in("multipaxos.replica.prepareAt").replace(`r.commit + 1`, `r.log.last() + 1`),
	}},
	{"multipaxos", "gaps are not filled", within(120), []Edit{
		in("multipaxos.replica.proposeFound").replace(`r.proposeAt(first, batch)`,
			`for i := range batch {
				if batch[i].ballot > 0 {
					r.proposeAt(first+uint64(i), batch[i:i+1])
				}
			}`),
		in("multipaxos.replica.isOverdue").replace(`!r.chosen(index)`, `i.ballot > 0 && !r.chosen(index)`),
	}},
	{"multipaxos", "new commands are proposed before those found", within(50), []Edit{
		in("multipaxos.replica.becomeLeader").drop(`r.proposeFound()`),
		in("multipaxos.replica.becomeLeader").after(`r.propose(r.config.ID, r.forwarder.Waiting()...)`, `r.proposeFound()`),
	}},
	{"multipaxos", "copies under older ballots are taken for chosen", within(250), []Edit{
		in("multipaxos.replica.learn").replace(`r.log.at(r.commit+1).ballot == r.promised`,
			`r.log.at(r.commit+1).ballot > 0`),
	}},
	{"multipaxos", "copies under older ballots are counted", inScenario("recovery-paxos"), []Edit{
		in("multipaxos.replica.onPromise").replace(`instance{ballot: ballot, command: p.Command}`,
			`instance{ballot: ballot, command: p.Command, accepted: r.found.at(p.Index).accepted}`),
		in("multipaxos.replica.onPromise").after(`if ballot := protocols.Ballot(p.Ballot); ballot > r.found.at(p.Index).ballot { _ }`,
			`if i := r.found.at(p.Index); bytes.Equal(i.command, p.Command) {
				i.accepted.Add(int32(from))
				r.found.set(p.Index, i)
			}`).needing("bytes"),
	}},
	{"multipaxos", "answers to an older ballot count", inScenario("multipaxos-late-answer"), []Edit{
		in("multipaxos.replica.onMessage").replace(`ballot == r.promised`, `true`),
	}},
	{"multipaxos", "the acceptor does not check the ballot", within(90), []Edit{
		in("multipaxos.replica.onMessage").replace(`ballot < r.promised`, `false`),
	}},
	{"multipaxos", "a leader goes on after a higher promise", within(50), []Edit{
		in("multipaxos.replica.promise").replace(`r.stepDown()`,
			`if r.role != leader {
				r.stepDown()
			}`),
	}},
	{"multipaxos", "the promise is not durable", inScenario("multipaxos-promise"), []Edit{
		in("multipaxos.replica.finishStep").replace(`r.persisted != r.promised`, `false`),
	}},
	{"multipaxos", "the follower's accept is not durable", within(50), []Edit{
		in("multipaxos.replica.accept").replace(`!known`, `!known && false`),
	}},
	{"multipaxos", "the leader's accept is not durable", within(50), []Edit{
		in("multipaxos.replica.proposeAt").drop(`r.persist(first, commands)`),
	}},
	{"multipaxos", "a leader counts itself before its accept is durable", inTest("multipaxos.TestALeaderThatIsWritingDoesNotCountItself"), []Edit{
		in("multipaxos.replica.proposeAt").replace(`r.syncing = append(r.syncing, span{r.promised, first, uint64(len(proposals))})
			r.out.WhenDurable(first)`,
			`r.onAccepted(r.config.ID, first, uint64(len(proposals)))`),
	}},
	{"multipaxos", "a leader by itself proposes before its ballot is durable", inTest("multipaxos.TestALeaderByItselfIsNotHeardBeforeItsBallotIsDurable"), []Edit{
		in("multipaxos.replica.proposeAt").replace(`!r.durable`, `false`),
	}},
	{"multipaxos", "a promise does not wait for the disk", inTest("multipaxos.TestTheAcceptor"), []Edit{
		in("multipaxos.replica.onPrepare").replace(`r.send(from, r.promised, &Message_Promise{Promise: answer})`,
			`r.out.SendNow(from, &Message{Ballot: uint64(r.promised), Kind: &Message_Promise{Promise: answer}})`),
	}},
	{"multipaxos", "a follower's accept does not wait for the disk", within(850), []Edit{
		in("multipaxos.replica.accept").replace(`r.send(from, r.promised, r.scratch.acceptedOf(first, uint64(len(commands))))`,
			`r.out.SendNow(from, &Message{Ballot: uint64(r.promised), Kind: &Message_Accepted{Accepted: &Accepted{First: first, Count: uint64(len(commands))}}})`),
	}},
	{"multipaxos", "a candidate's ballot is used again after a restart", within(220), []Edit{
		in("multipaxos.replica.restore").after(`r.persisted = r.promised`,
			`if r.promised.Proposer() == r.config.ID {
				r.promised = protocols.Ballot(max(uint64(r.promised), protocols.MaxReplicas) - protocols.MaxReplicas)
			}`),
	}},
	{"multipaxos", "ballots do not tell proposers apart", within(50), []Edit{
		in("protocols.NewBallot").replace(`round*MaxReplicas + uint64(proposer)`, `round * MaxReplicas`),
	}},
	{"multipaxos", "what was under way stays so under a new leadership", inScenario("multipaxos-underway"), []Edit{
		in("forward.Forwarder.lead").drop(`clear(f.proposed)`),
	}},
	{"multipaxos", "the phase-1 quorum is too small for flexible quorums", within(65), []Edit{
		in("multipaxos.replica.onPromise").replace(`r.phase1.IsQuorum(r.promises)`,
			`r.promises.Size() >= r.config.Size()-r.config.Options.(*Options).Phase2`),
	}},
	{"multipaxos", "a majority of promises elects, whatever the quorums are", within(150), []Edit{
		in("multipaxos.replica.onPromise").replace(`r.phase1.IsQuorum(r.promises)`, `2*r.promises.Size() > r.config.Size()`),
	}},
	{"multipaxos", "an instance below the snapshot is fresh", within(400), []Edit{
		in("multipaxos.replica.onPrepare").replace(`answer.Truncated, answer.Next = r.log.truncated, r.log.truncated+1`,
			`answer.Next = r.log.truncated + 1`),
	}},
	{"multipaxos", "a promise counts before the snapshot is adopted", within(400), []Edit{
		in("multipaxos.replica.onPromise").replace(`r.catchUp(from)
			return`,
			`r.promises.Add(int32(from))`),
	}},
	{"multipaxos", "a snapshot loses the session table", within(280), []Edit{
		in("multipaxos.replica.adopt").before(`if err := r.store.Restore(state); err != nil { _ }`,
			`var without kv.Snapshot
			if err := protocols.Decode(state, &without); err != nil {
				return err
			}
			without.Sessions = nil
			state, _ = protocols.Append(nil, &without)`).needing("quorumbench/protocols/kv"),
	}},
	{"multipaxos", "nobody is sent the snapshot that it needs", within(65), []Edit{
		in("multipaxos.replica.onCatchUp").drop(`r.onAsk(from, m.Snapshot)`),
	}},
	{"multipaxos", "a snapshot loses what is accepted behind it", within(50), []Edit{
		in("multipaxos.replica.compact").drop(`Accepted: r.proposals(index+1, r.log.last())`),
	}},
	{"multipaxos", "an adopted state is not durable", within(220), []Edit{
		in("multipaxos.replica.onPiece").drop(`r.compact(r.applied, whole)`),
	}},

	// Revert.
	{"multipaxos", "a promise is taken back for another's sake", inTest("multipaxos.TestAnAcceptorTakesPromisesBack"), []Edit{
		in("multipaxos.replica.onRevert").replace(`ballot == r.promised`, `ballot > 0`),
	}},
	{"multipaxos", "a ballot that was taken back further below is gone back to", inTest("multipaxos.TestAnAcceptorTakesPromisesBack"), []Edit{
		in("multipaxos.replica.onRevert").replace(`b == ballot`, `b == ballot && false`),
	}},
	{"multipaxos", "a leader's ballot is taken back", inTest("multipaxos.TestAnAcceptorTakesPromisesBack"), []Edit{
		in("multipaxos.replica.keepPromise").replace(`r.below[:0]`, `r.below[:]`),
	}},
	{"multipaxos", "anybody may ask to take a promise back", inTest("multipaxos.TestAnAcceptorTakesPromisesBack"), []Edit{
		in("multipaxos.replica.isValid").replace(`protocols.Ballot(m.Ballot).Proposer() == from`, `true`),
	}},
	{"multipaxos", "a ballot that was taken back is used again", inTest("multipaxos.TestACandidateGivesItsBallotUp"), []Edit{
		in("multipaxos.replica.becomeCandidate").replace(`max(r.promised, r.refused, r.abandoned)`, `max(r.promised, r.refused)`),
	}},
	{"multipaxos", "a restart forgets which ballot was taken back", inTest("multipaxos.TestACandidateGivesItsBallotUp"), []Edit{
		in("multipaxos.replica.restore").drop(`r.abandoned = protocols.Ballot(record.Abandoned)`),
	}},
	{"multipaxos", "the ballot of a leadership is taken back because of a late promise", inTest("multipaxos.TestACandidateGivesItsBallotUp"), []Edit{
		in("multipaxos.replica.onLatePromise").drop(`ballot == r.abandoned`),
	}},
	{"multipaxos", "a candidate refuses the leader that it hears again", inScenario("multipaxos-disruption-revert"), []Edit{
		in("multipaxos.replica.onMessage").drop(`if m.GetPrepare() == nil { _ }`),
	}},
	// Witnesses, which hold no commands (rules 19 and 20).
	{"multipaxos", "a candidate fills a no-op in where only a witness has accepted", inScenario("multipaxos-witness"), []Edit{
		in("multipaxos.replica.onPromise").replace(`!r.lacksCommand()`, `true`),
	}},
	{"multipaxos", "any command will do where a witness has accepted one of a higher ballot", inTest("multipaxos.TestACandidateWaitsForTheCommandOfTheWitness"), []Edit{
		in("multipaxos.replica.lacksCommand").replace(`s.ballot > r.found.at(index).ballot`, `r.found.at(index).ballot == 0`),
	}},
	{"multipaxos", "a witness's word never counts for nothing", inTest("multipaxos.TestACandidateWaitsForTheCommandOfTheWitness"), []Edit{
		in("multipaxos.replica.lacksCommand").replace(`r.mayBeChosen(index, s.ballot)`, `true`),
	}},
	{"multipaxos", "who has told a higher ballot is taken for one that has not accepted", inTest("multipaxos.TestACandidateWaitsForTheCommandOfTheWitness"), []Edit{
		in("multipaxos.replica.mayBeChosen").replace(`r.votes.told(id, index) < ballot`, `r.votes.told(id, index) != ballot`),
	}},
	{"multipaxos", "what only a witness has told of, after the others' logs, is looked at by its first instance alone", inTest("multipaxos.TestACandidateWaitsForTheCommandOfTheWitness"), []Edit{
		in("multipaxos.votes.next").replace(`index <= v.accepted[i].last()`, `index < v.accepted[i].last()`),
	}},
	{"multipaxos", "a witness's accept is not durable", inTest("multipaxos.TestAWitnessRemembersWhatItHasAccepted"), []Edit{
		in("multipaxos.replica.onWitness").drop(`r.out.Persist(&Record{Ballot: uint64(r.promised), Witnessed: witnessLog{accepted}.from(0)})`),
	}},
	{"multipaxos", "a witness forgets earlier runs in its snapshot", inTest("multipaxos.TestAWitnessRemembersWhatItHasAccepted"), []Edit{
		in("multipaxos.replica.onWitness").replace(`r.witnessed.from(0)`, `witnessLog{accepted}.from(0)`),
	}},
	{"multipaxos", "a witness is not sent again what is chosen", inTest("multipaxos.TestAWitnessIsSentAgainWhatItHasMissed"), []Edit{
		in("multipaxos.replica.onTimer").drop(`r.repeatToWitnesses()`),
	}},
	{"multipaxos", "a witness's answer counts for what it has missed before", inTest("multipaxos.TestAWitnessIsSentAgainWhatItHasMissed"), []Edit{
		in("multipaxos.replica.noteWitnessed").drop(`first <= r.witnessedTo[from]+1`),
	}},
	{"multipaxos", "a witness stands for election", inTest("multipaxos.TestConformance"), []Edit{
		in("multipaxos.replica.start").replace(`r.witness`, `false`),
	}},
	{"multipaxos", "a witness is sent commands", inTest("multipaxos.TestConformance"), []Edit{
		in("multipaxos.replica.resend").replace(`r.config.IsWitness(to)`, `false`),
	}},

	// Memberships (rules 21 to 31).
	{"multipaxos", "phase 1 ends with the membership that the candidate began with", inTest("multipaxos.TestACandidateNeedsAQuorumOfTheLastMembershipFound"), []Edit{
		in("multipaxos.replica.followFound").replace(`r.role != candidate`, `true`),
	}},
	{"multipaxos", "who knows an older membership leads with a quorum of that", inScenario("multipaxos-membership-older"), []Edit{
		in("multipaxos.replica.onPromise").drop(`r.followFound()`),
	}},
	{"multipaxos", "commands are proposed behind a joint membership at once", inScenario("multipaxos-membership-back"), []Edit{
		in("multipaxos.replica.holds").replace(`len(r.log.memberships.InForce().Parts) > 1`, `false`),
	}},
	{"multipaxos", "a membership is proposed while something before it is open", inTest("multipaxos.TestAMembershipWaitsForWhatIsBeforeIt"), []Edit{
		in("multipaxos.replica.advanceMembership").replace(`next != nil && r.commit < r.log.last()`, `false`),
	}},
	{"multipaxos", "a membership that was found is proposed while something before it is open", inTest("multipaxos.TestAMembershipThatWasFoundWaitsForWhatIsBeforeIt"), []Edit{
		in("multipaxos.replica.proposeFound").replace(`found.isMembership(first) && r.commit < first-1`, `false`),
	}},
	{"multipaxos", "what was chosen before a membership that was found is proposed again to those who may be gone", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.becomeLeader").drop(`r.learnFound()`),
	}},
	{"multipaxos", "the last membership found is taken for chosen itself", inTest("multipaxos.TestALeaderTakesWhatIsBeforeTheLastMembershipFoundForChosen"), []Edit{
		in("multipaxos.replica.learnFound").replace(`r.found.memberships.At(r.found.last()).Index`, `r.found.memberships.At(r.found.last()).Index + 1`),
	}},
	{"multipaxos", "what is taken for chosen before a membership is not durable", inTest("multipaxos.TestALeaderTakesWhatIsBeforeTheLastMembershipFoundForChosen"), []Edit{
		in("multipaxos.replica.learnFound").drop(`r.persist(first, r.scratch.commandsOf(batch))`),
	}},
	{"multipaxos", "a gap before a membership that was found is taken for chosen", inTest("multipaxos.TestAMembershipThatWasFoundWaitsForWhatIsBeforeIt"), []Edit{
		in("multipaxos.replica.learnFound").replace(`r.found.at(index).ballot == 0`, `false`),
	}},
	{"multipaxos", "a membership is accepted with gaps before it", inTest("multipaxos.TestAnAcceptorHasEverythingBeforeAMembership"), []Edit{
		in("multipaxos.replica.onAccept").replace(`!r.hasAllBefore(first, m.Commit)`, `false`),
	}},
	{"multipaxos", "a new leader proposes a membership before that in force is chosen again", inTest("multipaxos.TestAMembershipWaitsForWhatIsBeforeIt"), []Edit{
		in("multipaxos.replica.becomeLeader").before(`r.advanceMembership()`, `r.began = true`),
	}},
	{"multipaxos", "a membership is in force only when it is chosen", inTest("multipaxos.TestAMembershipWaitsForWhatIsBeforeIt"), []Edit{
		in("multipaxos.replica.followMembership").replace(`m.At(r.log.last())`, `m.At(r.commit)`),
		in("multipaxos.replica.phase2At").replace(`r.log.memberships.At(index)`, `r.log.memberships.At(min(index, r.commit))`),
		in("multipaxos.replica.learn").after(`r.apply()`, `r.followMembership()`),
		in("multipaxos.replica.onAccepted").after(`r.apply()`, `r.followMembership()`),
	}},
	{"multipaxos", "a membership is proposed before the last one is chosen", inTest("multipaxos.TestAMembershipWaitsForWhatIsBeforeIt"), []Edit{
		in("multipaxos.replica.advanceMembership").replace(`last.Index > r.commit`, `false`),
	}},
	{"multipaxos", "a membership stays though another value takes its instance", inTest("multipaxos.TestAMembershipThatIsOverriddenCountsNoMore"), []Edit{
		in("membership.Log.Place").drop(`l.placed = slices.Delete(l.placed, at, at+1)`),
	}},
	{"multipaxos", "a leader takes what it accepted under older ballots for its own proposals", inTest("multipaxos.TestWhatWaitsIsNotSentAgain"), []Edit{
		in("multipaxos.replica.proposedTo").replace(`r.found.truncated`, `r.log.last()`),
	}},
	{"multipaxos", "a snapshot brings no membership", inTest("multipaxos.TestAPieceOfASnapshotCarriesTheMembership"), []Edit{
		in("multipaxos.replica.sendPiece").drop(`m.Membership = r.log.memberships.At(piece.Index).Message()`),
	}},
	{"multipaxos", "a snapshot on disk has no membership", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.compact").drop(`Membership: r.log.memberships.At(index).Message()`),
	}},
	{"multipaxos", "who is no member goes by the first leader for ever", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.stand").drop(`r.forwarder.Guess(r.now, r.out)`),
	}},
	{"multipaxos", "a voter that does not know that it left guesses no leader", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.stand").replace(`r.log.memberships.Changes() && r.campaigned > 0`, `false`),
	}},
	{"multipaxos", "the configured leader takes itself for the leader, though it is no member", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.start").drop(`r.config.Leader != r.config.ID`),
	}},
	{"multipaxos", "the configured leader stands at once, though it is no member", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.start").replace(`r.stand()`, `r.becomeCandidate(false)`),
	}},
	{"multipaxos", "each candidacy forgets who was guessed to lead", inTest("forward.TestWhoIsNotToldTakesOneAfterTheOtherForTheLeader"), []Edit{
		in("forward.Forwarder.Leader").replace(`f.untold`, `false`),
	}},
	{"multipaxos", "new voters need not have caught up", inTest("multipaxos.TestALeaderWaitsForNewVotersAndLeaves"), []Edit{
		in("multipaxos.replica.advanceMembership").replace(`r.log.memberships.Advance(last.Membership, r.caughtUp)`, `r.log.memberships.Advance(last.Membership, quorum.First(protocols.MaxReplicas))`),
	}},
	{"multipaxos", "who has caught up is asked once", inTest("multipaxos.TestALeaderWaitsForNewVotersAndLeaves"), []Edit{
		in("multipaxos.replica.repeatMembership").replace(`!r.began`, `true`),
	}},
	{"multipaxos", "who is no voter stands for election", inTest("multipaxos.TestALeaderWaitsForNewVotersAndLeaves"), []Edit{
		in("multipaxos.replica.mayStand").first(`return true`),
	}},
	{"multipaxos", "candidates that are no voters are heeded", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.ignores").replace(`m != nil`, `false`),
	}},
	{"multipaxos", "who has stood in vain refuses the leader that it hears again, though it is no voter any more", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.newReplica").drop(`c.Changes()`),
	}},
	{"multipaxos", "a leader that leaves tells nobody", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.leave").drop(`r.send(protocols.NodeID(id), r.promised, &Message_Stand{Stand: &Stand{}})`),
	}},
	{"multipaxos", "a leader that is no voter does not leave", inTest("multipaxos.TestMembership"), []Edit{
		in("multipaxos.replica.advanceMembership").replace(`!last.Voters().Has(int32(r.config.ID))`, `false`),
	}},
}
