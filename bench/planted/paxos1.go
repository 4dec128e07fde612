package planted

var paxos1Bugs = []Bug{
	// The proposer's way.
	{"paxos1", "one ballot is sent to both others", within(50), []Edit{
		in("paxos1.replica.send").replace(`r.Send(p.To, g, m)`, `r.Broadcast(g, m)`),
	}},
	{"paxos1", "a retry goes to the other replica under the same ballot", within(350), []Edit{
		in("paxos1.replica.TimedOut").after(`r.reach.Unanswered(g.Proposal.To, r.Now())`,
			`if r.reach.Nearest(r.Now()) != g.Proposal.To {
				r.Begin(g, 0)
				return
			}`),
	}},
	{"paxos1", "the proposer does not prepare at home", within(50), []Edit{
		in("keypaxos.Replica.PrepareHere").replace(`r.Prepare(g, p.Version, p.Ballot)`, `r.Promised(g, p.Version)`),
	}},
	{"paxos1", "a retry has no fresh local prepare", within(250), []Edit{
		in("keypaxos.Replica.begin").replace(`r.rules.Begin(g, met)`,
			`g.Proposal.Highest = met
			r.rules.Begin(g, met)`),
		in("keypaxos.Replica.PrepareHere").replace(`before := r.Prepare(g, p.Version, p.Ballot)`,
			`before := r.Promised(g, p.Version)
			if p.Highest == 0 {
				r.Prepare(g, p.Version, p.Ballot)
			}`),
	}},
	{"paxos1", "a void answer counts", within(50), []Edit{
		in("paxos1.replica.onProposed").replace(`if last := r.Accept(g, p.Version, p.Ballot, p.Value); last > p.Ballot { _ }`,
			`if last := r.Accept(g, p.Version, p.Ballot, p.Value); last > p.Ballot && false { _ }`),
	}},
	{"paxos1", "an answer to an earlier ballot counts", within(100), []Edit{
		in("keypaxos.Replica.Awaited").drop(`uint64(p.Ballot) != m.Ballot`),
	}},
	{"paxos1", "the first ballot for a version is used again", within(400), []Edit{
		in("keypaxos.Replica.begin").replace(`max(i.LastBallot, i.abandoned, met)`, `max(i.abandoned, met)`),
	}},
	{"paxos1", "ballots do not tell proposers apart", within(50), []Edit{
		in("protocols.NewBallot").replace(`round*MaxReplicas + uint64(proposer)`, `round * MaxReplicas`),
	}},

	// Values.
	{"paxos1", "the other replica does not check the ballot", within(50), []Edit{
		in("paxos1.replica.onPropose").replace(`before.LastBallot > b`, `false`),
		in("paxos1.replica.onPropose").replace(`answer := r.Reply(m, keypaxos.Kind_PROPOSED, before.LastBallot)`,
			`answer := r.Reply(m, keypaxos.Kind_PROPOSED, 0)`),
	}},
	{"paxos1", "the other replica ignores what it has accepted", within(50), []Edit{
		in("paxos1.replica.onPropose").replace(`before.ValueBallot > protocols.Ballot(m.ValueBallot)`, `len(value) == 0`),
	}},
	{"paxos1", "what the other replica has accepted wins whatever its ballot", within(115), []Edit{
		in("paxos1.replica.onPropose").replace(`before.ValueBallot > protocols.Ballot(m.ValueBallot)`,
			`before.ValueBallot > 0`),
	}},
	{"paxos1", "a value accepted at home travels without its ballot", within(115), []Edit{
		in("paxos1.replica.send").drop(`m.ValueBallot = uint64(p.ValueBallot)`),
	}},
	{"paxos1", "a writer leaves what is accepted at home behind", within(50), []Edit{
		in("keypaxos.Replica.PrepareHere").replace(`p.AdoptValue(r.ID, before.ValueBallot, before.Value)`,
			`if g.Request().Read {
				p.AdoptValue(r.ID, before.ValueBallot, before.Value)
			}`),
	}},
	{"paxos1", "the proposer comes home with the value that it left with", within(50), []Edit{
		in("paxos1.replica.onProposed").replace(`len(m.Value) > 0`, `len(m.Value) > 0 && p.Value == nil`),
	}},
	{"paxos1", "a read ignores what was accepted", within(50), []Edit{
		in("paxos1.replica.onProposed").replace(`p.Value == nil`, `g.Request().Read`),
	}},
	{"paxos1", "only the replica that has accepted a value is told that it is chosen", within(50), []Edit{
		in("keypaxos.Replica.Chosen").replace(`r.Broadcast(g, r.message(Kind_COMMIT, p.Version, 0, p.Value))`,
			`r.Send(p.To, g, r.message(Kind_COMMIT, p.Version, 0, p.Value))`),
	}},
	{"paxos1", "a write is answered whatever was chosen", within(50), []Edit{
		in("keypaxos.Replica.ChosenTold").before(`r.Learn(g, p.Version, p.Value)`,
			`if req := g.requests; !req.Read {
				r.answer(req, kv.PutResult)
			}`).needing("quorumbench/protocols/kv"),
	}},

	// Disk.
	{"paxos1", "the promise is not durable", within(700), []Edit{
		in("keypaxos.Replica.Prepare").drop(`r.persist(g, i)`),
	}},
	{"paxos1", "the accepted value is not durable", within(120), []Edit{
		in("keypaxos.Replica.Accept").drop(`r.persist(g, i)`),
	}},
	{"paxos1", "a snapshot forgets the instances after it", within(340), []Edit{
		in("keypaxos.describeKey").replace(`i != nil`, `i != nil && false`),
	}},

	// Revert.
	{"paxos1", "a proposal with a value is taken back", inScenario("paxos1-revert-read"), []Edit{
		in("paxos1.replica.abandon").replace(`r.onlyAsks(g)`, `r.reverts`),
	}},
	{"paxos1", "a value that a read finds is taken for chosen", inScenario("paxos1-revert-value"), []Edit{
		in("paxos1.replica.onPromise").replace(`r.send(g)`, `r.Chosen(g)`),
	}},
	{"paxos1", "a read that has found nothing leaves its promises", inScenario("paxos1-revert-read"), []Edit{
		in("paxos1.replica.onPromise").drop(`r.abandon(g)`),
	}},
	{"paxos1", "a read that is not answered leaves its promises", inScenario("paxos1-revert-value"), []Edit{
		in("paxos1.replica.TimedOut").drop(`r.abandon(g)`),
	}},
}
