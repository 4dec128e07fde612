package multipaxos_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// desk holds one replica, replica 0 of a cluster, and plays all the others by hand.
type desk struct {
	t       *testing.T
	node    protocols.Node
	out     protocols.Outbox
	disk    [][]byte
	commits []string
	now     time.Duration
	busy    bool     // its disk: what it writes is not durable yet
	notices []uint64 // of what will be
	// What the replica is configured with, besides its number.
	leader    protocols.NodeID
	options   protocols.Choices
	witnesses quorum.Set
	most      int // how many replicas may ever be members; 0: the membership never changes
	// The replica's first timer is that of the election.
	electionTimer protocols.TimerID
}

func newDesk(t *testing.T, replicas int, records ...*multipaxos.Record) *desk {
	d := &desk{t: t, leader: 1}
	for _, record := range records {
		d.disk = append(d.disk, d.encode(record))
	}
	d.start(replicas)
	return d
}

// start begins an incarnation from the disk.
func (d *desk) start(replicas int) {
	delays := make(protocols.Delays, max(replicas, d.most))
	for i := range delays {
		delays[i] = make([]time.Duration, len(delays))
	}
	d.node = multipaxos.Driver.New(multipaxos.Driver.MustComplete(protocols.Config{
		ID: 0, Members: protocols.Members(replicas), Leader: d.leader, Delays: delays, Options: d.options, Witnesses: d.witnesses, Replicas: d.most, SnapshotEvery: 100}))
	d.commits = nil
	for _, record := range d.disk {
		d.step(protocols.Input{Kind: protocols.InputRestore, Data: record})
	}
	d.step(protocols.Input{Kind: protocols.InputStart})
	if len(d.out.Timers) > 0 { // a witness has none
		d.electionTimer = d.out.Timers[0].ID
	}
}

func (d *desk) encode(m proto.Message) []byte {
	d.t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		d.t.Fatal(err)
	}
	return data
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
		var m multipaxos.Message
		if s.Now && (protocols.Decode(s.Data, &m) != nil || m.GetAccept() == nil) {
			d.t.Errorf("%v does not wait for the disk; only the proposals of a leader may", &m)
		}
	}
	for _, c := range d.out.Commits {
		if c.Adopted {
			d.commits = append(d.commits, fmt.Sprint("state after ", c.Slot.Index))
			continue
		}
		d.commits = append(d.commits, fmt.Sprint(c.Slot.Index, " ", show(c.Command)))
	}
	for _, record := range d.out.Records {
		if record.Snapshot {
			d.disk = nil
		}
		d.disk = append(d.disk, append([]byte{}, record.Data...))
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

// tell hands the replica a message and returns what it sends to the sender.
func (d *desk) tell(from protocols.NodeID, ballot protocols.Ballot, m *multipaxos.Message) string {
	d.t.Helper()
	m.Ballot = uint64(ballot)
	d.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: d.encode(m)})
	return d.sent(from)
}

// sent writes down what the last step sent to a replica.
func (d *desk) sent(to protocols.NodeID) string {
	d.t.Helper()
	var lines []string
	for _, s := range d.out.Sends {
		if s.To != to {
			continue
		}
		var m multipaxos.Message
		if err := protocols.Decode(s.Data, &m); err != nil {
			d.t.Fatal(err)
		}
		line := protocols.Ballot(m.Ballot).String() + " "
		switch kind := m.Kind.(type) {
		case *multipaxos.Message_Prepare:
			line += fmt.Sprint("prepare from ", kind.Prepare.First)
		case *multipaxos.Message_Promise:
			line += "promise"
			for _, p := range kind.Promise.Accepted {
				line += fmt.Sprintf(" %d:%v:%s", p.Index, protocols.Ballot(p.Ballot), show(p.Command))
			}
			for _, s := range kind.Promise.Witnessed {
				line += fmt.Sprintf(" %d..%d:%v", s.First, s.First+s.Count-1, protocols.Ballot(s.Ballot))
			}
			if kind.Promise.Next > 0 {
				line += fmt.Sprint(" more from ", kind.Promise.Next)
			}
			if kind.Promise.Truncated > 0 {
				line += fmt.Sprint(" truncated ", kind.Promise.Truncated)
			}
		case *multipaxos.Message_Refuse:
			line += fmt.Sprint("refuse, promised ", protocols.Ballot(kind.Refuse.Promised))
		case *multipaxos.Message_Accept:
			line += fmt.Sprint("accept from ", kind.Accept.First)
			for _, command := range kind.Accept.Commands {
				line += " " + show(command)
			}
		case *multipaxos.Message_Accepted:
			line += fmt.Sprint("accepted from ", kind.Accepted.First, " count ", kind.Accepted.Count)
		case *multipaxos.Message_Forward:
			line += "forward"
			for _, c := range kind.Forward.Commands {
				line += " " + show(c.Data)
			}
		case *multipaxos.Message_Heartbeat:
			line += fmt.Sprint("heartbeat, commit ", kind.Heartbeat.Commit)
		case *multipaxos.Message_CatchUp:
			line += fmt.Sprint("catch up from ", kind.CatchUp.First)
			if ask := kind.CatchUp.Snapshot; ask.GetIndex() > 0 {
				line += fmt.Sprint(" snapshot ", ask.Index, " byte ", ask.Offset)
			}
		case *multipaxos.Message_Piece:
			p := kind.Piece
			line += fmt.Sprint("piece of ", p.Index, " byte ", p.Offset)
			if p.Offset+uint64(len(p.Data)) == p.Size {
				line += " to the end"
			}
		case *multipaxos.Message_Probe:
			line += "probe"
		case *multipaxos.Message_Revert:
			line += "revert"
		case *multipaxos.Message_Stand:
			line += "stand"
		case *multipaxos.Message_Echo:
			line += fmt.Sprint("echo of ", kind.Echo.At)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

// stand lets the election timeout pass.
func (d *desk) stand() {
	d.now += time.Hour
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer})
}

// value is a command that show writes as its value.
func (d *desk) value(v string) []byte {
	if v == "no-op" {
		return nil
	}
	return d.encode(&kv.Command{Client: 1, Seq: uint64(v[0]), Key: []byte("k"), Value: []byte(v)})
}

func (d *desk) values(vs ...string) [][]byte {
	var encoded [][]byte
	for _, v := range vs {
		encoded = append(encoded, d.value(v))
	}
	return encoded
}

func show(command []byte) string {
	if len(command) == 0 {
		return "no-op"
	}
	if command[0] == 0 { // no encoded command begins so
		m, err := firstOfThree.Decode(command[1:])
		if err != nil {
			return err.Error()
		}
		return "<" + m.String() + ">"
	}
	var c kv.Command
	if err := protocols.Decode(command, &c); err != nil {
		return err.Error()
	}
	if len(c.Value) > 100 {
		return fmt.Sprint(len(c.Value), " bytes")
	}
	return string(c.Value)
}

func prepare(first uint64) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Prepare{Prepare: &multipaxos.Prepare{First: first}}}
}

func promise(accepted ...*multipaxos.Proposal) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Promise{Promise: &multipaxos.Promise{Accepted: accepted}}}
}

func accept(first, commit uint64, commands ...[]byte) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Accept{Accept: &multipaxos.Accept{First: first, Commands: commands, Commit: commit}}}
}

func accepted(first, count uint64) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Accepted{Accepted: &multipaxos.Accepted{First: first, Count: count}}}
}

func heartbeat(commit uint64) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Heartbeat{Heartbeat: &multipaxos.Heartbeat{Commit: commit}}}
}

func probe() *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Probe{Probe: &multipaxos.Probe{At: 77}}}
}

func echo(at time.Duration) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Echo{Echo: &multipaxos.Echo{At: uint64(at)}}}
}

func refuse(promised protocols.Ballot) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Refuse{Refuse: &multipaxos.Refuse{Promised: uint64(promised)}}}
}

func catchUp(first uint64) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_CatchUp{CatchUp: &multipaxos.CatchUp{First: first}}}
}

func piece(index, offset, size uint64, data []byte) *multipaxos.Message {
	return &multipaxos.Message{Kind: &multipaxos.Message_Piece{Piece: &snapshot.Piece{Index: index, Offset: offset, Size: size, Data: data}}}
}

func truncated(index uint64, accepted ...*multipaxos.Proposal) *multipaxos.Message {
	m := promise(accepted...)
	m.GetPromise().Truncated = index
	return m
}

func (d *desk) proposal(index uint64, ballot protocols.Ballot, v string) *multipaxos.Proposal {
	return &multipaxos.Proposal{Index: index, Ballot: uint64(ballot), Command: d.value(v)}
}

func ballot(round uint64, proposer protocols.NodeID) protocols.Ballot {
	return protocols.NewBallot(round, proposer)
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (d *desk) expectCommits(want ...string) {
	d.t.Helper()
	expect(d.t, "committed", strings.Join(d.commits, ", "), strings.Join(want, ", "))
}

func (d *desk) expectMark(want string) {
	d.t.Helper()
	for _, m := range d.out.Marks {
		if m.Event == want {
			return
		}
	}
	d.t.Errorf("marks %v, want %q", d.out.Marks, want)
}

func TestALeaderThatIsWritingDoesNotCountItself(t *testing.T) {
	d := newDesk(t, 3)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	d.busy = true
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: 'a'}, Data: d.value("a")})
	expect(t, "at once", d.sent(2), "1.0 accept from 1 a")
	d.tell(1, ballot(1, 0), accepted(1, 1))
	d.expectCommits()
	d.written()
	d.expectCommits("1 a")
}

// A leader that is a phase-1 quorum by itself has to wait until its ballot is durable; then its proposals do not
// wait for its disk (rule 3).
func TestALeaderByItselfProposesWithoutItsDisk(t *testing.T) {
	d := &desk{t: t, leader: 1, options: protocols.Choices{"phase2": "3"}}
	d.start(3)
	d.stand()
	for i, v := range []string{"a", "b"} {
		d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: uint64(v[0])}, Data: d.value(v)})
		if now := d.out.Sends[0].Now; now != (i > 0) {
			t.Errorf("%s is sent without waiting for the disk: %t", d.sent(1), now)
		}
	}
}

func TestTheAcceptor(t *testing.T) {
	d := newDesk(t, 3)
	expect(t, "prepare", d.tell(1, ballot(2, 1), prepare(1)), "2.1 promise")
	expect(t, "the same again", d.tell(1, ballot(2, 1), prepare(1)), "2.1 promise")
	expect(t, "a lower prepare", d.tell(2, ballot(1, 2), prepare(1)), "1.2 refuse, promised 2.1")
	expect(t, "a lower accept", d.tell(2, ballot(1, 2), accept(1, 0, d.value("x"))), "1.2 refuse, promised 2.1")
	expect(t, "a lower heartbeat", d.tell(2, ballot(1, 2), heartbeat(0)), "1.2 refuse, promised 2.1")
	expect(t, "accept", d.tell(1, ballot(2, 1), accept(1, 0, d.values("a", "b")...)), "2.1 accepted from 1 count 2")
	records := len(d.disk)
	expect(t, "the same again", d.tell(1, ballot(2, 1), accept(2, 0, d.value("b"))), "2.1 accepted from 2 count 1")
	if len(d.disk) != records {
		t.Error("what is on disk is persisted again")
	}
	expect(t, "accept without prepare", d.tell(2, ballot(3, 2), accept(4, 0, d.value("d"))), "3.2 accepted from 4 count 1")
	expect(t, "the ballot is then promised", d.tell(1, ballot(2, 1), accept(5, 0, d.value("e"))), "2.1 refuse, promised 3.2")
	d.start(3)
	expect(t, "after a crash", d.tell(1, ballot(3, 1), prepare(1)), "3.1 refuse, promised 3.2")
	expect(t, "after a crash", d.tell(2, ballot(4, 2), prepare(2)), "4.2 promise 2:2.1:b 4:3.2:d")
}

func TestANewLeaderProposesWhatMayHaveBeenChosen(t *testing.T) {
	d := newDesk(t, 5)
	d.tell(1, ballot(1, 1), accept(1, 1, d.values("a", "own")...))
	d.expectCommits("1 a")
	d.stand()
	expect(t, "stands", d.sent(1), "2.0 prepare from 2")
	d.tell(1, ballot(2, 0), promise(d.proposal(2, ballot(1, 2), "higher"), d.proposal(3, ballot(1, 2), "x")))
	d.tell(1, ballot(2, 0), promise()) // no second voice
	expect(t, "two of five", d.sent(1), "")
	d.tell(2, ballot(2, 0), promise(d.proposal(3, ballot(1, 1), "lower"), d.proposal(5, ballot(1, 1), "y")))
	d.expectMark(protocols.MarkLeading)
	expect(t, "leads", d.sent(2), "2.0 heartbeat, commit 1; 2.0 accept from 2 higher x no-op y")
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: 99}, Data: d.value("new")})
	expect(t, "and then", d.sent(2), "2.0 accept from 6 new")
}

// A command that waits at the candidate, and that phase 1 has found, takes one place in the log (rule 5).
func TestACommandThatPhase1FindsIsProposedOnce(t *testing.T) {
	d := newDesk(t, 3)
	d.tell(1, ballot(1, 1), heartbeat(0))
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: 'a'}, Data: d.value("a")})
	d.tell(1, ballot(1, 1), accept(1, 0, d.value("a")))
	d.stand()
	d.tell(1, ballot(2, 0), promise())
	expect(t, "leads", d.sent(2), "2.0 heartbeat, commit 0; 2.0 accept from 1 a")
}

// Marks tell of commands only, each where its replica has got so far: accepted by a follower, committed with a quorum,
// applied where the client waits.
func TestMarksTellHowFarACommandIs(t *testing.T) {
	a := protocols.CommandID{Client: 1, Seq: 'a'}
	expectMarks := func(d *desk, what string, want ...string) {
		t.Helper()
		var got []string
		for _, m := range d.out.Marks {
			switch m.Event {
			case protocols.MarkAccepted, protocols.MarkCommitted, protocols.MarkApplied:
				got = append(got, m.Event)
				if m.ID != a {
					t.Errorf("%s: marks %v %s", what, m.ID, m.Event)
				}
			}
		}
		expect(t, what, strings.Join(got, " "), strings.Join(want, " "))
	}
	d := newDesk(t, 5)
	d.tell(1, ballot(1, 1), accept(1, 0, d.values("no-op", "a")...))
	expectMarks(d, "a follower", protocols.MarkAccepted)
	d.stand() // what it has accepted is found again
	d.tell(1, ballot(2, 0), promise())
	d.tell(2, ballot(2, 0), promise())
	d.tell(1, ballot(2, 0), accepted(1, 2))
	expectMarks(d, "two of five have accepted")
	d.tell(2, ballot(2, 0), accepted(1, 2))
	expectMarks(d, "three of five have accepted", protocols.MarkCommitted)

	d = newDesk(t, 3)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: a, Data: d.value("a")})
	d.tell(1, ballot(1, 0), accepted(1, 1))
	expectMarks(d, "its client waits here", protocols.MarkCommitted, protocols.MarkApplied)
}

// The measure of an election counts from its own first candidacy, not from that of an election before.
func TestAnElectionIsMeasuredByItself(t *testing.T) {
	d := newDesk(t, 3)
	for round := range uint64(2) {
		d.stand()
		mine := ballot(2*round+1, 0)
		d.now += time.Second
		d.tell(1, mine, promise())
		if !slices.Contains(d.out.Marks, protocols.Mark{Event: protocols.MeasureElection, Value: time.Second.Milliseconds()}) {
			t.Errorf("election %d: marks %v", round+1, d.out.Marks)
		}
		d.tell(1, mine, refuse(ballot(2*round+2, 1)))
	}
}

// The story of a value that stood on a majority and was not chosen: what was accepted under an
// older ballot does not count, also when the answers that tell so come late.
func TestOnlyAcceptsUnderTheLeadersBallotCount(t *testing.T) {
	d := newDesk(t, 5)
	d.tell(1, ballot(1, 1), accept(1, 0, d.value("old")))
	d.stand()
	for from := range protocols.NodeID(3) {
		d.tell(from+1, ballot(2, 0), promise(d.proposal(1, ballot(1, 1), "old")))
	}
	d.tell(3, ballot(1, 1), accepted(1, 1))
	d.tell(4, ballot(1, 1), accepted(1, 1))
	d.expectCommits()
	d.tell(3, ballot(2, 0), accepted(1, 1))
	d.tell(3, ballot(2, 0), accepted(1, 1))
	d.expectCommits()
	d.tell(4, ballot(2, 0), accepted(1, 1))
	d.expectCommits("1 old")
}

func TestInstancesAreChosenInAnyOrderAndAppliedInTheLogs(t *testing.T) {
	d := newDesk(t, 3)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	for i, v := range []string{"a", "b", "c"} {
		d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: uint64(v[0])}, Data: d.value(v)})
		expect(t, "at once", d.sent(2), fmt.Sprintf("1.0 accept from %d %s", i+1, v))
	}
	d.tell(1, ballot(1, 0), accepted(2, 1))
	d.expectMark(protocols.MarkCommitted)
	d.tell(2, ballot(1, 0), accepted(3, 1))
	d.expectCommits()
	d.tell(2, ballot(1, 0), accepted(1, 1))
	d.expectCommits("1 a", "2 b", "3 c")
	if len(d.out.Answers) != 3 {
		t.Errorf("%d answers, want 3", len(d.out.Answers))
	}
}

func TestAFollowerTakesForChosenOnlyWhatItHasOfTheLeader(t *testing.T) {
	d := newDesk(t, 3)
	d.tell(1, ballot(1, 1), accept(1, 0, d.values("a", "not chosen")...))
	expect(t, "an older ballot's", d.tell(2, ballot(2, 2), heartbeat(4)), "2.2 catch up from 1")
	expect(t, "is asked for once", d.tell(2, ballot(2, 2), heartbeat(4)), "")
	d.expectCommits()
	expect(t, "the answer does not suffice",
		d.tell(2, ballot(2, 2), accept(1, 4, d.values("a", "b")...)), "2.2 accepted from 1 count 2; 2.2 catch up from 3")
	d.expectCommits("1 a", "2 b")
	d.tell(2, ballot(2, 2), accept(4, 4, d.value("d")))
	d.expectCommits("1 a", "2 b")
	d.tell(2, ballot(2, 2), accept(3, 0, d.value("c"))) // overtaken by what told the commit index
	d.expectCommits("1 a", "2 b", "3 c", "4 d")

	d.now += time.Hour
	expect(t, "no answer", d.tell(2, ballot(2, 2), heartbeat(5)), "2.2 catch up from 5")
	d.now += time.Hour
	expect(t, "asks again", d.tell(2, ballot(2, 2), heartbeat(5)), "2.2 catch up from 5")
}

func TestTheLeaderHelpsThoseBehind(t *testing.T) {
	d := newDesk(t, 3)
	d.tell(1, ballot(1, 1), accept(1, 3, d.values("a", "b", "c", "d")...))
	d.stand()
	d.tell(1, ballot(2, 0), promise())
	expect(t, "chosen, and no more", d.tell(2, ballot(2, 0), catchUp(2)), "2.0 accept from 2 b c")
	var m multipaxos.Message
	if err := protocols.Decode(d.out.Sends[0].Data, &m); err != nil || m.GetAccept().GetCommit() != 3 {
		t.Errorf("%v: it tells the commit index %d, want 3", err, m.GetAccept().GetCommit())
	}
	expect(t, "nothing is missing", d.tell(2, ballot(2, 0), catchUp(4)), "")
	expect(t, "asked as an earlier leader", d.tell(2, ballot(1, 0), catchUp(1)), "")
	d.tell(1, ballot(2, 0), refuse(ballot(3, 1)))
	expect(t, "asked when it was refused", d.tell(2, ballot(2, 0), catchUp(2)), "")
}

func TestABallotIsNeverUsedAgain(t *testing.T) {
	d := newDesk(t, 3)
	d.stand()
	expect(t, "stands", d.sent(1), "1.0 prepare from 1")
	d.tell(1, ballot(1, 0), refuse(ballot(7, 2)))
	d.stand()
	expect(t, "above what refused it", d.sent(1), "8.0 prepare from 1")
	d.start(3)
	d.stand()
	expect(t, "above its own before the crash", d.sent(1), "9.0 prepare from 1")
	if d.tell(1, ballot(8, 0), promise()); len(d.out.Marks) > 0 {
		t.Errorf("a promise to an earlier attempt: %v", d.out.Marks)
	}
}

func TestALeaderThatIsRefusedLeadsNoMore(t *testing.T) {
	for name, message := range map[string]func(d *desk){
		"refusal":      func(d *desk) { d.tell(2, ballot(1, 0), refuse(ballot(1, 2))) },
		"prepare":      func(d *desk) { d.tell(2, ballot(1, 2), prepare(1)) },
		"a new leader": func(d *desk) { d.tell(2, ballot(1, 2), heartbeat(0)) },
	} {
		d := newDesk(t, 3)
		d.stand()
		d.tell(1, ballot(1, 0), promise())
		d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: 97}, Data: d.value("a")})
		message(d)
		d.expectMark(protocols.MarkDeposed)
		if !slices.ContainsFunc(d.out.Timers, func(c protocols.TimerChange) bool { return c.ID == d.electionTimer && !c.Stop }) {
			t.Errorf("after a %s: it cannot stand again; timers %v", name, d.out.Timers)
		}
		d.tell(1, ballot(1, 0), accepted(1, 1))
		if len(d.commits) > 0 {
			t.Errorf("after a %s: the old leader commits %v", name, d.commits)
		}
	}
}

// A leader that was deposed, and leads again, counts its own copies only when those under its present ballot are durable (rule 3).
func TestCopiesOfAnEarlierLeadershipAreNotCounted(t *testing.T) {
	d := newDesk(t, 3)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	d.busy = true
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: 97}, Data: d.value("a")})
	d.tell(2, ballot(1, 0), refuse(ballot(1, 2)))
	d.expectMark(protocols.MarkDeposed)
	d.stand()
	d.tell(1, ballot(2, 0), promise())
	expect(t, "the same again", d.sent(1), "2.0 heartbeat, commit 0; 2.0 accept from 1 a")
	d.tell(1, ballot(2, 0), accepted(1, 1))
	own := d.notices
	if len(own) != 2 {
		t.Fatalf("waits for %v, want one notice for each leadership", own)
	}
	d.step(protocols.Input{Kind: protocols.InputDurable, Notice: own[0]})
	d.expectCommits()
	d.step(protocols.Input{Kind: protocols.InputDurable, Notice: own[1]})
	d.expectCommits("1 a")
}

// Only in its first incarnation does the configured leader stand at once: later another may lead.
func TestTheConfiguredLeaderStandsAtOnceInItsFirstIncarnationOnly(t *testing.T) {
	d := &desk{t: t, leader: 0}
	d.start(3)
	expect(t, "at first", d.sent(1), "1.0 prepare from 1")
	d.start(3)
	expect(t, "restarted", d.sent(1), "")
}

func TestAnAcceptWithoutAnswerIsRepeated(t *testing.T) {
	d := newDesk(t, 5)
	d.stand()
	d.tell(1, ballot(1, 0), promise())
	d.tell(2, ballot(1, 0), promise())
	put := func(seq uint64, v string) (timers []protocols.TimerChange) {
		d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: seq}, Data: d.value(v)})
		return append(timers, d.out.Timers...)
	}
	timers := put(97, "a")
	if len(timers) != 4 {
		t.Fatalf("timers %v, want one for each of the others", timers)
	}
	put(98, "b")
	put(99, "c")
	d.tell(1, ballot(1, 0), accepted(1, 1))
	d.tell(1, ballot(1, 0), accepted(3, 1))
	d.tell(2, ballot(1, 0), accepted(3, 1)) // c is chosen
	d.now += timers[0].After
	put(100, "d") // not late yet
	for i, want := range []string{"1.0 accept from 2 b", "1.0 accept from 1 a b"} {
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: timers[i].ID})
		expect(t, "repeated", d.sent(protocols.NodeID(i+1)), want)
		if len(d.out.Timers) != 1 {
			t.Errorf("timers %v, want this one again", d.out.Timers)
		}
	}
	for from := range protocols.NodeID(2) {
		d.tell(from+1, ballot(1, 0), accepted(1, 4))
	}
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: timers[0].ID})
	if len(d.out.Sends)+len(d.out.Timers) > 0 {
		t.Errorf("when all is chosen: sends %v, timers %v", d.out.Sends, d.out.Timers)
	}
}

func TestWhatDoesNotFitIntoAPromiseIsAskedFor(t *testing.T) {
	d := newDesk(t, 3)
	large := strings.Repeat("x", flow.MaxBytes*2/5) // two make a message
	for index := range uint64(3) {
		d.tell(1, ballot(1, 1), accept(index+1, 0, d.value(large)))
	}
	size := fmt.Sprint(len(large), " bytes")
	expect(t, "two of three", d.tell(2, ballot(2, 2), prepare(1)), "2.2 promise 1:1.1:"+size+" 2:1.1:"+size+" more from 3")
	expect(t, "the third", d.tell(2, ballot(2, 2), prepare(3)), "2.2 promise 3:1.1:"+size)

	d = newDesk(t, 3)
	d.stand()
	first := promise(d.proposal(1, ballot(0, 1), "a"))
	first.GetPromise().Next = 2
	expect(t, "a part of a promise", d.tell(1, ballot(1, 0), first), "1.0 prepare from 2")
	expect(t, "the same part a second time", d.tell(1, ballot(1, 0), first), "")
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
	expect(t, "without an answer", d.sent(1), "1.0 prepare from 2")
	expect(t, "and to who has promised nothing", d.sent(2), "1.0 prepare from 1")
	d.tell(1, ballot(1, 0), promise(d.proposal(2, ballot(0, 1), "b")))
	d.expectMark(protocols.MarkLeading)
	expect(t, "leads", d.sent(2), "1.0 heartbeat, commit 0; 1.0 accept from 1 a b")
}

// A promise of many parts may take longer than an election timeout. Neither the candidate nor those who have promised
// it begin a new candidacy while parts arrive; a candidate that receives none does not stop the others (rule 11).
func TestPhase1InManyPartsIsNotBegunAgain(t *testing.T) {
	d := newDesk(t, 3)
	d.stand()
	for index := range uint64(20) {
		d.now += time.Second
		part := promise(d.proposal(index+1, ballot(0, 1), "a"))
		part.GetPromise().Next = index + 2
		d.tell(1, ballot(1, 0), part)
		d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer})
		expect(t, "a candidate that comes on", d.sent(2), "")
	}
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
	var m multipaxos.Message
	for _, s := range d.out.Sends {
		if err := protocols.Decode(s.Data, &m); err != nil || m.GetPrepare().GetParts() != 20 {
			t.Errorf("%v: the prepare tells %d parts, want 20", err, m.GetPrepare().GetParts())
		}
	}

	for _, comesOn := range []bool{true, false} {
		d := newDesk(t, 3)
		stood := false
		for part := range uint64(20) {
			d.now += time.Second
			m := prepare(1)
			if comesOn {
				m.GetPrepare().Parts = part
			}
			d.tell(2, ballot(1, 2), m)
			d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer})
			stood = stood || d.sent(1) != ""
		}
		if stood == comesOn {
			t.Errorf("the candidate comes on: %t; the acceptor stands for election: %t", comesOn, stood)
		}
	}
}

// The configured leader stands when a phase-1 quorum of those who have promised the same ballot has
// answered its last probe.
func TestAProbeIsAnsweredUnderTheBallotPromised(t *testing.T) {
	d := newDesk(t, 3)
	d.tell(1, ballot(2, 1), heartbeat(0))
	expect(t, "the same", d.tell(2, ballot(2, 1), probe()), "2.1 echo of 77")
	expect(t, "an older", d.tell(2, ballot(1, 1), probe()), "")
	expect(t, "a higher", d.tell(2, ballot(3, 1), probe()), "")
	d.stand()
	d.tell(1, ballot(3, 0), promise())
	expect(t, "a leader", d.tell(2, ballot(3, 0), probe()), "3.0 echo of 77")
}

func TestOnlyAnswersToTheLastProbeCount(t *testing.T) {
	d := newDesk(t, 5)
	d.leader, d.options = 0, protocols.Choices{"preferred": "on"}
	d.start(5)
	expect(t, "of nobody who has probed", d.tell(2, 0, echo(0)), "")
	d.tell(1, ballot(2, 1), heartbeat(0))
	beat := func(after time.Duration) string {
		d.now += after
		d.tell(1, ballot(2, 1), heartbeat(0))
		return d.sent(2)
	}
	timeout := make(protocols.Delays, 1).ElectionTimeout() // without any delay
	expect(t, "too early", beat(timeout-1), "")
	expect(t, "after an election timeout", beat(1), "2.1 probe")
	first := d.now
	d.tell(3, ballot(2, 1), echo(first))
	expect(t, "the answers may still come", beat(time.Millisecond), "")
	expect(t, "when they do not", beat(time.Second), "2.1 probe")
	expect(t, "one late", d.tell(3, ballot(2, 1), echo(first)), "")
	expect(t, "two of five", d.tell(2, ballot(2, 1), echo(d.now)), "")
	expect(t, "twice", d.tell(2, ballot(2, 1), echo(d.now)), "")
	expect(t, "under another ballot", d.tell(4, ballot(1, 1), echo(d.now)), "")
	expect(t, "three", d.tell(4, ballot(2, 1), echo(d.now)), "3.0 prepare from 1")
}
