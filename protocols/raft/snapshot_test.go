package raft_test

import (
	"bytes"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/raft"
	"quorumbench/protocols/relay"
)

// state returns a snapshot of a store with one key of the given size.
func state(t *testing.T, size int) []byte {
	store := kv.NewStore()
	command, err := proto.Marshal(&kv.Command{Client: 1, Seq: 1, Key: []byte("k"), Value: bytes.Repeat([]byte("x"), size)})
	if err != nil {
		t.Fatal(err)
	}
	store.Apply(command)
	return store.Snapshot()
}

func installSnapshot(term, index, indexTerm, offset uint64, data []byte, done bool) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_InstallSnapshot{InstallSnapshot: &raft.InstallSnapshot{
		Index: index, Term: indexTerm, Offset: offset, Data: data, Done: done,
	}}}
}

func received(term, index, offset uint64) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_Received{Received: &raft.Received{Index: index, Offset: offset}}}
}

func TestAReplicaReplacesItsLogByASnapshot(t *testing.T) {
	terms := make([]uint64, 100)
	for i := range terms {
		terms[i] = 1
	}
	d := newDesk(t, 3, 1, terms...)
	d.tell(1, appendEntries(1, 100, 1, 99))
	if len(d.out.Records) > 0 {
		t.Fatalf("after 99 entries, wrote %v", d.records())
	}
	d.tell(1, appendEntries(1, 100, 1, 100))
	if len(d.out.Records) != 1 || !d.out.Records[0].Snapshot {
		t.Fatalf("after 100 entries, wrote %v", d.records())
	}
	s := d.records()[0].GetSnapshot()
	if s.Index != 100 || s.Term != 1 || s.State.Term != 1 || s.Base != 80 || s.BaseTerm != 1 || len(s.Entries) != 20 {
		t.Errorf("wrote %v", s)
	}

	again := newDesk(t, 3, 1)
	again.out.Reset()
	again.restore(&raft.Record{Kind: &raft.Record_Snapshot{Snapshot: s}})
	if len(again.out.Commits) != 1 || !again.out.Commits[0].Adopted || again.out.Commits[0].Slot.Index != 100 {
		t.Errorf("restored, commits %v", again.out.Commits)
	}
	expect(t, again.tell(1, appendEntries(1, 100, 1, 101, 1)), appended(1, 101))
	expect(t, again.tell(1, appendEntries(1, 10, 1, 101, 1, 1)), appended(1, 12)) // late, about what is removed
	again.expectCommits(100, 101)
}

func TestASnapshotIsInstalled(t *testing.T) {
	data := state(t, 10)
	for _, c := range []struct {
		name    string
		log     []uint64
		keeps   int // entries behind it
		commits []uint64
	}{
		{"in an empty log", nil, 0, []uint64{3}},
		{"behind the end", []uint64{1, 1}, 0, []uint64{3}},
		{"over entries of the same history, which stay", []uint64{1, 1, 2, 2, 2}, 2, []uint64{3}},
		{"over entries of another history, which go", []uint64{1, 1, 1, 1, 1}, 0, []uint64{3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, 3, 2, c.log...)
			expect(t, d.tell(1, installSnapshot(2, 3, 2, 0, data, true)), appended(2, 3))
			d.expectCommits(c.commits...)
			if len(d.out.Records) != 1 || !d.out.Records[0].Snapshot {
				t.Fatalf("wrote %v", d.records())
			}
			s := d.records()[0].GetSnapshot()
			if s.Index != 3 || s.Base != 3 || s.BaseTerm != 2 || len(s.Entries) != c.keeps || !bytes.Equal(s.Data, data) {
				t.Errorf("wrote %v", s)
			}
			expect(t, d.tell(1, appendEntries(2, 3, 2, 3)), appended(2, 3))
		})
	}
}

func TestASnapshotOfWhatIsAppliedChangesNothing(t *testing.T) {
	d := newDesk(t, 3, 2, 1, 1, 2)
	d.tell(1, appendEntries(2, 3, 2, 3))
	expect(t, d.tell(1, installSnapshot(2, 2, 1, 0, state(t, 10), true)), appended(2, 3))
	d.expectCommits(1, 2, 3)
	expect(t, d.tell(1, installSnapshot(1, 9, 1, 0, state(t, 10), true)), rejected(2, 0, 0, 0)) // of a leader whose term is over
	d.expectCommits(1, 2, 3)
}

func TestASnapshotThatIsNoneIsNotInstalled(t *testing.T) {
	d := newDesk(t, 3, 2)
	if sent := d.tell(1, installSnapshot(2, 3, 2, 0, []byte("\xff"), true)); len(sent)+len(d.out.Records)+len(d.out.Commits) > 0 {
		t.Errorf("answers %v, writes %v", sent, d.records())
	}
}

// The pieces of a snapshot may be lost, come twice and overtake each other.
func TestASnapshotIsPutTogether(t *testing.T) {
	data := state(t, 100)
	d := newDesk(t, 3, 2)
	expect(t, d.tell(1, installSnapshot(2, 9, 2, 50, data[50:], true)), received(2, 9, 0))
	expect(t, d.tell(1, installSnapshot(2, 9, 2, 0, data[:50], false)), received(2, 9, 50))
	expect(t, d.tell(1, installSnapshot(2, 9, 2, 0, data[:50], false)), received(2, 9, 50))
	d.expectCommits()
	expect(t, d.tell(1, installSnapshot(2, 9, 2, 50, data[50:], true)), appended(2, 9))
	d.expectCommits(9)
}

// Pieces of two leaders' snapshots do not mix.
func TestAPieceOfAnEarlierTermIsForgotten(t *testing.T) {
	data := state(t, 100)
	d := newDesk(t, 3, 2)
	d.tell(1, installSnapshot(2, 9, 2, 0, data[:50], false))
	expect(t, d.tell(2, installSnapshot(3, 9, 2, 50, data[50:], true)), received(3, 9, 0))
}

func TestALeaderSendsASnapshotInPieces(t *testing.T) {
	d := newDesk(t, 3, 1)
	data := state(t, relay.MaxBatch*3/2)
	d.restore(&raft.Record{Kind: &raft.Record_Snapshot{Snapshot: &raft.Snapshot{
		State: &raft.State{Term: 1, VotedFor: -1}, Index: 7, Term: 1, Data: data, Base: 7, BaseTerm: 1,
	}}})
	d.stand()
	d.tell(1, vote(2, true))
	d.tell(1, appended(2, 8))
	pieces := [][]byte{data[:relay.MaxBatch], data[relay.MaxBatch:]}
	is := func(sent []*raft.Message, piece int) error {
		if len(sent) != 1 || sent[0].GetInstallSnapshot() == nil {
			return fmt.Errorf("sends %d messages, want a piece of the snapshot", len(sent))
		}
		s := sent[0].GetInstallSnapshot()
		if s.Index != 7 || s.Term != 1 || s.Offset != uint64(piece*relay.MaxBatch) || !bytes.Equal(s.Data, pieces[piece]) || s.Done != (piece == 1) {
			return fmt.Errorf("sends a piece at %d of the snapshot %d.%d, the last: %t", s.Offset, s.Index, s.Term, s.Done)
		}
		return nil
	}
	for _, step := range []struct {
		message *raft.Message
		piece   int
	}{
		{rejected(2, 7, 0, 1), 0},
		{received(2, 7, relay.MaxBatch), 1},
		{received(2, 7, 0), 0}, // it was restarted
		{received(2, 7, relay.MaxBatch), 1},
	} {
		if err := is(d.tell(2, step.message), step.piece); err != nil {
			t.Error(err)
		}
	}
	for _, m := range []*raft.Message{received(2, 7, relay.MaxBatch), received(2, 6, 0), received(2, 7, uint64(len(data))+1)} {
		if sent := d.tell(2, m); len(sent) != 0 {
			t.Errorf("%v is answered", m)
		}
	}
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1}) // a heartbeat
	if err := is(d.sent(2), 1); err != nil {
		t.Error(err)
	}
	sent := d.tell(2, appended(2, 7))
	if len(sent) != 1 || sent[0].GetAppendEntries().GetPrevIndex() != 7 || len(sent[0].GetAppendEntries().GetEntries()) != 1 {
		t.Errorf("behind the snapshot, sends %v", sent)
	}
}
