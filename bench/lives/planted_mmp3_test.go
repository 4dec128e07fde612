//go:build planted

package lives_test

// Not in the table:
//   - What is right, or only slow: an owner that takes its next LSN from the instances it holds, ignoring
//     Seen, for it holds all it has given out; a recoverer that prefers a no-op to a command that is only
//     prepared, for nobody was told anything of that; Deps that are raised at every prepare, for more of
//     them do no harm; an answer that waits for the command to be applied.
//   - A snapshot on disk without what is only prepared: it loses the promises of retries. It was not
//     found in 3000 lives, since a retry, a snapshot and a crash must come together with two recoverers.
//     The row "the promise of a retry is not durable" is the same bug without the snapshot.
//   - What goes wrong between the pieces of a snapshot, and a log that is not kept behind them: the state of
//     a life fits into one piece. The driver's own tests, and those of package parcel, send several.
var mmp3Bugs = []bug{
	// What depends on what.
	{"mmp3", "indirect dependencies are not seen", "mmp3/instance.go", []edit{
		{"\tr.seen.raise(x.deps)\n", ""}}, within(50)},
	{"mmp3", "what is seen indirectly is forgotten by a restart", "mmp3/instance.go", []edit{
		{"m.vector(), m.Committed\n\tr.fold(x)\n", "m.vector(), m.Committed\n\tr.seen[x.at.column] = max(r.seen[x.at.column], x.at.lsn+1)\n"}}, within(50)},
	{"mmp3", "the acceptor adds no dependencies", "mmp3/propose.go", []edit{
		{"\t\t\tdeps.raise(r.fresh(x.at))\n", ""}}, within(50)},
	{"mmp3", "the proposer's dependencies are dropped", "mmp3/propose.go", []edit{
		{"deps := m.vector()\n\t\t\tdeps.raise(r.fresh(x.at))\n", "deps := r.fresh(x.at)\n"}}, within(50)},
	{"mmp3", "the acceptor adds dependencies to an accepted value", "mmp3/propose.go", []edit{
		{"} else if x.valueBallot == 0 {", "} else if x.valueBallot > 0 {\n\t\t\tx.deps.raise(r.fresh(x.at))\n\t\t} else {"}}, within(50)},
	{"mmp3", "a prepared instance is not visible until it is committed", "mmp3/propose.go", []edit{
		{"deps.raise(r.fresh(x.at))\n", "visible := r.fresh(x.at)\n\t\t\tvisible[r.id] = min(visible[r.id], r.settled)\n\t\t\tdeps.raise(visible)\n"}}, within(50)},
	{"mmp3", "a recovered no-op has no dependencies", "mmp3/propose.go", []edit{
		{"\t\t\tdeps.raise(r.fresh(x.at))\n", "\t\t\tif len(m.Commands) > 0 {\n\t\t\t\tdeps.raise(r.fresh(x.at))\n\t\t\t}\n"},
		{"\tif x.valueBallot == 0 {\n\t\tx.deps = r.fresh(x.at)", "\tif x.valueBallot == 0 && len(x.commands) > 0 {\n\t\tx.deps = r.fresh(x.at)"}}, within(1000)},
	{"mmp3", "the same proposal again gets other dependencies", "mmp3/propose.go", []edit{
		{"case b == x.valueBallot: // asked again\n", "case b == x.valueBallot:\n\t\tx.deps.raise(r.fresh(x.at))\n\t\tr.keep(x)\n"}}, within(1250)},
	// Ballots.
	{"mmp3", "a retry at the other replica has the same ballot", "mmp3/propose.go", []edit{
		{"\tr.prepareAgain(x, max(x.ballot, p.met))\n", "\tif p.refused {\n\t\tr.prepareAgain(x, max(x.ballot, p.met))\n\t}\n"}}, within(400)},
	{"mmp3", "the first attempt goes to both others", "mmp3/propose.go", []edit{
		{"\tr.travel(x, r.nearest())\n", "\tr.travel(x, r.nearest())\n\tr.out.Send(r.peers[1], r.envelope(&Message_Propose{Propose: r.wire(x)}))\n"}}, within(500)},
	{"mmp3", "a void answer counts", "mmp3/propose.go", []edit{
		{" || b != x.proposal.ballot || b != x.ballot {", " || b != x.proposal.ballot {"}}, within(420)},
	{"mmp3", "an answer to an abandoned ballot counts", "mmp3/propose.go", []edit{
		{" || b != x.proposal.ballot || b != x.ballot {", " {"}}, within(200)},
	{"mmp3", "the acceptor does not check the ballot", "mmp3/propose.go", []edit{
		{"case b < x.ballot:", "case false:"}}, within(1000)},
	{"mmp3", "the proposer does not raise its own promise when it retries", "mmp3/propose.go", []edit{
		{"\tx.ballot = met.Next(protocols.NodeID(r.id))\n\tx.proposal.ballot = x.ballot\n", "\tx.proposal.ballot = met.Next(protocols.NodeID(r.id))\n"},
		{"b != x.proposal.ballot || b != x.ballot {", "b != x.proposal.ballot || b < x.ballot {"},
		{"\tr.out.Send(to, r.envelope(&Message_Propose{Propose: r.wire(x)}))\n", "\tm := x.message()\n\tm.Ballot = uint64(p.ballot)\n\tr.out.Send(to, r.envelope(&Message_Propose{Propose: m}))\n"}}, within(300)},
	{"mmp3", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, within(250)},
	// Values.
	{"mmp3", "recovery ignores an accepted value", "mmp3/recover.go", []edit{
		{"\t\t\t\tx.proposal = &proposal{}\n", "\t\t\t\tx.proposal = &proposal{}\n\t\t\t\tx.commands, x.valueBallot = nil, 0\n"}}, within(50)},
	{"mmp3", "the acceptor ignores the value it has accepted", "mmp3/propose.go", []edit{
		{"} else if x.valueBallot == 0 {", "} else {"}}, within(50)},
	{"mmp3", "the proposer's accepted value wins whatever its ballot", "mmp3/propose.go", []edit{
		{"theirs > x.valueBallot {", "theirs > 0 {"}}, within(200)},
	{"mmp3", "the acceptor takes what the proposer has accepted for committed", "mmp3/propose.go", []edit{
		{"\t\t\tx.commands, x.deps = m.Commands, m.vector()\n", "\t\t\tx.commands, x.deps, x.committed = m.Commands, m.vector(), true\n"}}, within(900)},
	{"mmp3", "a retry sends the state from before its own promise", "mmp3/propose.go", []edit{
		{"import (\n", "import (\n\t\"slices\"\n"},
		{"\ttries   int\n", "\ttries   int\n\tbefore  *Instance\n"},
		{"\tr.out.Send(to, r.envelope(&Message_Propose{Propose: r.wire(x)}))\n",
			"\tm := x.message()\n\tm.Deps = slices.Clone(m.Deps)\n\tif p.before != nil {\n\t\tm.ValueBallot, m.Commands, m.Deps = p.before.ValueBallot, p.before.Commands, p.before.Deps\n\t}\n\tp.before = x.message()\n\tp.before.Deps = slices.Clone(p.before.Deps)\n\tr.out.Send(to, r.envelope(&Message_Propose{Propose: m}))\n"}}, within(50)},
	{"mmp3", "a write whose place went to a no-op counts as committed", "mmp3/propose.go", []edit{
		{"granted(wishes, x.commands) {", "granted(wishes, x.commands) || len(x.commands) == 0 {"}}, within(200)},
	// Applying and answering.
	{"mmp3", "heads that are not committed are passed over", "mmp3/apply.go", []edit{
		{"if head == nil || !head.committed {\n\t\t\t\treturn nil, met", "if head == nil || !head.committed {\n\t\t\t\tcontinue"}}, within(50)},
	{"mmp3", "ties are broken in favour of the own column", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if n < smallest || n == smallest && c == r.id {"}}, within(50)},
	{"mmp3", "the smallest column is applied, whatever its n", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if best == nil && n < smallest {"}}, within(50)},
	{"mmp3", "the largest n is applied", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if best == nil || n > smallest {"}}, within(50)},
	{"mmp3", "n counts dependencies that are applied", "mmp3/apply.go", []edit{
		{"\t\t\t\t\tn++\n", ""},
		{"\t\t\t\tif head.deps[k] > r.applied[k] {", "\t\t\t\tif head.deps[k] > 0 {\n\t\t\t\t\tn++\n\t\t\t\t}\n\t\t\t\tif head.deps[k] > r.applied[k] {"}}, within(50)},
	{"mmp3", "only direct dependencies are followed", "mmp3/apply.go", []edit{
		{"again = again || !reached[k]", "again = again || !reached[k] && c == start"},
		{"reached[k] = true", "reached[k] = reached[k] || c == start"}}, within(50)},
	{"mmp3", "a write is answered at its own commit", "mmp3/propose.go", []edit{
		{"\t\tr.mark(x, protocols.MarkCommitted)\n", "\t\tr.mark(x, protocols.MarkCommitted)\n\t\tfor _, w := range wishes {\n\t\t\tif !w.atApply {\n\t\t\t\tr.answer(w, kv.PutResult)\n\t\t\t}\n\t\t}\n"}}, within(50)},
	{"mmp3", "a read is served from the replica's own state", "mmp3/wish.go", []edit{
		{"\tif w := r.wishes[id]; w != nil {\n\t\tif w.answered {\n", "\tif command.Op == kv.Op_GET {\n\t\tr.out.Answer(id, r.store.Read(command.Key))\n\t\treturn\n\t}\n\tif w := r.wishes[id]; w != nil {\n\t\tif w.answered {\n"}}, within(50)},
	// Disk and recovery.
	{"mmp3", "the local prepare is not durable", "mmp3/propose.go", []edit{
		{"x.proposal = &proposal{attempt: attempt{ballot: x.ballot}}\n\tr.keep(x)", "x.proposal = &proposal{attempt: attempt{ballot: x.ballot}}\n\tr.fold(x)"}}, within(400)},
	{"mmp3", "the promise of a retry is not durable", "mmp3/propose.go", []edit{
		{"\t\tx.deps = r.fresh(x.at)\n\t}\n\tr.keep(x)", "\t\tx.deps = r.fresh(x.at)\n\t}\n\tr.fold(x)"}}, within(700)},
	{"mmp3", "the acceptor's accept is not durable", "mmp3/propose.go", []edit{
		{"x.ballot, x.valueBallot = b, b\n\t\tr.keep(x)", "x.ballot, x.valueBallot = b, b\n\t\tr.fold(x)"}}, within(50)},
	{"mmp3", "the proposer's accept is not durable", "mmp3/propose.go", []edit{
		{"\tr.abandon(x)\n\tr.keep(x)", "\tr.abandon(x)\n\tr.fold(x)"}}, within(50)},
	{"mmp3", "recovery passes over instances without a record", "mmp3/recover.go", []edit{
		{"x := r.open(at)\n", "x := r.get(at)\n"},
		{"case x.committed ||", "case x == nil || x.committed ||"}}, within(50)},
	{"mmp3", "what another has applied is asked for and never proposed", "mmp3/recover.go", []edit{
		{"lsn < coming[c]:", "lsn < max(coming[c], r.heard[r.peers[0]][c], r.heard[r.peers[1]][c]):"}}, inScenario("mmp3-recover-applied")},
	{"mmp3", "nothing is recovered", "mmp3/recover.go", []edit{
		{"\tr.sweeping = false\n", "\treturn\n"}}, within(50)},
	// Truncation and snapshots.
	{"mmp3", "a truncated instance is answered as a fresh one", "mmp3/propose.go", []edit{
		{"\t\tr.tellTo(from, false)\n\t\treturn\n\t}\n\tx := r.open(m.position())\n", "\t}\n\tx := &instance{at: m.position(), ballot: protocols.NewBallot(1, protocols.NodeID(m.Column))}\n\tif !r.truncated(x.at) {\n\t\tx = r.open(x.at)\n\t}\n"}}, within(3400)},
	{"mmp3", "what one replica has not applied is truncated, without a snapshot", "mmp3/recover.go", []edit{
		{"\t\t\t\tr.sendPiece(from, q.Snapshot)\n", ""}}, within(50)},
	{"mmp3", "a write that names a version is answered when it is committed", "mmp3/wish.go", []edit{
		{"atApply: command.DependsOnState()", "atApply: command.Op == kv.Op_GET"}}, within(50)},
	{"mmp3", "a snapshot loses the sessions", "kv/kv.go", []edit{
		{"\t\tsnapshot.Sessions = append(snapshot.Sessions, s.sessions[client].message())\n", "\t\t_ = client\n"}}, within(700)},
	{"mmp3", "Seen is not in the snapshot", "mmp3/snapshot.go", []edit{
		{"\tr.seen.raise(vectorOf(s.Seen))\n", "\tr.seen.raise(r.applied)\n"}}, within(4700)},
	{"mmp3", "a snapshot on disk leaves out what is not applied", "mmp3/snapshot.go", []edit{
		{"\t\t\t\ts.Open = append(s.Open, x.message())\n", ""}}, within(200)},
	{"mmp3", "a snapshot of the past is taken over", "mmp3/transfer.go", []edit{
		{"\tif p.Index <= r.slots {\n\t\treturn // of the past\n\t}\n", ""},
		{" && r.isLater(&s)", ""}}, within(50)},
	{"mmp3", "nobody tells what it has applied", "mmp3/forget.go", []edit{
		{"\tr.out.SetTimer(tellTimer, tellPeriod+r.longestTimeout())\n", ""}}, inScenario("mmp3-last-commit")},
	// Reads outside the log.
	{"mmp3", "a quorum read waits for what is applied elsewhere, not for what is seen", "mmp3/reads.go", []edit{
		{"Seen: r.seen[:]", "Seen: r.applied[:]"}}, within(1800)},
	{"mmp3", "a quorum read does not wait for what is seen here", "mmp3/reads.go", []edit{
		{"q.known, q.until = true, r.seen", "q.known, q.until = true, vectorOf(m.Seen)"}}, within(3100)},
	{"mmp3", "a quorum read waits for nothing", "mmp3/reads.go", []edit{
		{"!q.known || !r.applied.covers(q.until)", "!q.known"}}, within(50)},
	{"mmp3", "answers to the reads of a former life count", "mmp3/mmp3.go", []edit{
		{"next: r.random.Uint64()", "next: 0"}}, inScenario("mmp3-late-seen")},
	// The state machine, which all drivers share.
	{"mmp3", "a command that is committed twice takes effect twice", "kv/session.go", []edit{
		{"if result, done := s.result(c.Seq); done {", "if result, done := s.result(c.Seq); done && c.Op == Op_GET {"}}, within(50)},
	{"mmp3", "commands of one client that overtake each other are dropped", "kv/session.go", []edit{
		{"\tif result, done := s.result(c.Seq); done {", "\tfor _, a := range s.answers {\n\t\tif a.seq > c.Seq {\n\t\t\treturn nil\n\t\t}\n\t}\n\tif result, done := s.result(c.Seq); done {"}}, within(110)},
}
