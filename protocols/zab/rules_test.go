package zab_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/zab"
)

// desk holds one replica, replica 0 of a cluster, and plays all the others by hand.
type desk struct {
	t       *testing.T
	node    protocols.Node
	out     protocols.Outbox
	disk    [][]byte
	commits []string
	now     time.Duration
	seq     uint64   // of the last write by write
	busy    bool     // its disk: what it writes is not durable yet
	notices []uint64 // of what will be
}

// newDesk starts a replica that finds the given records on its disk. The configured leader is replica 0.
func newDesk(t *testing.T, replicas int, records ...*zab.Record) *desk {
	t.Helper()
	return newDeskOf(t, zab.Driver, replicas, records...)
}

// newDeskOf is newDesk with options chosen.
func newDeskOf(t *testing.T, driver protocols.Driver, replicas int, records ...*zab.Record) *desk {
	t.Helper()
	d := &desk{t: t}
	for _, record := range records {
		d.disk = append(d.disk, d.encode(record))
	}
	delays := make(protocols.Delays, replicas)
	for i := range delays {
		delays[i] = make([]time.Duration, replicas)
	}
	d.node = driver.New(driver.MustComplete(protocols.Config{
		ID: 0, Members: protocols.Members(replicas), Leader: 0, Delays: delays, SnapshotEvery: 100}))
	for _, record := range d.disk {
		d.step(protocols.Input{Kind: protocols.InputRestore, Data: record})
	}
	d.step(protocols.Input{Kind: protocols.InputStart})
	return d
}

// restarted returns a new incarnation of the replica, with what is on its disk.
func (d *desk) restarted(replicas int) *desk {
	d.t.Helper()
	records := make([]*zab.Record, len(d.disk))
	for i, data := range d.disk {
		records[i] = &zab.Record{}
		if err := protocols.Decode(data, records[i]); err != nil {
			d.t.Fatal(err)
		}
	}
	return newDesk(d.t, replicas, records...)
}

func (d *desk) encode(m proto.Message) []byte {
	d.t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

// step hands the replica an input. Only a leader's messages may go out before the disk is done, and none that says what
// the replica holds (rule 1).
func (d *desk) step(in protocols.Input) {
	d.t.Helper()
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
		name := strings.Fields(zab.Driver.Describe(s.Data))[0]
		if s.Now && !slices.Contains([]string{"Propose", "NewLeader", "Commit", "Ping", "Synced"}, name) {
			d.t.Errorf("%s does not wait for the disk", name)
		}
	}
	for _, c := range d.out.Commits {
		d.commits = append(d.commits, kv.Describe(c.Command))
	}
	for _, record := range d.out.Records {
		if record.Snapshot {
			d.disk = nil
		}
		d.disk = append(d.disk, slices.Clone(record.Data))
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

// tell hands the replica a message, and returns what it sends to the sender.
func (d *desk) tell(from protocols.NodeID, epoch protocols.Ballot, m *zab.Message) string {
	d.t.Helper()
	m.Epoch = uint64(epoch)
	d.step(protocols.Input{Kind: protocols.InputMessage, From: from, Data: d.encode(m)})
	return d.sent(from)
}

// put hands the replica a client's write.
func (d *desk) put(v string) {
	d.t.Helper()
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: uint64(v[0])}, Data: d.value(v)})
}

// sent returns the descriptions of what the last step sent to a replica.
func (d *desk) sent(to protocols.NodeID) string {
	var lines []string
	for _, s := range d.out.Sends {
		if s.To == to {
			lines = append(lines, zab.Driver.Describe(s.Data))
		}
	}
	return strings.Join(lines, "; ")
}

func (d *desk) value(v string) []byte {
	return d.encode(&kv.Command{Client: 1, Seq: uint64(v[0]), Key: []byte("k"), Value: []byte(v)})
}

func epoch(round uint64, leader protocols.NodeID) protocols.Ballot {
	return protocols.NewBallot(round, leader)
}

// epochs is the record of the epochs that a replica has acknowledged.
func epochs(accepted, current protocols.Ballot) *zab.Record {
	return &zab.Record{Kind: &zab.Record_Epochs{Epochs: &zab.Epochs{Accepted: uint64(accepted), Current: uint64(current)}}}
}

// history is the record of transactions of an epoch, from index first on.
func (d *desk) history(first uint64, of protocols.Ballot, vs ...string) *zab.Record {
	return &zab.Record{Kind: &zab.Record_Transactions{Transactions: &zab.Transactions{First: first, Transactions: d.transactions(of, vs...)}}}
}

func (d *desk) transactions(of protocols.Ballot, vs ...string) (ts []*zab.Transaction) {
	for _, v := range vs {
		ts = append(ts, &zab.Transaction{Epoch: uint64(of), Command: d.value(v)})
	}
	return ts
}

func voteFor(candidate protocols.NodeID, round uint64, current protocols.Ballot, lastEpoch protocols.Ballot, lastIndex uint64) *zab.Message {
	return &zab.Message{Kind: &zab.Message_Vote{Vote: &zab.Vote{
		Round: round, Candidate: int32(candidate), Current: uint64(current), LastEpoch: uint64(lastEpoch), LastIndex: lastIndex}}}
}

func newEpoch() *zab.Message {
	return &zab.Message{Kind: &zab.Message_NewEpoch{NewEpoch: &zab.NewEpoch{}}}
}

func ackEpoch(current protocols.Ballot, ends ...*zab.End) *zab.Message {
	return &zab.Message{Kind: &zab.Message_AckEpoch{AckEpoch: &zab.AckEpoch{Current: uint64(current), Ends: append([]*zab.End{{}}, ends...)}}}
}

func end(of protocols.Ballot, index uint64) *zab.End {
	return &zab.End{Epoch: uint64(of), Index: index}
}

func newLeader(lastEpoch protocols.Ballot, lastIndex uint64) *zab.Message {
	return &zab.Message{Kind: &zab.Message_NewLeader{NewLeader: &zab.NewLeader{LastEpoch: uint64(lastEpoch), LastIndex: lastIndex}}}
}

func ackLeader() *zab.Message {
	return &zab.Message{Kind: &zab.Message_AckLeader{AckLeader: &zab.AckLeader{}}}
}

func ack(index uint64) *zab.Message {
	return &zab.Message{Kind: &zab.Message_Ack{Ack: &zab.Ack{Index: index}}}
}

func commit(index uint64) *zab.Message {
	return &zab.Message{Kind: &zab.Message_Commit{Commit: &zab.Commit{Index: index}}}
}

func (d *desk) propose(prevEpoch protocols.Ballot, prevIndex uint64, of protocols.Ballot, vs ...string) *zab.Message {
	return &zab.Message{Kind: &zab.Message_Propose{Propose: &zab.Propose{
		PrevIndex: prevIndex, PrevEpoch: uint64(prevEpoch), Transactions: d.transactions(of, vs...)}}}
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (d *desk) expectCommits(want ...string) {
	d.t.Helper()
	expect(d.t, "applied", strings.Join(d.commits, ", "), strings.Join(want, ", "))
}

// elected makes replica 0 the leader of an epoch of which nobody has acknowledged anything.
func elected(t *testing.T, replicas int, records ...*zab.Record) *desk {
	t.Helper()
	d := newDesk(t, replicas, records...)
	var vote zab.Message
	if err := protocols.Decode(d.out.Sends[0].Data, &vote); err != nil {
		t.Fatal(err)
	}
	for i := range replicas / 2 {
		d.step(protocols.Input{Kind: protocols.InputMessage, From: protocols.NodeID(i + 1), Data: d.encode(&vote)})
	}
	return d
}

// A history is worth what its currentEpoch is: one that acknowledged a later leader is better than a longer one, and than one
// with a transaction of a later epoch, which that leader has not proposed to a quorum (rule 4).
func TestALeaderStepsDownForABetterHistory(t *testing.T) {
	of := &desk{t: t}
	records := []*zab.Record{epochs(epoch(5, 1), epoch(2, 1)), of.history(1, epoch(2, 1), "a", "b")}
	for _, c := range []struct {
		name string
		m    *zab.Message
		want string
	}{
		{"a later currentEpoch and less", ackEpoch(epoch(3, 2), end(epoch(2, 1), 1)), "Vote"},
		{"more transactions", ackEpoch(epoch(2, 1), end(epoch(2, 1), 3)), "Vote"},
		{"a later last transaction", ackEpoch(epoch(2, 1), end(epoch(2, 1), 1), end(epoch(3, 2), 2)), "Vote"},
		{"an earlier currentEpoch and more", ackEpoch(epoch(1, 1), end(epoch(1, 1), 9)), "Propose"},
		{"the same", ackEpoch(epoch(2, 1), end(epoch(2, 1), 2)), "NewLeader"},
	} {
		d := elected(t, 3, records...)
		expect(t, "elected", d.sent(2), "NewEpoch 6.0")
		if got := d.tell(1, epoch(6, 0), c.m); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %s", c.name, got, c.want)
		}
	}
}

// Rules 5 to 8: nothing is proposed, and nothing committed, before a quorum has acknowledged NewLeader.
func TestALeaderBringsAQuorumLevelBeforeItProposes(t *testing.T) {
	of := &desk{t: t}
	d := elected(t, 5, epochs(epoch(5, 1), epoch(2, 1)), of.history(1, epoch(2, 1), "a", "b"))
	expect(t, "one has acknowledged the epoch", d.tell(1, epoch(6, 0), ackEpoch(epoch(2, 1), end(epoch(2, 1), 1))), "")
	d.tell(2, epoch(6, 0), ackEpoch(0))
	expect(t, "a quorum has: one is told what it lacks", d.sent(1), "Propose after 1@2.1 6.0 2@2.1: k=b; NewLeader 6.0, history ends 2@2.1")
	d.put("c")
	expect(t, "a write", d.sent(1), "")
	d.tell(1, epoch(6, 0), ack(2))
	d.tell(2, epoch(6, 0), ack(2))
	d.expectCommits() // a quorum has it, but from before the epoch
	d.tell(1, epoch(6, 0), ackLeader())
	expect(t, "one has acknowledged", d.sent(1), "")
	d.tell(2, epoch(6, 0), ackLeader())
	expect(t, "a quorum has", d.sent(1), "Commit 2 6.0; Propose after 2@2.1 6.0 3: k=c")
	d.expectCommits("k=a", "k=b")
	d.tell(1, epoch(6, 0), ack(3))
	expect(t, "a third follows", d.tell(3, epoch(6, 0), ackEpoch(epoch(2, 1), end(epoch(2, 1), 2))),
		"Propose after 2@2.1 6.0 3: k=c; NewLeader 6.0, history ends 2@2.1")
	d.tell(3, epoch(6, 0), ack(3)) // it has not acknowledged NewLeader
	d.expectCommits("k=a", "k=b")
	d.tell(2, epoch(6, 0), ack(3))
	d.expectCommits("k=a", "k=b", "k=c")
}

// Rule 1: a leader counts itself when its epoch and its history are durable.
func TestALeaderThatIsWritingDoesNotCountItself(t *testing.T) {
	d := elected(t, 3)
	d.busy = true
	d.tell(1, epoch(1, 0), ackEpoch(0))
	d.tell(1, epoch(1, 0), ackLeader())
	d.put("a")
	expect(t, "its currentEpoch is not durable", d.sent(1), "")
	d.written()
	expect(t, "it is", d.sent(1), "Commit 0 1.0; Propose after 0 1.0 1: k=a")
	d.busy = true
	d.put("b")
	expect(t, "a proposal does not wait", d.sent(1), "Propose after 1@1.0 1.0 2: k=b")
	d.tell(1, epoch(1, 0), ack(2))
	d.expectCommits("k=a")
	d.written()
	d.expectCommits("k=a", "k=b")
}

// write hands the replica the next write of a client, of a value of so many bytes.
func (d *desk) write(size int) {
	d.t.Helper()
	d.seq++
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: d.seq},
		Data: d.encode(&kv.Command{Client: 1, Seq: d.seq, Key: []byte("k"), Value: make([]byte, size)})})
}

// A follower that is behind gets twice as much with each acknowledgement that comes in time, from 128 KiB to 8 MiB.
func TestTheWindowOfAFollowerThatIsBehindGrows(t *testing.T) {
	d := elected(t, 3)
	d.tell(2, epoch(1, 0), ackEpoch(0))
	d.tell(2, epoch(1, 0), ackLeader())
	for range 400 { // replica 1 has said nothing yet
		d.write(100_000)
	}
	d.tell(1, epoch(1, 0), ackEpoch(0))
	var sizes []int // in transactions
	for last := uint64(1); len(sizes) < 7; {
		d.tell(1, epoch(1, 0), ack(last))
		size := 0
		for _, s := range d.out.Sends {
			var m zab.Message
			if err := protocols.Decode(s.Data, &m); err != nil {
				t.Fatal(err)
			}
			if s.To == 1 {
				size += len(m.GetPropose().GetTransactions())
			}
		}
		sizes = append(sizes, size)
		last += uint64(size)
	}
	if want := []int{2, 5, 10, 20, 41, 83, 83}; !slices.Equal(sizes, want) {
		t.Errorf("each acknowledgement is followed by %v transactions, want %v", sizes, want)
	}
}

// Rule 12: what a follower that answers does not have yet stays, also behind two snapshots.
func TestALeaderKeepsWhatAFollowerLacks(t *testing.T) {
	for _, c := range []struct {
		answers bool
		want    string
	}{{true, "Propose"}, {false, ""}} {
		d := elected(t, 3)
		for _, id := range []protocols.NodeID{1, 2} {
			d.tell(id, epoch(1, 0), ackEpoch(0))
			d.tell(id, epoch(1, 0), ackLeader())
		}
		for at := range uint64(450) { // a snapshot follows each hundred
			d.now += 50 * time.Millisecond
			d.write(1)
			d.tell(2, epoch(1, 0), ack(at+1))
			if c.answers {
				d.tell(1, epoch(1, 0), ack(10))
			}
		}
		d.now += time.Minute // nothing is on its way any more
		got := d.tell(1, epoch(1, 0), &zab.Message{Kind: &zab.Message_Missing{Missing: &zab.Missing{Index: 10}}})
		if !strings.HasPrefix(got, c.want) || c.want == "" && strings.Contains(got, "Propose") {
			t.Errorf("the follower answers: %t; it gets %q", c.answers, got)
		}
	}
}

// follower makes replica 0, which has acknowledged epoch 2.1 and holds two transactions of it, acknowledge epoch 3.2.
func follower(t *testing.T) *desk {
	t.Helper()
	of := &desk{t: t}
	d := newDesk(t, 3, epochs(epoch(2, 1), epoch(2, 1)), of.history(1, epoch(2, 1), "a", "b"))
	expect(t, "a lower epoch", d.tell(1, epoch(1, 1), newEpoch()), "")
	expect(t, "a higher epoch", d.tell(2, epoch(3, 2), newEpoch()), "AckEpoch 3.2, epoch 2.1, history ends 2@2.1")
	return d
}

func TestAFollowerRemovesWhatTheLeaderDoesNotHave(t *testing.T) {
	d := follower(t)
	expect(t, "the leader's history is longer", d.tell(2, epoch(3, 2), newLeader(epoch(2, 1), 3)), "AckEpoch 3.2, epoch 2.1, history ends 2@2.1")
	expect(t, "it has another transaction there", d.tell(2, epoch(3, 2), newLeader(epoch(1, 1), 2)), "AckEpoch 3.2, epoch 2.1, history ends 2@2.1")
	expect(t, "it is shorter", d.tell(2, epoch(3, 2), newLeader(epoch(2, 1), 1)), "AckLeader 3.2")
	d.tell(2, epoch(3, 2), commit(1))
	d.expectCommits("k=a")
	d.tell(2, epoch(3, 2), d.propose(epoch(2, 1), 1, epoch(3, 2), "c"))
	d.tell(2, epoch(3, 2), commit(2))
	d.expectCommits("k=a", "k=c")

	d = d.restarted(3) // what it acknowledged is on its disk
	expect(t, "restarted", d.sent(1), "Vote round 1 for 0, epoch 3.2, history ends 2@3.2")
}

// What a follower has of the leader's new transactions it keeps when it restarts and is synchronised again: it may have
// acknowledged them, and the leader counts that (rule 3).
func TestAFollowerThatComesBackKeepsWhatItHasAcknowledged(t *testing.T) {
	d := follower(t)
	expect(t, "a proposal that overtakes NewLeader", d.tell(2, epoch(3, 2), d.propose(epoch(2, 1), 2, epoch(3, 2), "c")), "Ack 3 3.2")
	d = d.restarted(3)
	expect(t, "the same leader", d.tell(2, epoch(3, 2), newEpoch()), "AckEpoch 3.2, epoch 2.1, history ends 2@2.1, 3@3.2")
	expect(t, "is synchronised", d.tell(2, epoch(3, 2), newLeader(epoch(2, 1), 2)), "AckLeader 3.2")
	d.tell(2, epoch(3, 2), commit(3))
	d.expectCommits("k=a", "k=b", "k=c")
}

// Rule 7: proposals are taken in order, and acknowledged up to where the history is the leader's; one that overtook another waits.
func TestProposalsAreTakenInOrder(t *testing.T) {
	d := follower(t)
	d.tell(2, epoch(3, 2), newLeader(epoch(2, 1), 2))
	expect(t, "one that is early", d.tell(2, epoch(3, 2), d.propose(epoch(3, 2), 3, epoch(3, 2), "d")), "Missing after 2 3.2")
	expect(t, "the one before it", d.tell(2, epoch(3, 2), d.propose(epoch(2, 1), 2, epoch(3, 2), "c")), "Ack 4 3.2")
	expect(t, "once more", d.tell(2, epoch(3, 2), d.propose(epoch(2, 1), 2, epoch(3, 2), "c")), "Ack 4 3.2")
	expect(t, "one of an earlier epoch", d.tell(1, epoch(2, 1), d.propose(epoch(2, 1), 2, epoch(2, 1), "x")), "")
	d.tell(2, epoch(3, 2), commit(4))
	d.expectCommits("k=a", "k=b", "k=c", "k=d")
}

// What a follower holds of the next transactions without having acknowledged NewLeader is not applied (rules 6 and 8).
func TestNothingIsAppliedBeforeNewLeaderIsAcknowledged(t *testing.T) {
	d := follower(t)
	d.tell(2, epoch(3, 2), commit(2))
	d.expectCommits()
	d.tell(2, epoch(3, 2), newLeader(epoch(2, 1), 2))
	d.tell(2, epoch(3, 2), commit(2))
	d.expectCommits("k=a", "k=b")
}

// A follower's history is the leader's up to what that has sent, and not beyond: no more is acknowledged or applied (rule 7).
func TestOnlyWhatIsTheLeadersIsAcknowledgedAndApplied(t *testing.T) {
	d := follower(t)
	first := d.propose(0, 0, epoch(2, 1), "a")
	first.GetPropose().Commit = 2 // of which the second is another than b
	expect(t, "a transaction that it has", d.tell(2, epoch(3, 2), first), "Ack 1 3.2")
	d.expectCommits("k=a")
}

// Rule 1: what a replica has acknowledged binds its next incarnation.
func TestAnAcknowledgedEpochIsDurable(t *testing.T) {
	d := follower(t).restarted(3)
	expect(t, "a lower epoch", d.tell(1, epoch(3, 1), newEpoch()), "")
	expect(t, "the same", d.tell(2, epoch(3, 2), newEpoch()), "AckEpoch 3.2, epoch 2.1, history ends 2@2.1")
}

// Rule 3: two may be elected at once. The higher epoch wins, unless broadcast has begun in the lower one.
func TestTheHigherEpochIsFollowedUntilBroadcastBegins(t *testing.T) {
	leader := elected(t, 3)
	expect(t, "a leader in discovery", leader.tell(2, epoch(1, 2), newEpoch()), "AckEpoch 1.2, epoch 0, history ends 0")
	leader = elected(t, 3)
	leader.tell(1, epoch(1, 0), ackEpoch(0))
	leader.tell(1, epoch(1, 0), ackLeader())
	expect(t, "a leader that broadcasts", leader.tell(2, epoch(1, 2), newEpoch()), "")

	d := follower(t)
	expect(t, "a follower", d.tell(1, epoch(4, 1), newEpoch()), "AckEpoch 4.1, epoch 2.1, history ends 2@2.1")
	d.tell(1, epoch(4, 1), newLeader(epoch(2, 1), 2))
	d.tell(1, epoch(4, 1), commit(2))
	expect(t, "a follower of one that broadcasts", d.tell(2, epoch(5, 2), newEpoch()), "")
}

// Rule 2: an election compares candidates by currentEpoch, then by the last transaction, then by number.
func TestTheBestHistoryGetsTheVote(t *testing.T) {
	of := &desk{t: t}
	for _, c := range []struct {
		name string
		m    *zab.Message
		want string
	}{
		{"a later currentEpoch", voteFor(1, 1, epoch(3, 2), epoch(1, 1), 1), "Vote round 1 for 1, epoch 3.2, history ends 1@1.1"},
		{"more transactions", voteFor(1, 1, epoch(2, 1), epoch(2, 1), 3), "Vote round 1 for 1, epoch 2.1, history ends 3@2.1"},
		{"a higher number", voteFor(1, 1, epoch(2, 1), epoch(2, 1), 2), "Vote round 1 for 1, epoch 2.1, history ends 2@2.1"},
		{"an earlier currentEpoch", voteFor(1, 1, epoch(1, 1), epoch(2, 1), 9), ""},
		{"fewer transactions", voteFor(1, 1, epoch(2, 1), epoch(2, 1), 1), ""},
		{"a later round", voteFor(1, 3, epoch(1, 1), epoch(1, 1), 1), "Vote round 3 for 0, epoch 2.1, history ends 2@2.1"},
	} {
		d := newDesk(t, 5, epochs(epoch(5, 1), epoch(2, 1)), of.history(1, epoch(2, 1), "a", "b"))
		expect(t, c.name, d.tell(1, 0, c.m), c.want)
	}
}

// With reads: local, a replica answers a read from its own state, if it follows a leader that broadcasts and has applied what the client has
// seen. All answers tell up to where it has applied the history (rule 16).
func TestALocalReadWaitsForWhatItsClientHasSeen(t *testing.T) {
	d := newDeskOf(t, prototest.With(zab.Driver, protocols.Choices{"reads": "local"}), 3)
	get := func(seq, seen uint64) string {
		t.Helper()
		data := kv.WithSeen(d.encode(&kv.Command{Client: 2, Seq: seq, Op: kv.Op_GET, Key: []byte("k")}), seen)
		d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 2, Seq: seq}, Data: data})
		return d.answers()
	}
	expect(t, "a read while no leader is known", get(1, 0), "")
	d.tell(1, epoch(1, 1), newEpoch())
	d.tell(1, epoch(1, 1), newLeader(0, 0))
	d.tell(1, epoch(1, 1), commit(0))
	expect(t, "the leader broadcasts", d.answers(), "2.1 version 0 of 0")
	d.tell(1, epoch(1, 1), d.propose(0, 0, epoch(1, 1), "a", "b"))
	d.tell(1, epoch(1, 1), commit(1))
	expect(t, "one of two is committed", get(2, 1), "2.2 version 1 of 1")
	expect(t, "the client has seen the second", get(3, 2), "")
	expect(t, "it asks again, and another read comes", get(3, 2)+get(4, 0), "2.4 version 1 of 1")
	d.put("c")
	d.tell(1, epoch(1, 1), commit(2))
	expect(t, "the second is applied", d.answers(), "2.3 version 2 of 2")
	d.tell(1, epoch(1, 1), d.propose(epoch(1, 1), 2, epoch(1, 1), "c"))
	d.tell(1, epoch(1, 1), commit(3))
	expect(t, "the answer to a write", d.answers(), "1.99 version 0 of 3")
	d.put("c")
	expect(t, "the same again", d.answers(), "1.99 version 0 of 3")
}

// get hands the replica a client's read.
func (d *desk) get(seq uint64) {
	d.t.Helper()
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 2, Seq: seq},
		Data: d.encode(&kv.Command{Client: 2, Seq: seq, Op: kv.Op_GET, Key: []byte("k")})})
}

// With reads: sync, a read whose no-op is committed waits until that is applied here. It is not forwarded again meanwhile, neither after
// a timeout nor to another leader, nor when its client asks again: each time would make a no-op more (rule 15).
func TestAReadThatIsDueIsNotForwardedAgain(t *testing.T) {
	d := newDeskOf(t, prototest.With(zab.Driver, protocols.Choices{"reads": "sync"}), 3)
	synced := func(seq, index uint64) *zab.Message {
		return &zab.Message{Kind: &zab.Message_Synced{Synced: &zab.Synced{Client: 2, Seq: seq, Index: index}}}
	}
	d.tell(1, epoch(1, 1), newEpoch())
	d.tell(1, epoch(1, 1), newLeader(0, 0))
	d.tell(1, epoch(1, 1), commit(0))
	d.get(1)
	forwardTimer := d.out.Timers[0].ID
	d.get(2)
	d.get(3)
	d.tell(1, epoch(1, 1), synced(1, 2))
	d.tell(1, epoch(1, 1), synced(2, 1)) // which has overtaken the other
	d.tell(1, epoch(1, 1), synced(1, 3)) // for the same read, forwarded twice
	d.get(1)
	expect(t, "asked again", d.sent(1), "")
	d.now += time.Minute
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: forwardTimer})
	expect(t, "a timeout", d.sent(1), "Forward k?")
	d.tell(1, epoch(1, 1), d.propose(0, 0, epoch(1, 1), "a", "b"))
	d.tell(1, epoch(1, 1), commit(1))
	expect(t, "the first is applied", d.answers(), "2.2 version 1 of 0")
	d.tell(1, epoch(1, 1), commit(2))
	expect(t, "the second is applied", d.answers(), "2.1 version 2 of 0")
	d.tell(1, epoch(1, 1), synced(3, 2))
	expect(t, "the no-op is applied already", d.answers(), "2.3 version 2 of 0")
}

// A vote that the leader told before its epoch comes late: the leader does not look for another, and is followed on (rule 2).
func TestALateVoteOfTheLeaderIsIgnored(t *testing.T) {
	late, again := voteFor(2, 7, epoch(2, 1), epoch(2, 1), 2), voteFor(2, 7, epoch(3, 2), epoch(3, 2), 2)
	late.GetVote().Accepted, again.GetVote().Accepted = uint64(epoch(2, 1)), uint64(epoch(3, 2))
	d := follower(t)
	d.tell(2, epoch(3, 2), newLeader(epoch(2, 1), 2))
	d.tell(2, epoch(3, 2), commit(2))
	expect(t, "a vote from before its epoch", d.tell(2, 0, late), "")
	expect(t, "a vote after it", d.tell(2, 0, again), "Vote round 7 for 2, epoch 3.2, history ends 2@3.2")
}

// answers are those of the last step: which command, the version of a read, and up to where the history was applied.
func (d *desk) answers() string {
	var all []string
	for _, a := range d.out.Answers {
		var result kv.Result
		if err := protocols.Decode(a.Result, &result); err != nil {
			d.t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%v version %d of %d", a.ID, result.Version, kv.ResultSeen(a.Result)))
	}
	return strings.Join(all, ", ")
}
