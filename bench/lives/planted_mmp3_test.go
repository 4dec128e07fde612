//go:build planted

package lives_test

var mmp3Bugs = []bug{
	// What depends on what.
	{"mmp3", "indirect dependencies are not seen", "mmp3/instance.go", []edit{
		{"\tr.seen.raise(x.deps)\n", ""}}, within(3000)},
	{"mmp3", "what is seen indirectly is forgotten by a restart", "mmp3/instance.go", []edit{
		{"m.vector(), m.Committed\n\tr.fold(x)\n", "m.vector(), m.Committed\n\tr.seen[x.at.column] = max(r.seen[x.at.column], x.at.lsn+1)\n"}}, within(3000)},
	{"mmp3", "the acceptor adds no dependencies", "mmp3/propose.go", []edit{
		{"\t\t\tdeps.raise(r.fresh(x.at))\n", ""}}, within(3000)},
	{"mmp3", "the proposer's dependencies are dropped", "mmp3/propose.go", []edit{
		{"deps := m.vector()\n\t\t\tdeps.raise(r.fresh(x.at))\n", "deps := r.fresh(x.at)\n"}}, within(3000)},
	{"mmp3", "the acceptor adds dependencies to an accepted value", "mmp3/propose.go", []edit{
		{"} else if x.valueBallot == 0 {", "} else if x.valueBallot > 0 {\n\t\t\tx.deps.raise(r.fresh(x.at))\n\t\t} else {"}}, within(3000)},
	{"mmp3", "a prepared instance is not visible until it is committed", "mmp3/propose.go", []edit{
		{"deps.raise(r.fresh(x.at))\n", "visible := r.fresh(x.at)\n\t\t\tvisible[r.id] = min(visible[r.id], r.settled)\n\t\t\tdeps.raise(visible)\n"}}, within(3000)},
	{"mmp3", "a recovered no-op has no dependencies", "mmp3/propose.go", []edit{
		{"\t\t\tdeps.raise(r.fresh(x.at))\n", "\t\t\tif len(m.Command) > 0 {\n\t\t\t\tdeps.raise(r.fresh(x.at))\n\t\t\t}\n"},
		{"\tif x.valueBallot == 0 {\n\t\tx.deps = r.fresh(x.at)", "\tif x.valueBallot == 0 && len(x.command) > 0 {\n\t\tx.deps = r.fresh(x.at)"}}, within(3000)},
	{"mmp3", "the same proposal again gets other dependencies", "mmp3/propose.go", []edit{
		{"case b == x.valueBallot: // asked again\n", "case b == x.valueBallot:\n\t\tx.deps.raise(r.fresh(x.at))\n\t\tr.keep(x)\n"}}, within(3000)},
	// Ballots.
	{"mmp3", "a retry at the other replica has the same ballot", "mmp3/propose.go", []edit{
		{"\tr.prepareAgain(x, max(x.ballot, p.met))\n", "\tif p.refused {\n\t\tr.prepareAgain(x, max(x.ballot, p.met))\n\t}\n"}}, within(3000)},
	{"mmp3", "the first attempt goes to both others", "mmp3/propose.go", []edit{
		{"\tr.travel(x, r.nearest())\n", "\tr.travel(x, r.nearest())\n\tr.out.Send(r.peers[1], &Message{Kind: &Message_Propose{Propose: x.message()}})\n"}}, within(3000)},
	{"mmp3", "a void answer counts", "mmp3/propose.go", []edit{
		{" || b != x.proposal.ballot || b != x.ballot {", " || b != x.proposal.ballot {"}}, within(3000)},
	{"mmp3", "an answer to an abandoned ballot counts", "mmp3/propose.go", []edit{
		{" || b != x.proposal.ballot || b != x.ballot {", " {"}}, within(3000)},
	{"mmp3", "the acceptor does not check the ballot", "mmp3/propose.go", []edit{
		{"case b < x.ballot:", "case false:"}}, within(3000)},
	{"mmp3", "the proposer does not raise its own promise when it retries", "mmp3/propose.go", []edit{
		{"\tx.ballot = met.Next(protocols.NodeID(r.id))\n\tx.proposal.ballot = x.ballot\n", "\tx.proposal.ballot = met.Next(protocols.NodeID(r.id))\n"},
		{"b != x.proposal.ballot || b != x.ballot {", "b != x.proposal.ballot || b < x.ballot {"},
		{"\tr.out.Send(to, &Message{Kind: &Message_Propose{Propose: x.message()}})\n", "\tm := x.message()\n\tm.Ballot = uint64(p.ballot)\n\tr.out.Send(to, &Message{Kind: &Message_Propose{Propose: m}})\n"}}, within(3000)},
	{"mmp3", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, within(3000)},
	// Values.
	{"mmp3", "recovery ignores an accepted value", "mmp3/recover.go", []edit{
		{"\t\t\tx.proposal = &proposal{}\n", "\t\t\tx.proposal = &proposal{}\n\t\t\tx.command, x.valueBallot = nil, 0\n"}}, within(3000)},
	{"mmp3", "the acceptor ignores the value it has accepted", "mmp3/propose.go", []edit{
		{"} else if x.valueBallot == 0 {", "} else {"}}, within(3000)},
	{"mmp3", "the proposer's accepted value wins whatever its ballot", "mmp3/propose.go", []edit{
		{"theirs > x.valueBallot {", "theirs > 0 {"}}, within(3000)},
	{"mmp3", "the acceptor takes what the proposer has accepted for committed", "mmp3/propose.go", []edit{
		{"\t\t\tx.command, x.deps = m.Command, m.vector()\n", "\t\t\tx.command, x.deps, x.committed = m.Command, m.vector(), true\n"}}, within(3000)},
	{"mmp3", "a retry sends the state from before its own promise", "mmp3/propose.go", []edit{
		{"\ttries   int\n", "\ttries   int\n\tbefore  *Instance\n"},
		{"\tr.out.Send(to, &Message{Kind: &Message_Propose{Propose: x.message()}})\n",
			"\tm := x.message()\n\tif p.before != nil {\n\t\tm.ValueBallot, m.Command, m.Deps = p.before.ValueBallot, p.before.Command, p.before.Deps\n\t}\n\tp.before = x.message()\n\tr.out.Send(to, &Message{Kind: &Message_Propose{Propose: m}})\n"}}, within(3000)},
	{"mmp3", "a write whose place went to a no-op counts as committed", "mmp3/propose.go", []edit{
		{"w != nil && !bytes.Equal(x.command, w.command) {", "w != nil && !bytes.Equal(x.command, w.command) && len(x.command) > 0 {"}}, within(3000)},
	// Applying and answering.
	{"mmp3", "heads that are not committed are passed over", "mmp3/apply.go", []edit{
		{"if head == nil || !head.committed {\n\t\t\t\treturn nil", "if head == nil || !head.committed {\n\t\t\t\tcontinue"}}, within(3000)},
	{"mmp3", "ties are broken in favour of the own column", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if n < smallest || n == smallest && c == r.id {"}}, within(3000)},
	{"mmp3", "the smallest column is applied, whatever its n", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if best == nil && n < smallest {"}}, within(3000)},
	{"mmp3", "the largest n is applied", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if best == nil || n > smallest {"}}, within(3000)},
	{"mmp3", "n counts dependencies that are applied", "mmp3/apply.go", []edit{
		{"\t\t\t\t\tn++\n", ""},
		{"\t\t\t\tif head.deps[k] > r.applied[k] {", "\t\t\t\tif head.deps[k] > 0 {\n\t\t\t\t\tn++\n\t\t\t\t}\n\t\t\t\tif head.deps[k] > r.applied[k] {"}}, within(3000)},
	{"mmp3", "only direct dependencies are followed", "mmp3/apply.go", []edit{
		{"again = again || !reached[k]", "again = again || !reached[k] && c == start"},
		{"reached[k] = true", "reached[k] = reached[k] || c == start"}}, within(3000)},
	{"mmp3", "a write is answered at its own commit", "mmp3/propose.go", []edit{
		{"\t\tr.settle()\n\t}\n\tr.apply()", "\t\tif w := r.placed[x.at.lsn]; w != nil && !w.read {\n\t\t\tr.answer(w, kv.PutResult)\n\t\t}\n\t\tr.settle()\n\t}\n\tr.apply()"}}, within(3000)},
	{"mmp3", "a read is served from the replica's own state", "mmp3/propose.go", []edit{
		{"\tif r.wishes[id] != nil {\n", "\tif command.Op == kv.Op_GET {\n\t\tr.out.Answer(id, r.store.Read(command.Key))\n\t\treturn\n\t}\n\tif r.wishes[id] != nil {\n"}}, within(3000)},
	// Disk and recovery.
	{"mmp3", "the local prepare is not durable", "mmp3/propose.go", []edit{
		{"x.proposal = &proposal{ballot: x.ballot}\n\tr.keep(x)", "x.proposal = &proposal{ballot: x.ballot}\n\tr.fold(x)"}}, within(3000)},
	{"mmp3", "the promise of a retry is not durable", "mmp3/propose.go", []edit{
		{"\t\tx.deps = r.fresh(x.at)\n\t}\n\tr.keep(x)", "\t\tx.deps = r.fresh(x.at)\n\t}\n\tr.fold(x)"}}, within(3000)},
	{"mmp3", "the acceptor's accept is not durable", "mmp3/propose.go", []edit{
		{"x.ballot, x.valueBallot = b, b\n\t\tr.keep(x)", "x.ballot, x.valueBallot = b, b\n\t\tr.fold(x)"}}, within(3000)},
	{"mmp3", "the proposer's accept is not durable", "mmp3/propose.go", []edit{
		{"r.out.StopTimer(timerOf(x.at))\n\t}\n\tr.keep(x)", "r.out.StopTimer(timerOf(x.at))\n\t}\n\tr.fold(x)"}}, within(3000)},
	{"mmp3", "recovery passes over instances without a record", "mmp3/recover.go", []edit{
		{"x := r.open(position{c, lsn})\n\t\t\tif x.committed", "x := r.get(position{c, lsn})\n\t\t\tif x == nil || x.committed"}}, within(3000)},
	{"mmp3", "nothing is recovered", "mmp3/recover.go", []edit{
		{"\tr.sweeping = false\n", "\treturn\n"}}, within(3000)},
	// The state machine, which all drivers share.
	{"mmp3", "a command that is committed twice takes effect twice", "kv/kv.go", []edit{
		{"if result, done := sess.results[c.Seq]; done {", "if result, done := sess.results[c.Seq]; done && c.Op == Op_GET {"}}, within(3000)},
	{"mmp3", "commands of one client that overtake each other are dropped", "kv/kv.go", []edit{
		{"\tif result, done := sess.results[c.Seq]; done {", "\tfor seq := range sess.results {\n\t\tif seq > c.Seq {\n\t\t\treturn id, nil\n\t\t}\n\t}\n\tif result, done := sess.results[c.Seq]; done {"}}, within(3000)},
}
