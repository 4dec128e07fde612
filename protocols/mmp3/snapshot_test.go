package mmp3

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/snapshot"
)

// A snapshot of several pieces crosses a network that loses messages, while the others go on writing and keep few
// instances. One snapshot is enough, since the sender keeps the instances after it.
func TestALargeStateArrivesOnceWhileOthersWrite(t *testing.T) {
	for seed := range uint64(5) {
		driver := prototest.With(Driver, protocols.Choices{"kept": "8"})
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: regions, Jitter: 20 * ms, SnapshotEvery: 1000}, protocols.Nobody, seed)
		for i := range 50 {
			c.Put(0, 1, fmt.Sprint("large ", i), strings.Repeat("x", flow.MaxBytes/10))
		}
		c.Run(5 * time.Second)
		c.Crash(2)
		write(c, 1, 100, 10*ms, 20)
		c.Run(c.Now() + 5*time.Second)

		pieces, lossy, random := 0, true, rand.New(rand.NewPCG(seed, 4))
		c.Network.Drop = func(from, to protocols.NodeID, message []byte) bool {
			if strings.HasPrefix(describe(message), "Piece") {
				pieces++
				if len(message) > flow.MaxBytes+100 {
					t.Errorf("seed %d: a piece of %d bytes", seed, len(message))
				}
			}
			return lossy && (from == 2 || to == 2) && random.Float64() < 0.1
		}
		c.Restart(2)
		began, behind := c.Now(), c.Replicas[2].Node.(*replica)
		write(c, 0, 3000, 20*ms, 20)
		write(c, 1, 3000, 20*ms, 20)
		for c.Marked(protocols.MeasureInstalled) == 0 && c.Now() < began+time.Minute {
			c.Run(c.Now() + 10*ms)
		}
		t.Logf("seed %d: %d pieces in %v", seed, pieces, c.Now()-began)
		lossy = false
		c.Run(c.Now() + 10*time.Second)
		if missing := c.Replicas[0].Node.(*replica).slots - behind.slots; missing > 100 {
			t.Errorf("seed %d: 10s after the snapshot it is %d slots behind", seed, missing)
		}
		c.Run(c.Now() + 80*time.Second)
		if n := c.Marked(protocols.MeasureInstalled); n != 1 {
			t.Errorf("seed %d: %d snapshots are installed", seed, n)
		}
		for i, host := range c.Replicas {
			r := host.Node.(*replica)
			for k := range r.columns {
				if held := len(r.columns[k].held); held > 0 {
					t.Errorf("seed %d: replica %d still holds %d instances of column %d", seed, i, held, k)
				}
			}
		}
		c.CheckConverged()
	}
}

// If the sender of a snapshot crashes, another replica sends one.
func TestAnotherReplicaHelpsWhenTheSenderOfASnapshotDies(t *testing.T) {
	driver := prototest.With(Driver, protocols.Choices{"kept": "8"})
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
	c.Crash(2)
	for i := range 50 {
		c.Put(0, 1, fmt.Sprint("large ", i), strings.Repeat("x", flow.MaxBytes/10))
	}
	c.Run(5 * time.Second)
	pieces, second := [replicas]int{}, protocols.Nobody
	c.Network.Drop = func(from, _ protocols.NodeID, message []byte) bool {
		if strings.HasPrefix(describe(message), "Piece") {
			pieces[from]++
			if second == protocols.Nobody && pieces[from] == 2 {
				c.At(c.Now(), func() { c.Crash(from) })
				second = 1 - from
			}
		}
		return false
	}
	c.Restart(2)
	c.Run(c.Now() + 30*time.Second)
	if second == protocols.Nobody || pieces[second] < 5 {
		t.Fatalf("pieces come from %v", pieces)
	}
	if got, want := c.Replicas[2].Node.(*replica).slots, c.Replicas[second].Node.(*replica).slots; got != want {
		t.Errorf("replica 2 has applied %d of %d", got, want)
	}
}

// The sender of a snapshot keeps the instances after it as long as pieces are asked for, and no longer.
func TestInstancesAfterASnapshotAreKeptWhileItIsAskedFor(t *testing.T) {
	a := newAlone(t)
	a.kept = 3
	next := uint64(0)
	commit := func(count int) {
		for range count {
			a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, next, 10)}})
			next++
		}
	}
	expect := func(what string, base uint64) {
		t.Helper()
		if got := a.columns[0].base; got != base {
			t.Errorf("%s, the log of column 0 begins at %d, not %d", what, got, base)
		}
	}
	commit(10)
	expect("after 10 instances", 7)
	a.receive(1, &Message{Kind: &Message_Query{Query: &Query{Stretches: []*Query_Stretch{{}}, Snapshot: &snapshot.Ask{}}}})
	if got := a.messages(1); len(got) != 1 || !strings.HasPrefix(got[0], "Piece 10 ") {
		t.Fatalf("the question for a snapshot is answered with %q", got)
	}
	commit(10)
	expect("with a snapshot of 10 on offer", 10)
	a.at += snapshot.OfferTimeout
	a.step(protocols.Input{Kind: protocols.InputTimer, Timer: appliedTimer})
	expect("when no replica has asked for long", 17)
}

// A replica that installs a snapshot has not the instances before it, so that who gets its own earlier one could not go on from
// there: it is not on offer any more.
func TestAnInstalledSnapshotEndsTheOfferOfAnEarlierOne(t *testing.T) {
	a := newAlone(t)
	a.kept = 3
	for lsn := range uint64(10) {
		a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, lsn, 10)}})
	}
	ask := func(want string) {
		t.Helper()
		a.at += time.Second // not long enough for the offer to end
		a.receive(1, &Message{Kind: &Message_Query{Query: &Query{Stretches: []*Query_Stretch{{}}, Snapshot: &snapshot.Ask{}}}})
		if got := a.messages(1); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("the question for a snapshot is answered with %q, want %q", got, want)
		}
	}
	ask("Piece 10 ")
	piece := &snapshot.Piece{Index: 30, Data: encoded(t, &Snapshot{
		Applied: []uint64{30, 0, 0}, Seen: []uint64{30, 0, 0}, Slots: 30, State: kv.NewStore().Snapshot(),
	})}
	piece.Size = uint64(len(piece.Data))
	a.receive(0, &Message{Kind: &Message_Piece{Piece: piece}})
	ask("Piece 30 ")
}

// An incoming snapshot is dropped when this replica has applied all that is in it.
func TestAnObsoleteSnapshotIsDropped(t *testing.T) {
	a := newAlone(t)
	piece := func(offset uint64) *Message {
		return &Message{Kind: &Message_Piece{Piece: &snapshot.Piece{Index: 2, Offset: offset, Size: 20, Data: make([]byte, 10)}}}
	}
	if a.receive(0, piece(0)); len(a.messages(0)) != 1 || a.messages(0)[0] != "Query piece of 2 from byte 10" {
		t.Fatalf("after the first piece, sends %q", a.messages(0))
	}
	a.receive(1, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 0, 10)}})
	if _, underWay := a.incoming.UnderWay(a.at); !underWay {
		t.Error("it is given up too early")
	}
	a.receive(1, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 1, 10)}})
	if _, underWay := a.incoming.UnderWay(a.at); underWay {
		t.Error("it is still under way")
	}
	if a.receive(0, piece(10)); len(a.sent.Sends) > 0 {
		t.Errorf("after the next piece, sends %q", a.messages(0))
	}
}

// Requests that are applied in a snapshot end when it is installed; the others stay pending.
func TestASnapshotEndsTheRequestsInIt(t *testing.T) {
	a := newAlone(t)
	a.commands(7, 4)
	store := kv.NewStore()
	store.Apply(put(t, 7, 3, 3, 10)) // came by another replica; the client holds the answers to those before
	piece := &snapshot.Piece{Index: 9, Data: encoded(t, &Snapshot{
		Applied: []uint64{9, 0, 1}, Seen: []uint64{9, 0, 4}, Slots: 9, State: store.Snapshot(),
	})}
	piece.Size = uint64(len(piece.Data))
	a.receive(0, &Message{Kind: &Message_Piece{Piece: piece}})
	if a.slots != 9 {
		t.Fatalf("the snapshot is not installed: %d slots", a.slots)
	}
	if got := a.messages(0); len(got) != 1 || got[0] != "Query a9… b0… c1…" {
		t.Errorf("asks the sender %q", got)
	}
	if stop := (protocols.TimerChange{ID: timerOf(position{2, 0}), Stop: true}); !slices.Contains(a.sent.Timers, stop) {
		t.Error("a proposal that the snapshot skips is not given up")
	}
	if len(a.proposed[0]) > 0 {
		t.Error("the requests of an instance that the snapshot skips are kept")
	}
	if _, set := a.timer(recoveryTimer); !set {
		t.Error("what the snapshot has seen and not applied is not recovered")
	}
	answers := slices.Clone(a.sent.Answers)
	a.receive(0, &Message{Kind: &Message_Accepted{Accepted: a.accepted(position{2, 1})}})
	answers = append(answers, a.sent.Answers...)
	for seq, want := range []struct{ pending, answered bool }{{false, false}, {false, false}, {false, true}, {true, false}} {
		id := protocols.CommandID{Client: 7, Seq: uint64(seq) + 1}
		_, pending := a.requests[id]
		got := 0
		for _, answer := range answers {
			if answer.ID == id {
				got++
			}
		}
		if pending != want.pending || got > 1 || got == 1 != want.answered {
			t.Errorf("command %d: still pending: %t, answered %d times", id.Seq, pending, got)
		}
	}
}

// While a snapshot is being received, recovery asks for what its sender has applied and does not propose it. A piece
// that does not come in time is asked for again.
func TestWhatComesWithASnapshotIsNotProposed(t *testing.T) {
	a := newAlone(t)
	timeout := a.trips[0].Timeout()
	a.receive(0, &Message{Kind: &Message_Applied{Applied: &Applied{Applied: []uint64{5, 0, 0}}}})
	recoverOpen := func(after time.Duration) (pieces, proposals int) {
		a.at += after
		a.step(protocols.Input{Kind: protocols.InputTimer, Timer: recoveryTimer})
		for _, name := range append(a.messages(0), a.messages(1)...) {
			if name == "Query piece of 5 from byte 10" {
				pieces++
			}
			if strings.HasPrefix(name, "Propose") {
				proposals++
			}
		}
		return pieces, proposals
	}
	a.receive(0, &Message{Kind: &Message_Piece{Piece: &snapshot.Piece{Index: 5, Size: 20, Data: make([]byte, 10)}}})
	for _, step := range []struct {
		after             time.Duration
		pieces, proposals int
	}{
		{timeout - 1, 0, 0},
		{1, 1, 0},
		{timeout - 1, 0, 0},
		{1, 1, 0},
		{snapshot.Timeout - 2*timeout, 0, 5}, // nothing has come from the sender for long
	} {
		if pieces, proposals := recoverOpen(step.after); pieces != step.pieces || proposals != step.proposals {
			t.Errorf("after %v, it asks for %d pieces and proposes %d instances, not %d and %d", a.at, pieces, proposals, step.pieces, step.proposals)
		}
	}
}

// An outgoing snapshot takes as much memory as the state. It is dropped in time, also in an idle cluster.
func TestAnOutgoingSnapshotIsDroppedInTime(t *testing.T) {
	a := newAlone(t)
	a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 0, 10)}})
	for peer := range protocols.NodeID(2) {
		a.receive(peer, &Message{Kind: &Message_Applied{Applied: &Applied{Applied: []uint64{1, 0, 0}}}})
	}
	sendApplied := func(after time.Duration) (again bool) {
		a.at += after
		a.step(protocols.Input{Kind: protocols.InputTimer, Timer: appliedTimer})
		if len(a.sent.Sends) > 0 {
			t.Errorf("after %v, with nothing to send, sends %q and %q", a.at, a.messages(0), a.messages(1))
		}
		return slices.ContainsFunc(a.sent.Timers, func(c protocols.TimerChange) bool { return c.ID == appliedTimer })
	}
	if sendApplied(0) {
		t.Error("the timer is set again when all are level")
	}
	if a.receive(0, &Message{Kind: &Message_Query{Query: &Query{Snapshot: &snapshot.Ask{}}}}); len(a.sent.Timers) != 1 {
		t.Error("the timer is not set when a snapshot is asked for")
	}
	if !sendApplied(snapshot.OfferTimeout - 1) {
		t.Error("the timer is not set again while the snapshot is on offer")
	}
	if sendApplied(1) {
		t.Error("the timer is set again when the snapshot is dropped")
	}
}

// A snapshot that is invalid, or contains less than is applied, is not installed.
func TestAnInvalidSnapshotIsNotInstalled(t *testing.T) {
	state := kv.NewStore().Snapshot()
	for _, test := range []struct {
		name  string
		index uint64
		data  []byte
	}{
		{"no snapshot", 9, bytes.Repeat([]byte{0xff}, 30)},
		{"another index", 9, encoded(t, &Snapshot{Applied: []uint64{8, 0, 0}, Seen: []uint64{8, 0, 0}, Slots: 8, State: state})},
		{"two columns", 9, encoded(t, &Snapshot{Applied: []uint64{9, 0}, Seen: []uint64{9, 0}, Slots: 9, State: state})},
		{"two columns applied", 9, encoded(t, &Snapshot{Applied: []uint64{9, 0}, Seen: []uint64{9, 0, 0}, Slots: 9, State: state})},
		{"beyond the last LSN there could be", 9, encoded(t, &Snapshot{Applied: []uint64{9, 0, 0}, Seen: []uint64{9, maxLSN, 0}, Slots: 9, State: state})},
		{"applied and not seen", 9, encoded(t, &Snapshot{Applied: []uint64{9, 0, 0}, Seen: []uint64{8, 0, 0}, Slots: 9, State: state})},
		{"of before what is applied", 9, encoded(t, &Snapshot{Applied: []uint64{1, 8, 0}, Seen: []uint64{9, 9, 9}, Slots: 9, State: state})},
		{"no state", 9, encoded(t, &Snapshot{Applied: []uint64{9, 0, 0}, Seen: []uint64{9, 0, 0}, Slots: 9, State: []byte{0xff}})},
		{"of the past", 2, encoded(t, &Snapshot{Applied: []uint64{2, 0, 0}, Seen: []uint64{2, 0, 0}, Slots: 2, State: state})},
	} {
		a := newAlone(t)
		a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 0, 10)}})
		a.receive(0, &Message{Kind: &Message_Commit{Commit: committedInstance(t, 0, 1, 10)}})
		a.commands(7, 1)
		a.receive(0, &Message{Kind: &Message_Piece{Piece: &snapshot.Piece{Index: test.index, Size: uint64(len(test.data)), Data: test.data}}})
		if a.slots != 2 || a.applied != (vector{2, 0, 0}) || len(a.sent.Commits) > 0 {
			t.Errorf("%s: it is installed: %d slots, applied %v", test.name, a.slots, a.applied)
		}
		if a.get(position{2, 0}).proposal == nil {
			t.Errorf("%s: the proposal that was under way is given up", test.name)
		}
	}
}

// encoded returns an encoded snapshot.
func encoded(t testing.TB, s *Snapshot) []byte {
	t.Helper()
	data, err := protocols.Append(nil, s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
