package planted

// Not in the table:
//   - What is right, or only slow: recovery that validates what R has although the submitter has answered; an adopted state that
//     is not durable, for nothing was promised that rests on it; a replica that is behind and gets the commits that are left
//     without those that are forgotten, for it recovers them, and is told then; a no-op that is known to be committed and counts as a
//     conflict.
//   - What goes wrong with three commands, or in a recovery of a recovery, so rarely that no life of thousands shows it: the
//     rules of Validate and of waiting have tests of one replica instead, and the small explorations from every
//     state that PreAccept leaves find most of them, too.
var epaxosBugs = []Bug{
	// Committing.
	{"epaxos", "the fast path counts one answer too few", within(50), []Edit{
		in("epaxos.replica.preaccepted").replace(`a.agreed.Size() >= r.fast`, `a.agreed.Size() >= r.fast-1`),
	}},
	{"epaxos", "the fast path counts answers that are not the submitter's", within(50), []Edit{
		in("epaxos.replica.preaccepted").replace(`a.agreed.Size() >= r.fast`, `a.answered.Size() >= r.fast`),
	}},
	{"epaxos", "the acceptor adds no dependencies", within(50), []Edit{
		in("epaxos.replica.onPreAccept").replace(`x.initDeps.union(g.conflictsOf(x.position, x.writes))`, `x.initDeps`),
	}},
	{"epaxos", "what is accepted lacks the submitter's dependencies", within(50), []Edit{
		in("epaxos.replica.onPreAccept").replace(`x.initDeps.union(g.conflictsOf(x.position, x.writes))`, `g.conflictsOf(x.position, x.writes)`),
		in("epaxos.replica.resume").replace(`a.deps = x.initDeps`, `a.deps = make(vector, r.n)`),
	}},
	{"epaxos", "the submitter depends on nothing", within(50), []Edit{
		in("epaxos.replica.submit").replace(`g.conflictsOf(id, x.writes)`, `(&register{columns: make([]column, r.n)}).conflictsOf(id, x.writes)`),
		in("epaxos.replica.onPreAccept").replace(`x.initDeps.union(g.conflictsOf(x.position, x.writes))`, `x.initDeps`),
	}},
	{"epaxos", "an instance is not seen until it is committed", within(50), []Edit{
		in("epaxos.register.conflictsOf").replace(`x.conflicts(writes)`, `x.phase == committed && x.conflicts(writes)`),
	}},
	{"epaxos", "an executed instance is not seen", within(50), []Edit{
		in("epaxos.register.conflictsOf").drop(`deps[i] = c.conflicting(writes)`),
	}},
	{"epaxos", "reads are not seen by writes", within(50), []Edit{
		in("epaxos.instance.conflicts").replace(`x.writes || writes`, `x.writes`),
	}},
	{"epaxos", "a repeated PreAccept is answered anew", within(2000), []Edit{
		in("epaxos.replica.onPreAccept").before(`if x.phase == preaccepted { _ }`,
			`if deps := x.deps.union(g.conflictsOf(x.position, x.writes)); x.phase == preaccepted && !x.deps.equal(deps) {
				x.deps = deps
				r.persist(x)
			}`),
	}},
	{"epaxos", "PreAccept is handled under a promise", inTest("epaxos.TestAPromiseEndsPreAccept"), []Edit{
		in("epaxos.replica.onPreAccept").replace(`x.ballot > 0`, `x.ballot > 0 && x.phase != initial`),
	}},
	{"epaxos", "the submitter commits on the fast path though it has promised", within(100), []Edit{
		in("epaxos.replica.of").drop(`a.ballot != x.ballot`),
		in("epaxos.replica.supersede").replace(`a.ballot >= b`, `a.ballot >= b || a.stage == submitting`),
	}},
	{"epaxos", "Accept is accepted below a promise", within(100), []Edit{
		in("epaxos.replica.onAccept").replace(`b < x.ballot`, `b < x.valueBallot`),
	}},
	{"epaxos", "a slow quorum lacks one", within(200), []Edit{
		in("epaxos.replica.countAccepted").replace(`a.answered.Size() >= r.slow`, `a.answered.Size() >= r.slow-1`),
	}},
	{"epaxos", "a decision does not end the work on it", within(50), []Edit{
		in("epaxos.replica.settle").drop(`r.end(x)`),
	}},
	{"epaxos", "a command whose instance became a no-op is not submitted again", within(50), []Edit{
		in("epaxos.replica.settle").drop(`r.submitAgain(g, req)`),
	}},

	// Recovering.
	{"epaxos", "nothing is recovered", within(50), []Edit{
		in("epaxos.replica.onWatch").drop(`r.recover(x)`),
	}},
	{"epaxos", "what was measured of a dead replica counts", inTest("epaxos.TestWhatWasMeasuredOfASilentReplicaDoesNotCount"), []Edit{
		in("epaxos.replica.timeoutOf").replace(`r.reach.Silent(peer)`, `false`),
	}},
	{"epaxos", "who has not answered an attempt that another ends is not found silent", inTest("epaxos.TestWhoHasNotAnsweredWhenAnotherRecoversIsSilent"), []Edit{
		in("epaxos.replica.supersede").drop(`r.reach.Unanswered(to, r.now)`),
	}},
	{"epaxos", "a silent replica's stand-in is waited for as long as the silent one", inTest("epaxos.TestThriftyWaitsForThoseWhoWereAsked"), []Edit{
		in("epaxos.replica.firstAsked").replace(`return first, first`, `return first, r.peers[:r.fast-1]`),
	}},
	{"epaxos", "who is far behind asks for each message", inTest("epaxos.TestAReplicaFarBehindAsksOnceInATimeout"), []Edit{
		in("epaxos.replica.receive").replace(`r.now >= g.fetchAfter`, `true`),
	}},
	{"epaxos", "the promised and the accepted ballot are one", within(2000), []Edit{
		in("epaxos.replica.promise").replace(`r.oneBallot`, `!r.oneBallot`),
	}},
	{"epaxos", "recovery ignores an accepted value", within(200), []Edit{
		in("epaxos.replica.recovered").replace(`m.Phase == accepted`, `m.Phase == accepted && false`),
	}},
	{"epaxos", "recovery takes the accepted value that it hears of last", inTest("epaxos.TestRecoveryFollowsItsQuorum"), []Edit{
		in("epaxos.replica.recovered").replace(`!a.accepted || b > a.valueBallot`, `!a.accepted || b >= 0`),
	}},
	{"epaxos", "recovery counts those that have added dependencies", within(2000), []Edit{
		in("epaxos.replica.recovered").drop(`vector(m.InitDeps).equal(m.Deps)`),
	}},
	{"epaxos", "a submitter that is silent has committed nothing", within(100), []Edit{
		in("epaxos.replica.recovered").replace(`a.submitter || a.agreeing < a.quorum.Size()-(r.n-r.fast)`, `a.agreeing >= 0`),
	}},
	{"epaxos", "recovery wants one agreeing replica too many", within(100), []Edit{
		in("epaxos.replica.recovered").replace(`a.agreeing < a.quorum.Size()-(r.n-r.fast)`, `a.agreeing <= a.quorum.Size()-(r.n-r.fast)`),
	}},
	{"epaxos", "what may be committed is accepted without Validate", within(2000), []Edit{
		in("epaxos.replica.recovered").replace(`r.beginValidation(a)`, `r.propose(a, a.command, a.deps)`),
	}},
	{"epaxos", "Recover is promised whatever is promised", inTest("epaxos.TestARestartForgetsNothingThatWasTold"), []Edit{
		in("epaxos.replica.onRecover").replace(`b < x.ballot`, `b < 0`),
	}},
	{"epaxos", "Validate does not store what the submitter sent", inTest("epaxos.TestValidateIsHandledUnderExactlyItsBallot"), []Edit{
		in("epaxos.replica.onValidate").drop(`r.validate(x, m.Command, append(vector(nil), m.Deps...))`),
		in("epaxos.replica.onValidate").replace(`g.contradicting(x.position, x.writes, x.initDeps)`, `g.contradicting(x.position, true, m.Deps)`),
	}},
	{"epaxos", validateUnguarded, inTest("epaxos.TestExploreRule9"), []Edit{
		in("epaxos.replica.onValidate").drop(`x.phase == accepted && x.valueBallot == b`),
		in("epaxos.replica.validDeps").replace(`r.validVector(deps) && deps[m.Column] == m.Number`, `len(deps) == 0 || r.validVector(deps) && deps[m.Column] == m.Number`),
	}},
	{"epaxos", validateEager, within(2000), []Edit{
		in("epaxos.replica.onValidate").drop(`x.phase == accepted && x.valueBallot == b`),
		in("epaxos.replica.onRecovered").replace(`r.of(from, m, recovering, waiting)`, `r.of(from, m, recovering, validating, waiting)`),
	}},
	{"epaxos", "Validate passes over what is executed", inTest("epaxos.TestWhatContradicts"), []Edit{
		in("epaxos.register.contradicting").drop(`found = append(found, conflict{position{i, last - 1}, true})`),
	}},
	{"epaxos", "Validate passes over what is committed", inTest("epaxos.TestWhatContradicts"), []Edit{
		in("epaxos.register.contradicting").replace(`!x.noop && (x.writes || writes) && !x.deps.has(id)`, `false`),
	}},
	{"epaxos", "Validate passes over what is not committed", inTest("epaxos.TestWhatContradicts"), []Edit{
		in("epaxos.register.contradicting").drop(`found = append(found, conflict{x.position, false})`),
	}},
	{"epaxos", "Validate goes by the value of what is not committed", inTest("epaxos.TestWhatContradicts"), []Edit{
		in("epaxos.register.contradicting").replace(`x.submitted && (x.writes || writes) && !x.initDeps.has(id)`,
			`x.submitted && !x.noop && (x.writes || writes) && !x.initDeps.has(id)`),
	}},
	{"epaxos", "Validate goes by the dependencies of the value of what is not committed", inTest("epaxos.TestWhatContradicts"), []Edit{
		in("epaxos.register.contradicting").replace(`x.submitted && (x.writes || writes) && !x.initDeps.has(id)`,
			`x.submitted && (x.writes || writes) && !x.deps.has(id)`),
	}},
	{"epaxos", "a recovery that is contradicted does not wait", inTest("epaxos.TestRecoveryFollowsWhatContradicts"), []Edit{
		in("epaxos.replica.validated").replace(`c.committed || least && !a.quorum.Has(int32(c.column))`, `c.committed || least || !least`),
	}},
	{"epaxos", "a recovery waits for nothing that contradicts", inTest("epaxos.TestRecoveryFollowsWhatContradicts"), []Edit{
		in("epaxos.replica.validated").replace(`len(a.conflicts) == 0`, `len(a.conflicts) >= 0`),
	}},
	{"epaxos", "a recovery that waits does not look what was committed", inTest("epaxos.TestWhatEndsTheWait"), []Edit{
		in("epaxos.register.contradicted").replace(`!other.noop && !other.deps.has(a.x.position)`, `false`),
	}},
	{"epaxos", "a recovery that waits gives way to one with as many that agree", inTest("epaxos.TestWhatEndsTheWait"), []Edit{
		in("epaxos.replica.onWaiting").replace(`int(m.Agreeing) <= r.slow-(r.n-r.fast)`, `int(m.Agreeing) < r.slow-(r.n-r.fast)`),
	}},
	{"epaxos", "late answers do not end the wait of a recovery", inTest("epaxos.TestWhatEndsTheWait"), []Edit{
		in("epaxos.replica.onRecovered").replace(`r.of(from, m, recovering, waiting)`, `r.of(from, m, recovering)`),
	}},
	{"epaxos", "a recovery ignores others that wait", inTest("epaxos.TestWhatEndsTheWait"), []Edit{
		in("epaxos.replica.onWaiting").drop(`r.propose(a, nil, nil)`),
	}},

	// Executing.
	{"epaxos", "what is not committed is passed over", within(50), []Edit{
		in("epaxos.walk.visit").replace(`return id, false`, `return id, len(w.stack) > 0`),
	}},
	{"epaxos", "a component is executed in the order in which it is found", within(50), []Edit{
		in("epaxos.replica.executeComponent").replace(`cmp.Or(cmp.Compare(x.number, y.number), cmp.Compare(x.column, y.column))`,
			`cmp.Compare(x.visit.index, y.visit.index)`),
	}},
	{"epaxos", "the own column comes first in a component", within(50), []Edit{
		in("epaxos.replica.executeComponent").replace(`cmp.Compare(x.column, y.column)`, `cmp.Compare((x.column+r.n-r.id)%r.n, (y.column+r.n-r.id)%r.n)`),
	}},
	{"epaxos", "a write is answered when it is committed", within(50), []Edit{
		in("epaxos.replica.settle").drop(`r.early`),
	}},
	{"epaxos", "a read is answered at once", within(50), []Edit{
		in("epaxos.replica.answerKnown").replace(`result, over = g.state.Known(kv.Op_GET, req.version)`,
			`result, over = g.state.Read(req.version), true`),
	}},
	{"epaxos", "commands that a client holds the answers of are dropped for all keys", within(50), []Edit{
		in("epaxos.replica").field(`acked map[uint64]uint64`),
		in("epaxos.replica.executeInstance").replace(`id, result := g.state.Apply(x.command)`,
			`command := x.command
			of, acked, _ := kv.Header(command)
			if of.Seq < r.acked[of.Client] {
				command = nil
			}
			if r.acked == nil {
				r.acked = map[uint64]uint64{}
			}
			r.acked[of.Client] = max(r.acked[of.Client], acked)
			id, result := g.state.Apply(command)`).needing("quorumbench/protocols/kv"),
	}},
	{"epaxos", "the instances that a value names are not heard of", within(500), []Edit{
		in("epaxos.replica.setValue").drop(`x.register.hear(deps)`),
	}},

	// Forgetting.
	{"epaxos", "a forgotten instance is handled as a new one", within(50), []Edit{
		in("epaxos.register.decided").replace(`g.executed(id)`, `g.executed(id) && id.number >= g.columns[id.column].base`),
		in("epaxos.replica.instance").before(`c.hear(id.number + 1)`,
			`for ; c.base > id.number; c.base-- {
				c.held = append([]*instance{nil}, c.held...)
			}`),
	}},
	{"epaxos", "a state of fewer writes is adopted", within(2000), []Edit{
		in("epaxos.replica.adopt").replace(`s.Slots > g.slots`, `s.Slots != g.slots`),
	}},
	{"epaxos", "a state comes without the last writes and reads", within(100), []Edit{
		in("epaxos.replica.adopt").drop(`c.written, c.read = max(c.written, s.Written[i]), max(c.read, s.Read[i])`),
	}},
	{"epaxos", "a command that a state skips is not submitted again", within(200), []Edit{
		in("epaxos.replica.onState").replace(`r.submitAgain(g, req)`, `_ = req`),
	}},

	// Disk.
	{"epaxos", "what is submitted is not durable", within(50), []Edit{
		in("epaxos.replica.submit").drop(`r.persist(x)`),
	}},
	{"epaxos", "what is pre-accepted is not durable", within(50), []Edit{
		in("epaxos.replica.onPreAccept").drop(`r.persist(x)`),
	}},
	{"epaxos", "the accepted value is not durable", within(200), []Edit{
		in("epaxos.replica.accept").drop(`r.persist(x)`),
	}},
	{"epaxos", "the promise is not durable", inTest("epaxos.TestARestartForgetsNothingThatWasTold"), []Edit{
		in("epaxos.replica.onRecover").drop(`r.persist(x)`),
	}},
	{"epaxos", "the recoverer's promise is not durable", inTest("epaxos.TestARestartForgetsNothingThatWasTold"), []Edit{
		in("epaxos.replica.recover").drop(`r.persist(x)`),
	}},
	{"epaxos", "a snapshot forgets what is not executed", within(50), []Edit{
		in("epaxos.register.record").drop(`all.Entries = append(all.Entries, e)`),
	}},
	{"epaxos", "what is logged while a snapshot is taken is lost", within(50), []Edit{
		in("snapshot.KeyWalk.Step").replace(`append(w.data, w.after...)`, `w.data`),
	}},
	{"epaxos", "after a restart the submitter begins again though it has accepted", within(200), []Edit{
		in("epaxos.replica.resume").replace(`r.sendAccept(r.begin(x, 0, accepting))`,
			`x.phase = preaccepted
			x.deps = x.initDeps
			r.resume(x)`),
	}},
}
