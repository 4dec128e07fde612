package mmp3

import (
	"strings"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/snapshot"
)

// newReader returns a replica that reads outside the log (rule 9).
func newReader(t testing.TB) *alone { return newAloneWith(t, protocols.Choices{"reads": "quorum"}) }

// wantRead hands the replica a read of client 7.
func (a *alone) wantRead(seq uint64) {
	a.t.Helper()
	data, err := protocols.Append(nil, &kv.Command{Client: 7, Seq: seq, Op: kv.Op_GET, Key: []byte("k")})
	if err != nil {
		a.t.Fatal(err)
	}
	a.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 7, Seq: seq}, Data: data})
}

// asked counts the reads that the last step has asked a replica.
func (a *alone) asked(of protocols.NodeID) (n int) {
	for _, name := range a.messages(of) {
		if strings.HasPrefix(name, "Read") {
			n++
		}
	}
	return n
}

// A read that is not answered goes to the other replica, and back: one of them may be dead for good.
func TestAReadIsAskedOfTheOtherReplicaInTurn(t *testing.T) {
	a := newReader(t)
	a.wantRead(1)
	for _, of := range []protocols.NodeID{0, 1, 0, 1} {
		if a.asked(of) != 1 || a.asked(1-of) != 0 {
			t.Errorf("asks %q of replica 0 and %q of replica 1, want one read of replica %d", a.messages(0), a.messages(1), of)
		}
		a.fire(readTimer)
	}
}

// The timer for reads without an answer is not put off by the reads that follow.
func TestLaterReadsDoNotPutOffTheTimer(t *testing.T) {
	a := newReader(t)
	for seq, want := range []bool{true, false, false} {
		a.wantRead(uint64(seq) + 1)
		if _, set := a.timer(readTimer); set != want {
			t.Errorf("read %d sets the timer: %t", seq+1, set)
		}
	}
	if a.fire(readTimer); a.asked(1) != 3 {
		t.Errorf("when it fires, asks replica 1 %q, want 3 reads", a.messages(1))
	}
	if _, set := a.timer(readTimer); !set {
		t.Error("the timer is not set for the second question")
	}
}

// A read is answered when a snapshot brings all that it waits for.
func TestASnapshotAnswersTheReadsThatWaitForIt(t *testing.T) {
	a := newReader(t)
	a.wantRead(1)
	a.receive(0, &Message{Kind: &Message_Seen{Seen: &Seen{Number: a.reads.open[0].number, Seen: []uint64{9, 0, 0}}}})
	if len(a.sent.Answers) > 0 {
		t.Fatal("answered before what it waits for is applied")
	}
	data := encoded(t, &Snapshot{Applied: []uint64{9, 0, 0}, Seen: []uint64{9, 0, 0}, Slots: 9, State: kv.NewStore().Snapshot()})
	a.receive(0, &Message{Kind: &Message_Piece{Piece: &snapshot.Piece{Index: 9, Size: uint64(len(data)), Data: data}}})
	if len(a.sent.Answers) != 1 {
		t.Errorf("%d answers when the snapshot is installed, want 1", len(a.sent.Answers))
	}
}

// The numbers of reads start at random in each incarnation, whose seed is its own, so that an answer to an earlier one fits none.
func TestReadsOfTwoIncarnationsHaveDifferentNumbers(t *testing.T) {
	first := func(seed uint64) uint64 {
		c := Driver.MustComplete(protocols.Config{ID: 2, Members: protocols.Members(replicas), Delays: regions, Seed: seed, Options: protocols.Choices{"reads": "quorum"}})
		return newReplica(c).(*replica).reads.next
	}
	const many = 1 << 20 // reads of an incarnation
	if a, b := first(1), first(1+1<<32); max(a, b)-min(a, b) < many {
		t.Errorf("two incarnations begin with %d and %d", a, b)
	}
}
