package parcel_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/parcel"
)

// snapshot returns what takes a snapshot of so many bytes, all of them the index.
func snapshot(index uint64, size int) func() (uint64, []byte) {
	return func() (uint64, []byte) { return index, bytes.Repeat([]byte{byte(index)}, size) }
}

const large = 5*parcel.MostBytes + 17

// Questions and pieces get lost, come twice and overtake each other; the snapshot arrives whole, and no
// piece of it is larger than it may be.
func TestASnapshotArrivesOverALossyNetwork(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		var offer parcel.Offer
		var arrival parcel.Arrival
		var asks []*parcel.Ask
		var pieces []*parcel.Piece
		var whole []byte
		for step := 0; whole == nil; step++ {
			now := time.Duration(step) * 10 * time.Millisecond
			if step == 10_000 {
				t.Fatalf("seed %d: not here after %v", seed, now)
			}
			asks = append(asks, arrival.Ask(1))
			if pick := random.IntN(len(asks)); random.IntN(3) > 0 {
				pieces = append(pieces, offer.Piece(asks[pick], now, snapshot(9, large)))
			}
			if len(pieces) == 0 || random.IntN(3) == 0 {
				continue
			}
			p := pieces[random.IntN(len(pieces))]
			if len(p.Data) > parcel.MostBytes {
				t.Fatalf("a piece of %d bytes", len(p.Data))
			}
			whole, _ = arrival.Add(1, p, now)
		}
		if _, want := snapshot(9, large)(); !bytes.Equal(whole, want) {
			t.Fatalf("seed %d: %d bytes arrive, not the %d sent, or others", seed, len(whole), len(want))
		}
	}
}

// While it is asked for, the same snapshot is on offer, however far the sender gets; then it is dropped.
func TestASnapshotIsOnOfferAsLongAsItIsAskedFor(t *testing.T) {
	var offer parcel.Offer
	var now time.Duration
	piece := func(after time.Duration, a *parcel.Ask, index uint64) *parcel.Piece {
		now += after
		return offer.Piece(a, now, snapshot(index, large))
	}
	if kept := offer.Expire(now); kept != 0 {
		t.Errorf("%d is kept before anybody has asked", kept)
	}
	for offset := uint64(0); offset < large; offset += parcel.MostBytes {
		p := piece(parcel.Patience-1, &parcel.Ask{Index: 9, Offset: offset}, 9+offset)
		if p.Index != 9 || p.Offset != offset || p.Size != large {
			t.Errorf("at byte %d: a piece of %d at %d of %d", offset, p.Index, p.Offset, p.Size)
		}
	}
	if p := piece(1, &parcel.Ask{}, 10); p.Index != 9 || p.Offset != 0 {
		t.Errorf("to a second receiver: %d at %d, want the beginning of 9", p.Index, p.Offset)
	}
	if p := piece(1, &parcel.Ask{Index: 9, Offset: large + 1}, 10); p.Index != 9 || p.Offset != 0 {
		t.Errorf("behind the end: %d at %d, want the beginning of 9", p.Index, p.Offset)
	}
	if p := piece(1, &parcel.Ask{Index: 7, Offset: 1}, 10); p.Index != 9 || p.Offset != 0 {
		t.Errorf("to one who has begun another: %d at %d, want the beginning of 9", p.Index, p.Offset)
	}
	if kept := offer.Expire(now + parcel.Patience - 1); kept != 9 {
		t.Errorf("%d is kept, want 9", kept)
	}
	if p := piece(parcel.Patience, &parcel.Ask{Index: 9, Offset: 1}, 11); p.Index != 11 || p.Offset != 0 {
		t.Errorf("too late: %d at %d, want the beginning of 11", p.Index, p.Offset)
	}
	if kept := offer.Expire(now + parcel.Patience); kept != 0 {
		t.Errorf("%d is kept although nobody asks", kept)
	}
}

// A head makes a receiver ask, takes nothing from what has come, and keeps nothing on offer.
func TestAHeadMakesAReceiverAsk(t *testing.T) {
	var offer parcel.Offer
	if head := offer.Head(0); head != nil {
		t.Errorf("without a snapshot, the head is %v", head)
	}
	first := offer.Piece(&parcel.Ask{}, 0, snapshot(9, large))
	head := offer.Head(parcel.Patience - 1)
	var arrival parcel.Arrival
	for _, c := range []struct {
		piece  *parcel.Piece
		offset uint64
	}{{head, 0}, {head, 0}, {first, parcel.MostBytes}, {head, parcel.MostBytes}} {
		if whole, _ := arrival.Add(1, c.piece, 0); whole != nil {
			t.Fatalf("%d bytes are taken for the whole", len(whole))
		}
		if ask := arrival.Ask(1); ask.Index != 9 || ask.Offset != c.offset {
			t.Errorf("asks for %v, not for what follows byte %d", ask, c.offset)
		}
	}
	if head := offer.Head(parcel.Patience); head != nil {
		t.Errorf("when nobody has asked for long, the head is %v", head)
	}
}

func TestTransmission(t *testing.T) {
	if got := parcel.Transmission(250_000); got != time.Second {
		t.Errorf("2 Mbit take %v at 2 Mbit/s", got)
	}
	if parcel.Transmission(parcel.MostBytes) >= parcel.Patience {
		t.Error("a piece takes longer than its receiver waits for it")
	}
}

// Pieces of two snapshots are never joined.
func TestPiecesOfTwoSnapshotsAreNotJoined(t *testing.T) {
	var first, second parcel.Offer
	beginning := first.Piece(&parcel.Ask{}, 0, snapshot(9, large))
	rest := first.Piece(&parcel.Ask{Index: 9, Offset: parcel.MostBytes}, 0, nil)
	other := second.Piece(&parcel.Ask{}, 0, snapshot(12, large))
	otherRest := second.Piece(&parcel.Ask{Index: 12, Offset: parcel.MostBytes}, 0, nil)
	older := &parcel.Piece{Index: 8, Size: 1, Data: []byte{8}}

	var a parcel.Arrival
	add := func(what string, from protocols.NodeID, p *parcel.Piece, now time.Duration, want bool) {
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
	add("the rest of a later one of its own", 1, otherRest, 0, false)
	add("an older one", 1, older, 0, false)
	if from, underWay := a.UnderWay(parcel.Patience - 1); from != 1 || !underWay {
		t.Errorf("under way from %d: %t", from, underWay)
	}
	if ask := a.Ask(2); ask.Index != 0 || ask.Offset != 0 {
		t.Errorf("asks another replica for %v", ask)
	}
	add("the next", 1, rest, 1, true)
	if _, underWay := a.UnderWay(parcel.Patience + 1); underWay {
		t.Error("under way although nothing comes")
	}
	add("another's, when nothing has come for long", 2, other, parcel.Patience+1, true)
	if ask := a.Ask(2); ask.Index != 12 || ask.Offset != parcel.MostBytes {
		t.Errorf("asks for %v", ask)
	}
	add("a later one of the same replica", 2, &parcel.Piece{Index: 13, Size: 2, Data: []byte{13}}, parcel.Patience+1, true)
	if whole, added := a.Add(2, &parcel.Piece{Index: 13, Offset: 1, Size: 2, Data: []byte{13}}, parcel.Patience+1); !added || !bytes.Equal(whole, []byte{13, 13}) {
		t.Errorf("the whole is %v", whole)
	}
	if ask := a.Ask(2); ask.Index != 0 {
		t.Errorf("asks for %v when all is here", ask)
	}
	if whole, added := a.Add(1, &parcel.Piece{Index: 14}, 0); !added || whole == nil {
		t.Error("an empty snapshot does not arrive")
	}
}
