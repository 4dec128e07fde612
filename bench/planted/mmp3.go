package planted

// Not in the table:
//   - What is right, or only slow: an owner that takes its next LSN from the instances it holds, ignoring
//     Seen, for it holds all it has given out; a recoverer that prefers a no-op to a command that is only
//     prepared, for no message told anything of that; Deps that are raised at every prepare, for more of
//     them do no harm; an answer that waits for the command to be applied.
//   - A snapshot on disk without what is only prepared: it loses the promises of retries. It was not
//     found in 3000 lives, since a retry, a snapshot and a crash must come together with two recoverers.
//     The row "the promise of a retry is not durable" is the same bug without the snapshot.
//   - What goes wrong between the pieces of a snapshot, and a log that is not kept behind them: the state of
//     a life fits into one piece. The driver's own tests, and those of package snapshot, send several.
var mmp3Bugs = []Bug{
	{"mmp3", "timeouts double on and on, though messages were just lost", inTest("mmp3.TestLossIsNoConflict"), []Edit{
		in("mmp3.replica.timeout").replace(`min(tries, maxTimeoutDoublings)`, `min(tries, 12)`),
		in("mmp3.replica.timeout").replace(`r.retry[to]<<maxTimeoutShift`, `r.retry[to]<<12`),
	}},
	{"mmp3", "a back-off doubles with attempts that were lost, too", inTest("mmp3.TestLossIsNoConflict"), []Edit{
		in("mmp3.replica.backoff").replace(`min(p.refusals, maxDoublings)`, `min(p.tries, 12)`),
	}},
	// What stays open though it is decided.
	{"mmp3", "a proposal goes on when its instance is committed", within(50), []Edit{
		in("mmp3.replica.decide").drop(`r.abandon(x)`),
	}},
	{"mmp3", "the requests of an instance stay when it is committed", within(50), []Edit{
		in("mmp3.replica.advanceCommitted").drop(`delete(r.proposed, r.committedBelow)`),
	}},

	// What depends on what.
	{"mmp3", "indirect dependencies are not seen", within(50), []Edit{
		in("mmp3.replica.raiseSeen").drop(`r.seen.raise(x.deps)`),
	}},
	{"mmp3", "what is seen indirectly is forgotten by a restart", within(50), []Edit{
		in("mmp3.replica.restoreInstance").replace(`r.raiseSeen(x)`,
			`r.seen[x.at.column] = max(r.seen[x.at.column], x.at.lsn+1)`),
	}},
	{"mmp3", "the acceptor adds no dependencies", within(50), []Edit{
		in("mmp3.replica.onPropose").drop(`deps.raise(r.freshDeps(x.at))`),
	}},
	{"mmp3", "the proposer's dependencies are dropped", within(50), []Edit{
		in("mmp3.replica.onPropose").replace(`deps := m.vector()
			deps.raise(r.freshDeps(x.at))`,
			`deps := r.freshDeps(x.at)`),
	}},
	{"mmp3", "the acceptor adds dependencies to an accepted value", within(50), []Edit{
		in("mmp3.replica.onPropose").replace(
			`if x.valueBallot == 0 {
				deps := m.vector()
				deps.raise(r.freshDeps(x.at))
				x.commands, x.deps = r.owned(x, m.Commands), deps
			}`,
			`if x.valueBallot > 0 {
				x.deps.raise(r.freshDeps(x.at))
			} else {
				deps := m.vector()
				deps.raise(r.freshDeps(x.at))
				x.commands, x.deps = r.owned(x, m.Commands), deps
			}`),
	}},
	{"mmp3", "a prepared instance is not visible until it is committed", within(50), []Edit{
		in("mmp3.replica.onPropose").replace(`deps.raise(r.freshDeps(x.at))`,
			`visible := r.freshDeps(x.at)
			visible[r.id] = min(visible[r.id], r.committedBelow)
			deps.raise(visible)`),
	}},
	{"mmp3", "a recovered no-op has no dependencies", within(1000), []Edit{
		in("mmp3.replica.onPropose").replace(`deps.raise(r.freshDeps(x.at))`,
			`if len(m.Commands) > 0 {
				deps.raise(r.freshDeps(x.at))
			}`),
		in("mmp3.replica.prepareAgain").replace(`x.valueBallot == 0`, `x.valueBallot == 0 && len(x.commands) > 0`),
	}},
	{"mmp3", "the same proposal again gets other dependencies", within(1250), []Edit{
		in("mmp3.replica.onPropose").inCase(`b == x.valueBallot`, `x.deps.raise(r.freshDeps(x.at)); r.persist(x)`),
	}},

	// Each found by one of the lemmas that the order rests on, in tests that check nothing else.
	{"mmp3", "later proposals lack what is known indirectly", inTest("mmp3.TestWhatIsProposedLaterDependsOnAllThatWasCommitted"), []Edit{
		in("mmp3.replica.raiseSeen").drop(`r.seen.raise(x.deps)`),
	}},
	{"mmp3", "the acceptor adds instances of its own column only", inTest("mmp3.TestAnInstanceDependsOnAllThatThoseInOtherComponentsDependOn"), []Edit{
		in("mmp3.replica.onPropose").replace(`deps.raise(r.freshDeps(x.at))`, `deps[r.id] = max(deps[r.id], r.seen[r.id])`),
	}},
	{"mmp3", "the acceptor adds instances of the third column only", inTest("mmp3.TestAHeadNeedsMoreThanOneThatDoesNotLeadToIt"), []Edit{
		in("mmp3.replica.onPropose").replace(`deps.raise(r.freshDeps(x.at))`,
			`third := replicas - r.id - x.at.column
			deps[third] = max(deps[third], r.seen[third])`),
	}},
	{"mmp3", "the acceptor adds no dependencies, in calm clusters", inTest("mmp3.TestAnyTwoInstancesAreRelated"), []Edit{
		in("mmp3.replica.onPropose").drop(`deps.raise(r.freshDeps(x.at))`),
	}},

	// Ballots.
	{"mmp3", "a retry at the other replica has the same ballot", within(400), []Edit{
		in("mmp3.replica.retryProposal").replace(`r.prepareAgain(x, max(x.ballot, p.promised))`,
			`if p.refused {
				r.prepareAgain(x, max(x.ballot, p.promised))
			}`),
	}},
	{"mmp3", "the first attempt goes to both others", within(500), []Edit{
		in("mmp3.replica.propose").after(`r.sendProposal(x, r.reach.Nearest(r.now))`,
			`r.out.Send(r.peers[1], r.proposeOf(x))`),
	}},
	{"mmp3", "a void answer counts", within(420), []Edit{
		in("mmp3.replica.onAccepted").drop(`b != x.ballot`),
	}},
	{"mmp3", "an answer to an abandoned ballot counts", within(200), []Edit{
		in("mmp3.replica.onAccepted").drop(`b != x.proposal.ballot`),
		in("mmp3.replica.onAccepted").drop(`b != x.ballot`),
	}},
	{"mmp3", "the acceptor does not check the ballot", within(1000), []Edit{
		in("mmp3.replica.onPropose").replace(`b < x.ballot`, `false`),
	}},
	{"mmp3", "the proposer does not raise its own promise when it retries", within(300), []Edit{
		in("mmp3.replica.sendProposal").replace(`r.out.Send(to, r.proposeOf(x))`,
			`m := x.message()
			m.Ballot = uint64(p.ballot)
			r.out.Send(to, r.envelope(&Message_Propose{Propose: m}))`),
		in("mmp3.replica.onAccepted").replace(`b != x.ballot`, `b < x.ballot`),
		in("mmp3.replica.prepareAgain").replace(`x.ballot = above.Next(protocols.NodeID(r.id))
			x.proposal.ballot = x.ballot`,
			`x.proposal.ballot = above.Next(protocols.NodeID(r.id))`),
	}},
	{"mmp3", "ballots do not tell proposers apart", within(250), []Edit{
		in("protocols.NewBallot").replace(`round*MaxReplicas + uint64(proposer)`, `round * MaxReplicas`),
	}},

	// Values.
	{"mmp3", "recovery ignores an accepted value", within(50), []Edit{
		in("mmp3.replica.recoverOpen").after(`x.proposal = &proposal{}`, `x.commands, x.valueBallot = nil, 0`),
	}},
	{"mmp3", "the acceptor ignores the value it has accepted", within(50), []Edit{
		in("mmp3.replica.onPropose").replace(`x.valueBallot == 0`, `true`),
	}},
	{"mmp3", "the proposer's accepted value wins whatever its ballot", within(200), []Edit{
		in("mmp3.replica.onPropose").replace(`theirs > x.valueBallot`, `theirs > 0`),
	}},
	{"mmp3", "the acceptor takes what the proposer has accepted for committed", within(900), []Edit{
		in("mmp3.replica.onPropose").replace(`x.commands, x.deps = r.owned(x, m.Commands), m.vector()`,
			`x.commands, x.deps, x.committed = r.owned(x, m.Commands), m.vector(), true`),
	}},
	{"mmp3", "a retry sends the state from before its own promise", within(400), []Edit{
		in("mmp3.proposal").field(`before *Instance`),
		in("mmp3.replica.sendProposal").replace(`r.out.Send(to, r.proposeOf(x))`,
			`m := x.message()
			m.Deps = slices.Clone(m.Deps)
			if p.before != nil {
				m.ValueBallot, m.Commands, m.Deps = p.before.ValueBallot, p.before.Commands, p.before.Deps
			}
			p.before = x.message()
			p.before.Deps = slices.Clone(p.before.Deps)
			r.out.Send(to, r.envelope(&Message_Propose{Propose: m}))`).needing("slices"),
	}},
	{"mmp3", "a write whose instance became a no-op counts as committed", within(200), []Edit{
		in("mmp3.replica.decide").replace(`sameCommands(requests, x.commands)`,
			`sameCommands(requests, x.commands) || len(x.commands) == 0`),
	}},

	// Applying and answering.
	{"mmp3", "heads that are not committed are passed over", within(50), []Edit{
		in("mmp3.replica.walk").replace(`return nil, heads`, `continue`),
	}},
	{"mmp3", "ties are broken in favour of the own column", within(50), []Edit{
		in("mmp3.replica.walk").replace(`n < smallest`, `n < smallest || n == smallest && c == r.id`),
	}},
	{"mmp3", "the smallest column is applied, whatever its n", within(50), []Edit{
		in("mmp3.replica.walk").replace(`n < smallest`, `best == nil && n < smallest`),
	}},
	{"mmp3", "the largest n is applied", within(50), []Edit{
		in("mmp3.replica.walk").replace(`n < smallest`, `best == nil || n > smallest`),
	}},
	{"mmp3", "n counts dependencies that are applied", within(50), []Edit{
		in("mmp3.replica.walk").drop(`n++`),
		in("mmp3.replica.walk").before(`if head.deps[k] > r.applied[k] { _ }`, `if head.deps[k] > 0 { n++ }`),
	}},
	{"mmp3", "only direct dependencies are followed", within(50), []Edit{
		in("mmp3.replica.walk").replace(`!reached[k]`, `!reached[k] && c == start`),
		in("mmp3.replica.walk").replace(`reached[k] = true`, `reached[k] = reached[k] || c == start`),
	}},
	{"mmp3", "a write is answered at its own commit", within(50), []Edit{
		in("mmp3.replica.decide").after(`r.mark(x, protocols.MarkCommitted)`,
			`for _, req := range requests {
				if !req.atApply {
					r.answer(req, kv.PutResult)
				}
			}`),
	}},
	{"mmp3", "a read is served from the replica's own state", within(50), []Edit{
		in("mmp3.replica.onCommand").before(`if req := r.requests[id]; req != nil { _ }`,
			`if command.Op == kv.Op_GET {
				r.out.Answer(id, r.store.Read(command.Key))
				return
			}`),
	}},

	// Disk and recovery.
	{"mmp3", "the local prepare is not durable", within(400), []Edit{
		in("mmp3.replica.propose").replace(`r.persist(x)`, `r.raiseSeen(x)`),
	}},
	{"mmp3", "the promise of a retry is not durable", inTest("mmp3.TestThePromiseOfARetryOutlivesARestart"), []Edit{
		in("mmp3.replica.prepareAgain").replace(`r.persist(x)`, `r.raiseSeen(x)`),
	}},
	{"mmp3", "the acceptor's accept is not durable", within(140), []Edit{
		in("mmp3.replica.onPropose").replace(`r.persist(x)`, `r.raiseSeen(x)`),
	}},
	{"mmp3", "the proposer's accept is not durable", within(50), []Edit{
		in("mmp3.replica.decide").replace(`r.persist(x)`, `r.raiseSeen(x)`),
	}},
	{"mmp3", "recovery passes over instances without a record", within(50), []Edit{
		in("mmp3.replica.recoverOpen").replace(`r.open(at)`, `r.get(at)`),
		in("mmp3.replica.recoverOpen").replace(`x.committed`, `x == nil || x.committed`),
	}},
	{"mmp3", "what another has applied is asked for and never proposed", inScenario("mmp3-recover-applied"), []Edit{
		in("mmp3.replica.recoverOpen").replace(`lsn < withSnapshot[c]`,
			`lsn < max(withSnapshot[c], r.peerApplied[r.peers[0]][c], r.peerApplied[r.peers[1]][c])`),
	}},
	{"mmp3", "what is too much for one recovery waits for the timer", inTest("mmp3.TestARecoveryGoesOnWhenItsProposalsHaveEnded"), []Edit{
		in("mmp3.replica.goOnRecovering").drop(`r.recoverOpen(left)`),
	}},
	{"mmp3", "a recovery that goes on proposes what others were asked about just now", inTest("mmp3.TestARecoveryGoesOnWhenItsProposalsHaveEnded"), []Edit{
		in("mmp3.replica.recoverOpen").replace(`again && query.names(at)`, `false`),
	}},
	{"mmp3", "few of the instances that a dead replica left open are recovered at a time", inTest("mmp3.TestManyOpenInstancesAreRecoveredTogether"), []Edit{
		in("mmp3.replica.recoverOpen").replace(`recovered < maxOpen`, `recovered < 64`),
	}},
	{"mmp3", "as many instances of which it has no value are recovered at a time", inTest("mmp3.TestAQueryOfRecoveryIsBounded"), []Edit{
		in("mmp3.replica.recoverOpen").replace(`unknown < maxUnknown`, `unknown < maxOpen`),
	}},
	{"mmp3", "a large answer is sent again while it is on its way", inTest("mmp3.TestAReplicaCatchesUpOverSlowLinks"), []Edit{
		in("mmp3.replica.onQuery").replace(`r.now < last.repeats`, `false`),
	}},
	{"mmp3", "what is kept for a replica that is behind has no bound in bytes", inTest("mmp3.TestWhatOneHasNotAppliedIsTruncatedInTheEnd"), []Edit{
		in("mmp3.column.keep").replace(`c.recent.bytes > bytes`, `false`),
	}},
	{"mmp3", "nothing is recovered", within(50), []Edit{
		in("mmp3.replica.recoverOpen").replace(`r.recoveryTimerSet = false`, `return`),
	}},

	// Truncation and snapshots.
	{"mmp3", "a truncated instance is answered as a fresh one", within(3400), []Edit{
		in("mmp3.replica.onPropose").drop(`r.sendApplied(from, false)
			return`),
		in("mmp3.replica.onPropose").replace(`x := r.open(m.position())`,
			`x := &instance{at: m.position(), ballot: protocols.NewBallot(1, protocols.NodeID(m.Column))}
			if !r.truncated(x.at) {
				x = r.open(x.at)
			}`),
	}},
	{"mmp3", "what one replica has not applied is truncated, without a snapshot", within(50), []Edit{
		in("mmp3.replica.onQuery").drop(`if q.Snapshot != nil { _ }`),
	}},
	{"mmp3", "a write that names a version is answered when it is committed", within(50), []Edit{
		in("mmp3.replica.onCommand").replace(`command.DependsOnState()`, `command.Op == kv.Op_GET`),
	}},
	{"mmp3", "a snapshot loses the sessions", within(700), []Edit{
		in("kv.Capture.nextSession").drop(`c.encode()`),
	}},
	{"mmp3", "Seen is not in the snapshot", within(4700), []Edit{
		in("mmp3.replica.adopt").replace(`vectorOf(s.Seen)`, `r.applied`),
	}},
	{"mmp3", "an earlier snapshot stays on offer when another is installed", inTest("mmp3.TestAnInstalledSnapshotEndsTheOfferOfAnEarlierOne"), []Edit{
		in("mmp3.replica.adopt").replace(`outgoingSnapshot{}`, `r.outgoing`),
	}},
	{"mmp3", "a snapshot on disk leaves out what is not applied", within(200), []Edit{
		in("mmp3.replica.writeSnapshot").drop(`s.Open = append(s.Open, x.message())`),
	}},
	{"mmp3", "a snapshot of the past is taken over", within(100), []Edit{
		in("mmp3.replica.onPiece").drop(`if p.Index <= r.slots { _ }`),
		in("mmp3.replica.onPiece").drop(`r.supersedes(&s)`),
	}},
	{"mmp3", "no replica sends what it has applied", inScenario("mmp3-last-commit"), []Edit{
		in("mmp3.replica.scheduleApplied").drop(`r.out.SetTimer(appliedTimer, appliedPeriod+r.longestTimeout())`),
	}},

	// Reads outside the log.
	{"mmp3", "a quorum read waits for what is applied elsewhere, not for what is seen", within(1800), []Edit{
		in("mmp3.replica.onRead").replace(`r.seen`, `r.applied`),
	}},
	{"mmp3", "a quorum read does not wait for what is seen here", within(3100), []Edit{
		in("mmp3.replica.onSeen").replace(`q.known, q.until = true, r.seen`, `q.known, q.until = true, vectorOf(m.Seen)`),
	}},
	{"mmp3", "a quorum read waits for nothing", within(50), []Edit{
		in("mmp3.replica.answerReads").replace(`!q.known || !r.applied.covers(q.until)`, `!q.known`),
	}},
	{"mmp3", "answers to the reads of an earlier incarnation count", inScenario("mmp3-late-seen"), []Edit{
		in("mmp3.newReplica").replace(`r.random.Uint64()`, `0`),
	}},

	// The state machine, which all drivers share.
	{"mmp3", "a command that is committed twice takes effect twice", within(50), []Edit{
		in("kv.session.once").replace(`if result, done := s.result(c.Seq); done { _ }`,
			`if result, done := s.result(c.Seq); done && c.Op == Op_GET { _ }`),
	}},
	{"mmp3", "commands of one client that overtake each other are dropped", within(110), []Edit{
		in("kv.session.once").before(`if result, done := s.result(c.Seq); done { _ }`,
			`for _, a := range s.answers {
				if a.seq > c.Seq {
					return nil
				}
			}`),
	}},
}
