//go:build planted

package lives_test

var paxosBugs = []bug{
	// The acceptor.
	{"paxos", "a prepare lowers the promise", "register/acceptor.go", []edit{
		{"if b > i.LastBallot {", "if b != i.LastBallot {"}}, within(50)},
	{"paxos", "a value is accepted below the promise", "register/acceptor.go", []edit{
		{"\tif b >= last && b != i.ValueBallot {", "\tlast = min(last, b)\n\tif b != i.ValueBallot {"}}, within(50)},
	{"paxos", "the promise is not durable", "register/acceptor.go", []edit{
		{"i.LastBallot = b\n\t\tr.keep(g, i) // rule 10", "i.LastBallot = b"}}, inScenario("paxos-promise-survives")},
	{"paxos", "the accepted value is not durable", "register/acceptor.go", []edit{
		{"// rule 11\n\t\tr.keep(g, i)          // rule 10", "// rule 11"}}, within(400)},
	// The proposer.
	{"paxos", "any accepted value is proposed, not that of the highest ballot", "register/proposer.go", []edit{
		{"if valueBallot > p.ValueBallot {", "if valueBallot > 0 && p.ValueBallot == 0 {"}}, within(100)},
	{"paxos", "a writer proposes its own value whatever was accepted", "paxos/proposer.go", []edit{
		{"\tg.Proposal.Meet(protocols.Ballot(m.ValueBallot), m.Value)\n", "\tif g.Wish().Read {\n\t\tg.Proposal.Meet(protocols.Ballot(m.ValueBallot), m.Value)\n\t}\n"}}, within(50)},
	{"paxos", "a refused accept counts as an accept", "paxos/proposer.go", []edit{
		{"register.Accepting) {\n\t\treturn\n\t}\n\tif last := protocols.Ballot(m.LastBallot); last > g.Proposal.Ballot {",
			"register.Accepting) {\n\t\treturn\n\t}\n\tif last := protocols.Ballot(m.LastBallot); false {"}}, within(50)},
	{"paxos", "the proposer accepts its own value below its promise", "paxos/proposer.go", []edit{
		{"last > p.Ballot {", "last > p.Ballot && false {"}}, within(50)},
	{"paxos", "answers to an earlier ballot count", "register/proposer.go", []edit{
		{" || uint64(p.Ballot) != m.Ballot {", " {"}}, within(100)},
	{"paxos", "the first ballot for a version is used again", "register/proposer.go", []edit{
		{"max(i.LastBallot, i.abandoned, met).Next(r.ID)", "max(i.abandoned, met).Next(r.ID)"}}, within(5900)},
	{"paxos", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, within(50)},
	{"paxos", "quorums need not meet", "quorum/quorum.go", []edit{
		{"return n/2 + 1", "return n / 2"}}, within(50)},
	// Clients.
	{"paxos", "a read ignores what was accepted", "paxos/proposer.go", []edit{
		{"if p.Value == nil { // rule 6", "if g.Wish().Read { // rule 6"}}, within(150)},
	{"paxos", "a read returns an accepted value before it is chosen", "register/proposer.go", []edit{
		{"\tr.Out.Mark(g.wishes.id, protocols.MarkPrepared)\n", `	if w := g.wishes; w.Read {
		var met kv.Register
		met.Apply(p.Value)
		r.answer(w, met.Read(0))
	}
`}}, within(150)},
	{"paxos", "a read returns what it helped to choose", "register/proposer.go", []edit{
		{"\tr.Learn(g, p.Version, p.Value)\n", "\tw := g.wishes\n\tr.Learn(g, p.Version, p.Value)\n\tif w.Read && g.wishes == w {\n\t\tr.Absent(g)\n\t}\n"}}, inScenario("paxos-stale-read")},
	{"paxos", "a write is answered whatever was chosen", "register/proposer.go", []edit{
		{"\tr.Learn(g, p.Version, p.Value)\n", "\tif w := g.wishes; !w.Read {\n\t\tr.answer(w, kv.PutResult)\n\t}\n\tr.Learn(g, p.Version, p.Value)\n"}}, within(50)},
	{"paxos", "a write that names a version takes effect at any", "kv/kv.go", []edit{
		{"case c.Op == Op_PUT && c.Version == e.version+1:", "case c.Op == Op_PUT && c.Version > 0:"}}, within(50)},
	{"paxos", "a version that is dropped is told to be absent", "kv/kv.go", []edit{
		{"case c.Version < e.version:", "case false:"}}, within(50)},
	{"paxos", "a promise is dropped as if it were nothing", "register/acceptor.go", []edit{
		{"return i.LastBallot == 0 && ", "return "}}, within(50)},
	{"paxos", "an abandoned ballot is dropped as if it were nothing", "register/acceptor.go", []edit{
		{" && i.abandoned == 0", ""}}, inScenario("paxos-revert-restart")},
	{"paxos", "a read is answered by a run that began before it", "register/proposer.go", []edit{
		{"if !w.Read || !w.proposed {", "if !w.Read {"}}, inScenario("paxos-reads-together")},
	{"paxos", "a write is refused before it can be known", "register/proposer.go", []edit{
		{"return g.state.Known(op, w.version) // rule 8", "return g.state.Known(op, min(w.version, g.state.Version()))"}}, within(50)},
	{"paxos", "a read of a version finds the latest", "kv/kv.go", []edit{
		{"case c.Version == 0 || c.Version == e.version:", "case c.Version <= e.version:"}}, within(50)},
	// Snapshots.
	{"paxos", "a snapshot forgets the instances after it", "register/disk.go", []edit{
		{"for i := g.open; i != nil; i = i.later {", "for i := g.open; i != nil && false; i = i.later {"}}, within(1650)},
	{"paxos", "a snapshot forgets the latest versions", "register/disk.go", []edit{
		{"if g.version > 0 {", "if g.version > 0 && g.open != nil {"}}, within(50)},
	{"paxos", "the state of a key is told without its sessions", "kv/register.go", []edit{
		{"for _, s := range decoded.Sessions {", "for _, s := range decoded.Sessions[:0] {"}}, within(50)},
	{"paxos", "a state is adopted that is older than what is known", "register/learner.go", []edit{
		{"if version <= g.version || g.state.Restore(state) != nil {", "if g.state.Restore(state) != nil {"}}, within(50)},
	// Revert.
	{"paxos", "a promise is taken back although a value was accepted under it", "register/revert.go", []edit{
		{"\tif p.Phase != Preparing {\n\t\treturn\n\t}\n", ""},
		{" || i.ValueBallot == b || last < 0 {", " {"},
		{"\ti.LastBallot, i.below = i.below[last], i.below[:last]\n", "\ti.LastBallot = 0\n\tif last >= 0 {\n\t\ti.LastBallot, i.below = i.below[last], i.below[:last]\n\t}\n"}}, within(50)},
	{"paxos", "two promises are taken back at once", "register/revert.go", []edit{
		{"\ti.LastBallot, i.below =", "\tlast = max(0, last-1)\n\ti.LastBallot, i.below ="}}, inScenario("paxos-revert")},
	{"paxos", "a promise is taken back for another's sake", "register/revert.go", []edit{
		{"if i.LastBallot != b || i.ValueBallot == b", "if i.ValueBallot == i.LastBallot"}}, within(50)},
	{"paxos", "a ballot that was taken back is used again", "register/proposer.go", []edit{
		{"max(i.LastBallot, i.abandoned, met)", "max(i.LastBallot, met)"}}, inScenario("paxos-revert-restart")},
	{"paxos", "a restart forgets which ballots were taken back", "register/disk.go", []edit{
		{"i.abandoned, i.below = protocols.Ballot(e.Abandoned), nil", "i.below = nil"}}, inScenario("paxos-revert-restart")},
	{"paxos", "a promise that comes after it was taken back counts", "register/proposer.go", []edit{
		{"p.Phase != phase ||", "p.Phase != phase && p.Phase != BackingOff ||"}}, within(5100)},
}
