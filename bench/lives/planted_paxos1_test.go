//go:build planted

package lives_test

var paxos1Bugs = []bug{
	// The proposer's way.
	{"paxos1", "one ballot is sent to both others", "paxos1/travel.go", []edit{
		{"\tr.Send(p.To, g, m)\n", "\tr.Broadcast(g, m)\n"}}, within(50)},
	{"paxos1", "a retry goes to the other replica under the same ballot", "paxos1/travel.go", []edit{
		{"\tr.silent[g.Proposal.To] = true\n", "\tr.silent[g.Proposal.To] = true\n\tif g.Proposal.To == r.peers[0] {\n\t\tr.Begin(g)\n\t\treturn\n\t}\n"}}, within(350)},
	{"paxos1", "the proposer does not prepare at home", "register/proposer.go", []edit{
		{"before := r.Prepare(g, version, b)", "before := r.Promised(g, version)"}}, within(50)},
	{"paxos1", "a retry has no fresh local prepare", "register/proposer.go", []edit{
		{"before := r.Prepare(g, version, b)", "before := r.Promised(g, version)\n\tif met == 0 {\n\t\tr.Prepare(g, version, b)\n\t}"}}, within(250)},
	{"paxos1", "a void answer counts", "paxos1/travel.go", []edit{
		{"last > p.Ballot { // rule 3: void", "last > p.Ballot && false {"}}, within(50)},
	{"paxos1", "an answer to an earlier ballot counts", "register/proposer.go", []edit{
		{" || uint64(p.Ballot) != m.Ballot {", " {"}}, within(100)},
	{"paxos1", "the first ballot for a version is used again", "register/proposer.go", []edit{
		{"max(i.LastBallot, i.abandoned, met).Next(r.ID)", "max(i.abandoned, met).Next(r.ID)"}}, within(400)},
	{"paxos1", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, within(50)},
	// Values.
	{"paxos1", "the other replica does not check the ballot", "paxos1/travel.go", []edit{
		{"if before.LastBallot > b {", "if false {"},
		{"answer := r.Reply(m, register.Kind_PROPOSED, before.LastBallot)", "answer := r.Reply(m, register.Kind_PROPOSED, 0)"}}, within(50)},
	{"paxos1", "the other replica ignores what it has accepted", "paxos1/travel.go", []edit{
		{"if before.ValueBallot > protocols.Ballot(m.ValueBallot) {", "if len(value) == 0 {"}}, within(50)},
	{"paxos1", "what the other replica has accepted wins whatever its ballot", "paxos1/travel.go", []edit{
		{"if before.ValueBallot > protocols.Ballot(m.ValueBallot) {", "if before.ValueBallot > 0 {"}}, within(50)},
	{"paxos1", "a value accepted at home travels without its ballot", "paxos1/travel.go", []edit{
		{"\tm.ValueBallot = uint64(p.ValueBallot)\n", ""}}, within(50)},
	{"paxos1", "a writer leaves what is accepted at home behind", "register/proposer.go", []edit{
		{"\tg.Proposal.Meet(before.ValueBallot, before.Value)\n", "\tif w.Read {\n\t\tg.Proposal.Meet(before.ValueBallot, before.Value)\n\t}\n"}}, within(50)},
	{"paxos1", "the proposer comes home with the value that it left with", "paxos1/travel.go", []edit{
		{"if len(m.Value) > 0 {", "if len(m.Value) > 0 && p.Value == nil {"}}, within(50)},
	{"paxos1", "a read ignores what was accepted", "paxos1/travel.go", []edit{
		{"if p.Value == nil {", "if g.Wish().Read {"}}, within(50)},
	{"paxos1", "a write is answered whatever was chosen", "register/proposer.go", []edit{
		{"\tr.Learn(g, p.Version, p.Value)\n", "\tif w := g.wishes; !w.Read {\n\t\tr.answer(w, kv.PutResult)\n\t}\n\tr.Learn(g, p.Version, p.Value)\n"}}, within(50)},
	// Disk.
	{"paxos1", "the promise is not durable", "register/acceptor.go", []edit{
		{"i.LastBallot = b\n\t\tr.keep(g, i) // rule 10", "i.LastBallot = b"}}, within(700)},
	{"paxos1", "the accepted value is not durable", "register/acceptor.go", []edit{
		{"// rule 11\n\t\tr.keep(g, i)          // rule 10", "// rule 11"}}, within(50)},
	{"paxos1", "a snapshot forgets the instances after it", "register/disk.go", []edit{
		{"for i := g.open; i != nil; i = i.later {", "for i := g.open; i != nil && false; i = i.later {"}}, within(340)},
}
