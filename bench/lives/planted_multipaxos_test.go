//go:build planted

package lives_test

var multipaxosBugs = []bug{
	{"multipaxos", "a new leader does not propose again what was accepted", "multipaxos/election.go", []edit{
		{"\tr.proposeFound()\n", "\tr.log.places = r.log.places[:r.commit-r.log.truncated]\n"}}, within(50)},
	{"multipaxos", "any accepted command is proposed again, not that of the highest ballot", "multipaxos/election.go", []edit{
		{"ballot > r.found.at(p.Index).ballot {", "r.found.at(p.Index).ballot == 0 {"}}, within(2750)},
	{"multipaxos", "the candidate asks only for what is behind its own log", "multipaxos/election.go", []edit{
		{"first := max(r.commit+1, r.told[to])", "first := max(r.log.last()+1, r.told[to])"}}, within(50)},
	{"multipaxos", "gaps are not filled", "multipaxos/recovery.go", []edit{
		{"return !r.chosen(i) && ", "return i.ballot > 0 && !r.chosen(i) && "},
		{"\t\tr.put(first, batch)\n", "\t\tfor i := range batch {\n\t\t\tif batch[i].ballot > 0 {\n\t\t\t\tr.put(first+uint64(i), batch[i:i+1])\n\t\t\t}\n\t\t}\n"}}, within(120)},
	{"multipaxos", "new commands are proposed before those found", "multipaxos/election.go", []edit{
		{"\tr.proposeFound()\n\tr.propose(r.config.ID, r.relay.Waiting()...)\n", "\tr.propose(r.config.ID, r.relay.Waiting()...)\n\tr.proposeFound()\n"}}, within(50)},
	{"multipaxos", "copies under older ballots are taken for chosen", "multipaxos/recovery.go", []edit{
		{"r.log.at(r.commit+1).ballot == r.promised {", "r.log.at(r.commit+1).ballot > 0 {"}}, within(250)},
	{"multipaxos", "copies under older ballots are counted", "multipaxos/election.go", []edit{
		{"\t\t\tr.found.set(p.Index, instance{ballot: ballot, command: p.Command})\n\t\t}\n", `			r.found.set(p.Index, instance{ballot: ballot, command: p.Command, accepted: r.found.at(p.Index).accepted})
		}
		if i := r.found.at(p.Index); bytes.Equal(i.command, p.Command) {
			i.accepted.Add(int32(from))
			r.found.set(p.Index, i)
		}
`}, {"import (\n", "import (\n\t\"bytes\"\n"}}, inScenario("recovery-paxos")},
	{"multipaxos", "answers to an older ballot count", "multipaxos/multipaxos.go", []edit{
		{"if ballot == r.promised { // or", "if true { // or"}}, inScenario("multipaxos-late-answer")},
	{"multipaxos", "the acceptor does not check the ballot", "multipaxos/multipaxos.go", []edit{
		{"if ballot < r.promised { // rule 1", "if false {"}}, within(90)},
	{"multipaxos", "a leader goes on after a higher promise", "multipaxos/election.go", []edit{
		{"pieces sent under another ballot do not count\n\tr.giveUp()\n", "\n\tif r.role != leader {\n\t\tr.giveUp()\n\t}\n"}}, within(50)},
	{"multipaxos", "the promise is not durable", "multipaxos/snapshot.go", []edit{
		{"if r.saved != r.promised {", "if false {"}}, inScenario("multipaxos-promise")},
	{"multipaxos", "the follower's accept is not durable", "multipaxos/normal.go", []edit{
		{"\tif !known {\n", "\tif !known && false {\n"}}, within(50)},
	{"multipaxos", "the leader's accept is not durable", "multipaxos/normal.go", []edit{
		{"\tr.persist(first, commands)\n", ""}}, within(50)},
	{"multipaxos", "a candidate's ballot is used again after a restart", "multipaxos/snapshot.go", []edit{
		{"\tr.promised = protocols.Ballot(record.Ballot)\n\tr.saved = r.promised\n", "\tr.promised = protocols.Ballot(record.Ballot)\n\tr.saved = r.promised\n\tif r.promised.Proposer() == r.config.ID {\n\t\tr.promised = protocols.Ballot(max(uint64(r.promised), protocols.MaxReplicas) - protocols.MaxReplicas)\n\t}\n"}}, within(220)},
	{"multipaxos", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, within(50)},
	{"multipaxos", "what was under way stays so under a new leadership", "relay/relay.go", []edit{
		{"\tclear(r.underway) // rule 4\n", ""}}, inScenario("multipaxos-underway")},
	{"multipaxos", "the phase-1 quorum is too small for flexible quorums", "quorum/quorum.go", []edit{
		{"return n + 1 - size", "return n - size"}}, within(65)},
	{"multipaxos", "an instance below the snapshot is fresh", "multipaxos/election.go", []edit{
		{"answer.Truncated, answer.Next = r.log.truncated, r.log.truncated+1", "answer.Next = r.log.truncated+1"}}, within(65)},
	{"multipaxos", "a promise counts before the snapshot is adopted", "multipaxos/election.go", []edit{
		{"\t\tr.catchUp(from)\n\t\treturn\n", "\t\tr.promises.Add(int32(from))\n"}}, within(65)},
	{"multipaxos", "a snapshot loses the session table", "multipaxos/snapshot.go", []edit{
		{"\tif err := r.store.Restore(state); err != nil {", `	var without kv.Snapshot
	if err := protocols.Decode(state, &without); err != nil {
		return err
	}
	without.Sessions = nil
	state, _ = protocols.Append(nil, &without)
	if err := r.store.Restore(state); err != nil {`},
		{"\t\"quorumbench/protocols\"\n", "\t\"quorumbench/protocols\"\n\t\"quorumbench/protocols/kv\"\n"}}, within(280)},
	{"multipaxos", "nobody is sent the snapshot that it needs", "multipaxos/recovery.go", []edit{
		{"\t\tr.sendPiece(from, m.Snapshot)\n", ""}}, within(50)},
	{"multipaxos", "a snapshot loses what is accepted behind it", "multipaxos/snapshot.go", []edit{
		{"State: state, Accepted: r.proposals(r.applied+1, r.log.last()),", "State: state,"}}, within(50)},
	{"multipaxos", "an adopted state is not durable", "multipaxos/recovery.go", []edit{
		{"\tr.compact(whole)\n", ""}}, within(220)},
}
