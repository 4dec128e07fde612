package raft_test

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/raft"
	"quorumbench/protocols/snapshot"
)

// state returns a snapshot of a store with one key of the given size.
func state(t *testing.T, size int) []byte {
	store := kv.NewStore()
	command, err := proto.Marshal(&kv.Command{Client: 9, Seq: 1, Key: []byte("k"), Value: bytes.Repeat([]byte("x"), size)})
	if err != nil {
		t.Fatal(err)
	}
	store.Apply(command)
	return store.Snapshot()
}

// installSnapshot is the piece of data from one byte to another.
func installSnapshot(term, index, indexTerm uint64, data []byte, from, to int) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_InstallSnapshot{InstallSnapshot: &raft.InstallSnapshot{
		Term: indexTerm, Piece: &snapshot.Piece{Index: index, Offset: uint64(from), Size: uint64(len(data)), Data: data[from:to]},
	}}}
}

// whole is a snapshot in one piece.
func whole(term, index, indexTerm uint64, data []byte) *raft.Message {
	return installSnapshot(term, index, indexTerm, data, 0, len(data))
}

func ask(term, index, offset uint64, size int) *raft.Message {
	return &raft.Message{Term: term, Kind: &raft.Message_Ask{Ask: &snapshot.Ask{Index: index, Offset: offset, Size: uint64(size)}}}
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
			expect(t, d.tell(1, whole(2, 3, 2, data)), appended(2, 3))
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
	expect(t, d.tell(1, whole(2, 2, 1, state(t, 10))), appended(2, 3))
	d.expectCommits(1, 2, 3)
	expect(t, d.tell(1, whole(1, 9, 1, state(t, 10))), rejected(2, 0, 0, 0)) // of a leader whose term is over
	d.expectCommits(1, 2, 3)

	data := state(t, 100) // the transfer of a later one goes on
	expect(t, d.tell(1, installSnapshot(2, 9, 2, data, 0, 50)), ask(2, 9, 50, len(data)))
	expect(t, d.tell(1, whole(2, 2, 1, state(t, 10))), appended(2, 3))
	expect(t, d.tell(1, installSnapshot(2, 9, 2, data, 50, len(data))), appended(2, 9))
}

func TestASnapshotThatIsNoneIsNotInstalled(t *testing.T) {
	d := newDesk(t, 3, 2)
	if sent := d.tell(1, whole(2, 3, 2, []byte("\xff"))); len(sent)+len(d.out.Records)+len(d.out.Commits) > 0 {
		t.Errorf("answers %v, writes %v", sent, d.records())
	}
}

// The pieces of a snapshot may be lost, come twice and overtake each other.
func TestASnapshotIsPutTogether(t *testing.T) {
	data := state(t, 100)
	first, rest := installSnapshot(2, 9, 2, data, 0, 50), installSnapshot(2, 9, 2, data, 50, len(data))
	onOffer := installSnapshot(2, 9, 2, data, 0, 0)
	d := newDesk(t, 3, 2)
	expect(t, d.tell(1, rest), ask(2, 0, 0, 0))
	expect(t, d.tell(1, onOffer), ask(2, 9, 0, len(data)))
	expect(t, d.tell(1, first), ask(2, 9, 50, len(data)))
	expect(t, d.tell(1, first), ask(2, 9, 50, len(data)))
	expect(t, d.tell(1, onOffer), ask(2, 9, 50, len(data)))
	d.expectCommits()
	expect(t, d.tell(1, rest), appended(2, 9))
	d.expectCommits(9)
	expect(t, d.tell(1, onOffer), appended(2, 9))
}

// A snapshot is received no longer when its last entry is applied from the log (rule 15).
func TestASnapshotThatTheLogHasPassedIsNotReceivedOn(t *testing.T) {
	d, data := newDesk(t, 3, 2), state(t, 100)
	expect(t, d.tell(1, installSnapshot(2, 3, 2, data, 0, 50)), ask(2, 3, 50, len(data)))
	d.tell(1, appendEntries(2, 0, 0, 3, 2, 2, 2))
	d.expectCommits(1, 2, 3)
	if err := raft.Driver.Invariants([]protocols.Node{d.node}); err != nil {
		t.Error(err)
	}
}

// Pieces of two leaders' snapshots do not mix.
func TestAPieceOfAnEarlierTermIsForgotten(t *testing.T) {
	data := state(t, 100)
	d := newDesk(t, 3, 2)
	d.tell(1, installSnapshot(2, 9, 2, data, 0, 50))
	expect(t, d.tell(2, installSnapshot(3, 9, 2, data, 50, len(data))), ask(3, 0, 0, 0))
}

// leadBehindASnapshot returns a leader of three in term 2 that has entries up to 7 in a snapshot only, of
// so many bytes, and its no-op behind them, which replica 1 has too.
func leadBehindASnapshot(t *testing.T, size int) (d *desk, data []byte) {
	d, data = newDesk(t, 3, 1), state(t, size)
	d.restore(&raft.Record{Kind: &raft.Record_Snapshot{Snapshot: &raft.Snapshot{
		State: &raft.State{Term: 1, VotedFor: -1}, Index: 7, Term: 1, Data: data, Base: 7, BaseTerm: 1,
	}}})
	d.stand()
	d.tell(1, vote(2, true))
	d.tell(1, appended(2, 8))
	return d, data
}

func (d *desk) put(seq uint64, value string) {
	data, err := proto.Marshal(&kv.Command{Client: 1, Seq: seq, Key: []byte("k"), Value: []byte(value)})
	if err != nil {
		d.t.Fatal(err)
	}
	d.step(protocols.Input{Kind: protocols.InputCommand, Command: protocols.CommandID{Client: 1, Seq: seq}, Data: data})
}

// replicate has a leader behind a snapshot put count values, which replica 1 confirms, and returns the last snapshot
// that it writes. It calls before, unless nil, before each of them.
func (d *desk) replicate(count uint64, value string, before func()) (disk *raft.Snapshot) {
	for i := range count {
		if before != nil {
			before()
		}
		d.put(i+1, value)
		d.tell(1, appended(2, 9+i))
		for _, record := range d.records() {
			disk = cmp.Or(record.GetSnapshot(), disk)
		}
	}
	return disk
}

func (d *desk) pulse() {
	d.step(protocols.Input{Kind: protocols.InputTimer, Timer: d.electionTimer + 1})
}

func TestALeaderSendsASnapshotInPieces(t *testing.T) {
	d, data := leadBehindASnapshot(t, flow.MinBytes*3/2)
	onOffer := installSnapshot(2, 7, 1, data, 0, 0)
	first := installSnapshot(2, 7, 1, data, 0, flow.MinBytes)
	second := installSnapshot(2, 7, 1, data, flow.MinBytes, len(data))
	expect(t, d.tell(2, rejected(2, 7, 0, 1)), onOffer)
	expect(t, d.tell(2, ask(2, 7, 0, len(data))), first)
	expect(t, d.tell(2, ask(2, 7, flow.MinBytes, len(data))), second)
	expect(t, d.tell(2, ask(2, 0, 0, 0)), first) // it was restarted
	expect(t, d.tell(2, ask(2, 7, flow.MinBytes, len(data))), second)
	if sent := d.tell(2, ask(2, 7, flow.MinBytes, len(data))); len(sent) != 0 {
		t.Errorf("a piece that is under way is sent again: %v", raft.Driver.Describe(d.out.Sends[0].Data))
	}
	d.pulse()
	expect(t, d.sent(2), onOffer)
	d.now += 3 * time.Second // longer than the piece needs on a slow link
	expect(t, d.tell(2, ask(2, 7, flow.MinBytes, len(data))), second)
	expect(t, d.tell(2, ask(2, 6, 10, len(data))), first)
	sent := d.tell(2, appended(2, 7))
	if len(sent) != 1 || sent[0].GetAppendEntries().GetPrevIndex() != 7 || len(sent[0].GetAppendEntries().GetEntries()) != 1 {
		t.Errorf("behind the snapshot, sends %v", sent)
	}
	if sent := d.tell(2, ask(2, 7, 0, len(data))); len(sent) != 0 {
		t.Errorf("to one that has it all, sends %v", raft.Driver.Describe(d.out.Sends[0].Data))
	}
}

// A follower that lacks the entry at the log's base, or one before it, is told of the snapshot: without that entry it
// cannot compare its log with the leader's. One that has the entry gets what follows.
func TestWhoLacksTheEntryAtTheBaseIsToldOfTheSnapshot(t *testing.T) {
	for _, c := range []struct {
		lacks  uint64 // the first entry that the follower lacks
		offers bool
	}{{1, true}, {6, true}, {7, true}, {8, false}} {
		d, data := leadBehindASnapshot(t, 10)
		d.command(1)
		sent := d.tell(2, rejected(2, 8, 0, c.lacks))
		if c.offers {
			expect(t, sent, installSnapshot(2, 7, 1, data, 0, 0))
		} else if len(sent) != 1 || sent[0].GetAppendEntries().GetPrevIndex() != 7 {
			t.Errorf("to one that lacks the entries from %d on, it sends %v", c.lacks, sent)
		}
	}
}

// A leader that is deposed offers its snapshot no longer. When it leads again it offers its latest one, whose term it
// knows.
func TestANewLeadershipOffersTheLatestSnapshot(t *testing.T) {
	d, old := leadBehindASnapshot(t, 10)
	d.tell(2, rejected(2, 7, 0, 1))
	d.tell(2, ask(2, 0, 0, 0))
	data := state(t, 20)
	expect(t, d.tell(1, whole(3, 20, 3, data)), appended(3, 20))
	d.tell(1, timeoutNow(3)) // it stands at once, while the old offer would last
	d.tell(1, vote(4, true))
	expect(t, d.tell(2, rejected(4, 20, 0, 1)), installSnapshot(4, 20, 3, data, 0, 0))
	expect(t, d.tell(2, ask(4, 7, 0, len(old))), whole(4, 20, 3, data))
}

// As long as a follower fetches a snapshot, the leader offers it the same one and keeps what stands
// behind it; when it has fallen silent, the next snapshot takes its place.
func TestTheLogBehindASnapshotOnOfferIsKept(t *testing.T) {
	for _, c := range []struct {
		name    string
		pause   time.Duration // between the follower's last question and the second snapshot
		offered uint64
		term    uint64 // of that entry
	}{{"asked for", snapshot.OfferTimeout - 1, 7, 1}, {"asked for no more", snapshot.OfferTimeout, 107, 2}} {
		t.Run(c.name, func(t *testing.T) {
			d, data := leadBehindASnapshot(t, 10)
			d.tell(2, rejected(2, 7, 0, 1))
			d.tell(2, ask(2, 0, 0, 0))
			d.now += c.pause
			disk := d.replicate(99, "v", nil)
			if disk == nil || disk.Index != 107 {
				t.Fatalf("wrote the snapshot %v, want that of 107", disk)
			}
			if want := min(c.offered, 107-20); disk.Base != want || uint64(len(disk.Entries)) != 107-want {
				t.Errorf("the log begins behind %d, want %d", disk.Base, want)
			}
			sent := d.tell(2, ask(2, 7, 0, len(data)))
			if len(sent) != 1 || sent[0].GetInstallSnapshot().GetPiece().GetIndex() != c.offered || sent[0].GetInstallSnapshot().Term != c.term {
				t.Fatalf("answers %v, want a piece of the snapshot of %d, of term %d", sent, c.offered, c.term)
			}
			sent = d.tell(2, appended(2, c.offered))
			if end := 107 - c.offered; end > 0 && (len(sent) != 1 || uint64(len(sent[0].GetAppendEntries().GetEntries())) != end) {
				t.Errorf("behind the snapshot of %d, sends %v", c.offered, sent)
			}
		})
	}
}

// A leader keeps entries for a follower that is behind and answers, and that does not need the snapshot anyway.
func TestTheLogIsKeptForThoseWhoCanUseIt(t *testing.T) {
	timeout := make(protocols.Delays, 1).ElectionTimeout() // without any delay
	for _, c := range []struct {
		name  string
		last  *raft.Message // of the follower
		pause time.Duration // after that
		base  uint64        // of the log, when entry 107 is in a snapshot
	}{
		{"one that answers", appended(2, 8), timeout - 1, 8},
		{"one that is silent", appended(2, 8), timeout, 107 - 20},
		{"one that lacks the entry at the base", rejected(2, 8, 0, 7), 0, 107 - 20},
		{"one that lacks all", rejected(2, 8, 0, 1), 0, 107 - 20},
	} {
		d, _ := leadBehindASnapshot(t, 10)
		d.tell(2, c.last)
		d.now += c.pause
		if disk := d.replicate(99, "v", nil); disk.GetBase() != c.base {
			t.Errorf("%s: the log begins behind %d, want %d", c.name, disk.GetBase(), c.base)
		}
	}
}

// What is kept for followers that are behind is bounded, also if they answer, or fetch a snapshot.
func TestTheLogKeptForOthersIsBounded(t *testing.T) {
	for _, fetches := range []bool{false, true} {
		d, data := leadBehindASnapshot(t, 10)
		if fetches {
			d.tell(2, rejected(2, 7, 0, 1))
		}
		disk := d.replicate(120, strings.Repeat("x", 800<<10), func() {
			if fetches {
				d.tell(2, ask(2, 7, 0, len(data)))
			} else {
				d.tell(2, appended(2, 8))
			}
		})
		if disk == nil || disk.Base < 107-20-43 || disk.Base > 107-20-40 { // 41 values are 32 MiB
			t.Fatalf("fetches %t: the log begins behind %d", fetches, disk.GetBase())
		}
		d.now += time.Minute
		sent := d.tell(2, ask(2, 7, 0, len(data)))
		if fetches && (len(sent) != 1 || sent[0].GetInstallSnapshot().GetPiece().GetIndex() != 107 || sent[0].GetInstallSnapshot().Term != 2) {
			t.Errorf("offers %d messages, not the latest snapshot", len(sent))
		}
	}
}

// A snapshot of several pieces arrives under load, though every fourth piece is lost, and hardly anything
// of it twice; from then on the follower keeps pace with the log.
func TestALargeSnapshotArrivesUnderLoad(t *testing.T) {
	const ms = time.Millisecond
	delays := protocols.Delays{{0, 20 * ms, 50 * ms}, {20 * ms, 0, 50 * ms}, {50 * ms, 50 * ms, 0}}
	c := prototest.NewCluster(t, raft.Driver, prototest.Network{Delays: delays}, 0, 1)
	c.Run(time.Second)
	c.Crash(2)
	value, writes := strings.Repeat("x", 64<<10), 0
	for at := time.Second; at < 35*time.Second; at += 50 * ms {
		c.At(at, func() { writes++; c.Put(0, 1, fmt.Sprint(writes%50), value) })
	}
	c.Run(8 * time.Second)
	c.Restart(2)
	pieces, sent, lost := 0, 0, 0
	c.Network.Drop = func(from, to protocols.NodeID, data []byte) bool {
		name := raft.Driver.Describe(data)
		if to == 2 && strings.HasPrefix(name, "InstallSnapshot") && !strings.HasSuffix(name, "on offer") {
			pieces++
			sent += len(data)
			if pieces%4 == 0 {
				lost += len(data)
				return true
			}
		}
		return false
	}
	c.Run(35 * time.Second)
	if state := 50 * len(value); lost == 0 || sent-lost < state || sent-lost > state+state/4 {
		t.Errorf("of a state of %d bytes, %d arrived and %d were lost", state, sent-lost, lost)
	}
	leader, follower := c.Replicas[0].Commits, c.Replicas[2].Commits
	if behind := leader[len(leader)-1].Slot.Index - follower[len(follower)-1].Slot.Index; behind > 10 {
		t.Errorf("the follower is %d entries behind", behind)
	}
	c.Run(36 * time.Second)
	c.CheckConverged()
}
