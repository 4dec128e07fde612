package planted

// Checks do not accuse async of what it does not promise: what they find is that streams differ, that replicas do not converge, and
// that a driver's own test fails.
var asyncBugs = []Bug{
	{"async", "of two writes the one that comes last wins", within(50), []Edit{
		in("async.replica.apply").replace(`k.latest == nil || w.beats(k.latest)`, `true`),
	}},
	{"async", "ties of stamps are broken in favour of what is there", within(200), []Edit{
		in("async.Write.beats").replace(`w.Stream > other.Stream`, `false`),
	}},
	{"async", "a write may leave out those before it in its stream", within(50), []Edit{
		in("async.replica.onMessage").replace(`w.Index == r.applied[w.Stream]+1`, `w.Index > r.applied[w.Stream]`),
	}},
	{"async", "lost writes are not sent again", within(50), []Edit{
		in("async.replica.onApplied").drop(`r.sendMissing(from)`),
	}},
	{"async", "only a replica's own writes are sent again", within(500), []Edit{
		in("async.replica.sendMissing").replace(`r.streams[s].held`, `map[bool][]*Write{true: r.streams[s].held}[s == r.id]`),
	}},
	{"async", "writes are forgotten before all have them", within(50), []Edit{
		in("async.replica.forget").replace(`id != r.id`, `false`),
	}},
	{"async", "a snapshot leaves out the writes that others lack", within(500), []Edit{
		in("async.replica.compact").replace(`r.streams[i].held`, `r.streams[i].held[:0]`),
	}},
	{"async", "an applied write of another replica is not on disk", within(100), []Edit{
		in("async.replica.add").replace(`r.out.Persist(&Record{Write: w})`,
			`if int(w.Stream) == r.id {
				r.out.Persist(&Record{Write: w})
			}`),
	}},
	{"async", "a lost update is counted where it wins", inTest("async.TestTheLastWriterWinsAndTheLostUpdateIsCounted"), []Edit{
		in("async.replica.count").replace(`wins`, `!wins`),
	}},
	{"async", "what a write has seen is not noted", inTest("async.TestTheLastWriterWinsAndTheLostUpdateIsCounted"), []Edit{
		in("async.replica.newWrite").drop(`copy(w.Seen, k.seen)`),
	}},
}
