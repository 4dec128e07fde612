//go:build planted

package lives_test

var bugs = []bug{
	// mmp3: what depends on what.
	{"mmp3", "indirect dependencies are not seen", "mmp3/instance.go", []edit{
		{"\tr.seen.raise(x.deps)\n", ""}}, 3000},
	{"mmp3", "what is seen indirectly is forgotten by a restart", "mmp3/instance.go", []edit{
		{"m.vector(), m.Committed\n\tr.fold(x)\n", "m.vector(), m.Committed\n\tr.seen[x.at.column] = max(r.seen[x.at.column], x.at.lsn+1)\n"}}, 3000},
	{"mmp3", "the acceptor adds no dependencies", "mmp3/propose.go", []edit{
		{"\t\t\tdeps.raise(r.fresh(x.at))\n", ""}}, 3000},
	{"mmp3", "the proposer's dependencies are dropped", "mmp3/propose.go", []edit{
		{"deps := m.vector()\n\t\t\tdeps.raise(r.fresh(x.at))\n", "deps := r.fresh(x.at)\n"}}, 3000},
	{"mmp3", "the acceptor adds dependencies to an accepted value", "mmp3/propose.go", []edit{
		{"} else if x.valueBallot == 0 {", "} else if x.valueBallot > 0 {\n\t\t\tx.deps.raise(r.fresh(x.at))\n\t\t} else {"}}, 3000},
	{"mmp3", "a prepared instance is not visible until it is committed", "mmp3/propose.go", []edit{
		{"deps.raise(r.fresh(x.at))\n", "visible := r.fresh(x.at)\n\t\t\tvisible[r.id] = min(visible[r.id], r.settled)\n\t\t\tdeps.raise(visible)\n"}}, 3000},
	{"mmp3", "a recovered no-op has no dependencies", "mmp3/propose.go", []edit{
		{"\t\t\tdeps.raise(r.fresh(x.at))\n", "\t\t\tif len(m.Command) > 0 {\n\t\t\t\tdeps.raise(r.fresh(x.at))\n\t\t\t}\n"},
		{"\tif x.valueBallot == 0 {\n\t\tx.deps = r.fresh(x.at)", "\tif x.valueBallot == 0 && len(x.command) > 0 {\n\t\tx.deps = r.fresh(x.at)"}}, 3000},
	{"mmp3", "the same proposal again gets other dependencies", "mmp3/propose.go", []edit{
		{"case b == x.valueBallot: // asked again\n", "case b == x.valueBallot:\n\t\tx.deps.raise(r.fresh(x.at))\n\t\tr.keep(x)\n"}}, 3000},
	// mmp3: ballots.
	{"mmp3", "a retry at the other replica has the same ballot", "mmp3/propose.go", []edit{
		{"\tr.prepareAgain(x, max(x.ballot, p.met))\n", "\tif p.refused {\n\t\tr.prepareAgain(x, max(x.ballot, p.met))\n\t}\n"}}, 3000},
	{"mmp3", "the first attempt goes to both others", "mmp3/propose.go", []edit{
		{"\tr.travel(x, r.nearest())\n", "\tr.travel(x, r.nearest())\n\tr.out.Send(r.peers[1], &Message{Kind: &Message_Propose{Propose: x.message()}})\n"}}, 3000},
	{"mmp3", "a void answer counts", "mmp3/propose.go", []edit{
		{" || b != x.proposal.ballot || b != x.ballot {", " || b != x.proposal.ballot {"}}, 3000},
	{"mmp3", "an answer to an abandoned ballot counts", "mmp3/propose.go", []edit{
		{" || b != x.proposal.ballot || b != x.ballot {", " {"}}, 3000},
	{"mmp3", "the acceptor does not check the ballot", "mmp3/propose.go", []edit{
		{"case b < x.ballot:", "case false:"}}, 3000},
	{"mmp3", "the proposer does not raise its own promise when it retries", "mmp3/propose.go", []edit{
		{"\tx.ballot = met.Next(protocols.NodeID(r.id))\n\tx.proposal.ballot = x.ballot\n", "\tx.proposal.ballot = met.Next(protocols.NodeID(r.id))\n"},
		{"b != x.proposal.ballot || b != x.ballot {", "b != x.proposal.ballot || b < x.ballot {"},
		{"\tr.out.Send(to, &Message{Kind: &Message_Propose{Propose: x.message()}})\n", "\tm := x.message()\n\tm.Ballot = uint64(p.ballot)\n\tr.out.Send(to, &Message{Kind: &Message_Propose{Propose: m}})\n"}}, 3000},
	{"mmp3", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, 3000},
	// mmp3: values.
	{"mmp3", "recovery ignores an accepted value", "mmp3/recover.go", []edit{
		{"\t\t\tx.proposal = &proposal{}\n", "\t\t\tx.proposal = &proposal{}\n\t\t\tx.command, x.valueBallot = nil, 0\n"}}, 3000},
	{"mmp3", "the acceptor ignores the value it has accepted", "mmp3/propose.go", []edit{
		{"} else if x.valueBallot == 0 {", "} else {"}}, 3000},
	{"mmp3", "the proposer's accepted value wins whatever its ballot", "mmp3/propose.go", []edit{
		{"theirs > x.valueBallot {", "theirs > 0 {"}}, 3000},
	{"mmp3", "the acceptor takes what the proposer has accepted for committed", "mmp3/propose.go", []edit{
		{"\t\t\tx.command, x.deps = m.Command, m.vector()\n", "\t\t\tx.command, x.deps, x.committed = m.Command, m.vector(), true\n"}}, 3000},
	{"mmp3", "a retry sends the state from before its own promise", "mmp3/propose.go", []edit{
		{"\ttries   int\n", "\ttries   int\n\tbefore  *Instance\n"},
		{"\tr.out.Send(to, &Message{Kind: &Message_Propose{Propose: x.message()}})\n",
			"\tm := x.message()\n\tif p.before != nil {\n\t\tm.ValueBallot, m.Command, m.Deps = p.before.ValueBallot, p.before.Command, p.before.Deps\n\t}\n\tp.before = x.message()\n\tr.out.Send(to, &Message{Kind: &Message_Propose{Propose: m}})\n"}}, 3000},
	{"mmp3", "a write whose place went to a no-op counts as committed", "mmp3/propose.go", []edit{
		{"w != nil && !bytes.Equal(x.command, w.command) {", "w != nil && !bytes.Equal(x.command, w.command) && len(x.command) > 0 {"}}, 3000},
	// mmp3: applying and answering.
	{"mmp3", "heads that are not committed are passed over", "mmp3/apply.go", []edit{
		{"if head == nil || !head.committed {\n\t\t\t\treturn nil", "if head == nil || !head.committed {\n\t\t\t\tcontinue"}}, 3000},
	{"mmp3", "ties are broken in favour of the own column", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if n < smallest || n == smallest && c == r.id {"}}, 3000},
	{"mmp3", "the smallest column is applied, whatever its n", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if best == nil && n < smallest {"}}, 3000},
	{"mmp3", "the largest n is applied", "mmp3/apply.go", []edit{
		{"if n < smallest {", "if best == nil || n > smallest {"}}, 3000},
	{"mmp3", "n counts dependencies that are applied", "mmp3/apply.go", []edit{
		{"\t\t\t\t\tn++\n", ""},
		{"\t\t\t\tif head.deps[k] > r.applied[k] {", "\t\t\t\tif head.deps[k] > 0 {\n\t\t\t\t\tn++\n\t\t\t\t}\n\t\t\t\tif head.deps[k] > r.applied[k] {"}}, 3000},
	{"mmp3", "only direct dependencies are followed", "mmp3/apply.go", []edit{
		{"again = again || !reached[k]", "again = again || !reached[k] && c == start"},
		{"reached[k] = true", "reached[k] = reached[k] || c == start"}}, 3000},
	{"mmp3", "a write is answered at its own commit", "mmp3/propose.go", []edit{
		{"\t\tr.settle()\n\t}\n\tr.apply()", "\t\tif w := r.placed[x.at.lsn]; w != nil && !w.read {\n\t\t\tr.answer(w, kv.PutResult)\n\t\t}\n\t\tr.settle()\n\t}\n\tr.apply()"}}, 3000},
	{"mmp3", "a read is served from the replica's own state", "mmp3/propose.go", []edit{
		{"\tif r.wishes[id] != nil {\n", "\tif command.Op == kv.Op_GET {\n\t\tr.out.Answer(id, r.store.Read(command.Key))\n\t\treturn\n\t}\n\tif r.wishes[id] != nil {\n"}}, 3000},
	// mmp3: disk and recovery.
	{"mmp3", "the local prepare is not durable", "mmp3/propose.go", []edit{
		{"x.proposal = &proposal{ballot: x.ballot}\n\tr.keep(x)", "x.proposal = &proposal{ballot: x.ballot}\n\tr.fold(x)"}}, 3000},
	{"mmp3", "the promise of a retry is not durable", "mmp3/propose.go", []edit{
		{"\t\tx.deps = r.fresh(x.at)\n\t}\n\tr.keep(x)", "\t\tx.deps = r.fresh(x.at)\n\t}\n\tr.fold(x)"}}, 3000},
	{"mmp3", "the acceptor's accept is not durable", "mmp3/propose.go", []edit{
		{"x.ballot, x.valueBallot = b, b\n\t\tr.keep(x)", "x.ballot, x.valueBallot = b, b\n\t\tr.fold(x)"}}, 3000},
	{"mmp3", "the proposer's accept is not durable", "mmp3/propose.go", []edit{
		{"r.out.StopTimer(timerOf(x.at))\n\t}\n\tr.keep(x)", "r.out.StopTimer(timerOf(x.at))\n\t}\n\tr.fold(x)"}}, 3000},
	{"mmp3", "recovery passes over instances without a record", "mmp3/recover.go", []edit{
		{"x := r.open(position{c, lsn})\n\t\t\tif x.committed", "x := r.get(position{c, lsn})\n\t\t\tif x == nil || x.committed"}}, 3000},
	{"mmp3", "nothing is recovered", "mmp3/recover.go", []edit{
		{"\tr.sweeping = false\n", "\treturn\n"}}, 3000},
	// The state machine, which all drivers share.
	{"mmp3", "a command that is committed twice takes effect twice", "kv/kv.go", []edit{
		{"if result, done := sess.results[c.Seq]; done {", "if result, done := sess.results[c.Seq]; done && c.Op == Op_GET {"}}, 3000},
	{"mmp3", "commands of one client that overtake each other are dropped", "kv/kv.go", []edit{
		{"\tif result, done := sess.results[c.Seq]; done {", "\tfor seq := range sess.results {\n\t\tif seq > c.Seq {\n\t\t\treturn id, nil\n\t\t}\n\t}\n\tif result, done := sess.results[c.Seq]; done {"}}, 3000},

	// paxos.
	{"paxos", "a prepare lowers the promise", "paxos/acceptor.go", []edit{
		{"if b > i.lastBallot {", "if b != i.lastBallot {"}}, 3000},
	{"paxos", "a value is accepted below the promise", "paxos/acceptor.go", []edit{
		{"\tif b >= last && b != i.valueBallot {", "\tlast = min(last, b)\n\tif b != i.valueBallot {"}}, 3000},
	{"paxos", "any accepted value is proposed, not that of the highest ballot", "paxos/proposer.go", []edit{
		{"if valueBallot > p.valueBallot {", "if valueBallot > 0 && p.valueBallot == 0 {"}}, 3000},
	{"paxos", "a writer proposes its own value whatever was accepted", "paxos/proposer.go", []edit{
		{"if valueBallot > p.valueBallot {", "if valueBallot > p.valueBallot && g.wishes[0].value == nil {"}}, 3000},
	{"paxos", "a refused accept counts as an accept", "paxos/proposer.go", []edit{
		{"accepting) {\n\t\treturn\n\t}\n\tif protocols.Ballot(answer.LastBallot) > g.proposal.ballot {", "accepting) {\n\t\treturn\n\t}\n\tif false {"}}, 3000},
	{"paxos", "the proposer accepts its own value below its promise", "paxos/proposer.go", []edit{
		{"last > p.ballot {", "last > p.ballot && false {"}}, 3000},
	{"paxos", "answers to an earlier ballot count", "paxos/proposer.go", []edit{
		{" && uint64(p.ballot) == m.Ballot", ""}}, 3000},
	{"paxos", "the promise is not durable", "paxos/acceptor.go", []edit{
		{"i.lastBallot = b\n\t\tr.persist(g, version, i) // rule 10", "i.lastBallot = b"}}, 3000},
	{"paxos", "the accepted value is not durable", "paxos/acceptor.go", []edit{
		{"value: value}\n\t\tr.persist(g, version, i) // rule 10", "value: value}"}}, 3000},
	{"paxos", "the first ballot for a version is used again", "paxos/proposer.go", []edit{
		{"max(g.instance(version).lastBallot, met).Next(r.id)", "met.Next(r.id)"}}, 3000},
	{"paxos", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, 3000},
	{"paxos", "a read ignores what was accepted", "paxos/proposer.go", []edit{
		{"if p.value == nil { // rule 6", "if g.wishes[0].value == nil { // rule 6"}}, 3000},
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
		{"\t\"quorumbench/protocols/quorum\"\n", "\t\"quorumbench/protocols/kv\"\n\t\"quorumbench/protocols/quorum\"\n"}}, 3000},
	{"paxos", "a read returns what it helped to choose", "paxos/proposer.go", []edit{
		{"\tr.learn(g, p.version, p.value)\n", `	w := g.wishes[0]
	r.learn(g, p.version, p.value)
	if w.value == nil {
		g.proposal = nil
		r.answer(g, w.id, g.store.Read(g.key))
		r.propose(g)
	}
`}}, 3000},
	{"paxos", "a write is answered whatever was chosen", "paxos/proposer.go", []edit{
		{"\tr.learn(g, p.version, p.value)\n", `	if w := g.wishes[0]; w.value != nil {
		r.answer(g, w.id, kv.PutResult)
	}
	r.learn(g, p.version, p.value)
`},
		{"\t\"quorumbench/protocols/quorum\"\n", "\t\"quorumbench/protocols/kv\"\n\t\"quorumbench/protocols/quorum\"\n"}}, 3000},
	{"paxos", "quorums need not meet", "quorum/quorum.go", []edit{
		{"return n/2 + 1", "return n / 2"}}, 3000},

	// multipaxos.
	{"multipaxos", "a new leader does not propose again what was accepted", "multipaxos/election.go", []edit{
		{"\tr.proposeFound()\n", "\tr.log = r.log[:r.commit]\n"}}, 3000},
	{"multipaxos", "any accepted command is proposed again, not that of the highest ballot", "multipaxos/election.go", []edit{
		{"ballot > r.found.at(place).ballot {", "r.found.at(place).ballot == 0 {"}}, 3000},
	{"multipaxos", "the candidate asks only for what is behind its own log", "multipaxos/election.go", []edit{
		{"&Prepare{First: r.commit + 1}", "&Prepare{First: r.log.last() + 1}"}}, 3000},
	{"multipaxos", "gaps are not filled", "multipaxos/recovery.go", []edit{
		{"if !r.chosen(i) && ", "if i.ballot > 0 && !r.chosen(i) && "},
		{"\t\tr.put(first, batch...)\n", "\t\tfor i := range batch {\n\t\t\tif batch[i].ballot > 0 {\n\t\t\t\tr.put(first+uint64(i), batch[i])\n\t\t\t}\n\t\t}\n"}}, 3000},
	{"multipaxos", "new commands are proposed before those found", "multipaxos/election.go", []edit{
		{"\tr.proposeFound()\n\tfor _, c := range r.relay.Waiting() {\n\t\tr.propose(r.config.ID, c)\n\t}\n", "\tfor _, c := range r.relay.Waiting() {\n\t\tr.propose(r.config.ID, c)\n\t}\n\tr.proposeFound()\n"}}, 3000},
	{"multipaxos", "copies under older ballots are taken for chosen", "multipaxos/recovery.go", []edit{
		{"r.log.at(r.commit+1).ballot == r.promised {", "r.log.at(r.commit+1).ballot > 0 {"}}, 3000},
	{"multipaxos", "copies under older ballots are counted", "multipaxos/election.go", []edit{
		{"\t\t\tr.found.set(place, instance{ballot: ballot, command: p.Command})\n\t\t}\n", `			r.found.set(place, instance{ballot: ballot, command: p.Command, accepted: r.found.at(place).accepted})
		}
		if i := r.found.at(place); bytes.Equal(i.command, p.Command) {
			i.accepted.Add(int32(from))
			r.found.set(place, i)
		}
`}, {"import (\n", "import (\n\t\"bytes\"\n\n"}}, 3000},
	{"multipaxos", "answers to an older ballot count", "multipaxos/multipaxos.go", []edit{
		{"if ballot == r.promised { // or", "if true { // or"}}, 3000},
	{"multipaxos", "the acceptor does not check the ballot", "multipaxos/multipaxos.go", []edit{
		{"if ballot < r.promised { // rule 1", "if false {"}}, 3000},
	{"multipaxos", "a leader goes on after a higher promise", "multipaxos/election.go", []edit{
		{"\tr.promised = ballot\n\tr.giveUp()\n", "\tr.promised = ballot\n\tif r.role != leader {\n\t\tr.giveUp()\n\t}\n"}}, 3000},
	{"multipaxos", "the promise is not durable", "multipaxos/recovery.go", []edit{
		{"if r.saved != r.promised {", "if false {"}}, 3000},
	{"multipaxos", "the follower's accept is not durable", "multipaxos/normal.go", []edit{
		{"\tif !known { // else it came twice\n", "\tif false {\n"}}, 3000},
	{"multipaxos", "the leader's accept is not durable", "multipaxos/normal.go", []edit{
		{"\tr.persist(first, commands)\n", ""}}, 3000},
	{"multipaxos", "a candidate's ballot is used again after a restart", "multipaxos/recovery.go", []edit{
		{"\tr.promised = protocols.Ballot(record.Ballot)\n\tr.saved = r.promised\n", "\tr.promised = protocols.Ballot(record.Ballot)\n\tr.saved = r.promised\n\tif r.promised.Proposer() == r.config.ID {\n\t\tr.promised = protocols.Ballot(max(uint64(r.promised), protocols.MaxReplicas) - protocols.MaxReplicas)\n\t}\n"}}, 3000},
	{"multipaxos", "ballots do not tell proposers apart", "ballot.go", []edit{
		{"round*MaxReplicas + uint64(proposer)", "round * MaxReplicas"}}, 3000},
	{"multipaxos", "what was under way stays so under a new leadership", "relay/relay.go", []edit{
		{"\tclear(r.underway) // rule 4\n", ""}}, 3000},
	{"multipaxos", "quorums need not meet", "quorum/quorum.go", []edit{
		{"return n/2 + 1", "return n / 2"}}, 3000},

	// raft.
	{"raft", "no election restriction", "raft/election.go", []edit{
		{"!r.log.outdates(m.LastIndex, m.LastTerm) // rule 3", "true"}}, 3000},
	{"raft", "an older term's entry is committed by counting", "raft/normal.go", []edit{
		{"if r.log.term(index) == r.term { // rule 7", "if true {"}}, 3000},
	{"raft", "the vote is forgotten by a restart", "raft/recovery.go", []edit{
		{"votedFor: protocols.NodeID(kind.State.VotedFor)}", "votedFor: protocols.Nobody}"}}, 3000},
	{"raft", "two votes in a term", "raft/election.go", []edit{
		{"\t\t(r.votedFor == protocols.Nobody || r.votedFor == from) && // rule 2\n", ""}}, 3000},
	{"raft", "term and vote are not durable", "raft/recovery.go", []edit{
		{"if r.saved == r.state {", "if true {"}}, 3000},
	{"raft", "entries are not durable", "raft/recovery.go", []edit{
		{"\tr.out.Persist(&Record{Kind: &Record_Entries{Entries: &Entries{First: first, Entries: entries}}})\n", ""}}, 3000},
	{"raft", "a late append shortens the log", "raft/recovery.go", []edit{
		{"!r.log.holds(index, e.Term) {", "e != nil {"}}, 3000},
	{"raft", "entries are appended behind an entry of another term", "raft/normal.go", []edit{
		{"case !r.log.holds(m.PrevIndex, m.PrevTerm): // rule 5", "case false:"}}, 3000},
	{"raft", "answers of an older term count", "raft/raft.go", []edit{
		{"if m.Term < r.term { // rule 1\n\t\treturn", "if false {\n\t\treturn"}}, 3000},
	{"raft", "requests of an older term are followed", "raft/normal.go", []edit{
		{"\tif term < r.term {", "\tif false {"}}, 3000},
	{"raft", "a leader does not step down", "raft/election.go", []edit{
		{"\tr.follow(protocols.Nobody)\n}", "\tif r.role != leader {\n\t\tr.follow(protocols.Nobody)\n\t}\n}"}}, 3000},
	{"raft", "early appends outlive their term", "raft/election.go", []edit{
		{"\tclear(r.early)\n", ""}}, 3000},
	{"raft", "quorums need not meet", "quorum/quorum.go", []edit{
		{"return n/2 + 1", "return n / 2"}}, 3000},
	{"raft", "a command that is committed twice takes effect twice", "kv/kv.go", []edit{
		{"if result, done := sess.results[c.Seq]; done {", "if result, done := sess.results[c.Seq]; done && c.Op == Op_GET {"}}, 3000},
}
