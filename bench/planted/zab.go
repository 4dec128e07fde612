package planted

var zabBugs = []Bug{
	// Discovery.
	{"zab", "a history is compared by its last transaction alone", inScenario("zab-epochs"), []Edit{
		in("zab.rank.compare").replace(`cmp.Compare(a.current, b.current)`, `0`),
	}},
	{"zab", "a leader with a worse history goes on", within(50), []Edit{
		in("zab.replica.onAckEpoch").replace(`theirs.compare(r.rank()) > 0`, `theirs.compare(r.rank()) > 1`),
		in("zab.vote.isBetterThan").replace(`v.rank.compare(other.rank)`, `0`),
	}},
	{"zab", "discovery ends without a quorum", within(150), []Edit{
		in("zab.replica.endDiscovery").replace(`r.phase1.IsQuorum(r.discovered)`, `r.discovered.Size() > 1`),
		in("zab.replica.decide").replace(`r.phase1.IsQuorum(r.votes)`, `r.votes.Size() > 1`),
		in("zab.replica.decide").replace(`r.phase2.IsQuorum(r.votes)`, `true`),
	}},
	{"zab", "an epoch is not above those that were acknowledged", within(150), []Edit{
		in("zab.replica.discover").replace(`max(r.accepted, above).Next(r.config.ID)`, `r.current.Next(r.config.ID)`),
		in("zab.replica.onNewEpoch").replace(`epoch < r.accepted`, `false`),
	}},
	{"zab", "a lower epoch is acknowledged", within(150), []Edit{
		in("zab.replica.onNewEpoch").replace(`epoch < r.accepted`, `false`),
	}},
	{"zab", "of two leaders elected at once none gives way", inTest("zab.TestOfTwoThatAreElectedAtOnceOneLeads"), []Edit{
		in("zab.replica.onNewEpoch").replace(`r.isSettled()`, `r.role != looking`),
	}},
	{"zab", "proposals of an earlier epoch are taken", within(250), []Edit{
		in("zab.replica.onMessage").replace(`epoch != r.accepted`, `epoch != r.accepted && r.role != following`),
		in("zab.replica.onMessage").replace(`r.role == following && from == r.leader`, `r.role == following`),
	}},

	// Synchronisation.
	{"zab", "a leader proposes before a quorum is synchronised", inTest("zab.TestALeaderBringsAQuorumLevelBeforeItProposes"), []Edit{
		in("zab.replica.advance").replace(`r.phase2.IsQuorum(r.synced)`, `r.synced.Size() > 0`),
	}},
	{"zab", "what the leader does not have stays", within(50), []Edit{
		in("zab.replica.onNewLeader").replace(`r.history.last() > r.matched`, `false`),
	}},
	{"zab", "a follower acknowledges a history that it does not have", inTest("zab.TestAFollowerRemovesWhatTheLeaderDoesNotHave"), []Edit{
		in("zab.replica.onNewLeader").replace(`!r.history.contains(end)`, `end.index > r.history.last()`),
	}},
	{"zab", "acknowledgements from before the epoch commit", inTest("zab.TestALeaderBringsAQuorumLevelBeforeItProposes"), []Edit{
		in("zab.replica.synchronise").after(`p.window, p.timed = r.config.Limits.Min(), 0`, `p.match = max(p.match, p.next-1)`),
		in("zab.replica.advance").replace(`r.stage != broadcasting`, `r.stage == discovering`),
		in("zab.replica.advance").replace(`r.synced.Has(int32(i))`, `true`),
	}},
	{"zab", "a follower that is not synchronised counts", inTest("zab.TestALeaderBringsAQuorumLevelBeforeItProposes"), []Edit{
		in("zab.replica.advance").replace(`r.synced.Has(int32(i))`, `true`),
	}},
	{"zab", "a follower that comes back drops what it has acknowledged", inTest("zab.TestAFollowerThatComesBackKeepsWhatItHasAcknowledged"), []Edit{
		in("zab.replica.onNewEpoch").replace(`r.current == epoch || r.history.end().epoch == epoch`, `r.current == epoch`),
	}},
	{"zab", "the last common transaction is the follower's last of an epoch", within(50), []Edit{
		in("zab.history.common").replace(`min(mine, ends[i].Index)`, `max(mine, ends[i].Index)`),
	}},

	// Broadcast.
	{"zab", "a transaction is added behind any other", within(50), []Edit{
		in("zab.history.contains").replace(`h.epoch(z.index) == z.epoch`, `true`),
	}},
	{"zab", "a proposal that comes late shortens the history", within(50), []Edit{
		in("zab.replica.merge").replace(`!r.history.contains(zxid{protocols.Ballot(t.Epoch), index})`, `index > r.commit+0*t.Epoch`),
	}},
	{"zab", "a follower acknowledges its whole history", inTest("zab.TestOnlyWhatIsTheLeadersIsAcknowledgedAndApplied"), []Edit{
		in("zab.replica.merge").replace(`max(r.matched, r.commit, m.PrevIndex+uint64(len(m.Transactions)))`, `r.history.last()`),
	}},
	{"zab", "a follower applies what it has, whatever it is", inTest("zab.TestOnlyWhatIsTheLeadersIsAcknowledgedAndApplied"), []Edit{
		in("zab.replica.applyCommitted").replace(`min(r.committed, r.matched)`, `min(r.committed, r.history.last())`),
	}},
	{"zab", "the leader commits what one follower has", within(50), []Edit{
		in("zab.replica.advance").replace(`quorum.Reached(r.phase2, r.matches)`, `slices.Max(r.matches)`).needing("slices"),
	}},
	{"zab", "proposals are held from one epoch to the next", within(250), []Edit{
		in("zab.replica.leave").replace(`follow{leader: protocols.Nobody, committed: r.committed}`,
			`follow{leader: protocols.Nobody, committed: r.committed, early: r.early}`),
	}},

	// Reads.
	{"zab", "a sync read is answered from the state at hand", within(50), []Edit{
		in("zab.replica.onCommand").after(`r.noteRead(c)`, `r.answer(c.ID(), r.store.Read(keyOf(c)))`),
	}},
	{"zab", "a sync read does not wait until its no-op is applied", within(150), []Edit{
		in("zab.replica.serveReads").replace(`r.due[0].index <= r.commit`, `true`),
	}},
	{"zab", "a sync read whose no-op is committed is forwarded on", inTest("zab.TestAReadThatIsDueIsNotForwardedAgain"), []Edit{
		in("zab.replica.onSynced").drop(`r.forwarder.Release(id)`),
	}},
	{"zab", "no-ops do not count for snapshots", inTest("zab.TestNoOpsLeadToSnapshots"), []Edit{
		in("zab.replica.commitTo").replace(`t.size()`, `len(command)`),
	}},
	{"zab", "no-ops take no room in messages", inTest("zab.TestAMessageHasFewNoOps"), []Edit{
		in("zab.transaction.size").replace(`transactionOverhead + len(t.command)`, `len(t.command)`),
	}},
	{"zab", "a vote from before its epoch shows that the leader looks for another", inTest("zab.TestALateVoteOfTheLeaderIsIgnored"), []Edit{
		in("zab.replica.onVote").replace(`protocols.Ballot(m.Accepted) >= r.accepted`, `true`),
	}},
	{"zab", "a sync is answered by a leader that does not ask", within(600), []Edit{
		in("zab.replica.beginSync").replace(`r.history.last()+1`, `r.commit`),
		in("zab.replica.propose").replace(`r.append(nil)`, `r.serveSyncs()`),
	}},
	{"zab", "a local read does not wait for what its client has seen", within(300), []Edit{
		in("zab.replica.serveLocal").replace(`l.seen > r.commit`, `false`),
	}},
	{"zab", "an answer does not tell what its client has seen", within(300), []Edit{
		in("zab.replica.stamped").first(`return result`),
	}},
	{"zab", "a local read tells more than is applied", within(300), []Edit{
		in("zab.replica.stamped").replace(`r.commit`, `r.commit + 1`),
	}},
	{"zab", "a client forgets what it has seen when a replica tells less", within(300), []Edit{
		in("client.client.onAnswer").replace(`max(c.seen, kv.ResultSeen(result))`, `kv.ResultSeen(result)`),
	}},
	{"zab", "a local read is not answered when what it waits for is applied", inTest("zab.TestALocalReadWaitsForWhatItsClientHasSeen"), []Edit{
		in("zab.replica.finishStep").drop(`r.serveLocal()`),
	}},
	{"zab", "a local read is answered while no leader is known", inTest("zab.TestALocalReadWaitsForWhatItsClientHasSeen"), []Edit{
		in("zab.replica.serveLocal").replace(`r.forwarder.Leader() == protocols.Nobody`, `false`),
	}},

	// Disk.
	{"zab", "the acknowledged epoch is not durable", inTest("zab.TestAnAcknowledgedEpochIsDurable"), []Edit{
		in("zab.replica.persistEpochs").replace(`r.persisted != r.epochs`, `r.persisted.current != r.epochs.current`),
	}},
	{"zab", "the currentEpoch is not durable", within(50), []Edit{
		in("zab.epochs.message").replace(`uint64(e.current)`, `0`),
	}},
	{"zab", "NewLeader is acknowledged before it is durable", within(150), []Edit{
		in("zab.replica.onNewLeader").replace(`r.send(from, &Message_AckLeader{AckLeader: &AckLeader{}})`,
			`r.out.SendNow(from, r.scratch.message(r.accepted, &Message_AckLeader{AckLeader: &AckLeader{}}))`),
	}},
	{"zab", "a proposal is acknowledged before it is durable", within(50), []Edit{
		in("zab.replica.onPropose").replace(`r.out.Send(r.leader, r.scratch.ackUpTo(r.accepted, r.matched))`, `r.out.SendNow(r.leader, r.scratch.ackUpTo(r.accepted, r.matched))`),
	}},
	{"zab", "the history is not durable", within(50), []Edit{
		in("zab.replica.write").drop(`r.out.Persist(r.scratch.transactionsRecord(first, ts))`),
	}},
	{"zab", "a leader counts itself before its history is durable", inTest("zab.TestALeaderThatIsWritingDoesNotCountItself"), []Edit{
		in("zab.replica.whenDurable").after(`r.out.WhenDurable(r.history.last())`,
			`r.durable = r.history.last()
			r.synced.Add(int32(r.config.ID))`),
	}},
	{"zab", "a snapshot forgets what follows it", within(50), []Edit{
		in("zab.replica.persistSnapshot").drop(`Transactions: new(messages).of(r.history.transactions[index-r.history.base.index:])`),
	}},
	{"zab", "an adopted state is not durable", within(200), []Edit{
		in("zab.replica.onInstall").drop(`r.persistSnapshot(covers.index, whole)`),
	}},
	{"zab", "a follower that gets a snapshot in pieces acknowledges heartbeats", inTest("zab.TestAReplicaCatchesUpOverSlowLinks"), []Edit{
		in("zab.replica.onPing").replace(`underWay && from == r.leader`, `underWay && from != r.leader`),
	}},
	{"zab", "a follower that needs a snapshot gets none", within(50), []Edit{
		in("zab.replica.onAsk").replace(`r.peers[from].next > r.history.base.index`, `true`),
	}},
}
