package planted

var paxosBugs = []Bug{
	// The acceptor.
	{"paxos", "a prepare lowers the promise", within(50), []Edit{
		in("keypaxos.Replica.Prepare").replace(`b > i.LastBallot`, `b != i.LastBallot`),
	}},
	{"paxos", "a value is accepted below the promise", within(50), []Edit{
		in("keypaxos.Replica.Accept").before(`if b >= last && b != i.ValueBallot { _ }`, `last = min(last, b)`),
		in("keypaxos.Replica.Accept").drop(`b >= last`),
	}},
	{"paxos", "the promise is not durable", inScenario("paxos-promise-survives"), []Edit{
		in("keypaxos.Replica.Prepare").drop(`r.persist(g, i)`),
	}},
	{"paxos", "the accepted value is not durable", within(400), []Edit{
		in("keypaxos.Replica.Accept").drop(`r.persist(g, i)`),
	}},

	// The proposer.
	{"paxos", "what was measured of a dead replica counts", inTest("keypaxos.TestWhatWasMeasuredOfASilentReplicaDoesNotCount"), []Edit{
		in("keypaxos.Replica.timeout").replace(`r.silent.Has(int32(from))`, `false`),
	}},
	{"paxos", "instances up to an adopted state stay open", within(20), []Edit{
		in("keypaxos.Replica.installState").replace(`g.open != nil && g.open.version <= version`, `false`),
	}},
	{"paxos", "after a lost version the next request is not proposed", within(20), []Edit{
		in("keypaxos.Replica.advance").replace(`r.propose(g)`, `if loser == nil {
			r.propose(g)
		}`),
	}},
	{"paxos", "any accepted value is proposed, not that of the highest ballot", within(2700), []Edit{
		in("keypaxos.Proposal.AdoptValue").replace(`valueBallot > p.ValueBallot`, `valueBallot > 0 && p.ValueBallot == 0`),
	}},
	{"paxos", "a writer proposes its own value whatever was accepted", within(50), []Edit{
		in("keypaxos.Classic.onPromise").replace(`g.Proposal.AdoptValue(from, protocols.Ballot(m.ValueBallot), m.Value)`,
			`if g.Request().Read {
				g.Proposal.AdoptValue(from, protocols.Ballot(m.ValueBallot), m.Value)
			}`),
	}},
	{"paxos", "a refused accept counts as an accept", within(50), []Edit{
		in("keypaxos.Classic.onAccepted").replace(`last > g.Proposal.Ballot`, `false`),
	}},
	{"paxos", "the proposer accepts its own value below its promise", within(50), []Edit{
		in("keypaxos.Classic.promised").replace(`last > p.Ballot`, `last > p.Ballot && false`),
	}},
	{"paxos", "answers to an earlier ballot count", within(100), []Edit{
		in("keypaxos.Replica.Awaited").drop(`uint64(p.Ballot) != m.Ballot`),
	}},
	{"paxos", "the first ballot for a version is used again", within(5900), []Edit{
		in("keypaxos.Replica.begin").replace(`max(i.LastBallot, i.abandoned, met)`, `max(i.abandoned, met)`),
	}},
	{"paxos", "ballots do not tell proposers apart", within(50), []Edit{
		in("protocols.NewBallot").replace(`round*MaxReplicas + uint64(proposer)`, `round * MaxReplicas`),
	}},
	{"paxos", "quorums need not meet", within(50), []Edit{
		in("quorum.sized.IsQuorum").replace(`(of & q.members).Size() >= q.size`, `(of&q.members).Size() >= q.size-1`),
	}},

	// Clients.
	{"paxos", "a read ignores what was accepted", within(150), []Edit{
		in("keypaxos.Classic.promised").replace(`p.Value == nil`, `g.Request().Read`),
	}},
	{"paxos", "a read returns an accepted value before it is chosen", within(150), []Edit{
		in("keypaxos.Replica.BeginPhase2").replace(`r.Out.Mark(g.requests.id, protocols.MarkPrepared)`,
			`if req := g.requests; req.Read {
				var met kv.Register
				met.Apply(p.Value)
				r.answer(req, met.Read(0))
			}`).needing("quorumbench/protocols/kv"),
	}},
	{"paxos", "a read returns what it helped to choose", inScenario("paxos-stale-read"), []Edit{
		in("keypaxos.Replica.ChosenTold").replace(`r.Learn(g, p.Version, p.Value)`,
			`req := g.requests
			r.Learn(g, p.Version, p.Value)
			if req.Read && g.requests == req {
				r.AnswerAbsent(g)
			}`),
	}},
	{"paxos", "a write is answered whatever was chosen", within(50), []Edit{
		in("keypaxos.Replica.ChosenTold").before(`r.Learn(g, p.Version, p.Value)`,
			`if req := g.requests; !req.Read {
				r.answer(req, kv.PutResult)
			}`).needing("quorumbench/protocols/kv"),
	}},
	{"paxos", "a write that names a version takes effect at any", within(50), []Edit{
		in("kv.entry.execute").replace(`c.Version == e.version+1`, `c.Version > 0`),
	}},
	{"paxos", "a version that is dropped is told to be absent", within(50), []Edit{
		in("kv.ReadResult").replace(`c.Version < latest`, `false`),
	}},
	{"paxos", "a promise is dropped as if it were nothing", within(50), []Edit{
		in("keypaxos.Instance.empty").drop(`i.LastBallot == 0`),
	}},
	{"paxos", "an abandoned ballot is dropped as if it were nothing", inScenario("paxos-revert-restart"), []Edit{
		in("keypaxos.Instance.empty").drop(`i.abandoned == 0`),
	}},
	{"paxos", "a read is answered by a run that began before it", inScenario("paxos-reads-together"), []Edit{
		in("keypaxos.Replica.AnswerAbsent").drop(`!req.proposed`),
	}},
	{"paxos", "a write is refused before it can be known", within(50), []Edit{
		in("keypaxos.Register.outcome").replace(`req.version`, `min(req.version, g.state.Version())`),
	}},
	{"paxos", "a read of a version finds the latest", within(50), []Edit{
		in("kv.ReadResult").replace(`c.Version == 0 || c.Version == latest`, `c.Version <= latest`),
	}},

	// Snapshots.
	{"paxos", "a snapshot forgets the instances after it", within(1650), []Edit{
		in("keypaxos.describeKey").replace(`i != nil`, `i != nil && false`),
	}},
	{"paxos", "a snapshot forgets the latest versions", within(50), []Edit{
		in("keypaxos.describeKey").replace(`g.version > 0`, `g.version > 0 && g.open != nil`),
	}},
	{"paxos", "the states that were adopted do not count for the next snapshot", inTest("keypaxos.TestStatesThatWereAdoptedCountForTheNextSnapshot"), []Edit{
		in("keypaxos.Replica.persistEntry").replace(`len(r.entry.State)`, `0`),
	}},
	{"paxos", "only those that have accepted a value are told that it is chosen", within(50), []Edit{
		in("keypaxos.Replica.Chosen").replace(`r.Broadcast(g, r.message(Kind_COMMIT, p.Version, 0, p.Value))`,
			`for to := range p.Agreed.All() {
				if protocols.NodeID(to) != r.ID {
					r.Send(protocols.NodeID(to), g, r.message(Kind_COMMIT, p.Version, 0, p.Value))
				}
			}`),
	}},
	{"paxos", "the state of a key is told without its sessions", within(50), []Edit{
		in("kv.Register.Restore").replace(`decoded.Sessions`, `decoded.Sessions[:0]`),
	}},
	{"paxos", "a state is adopted that is older than what is known", within(50), []Edit{
		in("keypaxos.Replica.adopt").drop(`version <= g.version`),
	}},

	// How much is asked.
	{"paxos", "whoever is outrun begins again at once however often", inTest("keypaxos.TestAWriteThatIsOutrunAgainAndAgainWaitsForItsAnswers"), []Edit{
		in("keypaxos.Replica.outrun").replace(`g.requests.hurried > maxHurried`, `false`),
	}},
	{"paxos", "a read that is outrun begins again at once", inTest("keypaxos.TestAReadFromAfarOfAKeyThatIsWrittenAllTheTimeIsAnswered"), []Edit{
		in("keypaxos.Replica.outrun").drop(`g.requests.Read`),
	}},
	{"paxos", "an acceptor tells how far it has applied, not how far it has accepted", inScenario("paxos-stale-read"), []Edit{
		in("keypaxos.Register.highest").drop(`i.ValueBallot > 0`),
	}},
	{"paxos", "a read waits for no more than its own replica has accepted", inScenario("paxos-stale-read"), []Edit{
		in("keypaxos.Replica.tellHighest").replace(`p.highest = max(p.highest, highest)`, `p.highest = max(p.highest, g.version)`),
	}},
	{"paxos", "one answer tells a read how far the key has come", inTest("keypaxos.TestAReadIsAnsweredWhenAQuorumHasToldHowFarTheKeyIs"), []Edit{
		in("keypaxos.Replica.told").replace(`r.quorum.IsQuorum(p.told)`, `p.told.Size() > 1`),
	}},
	{"paxos", "a read is answered by answers to a prepare from before it", inTest("keypaxos.TestAReadIsAnsweredWhenAQuorumHasToldHowFarTheKeyIs"), []Edit{
		in("keypaxos.Replica.tellHighest").drop(`req.proposed`),
	}},
	{"paxos", "each commit that shows a gap asks about it", inTest("keypaxos.TestAGapIsAskedAboutOnceWithinATimeout"), []Edit{
		in("keypaxos.Replica.fetch").replace(`g.fetched > 0`, `false`),
	}},

	// The options learn and refusals.
	{"paxos", "acceptances under different ballots count together", inTest("paxos.TestAReplicaLearnsWhatAQuorumHasToldIt"), []Edit{
		in("keypaxos.Replica.Told").replace(`t.under == b`, `true`),
	}},
	{"paxos", "acceptances under one ballot are forgotten when another is heard of", inTest("paxos.TestAReplicaLearnsWhatWasChosenUnderAnOlderBallot"), []Edit{
		in("keypaxos.Replica.Told").replace(`at = len(i.told)`, `at, i.told = 0, nil`),
	}},
	{"paxos", "what acceptors have told is dropped as if it were nothing", inTest("paxos.TestAReplicaLearnsWhatAQuorumHasToldIt"), []Edit{
		in("keypaxos.Instance.empty").drop(`len(i.told) == 0`),
	}},
	{"paxos", "versions before one that is learned are not asked for", inTest("paxos.TestAReplicaLearnsWhatAQuorumHasToldIt"), []Edit{
		in("keypaxos.Replica.learnFrom").drop(`if g.version < m.Version && sender != r.ID { _ }`),
	}},
	{"paxos", "a replica that refuses does not count the proposer's acceptance", inTest("paxos.TestAReplicaThatRefusesLearnsWhereOneIsAQuorum"), []Edit{
		in("keypaxos.Classic.onAccept").drop(`if r.Broadcasts { _ }`),
	}},
	{"paxos", "an acceptor that refuses tells all that it has accepted", inTest("paxos.TestAnAcceptorTellsAll"), []Edit{
		in("keypaxos.Classic.onAccept").replace(`accepted && r.Broadcasts`, `r.Broadcasts`),
	}},
	{"paxos", "a proposer whom nobody answers keeps its ballot for ever", inTest("paxos.TestSilentRefusals"), []Edit{
		in("keypaxos.Classic.TimedOut").replace(`r.Silent || r.Reverts && p.Phase == Preparing`, `r.Reverts && p.Phase == Preparing`),
	}},
	{"paxos", "a proposer whom nobody answers tries the next ballot only", inTest("paxos.TestSilentRefusals"), []Edit{
		in("keypaxos.Classic.TimedOut").replace(`guess(p.Ballot)`, `p.Ballot`),
	}},

	// Revert.
	{"paxos", "a promise is taken back although a value was accepted under it", within(50), []Edit{
		in("keypaxos.Replica.Abandon").drop(`if p.Phase != Preparing { _ }`),
		in("keypaxos.Replica.Revert").replace(`i.LastBallot != b || i.ValueBallot == b || last < 0`, `i.LastBallot != b`),
		in("keypaxos.Replica.Revert").replace(`i.LastBallot, i.promisedBelow = i.promisedBelow[last], i.promisedBelow[:last]`,
			`i.LastBallot = 0
			if last >= 0 {
				i.LastBallot, i.promisedBelow = i.promisedBelow[last], i.promisedBelow[:last]
			}`),
	}},
	{"paxos", "two promises are taken back at once", inScenario("paxos-revert"), []Edit{
		in("keypaxos.Replica.Revert").before(`i.LastBallot, i.promisedBelow = i.promisedBelow[last], i.promisedBelow[:last]`,
			`last = max(0, last-1)`),
	}},
	{"paxos", "a promise is taken back for another's sake", within(150), []Edit{
		in("keypaxos.Replica.Revert").replace(`i.LastBallot != b || i.ValueBallot == b`, `i.ValueBallot == i.LastBallot`),
	}},
	{"paxos", "a ballot that was taken back is used again", inScenario("paxos-revert-restart"), []Edit{
		in("keypaxos.Replica.begin").replace(`max(i.LastBallot, i.abandoned, met)`, `max(i.LastBallot, met)`),
	}},
	{"paxos", "a restart forgets which ballots were taken back", inScenario("paxos-revert-restart"), []Edit{
		in("keypaxos.Replica.restoreEntry").replace(`i.abandoned, i.promisedBelow = protocols.Ballot(e.Abandoned), nil`,
			`i.promisedBelow = nil`),
	}},
	{"paxos", "a promise that comes after it was taken back counts", within(5100), []Edit{
		in("keypaxos.Replica.Awaited").replace(`p.Phase != phase`, `p.Phase != phase && p.Phase != BackingOff`),
	}},
}
