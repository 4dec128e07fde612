package raft_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/prototest/leadertest"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/raft"
)

// desk holds one replica, replica 0 of a cluster, and plays all the others by hand.
type desk struct {
	t       *testing.T
	node    protocols.Node
	out     protocols.Outbox
	disk    [][]byte // what it has persisted
	commits []uint64
	now     time.Duration
	busy    bool     // its disk: what it writes is not durable yet
	notices []uint64 // of what will be
	// The replica's first timer is that of the election.
	electionTimer protocols.TimerID
}

// newDesk restores a replica whose log has entries of the given terms, and starts it.
func newDesk(t *testing.T, replicas int, term uint64, terms ...uint64) *desk {
	return newDeskWith(t, nil, replicas, term, terms...)
}

// newDeskWith does so with options.
func newDeskWith(t *testing.T, options protocols.Choices, replicas int, term uint64, terms ...uint64) *desk {
	return newDeskAmong(t, 0, options, replicas, term, terms...)
}

// newDeskAmong does so with witnesses.
func newDeskAmong(t *testing.T, witnesses quorum.Set, options protocols.Choices, replicas int, term uint64, terms ...uint64) *desk {
	d := &desk{t: t}
	d.make(replicas, options, witnesses)
	d.restore(&raft.Record{Kind: &raft.Record_State{State: &raft.State{Term: term, VotedFor: -1}}})
	if len(terms) > 0 {
		d.restore(&raft.Record{Kind: &raft.Record_Entries{Entries: &raft.Entries{First: 1, Entries: entriesOf(terms...)}}})
	}
	d.start()
	return d
}

// make makes a replica that has not started.
func (d *desk) make(replicas int, options protocols.Choices, witnesses quorum.Set) {
	delays := make(protocols.Delays, replicas)
	for i := range delays {
		delays[i] = make([]time.Duration, replicas)
	}
	d.node = raft.Driver.New(raft.Driver.MustComplete(protocols.Config{ID: 0, Members: protocols.Members(replicas), Leader: 1, Delays: delays,
		Options: options, Witnesses: witnesses, SnapshotEvery: 100, SnapshotStep: 1 << 30}))
}

func (d *desk) start() {
	d.step(protocols.Input{Kind: protocols.InputStart})
	if len(d.out.Timers) > 0 { // a witness has none
		d.electionTimer = d.out.Timers[0].ID
	}
}

// entriesOf returns no-ops of the given terms.
func entriesOf(terms ...uint64) []*raft.Entry {
	var entries []*raft.Entry
	for _, term := range terms {
		entries = append(entries, &raft.Entry{Term: term})
	}
	return entries
}

func (d *desk) restore(record *raft.Record) {
	data, err := proto.Marshal(record)
	if err != nil {
		d.t.Fatal(err)
	}
	d.disk = append(d.disk, data)
	d.step(protocols.Input{Kind: protocols.InputRestore, Data: data})
}

func (d *desk) step(in protocols.Input) {
	d.out.Reset()
	in.Now = d.now
	d.node.Step(&in, &d.out)
	if d.busy {
		d.notices = append(d.notices, d.out.Notices...)
		d.out.Notices = nil
	}
	for i := 0; i < len(d.out.Notices); i++ { // a disk that is not busy takes no time
		d.node.Step(&protocols.Input{Kind: protocols.InputDurable, Now: d.now, Notice: d.out.Notices[i]}, &d.out)
	}
	for _, s := range d.out.Sends {
		var m raft.Message
		if s.Now && (protocols.Decode(s.Data, &m) != nil || m.GetAppendEntries() == nil) {
			d.t.Errorf("%v does not wait for the disk; only the entries of a leader may", &m)
		}
	}
	for _, record := range d.out.Records {
		if record.Snapshot {
			d.disk = nil
		}
		d.disk = append(d.disk, slices.Clone(record.Data))
	}
	for _, c := range d.out.Commits {
		d.commits = append(d.commits, c.Slot.Index)
	}
}

// A leader sends its entries while its own disk is busy, and counts itself only when they are durable: with
// the disk of one of three busy, both followers are needed.
func TestALeaderCountsItselfWhenItsDiskIsDone(t *testing.T) {
	const ms = time.Millisecond
	delays := protocols.Delays{{0, 10 * ms, 30 * ms}, {10 * ms, 0, 10 * ms}, {30 * ms, 10 * ms, 0}}
	for _, c := range []struct{ persist, want time.Duration }{
		{0, 20 * ms},         // the nearest follower's answer decides
		{5 * ms, 25 * ms},    // it writes, too, before it answers; the leader has written long since
		{100 * ms, 120 * ms}, // the leader and the nearest follower; the leader began 10 ms earlier
	} {
		cluster := prototest.NewCluster(t, raft.Driver, prototest.Network{Delays: delays}, 0, 1)
		cluster.Run(5 * time.Second)
		cluster.Network.Persist = c.persist
		id := cluster.Put(0, 1, "k", "v")
		cluster.RunUntilAnswered(5 * time.Second)
		if got := cluster.Answers[id].Latency; got != c.want {
			t.Errorf("a disk that takes %v: a write takes %v, want %v", c.persist, got, c.want)
		}
		cluster.Run(cluster.Now() + time.Second)
		cluster.CheckConverged()
	}
}

// Who is a quorum by itself elects itself in one step. It sends nothing of its term before that is durable: if it crashes, it uses the term
// again, for other entries at the same places, which the followers would take for those that they have (rule 4).
func TestTheTermOfALoneQuorumIsDurable(t *testing.T) {
	driver := raft.Driver
	driver.Quorums = func(c protocols.Config) quorum.Roles {
		one := func(id int32, weight int) quorum.Part { return quorum.Part{System: quorum.One(id), Weight: weight} }
		s := quorum.MajorityOf(one(0, 3), one(1, 1), one(2, 1))
		return quorum.Roles{quorum.Election: s, quorum.Write: s}
	}
	const ms = time.Millisecond
	for seed := uint64(1); seed <= 5; seed++ {
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: leadertest.Even(3, 10*ms), Persist: 20 * ms}, 0, seed)
		c.Put(0, 1, "k", "x")
		c.Run(15 * ms) // what has left at once has arrived, and nothing is on disk
		c.Crash(0)
		c.Restart(0)
		c.Run(c.Now() + time.Second)
		c.Put(0, 2, "k", "y")
		c.Run(c.Now() + 5*time.Second)
		c.CheckConverged()
	}
}

// written ends what the disk was busy with.
func (d *desk) written() {
	d.busy = false
	for _, notice := range d.notices {
		d.step(protocols.Input{Kind: protocols.InputDurable, Notice: notice})
	}
	d.notices = nil
}

// tell hands the replica a message and returns its answers.
func (d *desk) tell(from protocols.NodeID, m *raft.Message) []*raft.Message {
	d.t.Helper()
	d.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: d.encoded(m)})
	return d.sent(from)
}

func (d *desk) encoded(m *raft.Message) []byte {
	d.t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

func (d *desk) sent(to protocols.NodeID) []*raft.Message {
	var sent []*raft.Message
	for _, s := range d.out.Sends {
		if s.To != to {
			continue
		}
		m := &raft.Message{}
		if err := protocols.Decode(s.Data, m); err != nil {
			d.t.Fatal(err)
		}
		sent = append(sent, m)
	}
	return sent
}

// stand lets the election timeout pass.
func (d *desk) stand() {
	d.now += time.Hour
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer})
}

func (d *desk) expectCommits(want ...uint64) {
	d.t.Helper()
	if !slices.Equal(d.commits, want) {
		d.t.Errorf("committed %v, want %v", d.commits, want)
	}
}

// expect wants exactly one answer.
func expect(t *testing.T, got []*raft.Message, want *raft.Message) {
	t.Helper()
	if len(got) != 1 || !proto.Equal(got[0], want) {
		t.Errorf("answered %v, want %v", got, want)
	}
}

func vote(term uint64, granted bool) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_Vote{Vote: &raft.Vote{Granted: granted, Asked: term}}}
}

// refusal is that of a replica in one term to a candidate of another.
func refusal(term, asked uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_Vote{Vote: &raft.Vote{Asked: asked}}}
}

func requestVote(term, lastIndex, lastTerm uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_RequestVote{RequestVote: &raft.RequestVote{LastIndex: lastIndex, LastTerm: lastTerm}}}
}

func appended(term, index uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_Appended{Appended: &raft.Appended{Index: index}}}
}

func rejected(term, prev, hintTerm, hintIndex uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_Rejected{Rejected: &raft.Rejected{PrevIndex: prev, HintTerm: hintTerm, HintIndex: hintIndex}}}
}

func appendEntries(term, prevIndex, prevTerm, commit uint64, terms ...uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_AppendEntries{AppendEntries: &raft.AppendEntries{
		PrevIndex: prevIndex, PrevTerm: prevTerm, Entries: entriesOf(terms...), Commit: commit,
	}}}
}

// Figure 8 of the paper: S1 leads term 2, copies entry 2 to S2 and dies; S5 leads term 3 and
// has another entry 2; S1 returns, leads term 4 and copies its old entry 2 to S3. It stands on a
// majority, and S5 may still overwrite it.
func TestAnEntryOfAnOldTermIsNotCommittedByCounting(t *testing.T) {
	d := newDesk(t, 5, 3, 1, 2)
	d.stand()
	d.tell(1, vote(4, true))
	d.tell(2, vote(4, true)) // it leads, and its no-op is entry 3
	d.tell(1, appended(4, 2))
	d.tell(2, appended(4, 2))
	d.tell(3, appended(4, 2))
	d.expectCommits()
	d.tell(1, appended(4, 3))
	d.expectCommits()
	d.tell(2, appended(4, 3))
	d.expectCommits(1, 2, 3)
}

func TestAReplicaVotesOnceInATerm(t *testing.T) {
	d := newDesk(t, 3, 1)
	expect(t, d.tell(1, requestVote(2, 0, 0)), vote(2, true))
	expect(t, d.tell(2, requestVote(2, 0, 0)), vote(2, false))
	expect(t, d.tell(1, requestVote(2, 0, 0)), vote(2, true)) // its answer was lost
	expect(t, d.tell(2, requestVote(3, 0, 0)), vote(3, true))
	expect(t, d.tell(1, requestVote(2, 0, 0)), refusal(3, 2))
}

func TestAVoteIsRefusedToALogThatIsBehind(t *testing.T) {
	for _, c := range []struct {
		lastIndex, lastTerm uint64
		granted             bool
	}{{3, 2, true}, {4, 2, true}, {2, 2, false}, {9, 1, false}, {1, 3, true}} {
		d := newDesk(t, 3, 2, 1, 1, 2)
		expect(t, d.tell(1, requestVote(5, c.lastIndex, c.lastTerm)), vote(5, c.granted))
	}
}

func TestVotesOfAnEarlierTermDoNotElect(t *testing.T) {
	d := newDesk(t, 3, 1)
	d.stand() // term 2
	d.stand() // term 3
	if sent := d.tell(1, vote(2, true)); len(d.out.Marks)+len(sent) > 0 {
		t.Errorf("a late vote: %v, answered with %v", d.out.Marks, sent)
	}
	if d.tell(1, vote(3, true)); len(d.out.Marks) == 0 || d.out.Marks[0].Event != protocols.MarkLeading {
		t.Errorf("a vote of this term: %v", d.out.Marks)
	}
}

func TestAppendEntries(t *testing.T) {
	for _, c := range []struct {
		name    string
		log     []uint64
		message *raft.Message
		answer  *raft.Message
		commits []uint64
	}{
		{"behind the end", []uint64{1, 2}, appendEntries(2, 2, 2, 2, 2, 2), appended(2, 4), []uint64{1, 2}},
		{"heartbeat", []uint64{1, 2}, appendEntries(2, 2, 2, 2), appended(2, 2), []uint64{1, 2}},
		{"heartbeat of a longer log commits no further than it reaches", []uint64{1, 2}, appendEntries(2, 1, 1, 2), appended(2, 1), []uint64{1}},
		{"the leader's commit index is ahead", []uint64{1}, appendEntries(2, 1, 1, 9, 2), appended(2, 2), []uint64{1, 2}},
		{"over the same entries", []uint64{1, 2, 2}, appendEntries(2, 0, 0, 0, 1, 2), appended(2, 2), nil},
		{"over entries that conflict", []uint64{1, 1, 1}, appendEntries(2, 1, 1, 3, 2, 2), appended(2, 3), []uint64{1, 2, 3}},
		{"a gap", []uint64{1}, appendEntries(2, 3, 2, 9, 2), rejected(2, 3, 0, 2), nil},
		{"a conflict before", []uint64{1, 2, 2, 2}, appendEntries(3, 4, 3, 9, 3), rejected(3, 4, 2, 2), nil},
		{"an earlier term", []uint64{1}, appendEntries(1, 1, 1, 1, 1), rejected(2, 0, 0, 0), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, 3, 2, c.log...)
			expect(t, d.tell(1, c.message), c.answer)
			d.expectCommits(c.commits...)
		})
	}
}

func TestALateAppendShortensNothing(t *testing.T) {
	d := newDesk(t, 3, 1)
	d.tell(1, appendEntries(1, 0, 0, 0, 1, 1, 1))
	expect(t, d.tell(1, appendEntries(1, 0, 0, 0, 1)), appended(1, 1))
	expect(t, d.tell(1, appendEntries(1, 3, 1, 3)), appended(1, 3))
	d.expectCommits(1, 2, 3)
}

func TestTheLeaderFallsBackWhereTheLogsMayMeet(t *testing.T) {
	// The leader's log has terms 1 1 4 4 5, and a no-op of term 6 at 6.
	for _, c := range []struct {
		name   string
		reject *raft.Message
		prev   uint64
	}{
		{"a follower that lacks all", rejected(6, 5, 0, 1), 0},
		{"entries of a term the leader has: behind its last of them", rejected(6, 5, 4, 2), 4},
		{"entries of a term the leader lacks: before all of them", rejected(6, 5, 3, 3), 2},
		{"nothing in common", rejected(6, 5, 2, 1), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, 3, 5, 1, 1, 4, 4, 5)
			d.stand()
			d.tell(1, vote(6, true))
			sent := d.tell(2, c.reject)
			if len(sent) != 1 || sent[0].GetAppendEntries() == nil {
				t.Fatalf("answered %v", sent)
			}
			got := sent[0].GetAppendEntries()
			if end := got.PrevIndex + uint64(len(got.Entries)); got.PrevIndex != c.prev || end < 5 {
				t.Errorf("sends the entries from behind %d to %d, want those from behind %d, at least to 5", got.PrevIndex, end, c.prev)
			}
			if again := d.tell(2, c.reject); len(again) != 0 {
				t.Errorf("a rejection that came twice is answered with %v", again)
			}
		})
	}
}

func TestALeaderStepsDownForAHigherTerm(t *testing.T) {
	d := newDesk(t, 3, 1)
	d.stand()
	d.tell(1, vote(2, true))
	d.tell(2, rejected(3, 0, 0, 0))
	if len(d.out.Marks) != 1 || d.out.Marks[0].Event != protocols.MarkDeposed {
		t.Errorf("marks %v", d.out.Marks)
	}
	if len(d.out.Records) != 1 {
		t.Error("the new term is not persisted")
	}
}

// lead returns a replica of five that leads term 2 with a log of terms 1 1 1 2, and has heard of
// nobody's log.
func lead(t *testing.T) *desk {
	d := newDesk(t, 5, 1, 1, 1, 1)
	d.stand()
	d.tell(1, vote(2, true))
	d.tell(2, vote(2, true))
	return d
}

func (d *desk) command(seq uint64) {
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: seq}, Data: []byte{}})
}

func TestAnAnswerThatIsOvertakenTakesNothingBack(t *testing.T) {
	d := lead(t)
	d.tell(1, appended(2, 4))
	d.tell(1, appended(2, 3))
	d.tell(2, appended(2, 4))
	d.expectCommits(1, 2, 3, 4)
	if sent := d.tell(1, rejected(2, 4, 0, 1)); len(sent) != 0 {
		t.Errorf("a rejection of what is known to match is answered with %v", sent)
	}
	d.command(1)
	sent := d.tell(1, rejected(2, 5, 0, 2)) // that came late, too: the follower has more by now
	if got := sent[0].GetAppendEntries().GetPrevIndex(); got != 4 {
		t.Errorf("falls back to %d, behind what is known to match", got)
	}
}

// The follower 1 has matched entries that the next leader has overwritten here.
func TestANewLeadershipCountsAnew(t *testing.T) {
	d := lead(t)
	d.command(1)
	d.command(2)
	d.tell(1, appended(2, 6))
	d.tell(4, appendEntries(3, 3, 1, 0, 3))
	d.stand()
	d.tell(2, vote(4, true))
	d.tell(3, vote(4, true))
	d.tell(3, appended(4, 5))
	d.expectCommits()
	d.tell(2, appended(4, 5))
	d.expectCommits(1, 2, 3, 4, 5)
}

func TestALeaderThatIsWritingDoesNotCountItself(t *testing.T) {
	d := lead(t)
	d.busy = true
	d.command(1)
	d.tell(1, appended(2, 5))
	d.tell(2, appended(2, 5))
	d.expectCommits(1, 2, 3, 4)
	d.command(2)
	if sent := d.sent(1); len(sent) != 1 || sent[0].GetAppendEntries().GetCommit() != 4 {
		t.Errorf("while its disk is busy with 5, two of five have that, and it sends %v", sent)
	}
	d.written()
	d.expectCommits(1, 2, 3, 4, 5)
}

func TestAppendsArePipelinedUntilOneIsRejected(t *testing.T) {
	d := lead(t)
	for i := range uint64(3) {
		d.command(i + 1)
		if sent := d.sent(1); len(sent) != 1 || sent[0].GetAppendEntries().GetPrevIndex() != 4+i {
			t.Errorf("without an answer to the one before, sends %v", sent)
		}
	}
	d.tell(1, rejected(2, 5, 1, 1))
	d.command(4)
	if sent := d.sent(1); len(sent) != 0 {
		t.Errorf("while it probes, sends %v", sent)
	}
	if sent := d.tell(1, rejected(2, 6, 1, 1)); len(sent) != 0 {
		t.Errorf("the rejections behind the first are answered with %v", sent)
	}
	if sent := d.tell(1, appended(2, 7)); len(sent) != 1 || len(sent[0].GetAppendEntries().GetEntries()) != 1 {
		t.Errorf("when the logs meet, sends %v, not what was left", sent)
	}
	d.command(5)
	if sent := d.sent(1); len(sent) != 1 {
		t.Errorf("then, sends %v", sent)
	}
}

func TestAnAppendThatOvertookAnotherWaitsForIt(t *testing.T) {
	d := newDesk(t, 3, 1, 1)
	expect(t, d.tell(1, appendEntries(2, 2, 2, 0, 2)), rejected(2, 2, 0, 2))
	if sent := d.tell(1, appendEntries(2, 3, 2, 4, 2)); len(sent) != 0 {
		t.Errorf("the second append behind the gap is answered with %v", sent)
	}
	expect(t, d.tell(1, appendEntries(2, 1, 1, 0, 2)), appended(2, 4))
	d.expectCommits(1, 2, 3, 4)
}

// A leader that probes repeats its append in the place of a heartbeat: then, too, the follower says what
// is missing, whatever it keeps, and a heartbeat takes nothing of that away.
func TestAnAppendThatIsRepeatedAsksForWhatIsMissing(t *testing.T) {
	d := newDesk(t, 3, 1, 1)
	expect(t, d.tell(1, appendEntries(2, 4, 2, 0, 2)), rejected(2, 4, 0, 2))
	if sent := d.tell(1, appendEntries(2, 3, 2, 0, 2)); len(sent) != 0 {
		t.Errorf("the second append behind the gap is answered with %v", sent)
	}
	expect(t, d.tell(1, appendEntries(2, 3, 2, 0, 2)), rejected(2, 3, 0, 2))
	expect(t, d.tell(1, appendEntries(2, 4, 2, 0)), rejected(2, 4, 0, 2))
	expect(t, d.tell(1, appendEntries(2, 1, 1, 0, 2, 2)), appended(2, 5))
}

// What follows a lost append is not sent again and again while its gap is open.
func TestALostAppendCostsLittle(t *testing.T) {
	const ms = time.Millisecond
	delays := protocols.Delays{{0, 20 * ms, 150 * ms}, {20 * ms, 0, 150 * ms}, {150 * ms, 150 * ms, 0}}
	entries := func(lost int) (n int) {
		c := prototest.NewCluster(t, raft.Driver, prototest.Network{Delays: delays}, 0, 1)
		for i := range 2000 {
			c.At(time.Second+time.Duration(i)*ms/2, func() { c.Put(0, 1, fmt.Sprint("key ", i%50), "v") })
		}
		c.Network.Drop = func(_, to protocols.NodeID, data []byte) bool {
			var m raft.Message
			if to != 2 || protocols.Decode(data, &m) != nil || len(m.GetAppendEntries().GetEntries()) == 0 {
				return false
			}
			n += len(m.GetAppendEntries().Entries)
			if lost == 0 || c.Now() < 1100*ms {
				return false
			}
			lost--
			return true
		}
		c.Run(5 * time.Second)
		return n
	}
	if none, one := entries(0), entries(1); none < 2000 || one > 3*none {
		t.Errorf("%d entries are sent to the follower if nothing is lost, and %d if an append is", none, one)
	}
}

// What waits behind a gap is bounded by its bytes and by its number; what found no room is asked for when
// the gap is closed.
func TestEarlyAppendsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		size int // of a command
		kept uint64
	}{{"by bytes", flow.MaxBytes, 8}, {"by number", 0, 1024}} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, 3, 1)
			early := func(prev uint64) *raft.Message {
				m := appendEntries(1, prev, min(prev, 1), 0, 1)
				m.GetAppendEntries().Entries[0].Command = make([]byte, c.size)
				return m
			}
			for prev := uint64(1); prev <= c.kept+1; prev++ {
				d.tell(1, early(prev))
			}
			d.tell(1, early(1)) // it comes twice, and is counted once
			expect(t, d.tell(1, early(0)), appended(1, c.kept+1))
			expect(t, d.tell(1, appendEntries(1, c.kept+2, 1, 0)), rejected(1, c.kept+2, 0, c.kept+2))
			for prev := c.kept + 2; prev <= 2*c.kept+1; prev++ { // there is room again
				d.tell(1, early(prev))
			}
			expect(t, d.tell(1, early(c.kept+1)), appended(1, 2*c.kept+2))
		})
	}
}

// An append that is held, and whose entries come with another one, is held no longer: the next gap is asked for at once.
func TestTheNextGapIsAskedForAtOnce(t *testing.T) {
	d := newDesk(t, 3, 1, 1)
	d.tell(1, appendEntries(2, 3, 2, 0, 2))
	expect(t, d.tell(1, appendEntries(2, 1, 1, 0, 2, 2, 2)), appended(2, 4))
	expect(t, d.tell(1, appendEntries(2, 6, 2, 0, 2)), rejected(2, 6, 0, 5))
}

func TestAnEarlyAppendIsForgottenWithItsTerm(t *testing.T) {
	d := newDesk(t, 3, 1, 1)
	d.tell(1, appendEntries(2, 2, 2, 0, 2))
	expect(t, d.tell(2, appendEntries(3, 1, 1, 0, 3)), appended(3, 2))
}

func TestAGapIsFilledAndThePipelineGoesOn(t *testing.T) {
	d := lead(t)
	d.command(1)
	d.command(2)
	d.tell(1, appended(2, 4))
	sent := d.tell(1, rejected(2, 5, 0, 5)) // entry 5 was lost or overtaken by 6
	if len(sent) != 1 || sent[0].GetAppendEntries().GetPrevIndex() != 4 || len(sent[0].GetAppendEntries().GetEntries()) != 1 {
		t.Fatalf("entry 5 is missing, sends %v", sent)
	}
	if again := d.tell(1, rejected(2, 5, 0, 5)); len(again) != 0 {
		t.Errorf("before the next heartbeat it is filled again: %v", again)
	}
	d.command(3)
	if sent := d.sent(1); len(sent) != 1 || sent[0].GetAppendEntries().GetPrevIndex() != 6 {
		t.Errorf("a new command meanwhile sends %v", sent)
	}
}

func (d *desk) records() []*raft.Record {
	var records []*raft.Record
	for _, r := range d.out.Records {
		m := &raft.Record{}
		if err := protocols.Decode(r.Data, m); err != nil {
			d.t.Fatal(err)
		}
		records = append(records, m)
	}
	return records
}

func (d *desk) marked(event string) bool {
	return slices.ContainsFunc(d.out.Marks, func(m protocols.Mark) bool { return m.Event == event })
}

// The leader marks the commands that it commits and applies, and nobody else does; a no-op has no marks.
func TestTheLeaderMarksWhatItCommits(t *testing.T) {
	command := protocols.CommandID{Client: 1, Seq: 1}
	expectMarks := func(d *desk, want int) {
		t.Helper()
		got := 0
		for _, m := range d.out.Marks {
			if m.Event == protocols.MarkCommitted || m.Event == protocols.MarkApplied {
				if got++; m.ID != command {
					t.Errorf("marks %v %s", m.ID, m.Event)
				}
			}
		}
		if got != want || len(d.commits) != 3 {
			t.Errorf("with %d entries committed there are %d marks, want %d: %v", len(d.commits), got, want, d.out.Marks)
		}
	}
	d := newDesk(t, 3, 1, 1)
	d.stand()
	d.tell(1, vote(2, true))
	d.put(1, "v")
	d.tell(1, appended(2, 3)) // the no-op is entry 2
	expectMarks(d, 2)

	entries := appendEntries(2, 1, 1, 3, 2, 2)
	data, err := proto.Marshal(&kv.Command{Client: 1, Seq: 1, Key: []byte("k"), Value: []byte("v")})
	if err != nil {
		t.Fatal(err)
	}
	entries.GetAppendEntries().Entries[1].Command = data
	d = newDesk(t, 3, 1, 1)
	d.tell(1, entries)
	expectMarks(d, 0)
}

// The measure of an election counts from the first candidacy without a leader, not from the last.
func TestAnElectionIsMeasuredFromItsFirstCandidacy(t *testing.T) {
	d := newDesk(t, 3, 1)
	d.stand()
	d.stand() // an hour later
	d.tell(1, vote(3, true))
	if !slices.Contains(d.out.Marks, protocols.Mark{Event: protocols.MeasureElection, Value: time.Hour.Milliseconds()}) {
		t.Errorf("marks %v", d.out.Marks)
	}
}

// What takes the place of all on disk takes the place of the vote, too (rules 2 and 4).
func TestASnapshotOnDiskKeepsTheVote(t *testing.T) {
	d := newDesk(t, 3, 1, slices.Repeat([]uint64{1}, 100)...)
	d.stand() // in term 2
	expect(t, d.tell(1, requestVote(3, 100, 1)), vote(3, true))
	d.tell(1, appendEntries(3, 100, 1, 100))
	if len(d.out.Records) != 1 || !d.out.Records[0].Snapshot {
		t.Fatalf("after 100 entries, wrote %v", d.records())
	}
	record := d.records()[0]
	if want := (&raft.State{Term: 3, VotedFor: 1, Stood: 2}); !proto.Equal(record.GetSnapshot().State, want) {
		t.Errorf("wrote %v, want %v", record.GetSnapshot().State, want)
	}

	again := newDesk(t, 3, 1)
	again.restore(record)
	again.step(protocols.Input{Kind: protocols.InputStart})
	expect(t, again.tell(2, requestVote(3, 100, 1)), vote(3, false))
	expect(t, again.tell(1, requestVote(3, 100, 1)), vote(3, true)) // its answer was lost
}

// Followers 1 and 2 confirmed entries of term 2 that the leader of term 3 has overwritten here; the
// answers come when this replica leads again, and has other entries there (rule 1).
func TestAnAppendedOfAnEarlierTermDoesNotCount(t *testing.T) {
	d := lead(t) // term 2, entry 4
	d.command(1) // entry 5
	d.tell(4, appendEntries(3, 3, 1, 0, 3))
	d.stand()
	d.tell(3, vote(4, true))
	d.tell(4, vote(4, true)) // it leads, and its no-op is entry 5
	d.tell(1, appended(2, 5))
	d.tell(2, appended(2, 5))
	d.expectCommits()
	d.tell(1, appended(4, 5))
	d.expectCommits()
	d.tell(2, appended(4, 5))
	d.expectCommits(1, 2, 3, 4, 5)
}

// A follower that is far behind forwards its clients' commands again and again until it has applied them. The leader,
// which has, answers them and does not append them a second time: the log would grow faster than the follower catches
// up.
func TestACommandThatHasTakenEffectIsNotAppendedAgain(t *testing.T) {
	d := lead(t)
	d.tell(1, appended(2, 4))
	d.tell(2, appended(2, 4))
	forwarded := func(seq, acked uint64) []*raft.Message {
		data, err := proto.Marshal(&kv.Command{Client: 7, Seq: seq, Acked: acked, Key: []byte("k")})
		if err != nil {
			t.Fatal(err)
		}
		return d.tell(3, &raft.Message{Term: 2, Kind: &raft.Message_Forward{Forward: &forward.Forward{
			Commands: []*forward.Command{{Client: 7, Seq: seq, Data: data}}}}})
	}
	forwarded(1, 0)
	forwarded(2, 2) // whose client wants the first answer no more
	d.tell(1, appended(2, 6))
	d.tell(2, appended(2, 6))
	d.expectCommits(1, 2, 3, 4, 5, 6)
	for seq := uint64(1); seq <= 2; seq++ {
		if sent := forwarded(seq, 0); len(sent) != 1 || sent[0].GetReply().GetSeq() != seq || len(d.out.Records) > 0 {
			t.Errorf("command %d is handed over again: sends %v, writes %v; want a reply and no entry", seq, sent, d.records())
		}
	}
}

// Only in its first incarnation does the configured leader stand at once: later another may lead.
func TestTheConfiguredLeaderStandsAtOnceInItsFirstIncarnationOnly(t *testing.T) {
	delays := protocols.Delays{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}
	node := func() protocols.Node {
		return raft.Driver.New(raft.Driver.MustComplete(protocols.Config{ID: 0, Members: protocols.Members(3), Leader: 0, Delays: delays}))
	}
	d := &desk{t: t, node: node()}
	d.step(protocols.Input{Kind: protocols.InputStart})
	expect(t, d.sent(1), requestVote(1, 0, 0))
	disk := d.records()
	d = &desk{t: t, node: node()}
	for _, record := range disk {
		d.restore(record)
	}
	d.step(protocols.Input{Kind: protocols.InputStart})
	if sent := d.sent(1); len(sent) > 0 {
		t.Errorf("restarted, sends %v", sent)
	}
}
