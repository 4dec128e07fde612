package snapshot_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/snapshot"
)

// stateOf returns a function that takes a snapshot of so many bytes, all of them the index.
func stateOf(index uint64, size int) func() (uint64, []byte) {
	return func() (uint64, []byte) { return index, bytes.Repeat([]byte{byte(index)}, size) }
}

const (
	large   = 5*flow.MaxBytes + 17
	timeout = 100 * time.Millisecond // with the answer to an empty message
)

// late is one of the last four of so many things.
func late(random *rand.Rand, n int) int { return n - 1 - random.IntN(min(4, n)) }

// Questions and pieces get lost, come twice and overtake each other; the snapshot arrives whole, and no
// piece of it is larger than it may be.
func TestASnapshotArrivesOverALossyNetwork(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		var sender snapshot.Sender
		var receiver snapshot.Receiver
		var asks []*snapshot.Ask
		var pieces []*snapshot.Piece
		var whole []byte
		for step := 0; whole == nil; step++ {
			now := time.Duration(step) * 10 * time.Millisecond
			if step == 10_000 {
				t.Fatalf("seed %d: not here after %v", seed, now)
			}
			asks = append(asks, receiver.Ask(1))
			if pick := late(random, len(asks)); random.IntN(3) > 0 {
				if p := sender.Piece(2, asks[pick], now, timeout, flow.Limits{}, stateOf(9, large)); p != nil {
					pieces = append(pieces, p)
				}
			}
			if len(pieces) == 0 || random.IntN(3) == 0 {
				continue
			}
			p := pieces[late(random, len(pieces))]
			if len(p.Data) > flow.MaxBytes {
				t.Fatalf("a piece of %d bytes", len(p.Data))
			}
			whole, _ = receiver.Add(1, p, now)
		}
		if _, want := stateOf(9, large)(); !bytes.Equal(whole, want) {
			t.Fatalf("seed %d: %d bytes arrive, not the %d sent, or others", seed, len(whole), len(want))
		}
	}
}

// While it is asked for, the same snapshot is on offer, however far the sender gets; then it is dropped.
func TestASnapshotIsOnOfferAsLongAsItIsAskedFor(t *testing.T) {
	var sender snapshot.Sender
	var now time.Duration
	piece := func(to protocols.NodeID, after time.Duration, a *snapshot.Ask, index uint64) *snapshot.Piece {
		now += after
		return sender.Piece(to, a, now, timeout, flow.Limits{}, stateOf(index, large))
	}
	if kept := sender.Expire(now); kept != 0 {
		t.Errorf("%d is kept before anybody has asked", kept)
	}
	for offset := uint64(0); offset < large; {
		p := piece(1, snapshot.OfferTimeout-1, &snapshot.Ask{Index: 9, Offset: offset, Size: large}, 9+offset)
		if p.Index != 9 || p.Offset != offset || p.Size != large {
			t.Fatalf("at byte %d: a piece of %d at %d of %d", offset, p.Index, p.Offset, p.Size)
		}
		offset += uint64(len(p.Data))
	}
	for to, c := range []struct {
		who string
		ask *snapshot.Ask
	}{
		{"to a second receiver", &snapshot.Ask{}},
		{"behind the end", &snapshot.Ask{Index: 9, Offset: large + 1, Size: large}},
		{"to one who has begun another", &snapshot.Ask{Index: 7, Offset: 1, Size: large}},
	} {
		if p := piece(protocols.NodeID(2+to), 1, c.ask, 10); p.Index != 9 || p.Offset != 0 {
			t.Errorf("%s: %d at %d, want the beginning of 9", c.who, p.Index, p.Offset)
		}
	}
	if kept := sender.Expire(now + snapshot.OfferTimeout - 1); kept != 9 {
		t.Errorf("%d is kept, want 9", kept)
	}
	if p := piece(1, snapshot.OfferTimeout, &snapshot.Ask{Index: 9, Offset: 1, Size: large}, 11); p.Index != 11 || p.Offset != 0 {
		t.Errorf("too late: %d at %d, want the beginning of 11", p.Index, p.Offset)
	}
	if kept := sender.Expire(now + snapshot.OfferTimeout); kept != 0 {
		t.Errorf("%d is kept although nobody asks", kept)
	}
}

// A piece is not sent again while it may be under way, nor is it kept back when it may be lost. Pieces
// grow while they are asked for as fast as empty messages would be, and are small again when not.
func TestAPieceIsSentOnceUntilItMayBeLost(t *testing.T) {
	var sender snapshot.Sender
	var now time.Duration
	send := func(to protocols.NodeID, after time.Duration, offset uint64) int {
		now += after
		p := sender.Piece(to, &snapshot.Ask{Index: 9, Offset: offset, Size: large}, now, timeout, flow.Limits{}, stateOf(9, large))
		if p == nil {
			return -1
		}
		return len(p.Data)
	}
	expect := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: a piece of %d bytes, want %d", what, got, want)
		}
	}
	const least = flow.MinBytes
	underWay := timeout + flow.Transmission(least)
	expect("the first", send(1, 0, 0), least)
	expect("it is under way", send(1, underWay-1, 0), -1)
	expect("it may be lost", send(1, 1, 0), least)
	expect("to another", send(2, 0, 0), least)
	expect("the next, soon", send(1, timeout, least), 2*least)
	expect("the next, soon", send(1, timeout, 3*least), 4*least)
	expect("the next, later", send(1, timeout+1, 7*least), 4*least)
	expect("the next, late", send(1, 2*timeout+1, 11*least), 2*least)
	expect("the next, late", send(1, 2*timeout+1, 13*least), least)
	expect("the next, late", send(1, 2*timeout+1, 14*least), least)
	if sender.ForgetSent(); send(1, 0, 14*least) != least {
		t.Error("what was sent does not count, and is not sent again")
	}
	for offset, size := uint64(15*least), least; offset < 37*least; offset += uint64(size) {
		size = min(2*size, flow.MaxBytes)
		expect("soon, again and again", send(1, timeout, offset), size)
	}
}

// A head makes a receiver ask, takes nothing from what has come, and keeps nothing on sender.
func TestAHeadMakesAReceiverAsk(t *testing.T) {
	var sender snapshot.Sender
	if head := sender.Head(0); head != nil {
		t.Errorf("without a snapshot, the head is %v", head)
	}
	first := sender.Piece(2, &snapshot.Ask{}, 0, timeout, flow.Limits{}, stateOf(9, large))
	head := sender.Head(snapshot.OfferTimeout - 1)
	var receiver snapshot.Receiver
	for _, c := range []struct {
		piece  *snapshot.Piece
		offset uint64
	}{{head, 0}, {head, 0}, {first, flow.MinBytes}, {head, flow.MinBytes}} {
		if whole, _ := receiver.Add(1, c.piece, 0); whole != nil {
			t.Fatalf("%d bytes are taken for the whole", len(whole))
		}
		if ask := receiver.Ask(1); ask.Index != 9 || ask.Offset != c.offset {
			t.Errorf("asks for %v, not for what follows byte %d", ask, c.offset)
		}
	}
	if head := sender.Head(snapshot.OfferTimeout); head != nil {
		t.Errorf("when nobody has asked for long, the head is %v", head)
	}
}

func TestAPieceTakesLessThanTheTimeout(t *testing.T) {
	if flow.Transmission(flow.MaxBytes) >= snapshot.Timeout {
		t.Error("a piece takes longer than its receiver waits for it")
	}
}

// A receiver makes room for what has come, not for the size that a piece tells, which may be wrong.
func TestAnAbsurdSizeTakesNoMemory(t *testing.T) {
	var receiver snapshot.Receiver
	if whole, added := receiver.Add(1, &snapshot.Piece{Index: 9, Size: 1 << 62, Data: []byte{9}}, 0); whole != nil || !added {
		t.Errorf("added is %t, the whole %v", added, whole)
	}
}

// Pieces of two snapshots are never joined.
func TestPiecesOfTwoSnapshotsAreNotJoined(t *testing.T) {
	var first, second snapshot.Sender
	beginning := first.Piece(3, &snapshot.Ask{}, 0, timeout, flow.Limits{}, stateOf(9, large))
	rest := first.Piece(3, &snapshot.Ask{Index: 9, Offset: flow.MinBytes, Size: large}, 0, timeout, flow.Limits{}, nil)
	other := second.Piece(3, &snapshot.Ask{}, 0, timeout, flow.Limits{}, stateOf(12, large))
	otherRest := second.Piece(3, &snapshot.Ask{Index: 12, Offset: flow.MinBytes, Size: large}, 0, timeout, flow.Limits{}, nil)
	again := &snapshot.Piece{Index: 9, Offset: rest.Offset, Size: large + 1, Data: rest.Data}
	older := &snapshot.Piece{Index: 8, Size: 1, Data: []byte{8}}

	var a snapshot.Receiver
	add := func(what string, from protocols.NodeID, p *snapshot.Piece, now time.Duration, want bool) {
		t.Helper()
		if _, added := a.Add(from, p, now); added != want {
			t.Errorf("%s: added is %t", what, added)
		}
	}
	add("the second piece first", 1, rest, 0, false)
	add("the first", 1, beginning, 0, true)
	add("the first again", 1, beginning, 0, false)
	add("the beginning of another replica's", 2, other, 0, false)
	add("the rest of another replica's", 2, otherRest, 0, false)
	add("the rest of one of another replica's of the same index and size", 2, rest, 0, false)
	add("the rest of a later one of its own", 1, otherRest, 0, false)
	add("an older one", 1, older, 0, false)
	if from, underWay := a.UnderWay(snapshot.Timeout - 1); from != 1 || !underWay {
		t.Errorf("under way from %d: %t", from, underWay)
	}
	if ask := a.Ask(2); ask.Index != 0 || ask.Offset != 0 {
		t.Errorf("asks another replica for %v", ask)
	}
	add("the next, of another of that index", 1, again, 0, false)
	add("the next", 1, rest, 1, true)
	if _, underWay := a.UnderWay(snapshot.Timeout + 1); underWay {
		t.Error("under way although nothing comes")
	}
	add("another's, when nothing has come for long", 2, other, snapshot.Timeout+1, true)
	if ask := a.Ask(2); ask.Index != 12 || ask.Offset != flow.MinBytes {
		t.Errorf("asks for %v", ask)
	}
	add("a later one of the same replica", 2, &snapshot.Piece{Index: 13, Size: 2, Data: []byte{13}}, snapshot.Timeout+1, true)
	if whole, added := a.Add(2, &snapshot.Piece{Index: 13, Offset: 1, Size: 2, Data: []byte{13}}, snapshot.Timeout+1); !added || !bytes.Equal(whole, []byte{13, 13}) {
		t.Errorf("the whole is %v", whole)
	}
	if ask := a.Ask(2); ask.Index != 0 {
		t.Errorf("asks for %v when all is here", ask)
	}
	if whole, added := a.Add(1, &snapshot.Piece{Index: 14}, 0); !added || whole == nil {
		t.Error("an empty snapshot does not arrive")
	}
}

// When its sender falls silent, a receiver begins again with another replica, also if that one's snapshot has the same
// index and size.
func TestAnotherReplicaOffersASnapshotOfTheSameIndexAndSize(t *testing.T) {
	var first, second snapshot.Sender
	var receiver snapshot.Receiver
	receiver.Add(1, first.Piece(3, receiver.Ask(1), 0, timeout, flow.Limits{}, stateOf(9, large)), 0)
	for piece := range large/flow.MinBytes + 1 {
		now := snapshot.Timeout + time.Duration(piece)*time.Second
		whole, added := receiver.Add(2, second.Piece(3, receiver.Ask(2), now, timeout, flow.Limits{}, stateOf(9, large)), now)
		if !added {
			t.Fatalf("piece %d of the second replica is dropped", piece)
		}
		if whole != nil {
			return
		}
	}
	t.Error("the second replica's snapshot does not arrive")
}

// A replica that was restarted may offer a snapshot of the same index and another size. A receiver that has pieces of
// the first one begins again, and gets it whole.
func TestASnapshotOfTheSameIndexAndAnotherSizeIsSentFromTheBeginning(t *testing.T) {
	var first, second snapshot.Sender
	var receiver snapshot.Receiver
	receiver.Add(1, first.Piece(2, receiver.Ask(1), 0, timeout, flow.Limits{}, stateOf(9, large)), 0)
	const shorter = large - flow.MinBytes
	for piece := range large / flow.MinBytes {
		now := time.Duration(piece) * time.Second
		p := second.Piece(2, receiver.Ask(1), now, timeout, flow.Limits{}, stateOf(9, shorter))
		if whole, _ := receiver.Add(1, p, now); whole != nil {
			if len(whole) != shorter {
				t.Errorf("%d bytes arrive, not the %d of the second snapshot", len(whole), shorter)
			}
			return
		}
	}
	t.Error("the second snapshot does not arrive")
}
