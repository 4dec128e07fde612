//go:build planted

package lives_test

var paxosBugs = []bug{
	{"paxos", "a prepare lowers the promise", "paxos/acceptor.go", []edit{
		{"if b > i.lastBallot {", "if b != i.lastBallot {"}}, within(3000)},
	{"paxos", "a value is accepted below the promise", "paxos/acceptor.go", []edit{
		{"\tif b >= last && b != i.valueBallot {", "\tlast = min(last, b)\n\tif b != i.valueBallot {"}}, within(3000)},
	{"paxos", "any accepted value is proposed, not that of the highest ballot", "paxos/proposer.go", []edit{
		{"if valueBallot > p.valueBallot {", "if valueBallot > 0 && p.valueBallot == 0 {"}}, within(3000)},
	{"paxos", "a writer proposes its own value whatever was accepted", "paxos/proposer.go", []edit{
		{"if valueBallot > p.valueBallot {", "if valueBallot > p.valueBallot && g.wishes[0].value == nil {"}}, within(3000)},
	{"paxos", "a refused accept counts as an accept", "paxos/proposer.go", []edit{
		{"accepting) {\n\t\treturn\n\t}\n\tif protocols.Ballot(answer.LastBallot) > g.proposal.ballot {", "accepting) {\n\t\treturn\n\t}\n\tif false {"}}, within(3000)},
	{"paxos", "the proposer accepts its own value below its promise", "paxos/proposer.go", []edit{
		{"last > p.ballot {", "last > p.ballot && false {"}}, within(3000)},
	{"paxos", "answers to an earlier ballot count", "paxos/proposer.go", []edit{
		{" && uint64(p.ballot) == m.Ballot", ""}}, within(3000)},
	{"paxos", "the promise is not durable", "paxos/acceptor.go", []edit{
		{"i.lastBallot = b\n\t\tr.persist(g, version, i) // rule 10", "i.lastBallot = b"}}, within(3000)},
	{"paxos", "the accepted value is not durable", "paxos/acceptor.go", []edit{
		{"value: value}\n\t\tr.persist(g, version, i) // rule 10", "value: value}"}}, within(3000)},
	{"paxos", "the first ballot for a version is used again", "paxos/proposer.go", []edit{
		{"max(g.instance(version).lastBallot, met).Next(r.id)", "met.Next(r.id)"}}, within(3000)},
	{"paxos", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, within(3000)},
	{"paxos", "a read ignores what was accepted", "paxos/proposer.go", []edit{
		{"if p.value == nil { // rule 6", "if g.wishes[0].value == nil { // rule 6"}}, within(3000)},
	{"paxos", "a read returns an accepted value before it is chosen", "paxos/proposer.go", []edit{
		{"\tp.phase, p.agreed, p.refused = accepting, 0, 0\n", `	if w := g.wishes[0]; w.value == nil {
		met := kv.NewStore()
		met.Apply(p.value)
		g.proposal = nil
		r.out.StopTimer(g.timer)
		r.answer(g, w.id, met.Read(g.key))
		r.propose(g)
		return
	}
	p.phase, p.agreed, p.refused = accepting, 0, 0
`},
		{"\t\"quorumbench/protocols/quorum\"\n", "\t\"quorumbench/protocols/kv\"\n\t\"quorumbench/protocols/quorum\"\n"}}, within(3000)},
	{"paxos", "a read returns what it helped to choose", "paxos/proposer.go", []edit{
		{"\tr.learn(g, p.version, p.value)\n", `	w := g.wishes[0]
	r.learn(g, p.version, p.value)
	if w.value == nil {
		g.proposal = nil
		r.answer(g, w.id, g.store.Read(g.key))
		r.propose(g)
	}
`}}, within(3000)},
	{"paxos", "a write is answered whatever was chosen", "paxos/proposer.go", []edit{
		{"\tr.learn(g, p.version, p.value)\n", `	if w := g.wishes[0]; w.value != nil {
		r.answer(g, w.id, kv.PutResult)
	}
	r.learn(g, p.version, p.value)
`},
		{"\t\"quorumbench/protocols/quorum\"\n", "\t\"quorumbench/protocols/kv\"\n\t\"quorumbench/protocols/quorum\"\n"}}, within(3000)},
	{"paxos", "quorums need not meet", "quorum/quorum.go", []edit{
		{"return n/2 + 1", "return n / 2"}}, within(3000)},
}
