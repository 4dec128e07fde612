//go:build planted

package lives_test

var multipaxosBugs = []bug{
	{"multipaxos", "a new leader does not propose again what was accepted", "multipaxos/election.go", []edit{
		{"\tr.proposeFound()\n", "\tr.log = r.log[:r.commit]\n"}}, within(3000)},
	{"multipaxos", "any accepted command is proposed again, not that of the highest ballot", "multipaxos/election.go", []edit{
		{"ballot > r.found.at(place).ballot {", "r.found.at(place).ballot == 0 {"}}, within(3000)},
	{"multipaxos", "the candidate asks only for what is behind its own log", "multipaxos/election.go", []edit{
		{"&Prepare{First: r.commit + 1}", "&Prepare{First: r.log.last() + 1}"}}, within(3000)},
	{"multipaxos", "gaps are not filled", "multipaxos/recovery.go", []edit{
		{"if !r.chosen(i) && ", "if i.ballot > 0 && !r.chosen(i) && "},
		{"\t\tr.put(first, batch...)\n", "\t\tfor i := range batch {\n\t\t\tif batch[i].ballot > 0 {\n\t\t\t\tr.put(first+uint64(i), batch[i])\n\t\t\t}\n\t\t}\n"}}, within(3000)},
	{"multipaxos", "new commands are proposed before those found", "multipaxos/election.go", []edit{
		{"\tr.proposeFound()\n\tfor _, c := range r.relay.Waiting() {\n\t\tr.propose(r.config.ID, c)\n\t}\n", "\tfor _, c := range r.relay.Waiting() {\n\t\tr.propose(r.config.ID, c)\n\t}\n\tr.proposeFound()\n"}}, within(3000)},
	{"multipaxos", "copies under older ballots are taken for chosen", "multipaxos/recovery.go", []edit{
		{"r.log.at(r.commit+1).ballot == r.promised {", "r.log.at(r.commit+1).ballot > 0 {"}}, within(3000)},
	{"multipaxos", "copies under older ballots are counted", "multipaxos/election.go", []edit{
		{"\t\t\tr.found.set(place, instance{ballot: ballot, command: p.Command})\n\t\t}\n", `			r.found.set(place, instance{ballot: ballot, command: p.Command, accepted: r.found.at(place).accepted})
		}
		if i := r.found.at(place); bytes.Equal(i.command, p.Command) {
			i.accepted.Add(int32(from))
			r.found.set(place, i)
		}
`}, {"import (\n", "import (\n\t\"bytes\"\n\n"}}, within(3000)},
	{"multipaxos", "answers to an older ballot count", "multipaxos/multipaxos.go", []edit{
		{"if ballot == r.promised { // or", "if true { // or"}}, within(3000)},
	{"multipaxos", "the acceptor does not check the ballot", "multipaxos/multipaxos.go", []edit{
		{"if ballot < r.promised { // rule 1", "if false {"}}, within(3000)},
	{"multipaxos", "a leader goes on after a higher promise", "multipaxos/election.go", []edit{
		{"\tr.promised = ballot\n\tr.giveUp()\n", "\tr.promised = ballot\n\tif r.role != leader {\n\t\tr.giveUp()\n\t}\n"}}, within(3000)},
	{"multipaxos", "the promise is not durable", "multipaxos/recovery.go", []edit{
		{"if r.saved != r.promised {", "if false {"}}, within(3000)},
	{"multipaxos", "the follower's accept is not durable", "multipaxos/normal.go", []edit{
		{"\tif !known { // else it came twice\n", "\tif false {\n"}}, within(3000)},
	{"multipaxos", "the leader's accept is not durable", "multipaxos/normal.go", []edit{
		{"\tr.persist(first, commands)\n", ""}}, within(3000)},
	{"multipaxos", "a candidate's ballot is used again after a restart", "multipaxos/recovery.go", []edit{
		{"\tr.promised = protocols.Ballot(record.Ballot)\n\tr.saved = r.promised\n", "\tr.promised = protocols.Ballot(record.Ballot)\n\tr.saved = r.promised\n\tif r.promised.Proposer() == r.config.ID {\n\t\tr.promised = protocols.Ballot(max(uint64(r.promised), protocols.MaxReplicas) - protocols.MaxReplicas)\n\t}\n"}}, within(3000)},
	{"multipaxos", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, within(3000)},
	{"multipaxos", "what was under way stays so under a new leadership", "relay/relay.go", []edit{
		{"\tclear(r.underway) // rule 4\n", ""}}, within(3000)},
	{"multipaxos", "quorums need not meet", "quorum/quorum.go", []edit{
		{"return n/2 + 1", "return n / 2"}}, within(3000)},
}
