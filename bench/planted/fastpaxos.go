package planted

// With quorums by size, the value that may have been chosen is always the most frequent; so to recover the most frequent is wrong
// with other systems only, which few lives have.
var fastpaxosBugs = []Bug{
	// The acceptor.
	{"fastpaxos", "a value is accepted under the fast ballot after a promise", within(50), []Edit{
		in("keypaxos.Replica.acceptFast").replace(`i.LastBallot > 0`, `i.ValueBallot > 0`),
	}},
	{"fastpaxos", "a later value takes the place of the first under the fast ballot", within(50), []Edit{
		in("keypaxos.Replica.acceptFast").replace(`i.LastBallot > 0`, `i.LastBallot > FastBallot`),
	}},
	{"fastpaxos", "a value accepted under the fast ballot is not durable", within(150), []Edit{
		in("keypaxos.Replica.acceptFast").drop(`r.persist(g, i)`),
	}},
	{"fastpaxos", "a refusal under the fast ballot does not tell what was accepted instead", within(50), []Edit{
		in("keypaxos.Replica.OnFastAccept").replace(`r.Tell(from, g, m, Kind_FAST_ACCEPTED, before)`, `r.Tell(from, g, m, Kind_FAST_ACCEPTED, Promised{LastBallot: before.LastBallot})`),
	}},
	{"fastpaxos", "accepted under the fast ballot and accepted nothing are the same", within(400), []Edit{
		in("keypaxos.Proposal.AdoptValue").drop(`p.Fast = noteFast(p.Fast, from, value)`),
	}},

	// The proposer.
	{"fastpaxos", "an acceptance of another's value counts", within(50), []Edit{
		in("fastpaxos.replica.onFastAccepted").drop(`m.ValueBallot > 0`),
	}},
	{"fastpaxos", "a refusal for a promise counts as an acceptance", within(50), []Edit{
		in("fastpaxos.replica.onFastAccepted").drop(`last > keypaxos.FastBallot`),
	}},
	{"fastpaxos", "a majority is a fast quorum", within(50), []Edit{
		in("fastpaxos.replica.accepted").replace(`r.fast.IsQuorum(p.Agreed)`, `quorum.Majority(r.fast.Members()).IsQuorum(p.Agreed)`),
	}},
	{"fastpaxos", "the proposer does not accept its own value first", within(50), []Edit{
		in("keypaxos.Replica.BeginFast").drop(`r.acceptFast(g, p.Version, p.Value)`),
	}},
	{"fastpaxos", "the fast ballot is used twice for an instance", within(150), []Edit{
		in("keypaxos.Replica.BeginFast").replace(`r.instance(g, p.Version).LastBallot > 0`, `r.instance(g, p.Version).LastBallot > FastBallot`),
		in("fastpaxos.replica.Begin").replace(`here.LastBallot == keypaxos.FastBallot`, `false && here.LastBallot == 0`),
	}},
	{"fastpaxos", "what was accepted here does not count in a recovery", within(50), []Edit{
		in("keypaxos.Replica.PrepareHere").replace(`p.AdoptValue(r.ID, before.ValueBallot, before.Value)`, `p.AdoptValue(r.ID, before.ValueBallot&^FastBallot, before.Value)`),
	}},

	// Recovery.
	{"fastpaxos", "recovery takes no value of the fast ballot", within(50), []Edit{
		in("keypaxos.Classic.promised").drop(`p.recoverFast(r.fast)`),
	}},
	{"fastpaxos", "recovery takes the most frequent value", inTest("keypaxos.TestRecoveryTakesTheValueThatMayBeChosen"), []Edit{
		in("keypaxos.Proposal.recoverFast").replace(`fast != nil && fast.IsQuorum(fast.Members().Without(p.Agreed)|f.By)`,
			`fast != nil && !slices.ContainsFunc(p.Fast, func(other FastValue) bool { return other.By.Size() > f.By.Size() })`),
	}},
	{"fastpaxos", "recovery takes any value of the fast ballot", within(150), []Edit{
		in("keypaxos.Proposal.recoverFast").replace(`fast != nil && fast.IsQuorum(fast.Members().Without(p.Agreed)|f.By)`, `fast != nil`),
	}},
	{"fastpaxos", "recovery takes a value only if those who told are a fast quorum", within(50), []Edit{
		in("keypaxos.Proposal.recoverFast").replace(`fast.Members().Without(p.Agreed)|f.By`, `f.By`),
	}},
	{"fastpaxos", "a value of the fast ballot goes before one of a classic ballot", within(200), []Edit{
		in("keypaxos.Classic.promised").drop(`if p.ValueBallot == 0 { _ }`),
		in("keypaxos.Classic.promised").before(`if p.Value == nil { _ }`, `p.recoverFast(r.fast)`),
	}},
	{"fastpaxos", "a read ignores what was accepted", within(100), []Edit{
		in("keypaxos.Classic.promised").replace(`p.Value == nil`, `g.Request().Read`),
	}},

	// How long others are waited for.
	{"fastpaxos", "a version whose commit was lost long ago is waited for", inTest("fastpaxos.TestAVersionWhoseCommitWasLostIsNotWaitedFor"), []Edit{
		in("fastpaxos.replica.waitFor").replace(`r.SinceAccepted(g, g.Proposal.Version) >= r.wait+r.recovery`, `false`),
	}},
	{"fastpaxos", "a read waits for each version anew", inTest("fastpaxos.TestAReadThatMeetsOneAcceptedValueAfterTheOtherIsAnswered"), []Edit{
		in("fastpaxos.replica.waitFor").replace(`g.Request().Read`, `false`),
	}},

	// Restarts.
	{"fastpaxos", "the promise is not durable", within(800), []Edit{
		in("keypaxos.Replica.Prepare").drop(`r.persist(g, i)`),
	}},
	{"fastpaxos", "a restart forgets that a value was accepted under the fast ballot", within(150), []Edit{
		in("keypaxos.Replica.restoreEntry").replace(`protocols.Ballot(e.ValueBallot)`, `protocols.Ballot(e.ValueBallot) &^ FastBallot`),
	}},
	{"fastpaxos", "a snapshot forgets the instances after it", within(100), []Edit{
		in("keypaxos.describeKey").replace(`i != nil`, `i != nil && false`),
	}},

	// Taking back.
	{"fastpaxos", "a promise is taken back although a value was accepted under it", within(300), []Edit{
		in("keypaxos.Replica.Abandon").drop(`if p.Phase != Preparing { _ }`),
		in("keypaxos.Replica.Revert").replace(`i.LastBallot != b || i.ValueBallot == b || last < 0`, `i.LastBallot != b`),
		in("keypaxos.Replica.Revert").replace(`i.LastBallot, i.promisedBelow = i.promisedBelow[last], i.promisedBelow[:last]`,
			`i.LastBallot = 0
			if last >= 0 {
				i.LastBallot, i.promisedBelow = i.promisedBelow[last], i.promisedBelow[:last]
			}`),
	}},
	{"fastpaxos", "a promise that is taken back takes the value of the fast ballot along", within(700), []Edit{
		in("keypaxos.Replica.Revert").after(`i.LastBallot, i.promisedBelow = i.promisedBelow[last], i.promisedBelow[:last]`,
			`if i.LastBallot == FastBallot {
				i.Promised = Promised{}
			}`),
	}},
	{"fastpaxos", "a ballot that was taken back is used again", within(1000), []Edit{
		in("keypaxos.Replica.begin").replace(`max(i.LastBallot, i.abandoned, met)`, `max(i.LastBallot, met)`),
	}},
}
