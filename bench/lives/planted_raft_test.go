//go:build planted

package lives_test

var raftBugs = []bug{
	{"raft", "no election restriction", "raft/election.go", []edit{
		{"behind := r.log.outdates(m.LastIndex, m.LastTerm)", "behind := false"}}, within(60)},
	{"raft", "an older term's entry is committed by counting", "raft/normal.go", []edit{
		{"if r.log.term(index) == r.term { // rule 7", "if index > 0 {"}}, inScenario("recovery-raft")},
	{"raft", "the vote is forgotten by a restart", "raft/disk.go", []edit{
		{"protocols.NodeID(m.GetVotedFor())", "protocols.Nobody"}}, inScenario("raft-revert-step")},
	{"raft", "two votes in a term", "raft/election.go", []edit{
		{"term == r.term && (r.votedFor == protocols.Nobody || r.votedFor == from) // rule 2", "term == r.term"}}, within(200)},
	{"raft", "term and vote are not durable", "raft/disk.go", []edit{
		{"if r.saved == r.state {", "if true {"}}, within(800)},
	{"raft", "entries are not durable", "raft/disk.go", []edit{
		{"\tr.out.Persist(&Record{Kind: &Record_Entries{Entries: &Entries{First: first, Entries: entries}}})\n", ""}}, within(50)},
	{"raft", "a late append shortens the log", "raft/normal.go", []edit{
		{"!r.log.holds(index, e.Term) {", "e != nil {"}}, within(50)},
	{"raft", "entries are appended behind an entry of another term", "raft/normal.go", []edit{
		{"case !r.log.holds(m.PrevIndex, m.PrevTerm): // rule 5", "case false:"}}, within(700)},
	{"raft", "requests of an older term are followed", "raft/election.go", []edit{
		{"\tif term < r.term {", "\tif false {"}}, within(2600)},
	{"raft", "a leader does not step down", "raft/election.go", []edit{
		{"\tr.deposed()\n\tr.follow(protocols.Nobody)\n", "\tif r.role != leader {\n\t\tr.follow(protocols.Nobody)\n\t}\n"}}, within(50)},
	{"raft", "early appends outlive their term", "raft/election.go", []edit{
		{"\tr.early = early{}\n", ""}}, within(1200)},
	{"raft", "quorums need not meet", "quorum/quorum.go", []edit{
		{"return n/2 + 1", "return n / 2"}}, within(70)},
	{"raft", "a command that is committed twice takes effect twice", "kv/session.go", []edit{
		{"if result, done := s.result(c.Seq); done {", "if result, done := s.result(c.Seq); done && c.Op == Op_GET {"}}, within(50)},

	// Snapshots.
	{"raft", "a snapshot loses the sessions", "kv/kv.go", []edit{
		{"\t\tsnapshot.Sessions = append(snapshot.Sessions, s.sessions[client].message())\n", "\t\t_ = client\n"}}, within(800)},
	{"raft", "nobody is told of the snapshot that it needs", "raft/normal.go", []edit{
		{"\t\tr.sendHead(to)\n", ""}}, within(50)},
	{"raft", "a snapshot loses the entries that it does not cover", "raft/disk.go", []edit{
		{", Entries: r.log.entries,\n", ", Entries: r.log.entries[:r.commit-r.log.base],\n"}}, within(50)},
	{"raft", "a snapshot that comes late takes what is applied back", "raft/snapshot.go", []edit{
		{"if m.Piece.Index <= r.commit {", "if m.Piece.Index == r.commit {"}}, within(1800)},
	{"raft", "an installed snapshot is not durable", "raft/snapshot.go", []edit{
		{"\tr.saveSnapshot()\n\tr.out.Measure(\"installed", "\tr.out.Measure(\"installed"}}, within(1400)},
	{"raft", "entries are removed that no snapshot covers", "raft/snapshot.go", []edit{
		{"\tr.snapshot = snapshot{index: r.commit, term: r.log.term(r.commit), data: r.store.Snapshot()}\n\tr.grown = 0\n",
			"\told := r.snapshot\n\tr.snapshot = snapshot{index: r.commit, term: r.log.term(r.commit), data: r.store.Snapshot()}\n\tif r.grown = 0; old.index > 0 {\n\t\tr.snapshot.data = old.data\n\t}\n"}}, within(50)},

	// Reads.
	{"raft", "a new leader reads before it has committed an entry of its term", "raft/reads.go", []edit{
		{"if r.log.term(r.commit) != r.term { // rule 16", "if false {"}}, within(50)},
	{"raft", "a read waits for no round", "raft/reads.go", []edit{
		{"return p.confirmed >= read.round", "return r.round > 0 || p != nil"}}, inScenario("raft-read-index")},
	{"raft", "a read takes the confirmations of a round before it", "raft/reads.go", []edit{
		{"round: r.round + 1})", "round: r.round})"}}, inScenario("raft-read-index")},
	{"raft", "a lease has no end", "raft/reads.go", []edit{
		{"return r.now-p.renewed < r.lease()", "return p.confirmed > 0"}}, inScenario("raft-lease")},
	{"raft", "a lease begins with the answer", "raft/reads.go", []edit{
		{"m.Round, time.Duration(m.BeganNs)", "m.Round, r.now"}}, inScenario("raft-lease")},
	{"raft", "those who grant a lease elect another", "raft/checkquorum.go", []edit{
		{"return r.checksQuorum && !m.Transfer && r.hearsLeader()", "return false"}}, inScenario("raft-lease")},
	{"raft", "a lease is forgotten by a restart", "raft/election.go", []edit{
		{"\t\tr.heard = r.now\n\t} else", "\t} else"}}, inScenario("raft-lease")},

	// Revert.
	{"raft", "a term is taken back in which its leader was heard", "raft/revert.go", []edit{
		{"{ r.before = r.before[:0] }", "{}"}}, inScenario("raft-revert-accepted")},
	{"raft", "a term is taken back to the oldest pair", "raft/revert.go", []edit{
		{"\tr.pair, r.before = r.before[last], r.before[:last]\n", "\tr.pair, r.before = r.before[0], r.before[:min(0, last)]\n"}}, inScenario("raft-revert-step")},
	{"raft", "a revert is matched by its term alone", "raft/revert.go", []edit{
		{"r.pair == back &&", "r.term == m.Abandoned &&"}}, inScenario("raft-revert-late")},
	{"raft", "a leader takes its own term back", "raft/revert.go", []edit{
		{"!r.reverts || r.role != candidate {", "!r.reverts || r.role < candidate {"},
		{"{ r.before = r.before[:0] }", "{\n\tif r.role != leader {\n\t\tr.before = r.before[:0]\n\t}\n}"},
		{"last := len(r.before) - 1; r.role == candidate && last >= 0", "last := len(r.before) - 1; r.role >= candidate && last >= 0"}}, within(2600)},
	{"raft", "a replica stands again in a term that it has abandoned", "raft/election.go", []edit{
		{"r.stood = max(r.term, r.stood) + 1 ", "r.stood = r.term + 1 "}}, inScenario("raft-revert-step")},
	{"raft", "a grant counts that comes after the revert", "raft/election.go", []edit{
		{"standing := r.role == candidate && m.Asked == r.term", "standing := r.role == candidate"}}, within(3000)},
	{"raft", "a revert is obeyed whatever the pair", "raft/revert.go", []edit{
		{"if r.pair == back && len(r.before) > 0 {", "if len(r.before) > 0 {"}}, inScenario("raft-revert-late")},

	// Transfer.
	{"raft", "who is told to stand leads without an election", "raft/transfer.go", []edit{
		{"\tif r.role == follower && r.relay.Leader() == from {\n\t\tr.campaigned = r.now\n\t\tr.stand(true)\n", "\tif r.role == follower && r.relay.Leader() == from {\n\t\tr.role = candidate\n\t\tr.lead()\n"}}, within(50)},
}
