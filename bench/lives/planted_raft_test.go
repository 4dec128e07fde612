//go:build planted

package lives_test

var raftBugs = []bug{
	{"raft", "no election restriction", "raft/election.go", []edit{
		{"!r.log.outdates(m.LastIndex, m.LastTerm) // rule 3", "true"}}, within(3000)},
	{"raft", "an older term's entry is committed by counting", "raft/normal.go", []edit{
		{"if r.log.term(index) == r.term { // rule 7", "if true {"}}, within(3000)},
	{"raft", "the vote is forgotten by a restart", "raft/recovery.go", []edit{
		{"votedFor: protocols.NodeID(kind.State.VotedFor)}", "votedFor: protocols.Nobody}"}}, within(3000)},
	{"raft", "two votes in a term", "raft/election.go", []edit{
		{"\t\t(r.votedFor == protocols.Nobody || r.votedFor == from) && // rule 2\n", ""}}, within(3000)},
	{"raft", "term and vote are not durable", "raft/recovery.go", []edit{
		{"if r.saved == r.state {", "if true {"}}, within(3000)},
	{"raft", "entries are not durable", "raft/recovery.go", []edit{
		{"\tr.out.Persist(&Record{Kind: &Record_Entries{Entries: &Entries{First: first, Entries: entries}}})\n", ""}}, within(3000)},
	{"raft", "a late append shortens the log", "raft/recovery.go", []edit{
		{"!r.log.holds(index, e.Term) {", "e != nil {"}}, within(3000)},
	{"raft", "entries are appended behind an entry of another term", "raft/normal.go", []edit{
		{"case !r.log.holds(m.PrevIndex, m.PrevTerm): // rule 5", "case false:"}}, within(3000)},
	{"raft", "answers of an older term count", "raft/raft.go", []edit{
		{"if m.Term < r.term { // rule 1\n\t\treturn", "if false {\n\t\treturn"}}, within(3000)},
	{"raft", "requests of an older term are followed", "raft/normal.go", []edit{
		{"\tif term < r.term {", "\tif false {"}}, within(3000)},
	{"raft", "a leader does not step down", "raft/election.go", []edit{
		{"\tr.follow(protocols.Nobody)\n}", "\tif r.role != leader {\n\t\tr.follow(protocols.Nobody)\n\t}\n}"}}, within(3000)},
	{"raft", "early appends outlive their term", "raft/election.go", []edit{
		{"\tclear(r.early)\n", ""}}, within(3000)},
	{"raft", "quorums need not meet", "quorum/quorum.go", []edit{
		{"return n/2 + 1", "return n / 2"}}, within(3000)},
	{"raft", "a command that is committed twice takes effect twice", "kv/kv.go", []edit{
		{"if result, done := sess.results[c.Seq]; done {", "if result, done := sess.results[c.Seq]; done && c.Op == Op_GET {"}}, within(3000)},
}
