// Package snapshot transfers a snapshot of any size from one replica to another in pieces, one a message.
// The receiver asks for the next piece when it has received one, and asks again for a piece that was lost.
// The sender does not send a piece again while it may still be on its way over a slow link.
//
// A snapshot is identified by its index, which is the last slot of the log that has taken effect in it and
// is never zero, and by its size: two snapshots of one replica with the same index and size must be equal.
// As long as a receiver asks for a snapshot, its sender offers the same one, and must keep the log after
// it. Otherwise the receiver might find, when the last piece has arrived, that the log after the snapshot
// is gone, and would have to begin again, as often as that happens.
package snapshot

//go:generate go run quorumbench/protocols/protogen protocols/snapshot/snapshot.proto

import (
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
)

const (
	// Timeout is how long a transfer may stay without a piece until the receiver takes pieces of another replica.
	Timeout = 5 * time.Second
	// OfferTimeout is how long a snapshot stays on offer while nobody asks for a piece. It is longer than Timeout, so
	// that a receiver whose questions get lost for a while need not begin again.
	OfferTimeout = 4 * Timeout
)

// Sender holds the snapshot that a replica sends to others whose missing entries are no longer in its
// log. The zero value offers none. Not safe for use by several goroutines.
type Sender struct {
	index     uint64 // of the snapshot on offer; 0 if there is none
	data      []byte
	lastAsked time.Duration // when a receiver last asked for a piece
	sent      map[protocols.NodeID]sentPiece
}

// sentPiece is the last piece that was sent to a receiver.
type sentPiece struct {
	offset, size uint64
	sentAt       time.Duration
	retryAt      time.Duration // when the same piece may be sent again
}

// Piece returns the piece that a replica asks for, or the first piece if it asks for another snapshot than
// the one on offer. It returns nil if that piece has been sent and may still be on its way. The timeout is
// how long the answer of that replica to an empty message may take; see protocols.Retry. The limits are those of
// the sizes of pieces. If no snapshot is
// on offer, or nobody has asked for a piece for OfferTimeout, take is called for one: it returns the last
// slot of a state and the encoded state, or 0 if none is ready yet; then Piece returns nil.
func (s *Sender) Piece(to protocols.NodeID, a *Ask, now, timeout time.Duration, limits flow.Limits, take func() (index uint64, data []byte)) *Piece {
	if s.Expire(now); s.index == 0 {
		if s.index, s.data = take(); s.index == 0 {
			return nil
		}
		s.sent = map[protocols.NodeID]sentPiece{}
	}
	s.lastAsked = now
	offset := a.GetOffset()
	if a.GetIndex() != s.index || a.GetSize() != uint64(len(s.data)) || offset > uint64(len(s.data)) {
		offset = 0
	}
	last, some := s.sent[to]
	if some && last.offset == offset && now < last.retryAt {
		return nil
	}
	size := uint64(limits.Min())
	if some && offset == last.offset+last.size {
		size = uint64(limits.Pace(int(last.size), now-last.sentAt, timeout))
	}
	size = min(size, uint64(len(s.data))-offset)
	s.sent[to] = sentPiece{offset, size, now, now + timeout + flow.Transmission(int(size))}
	return &Piece{Index: s.index, Offset: offset, Size: uint64(len(s.data)), Data: s.data[offset : offset+size]}
}

// ForgetSent makes the sender send any piece again that is asked for, because receivers will drop those
// on their way.
func (s *Sender) ForgetSent() { clear(s.sent) }

// Head returns a piece without data, which tells a receiver the index and the size of the snapshot on offer,
// so that it asks for it. It returns nil if none is on offer. Head does not extend the offer.
func (s *Sender) Head(now time.Duration) *Piece {
	if s.Expire(now) == 0 {
		return nil
	}
	return &Piece{Index: s.index, Size: uint64(len(s.data))}
}

// Expire drops the snapshot if nobody has asked for a piece for OfferTimeout. It returns the index of the
// snapshot on offer, after which the log must be kept, and 0 if there is none.
func (s *Sender) Expire(now time.Duration) (index uint64) {
	if s.index > 0 && now-s.lastAsked >= OfferTimeout {
		*s = Sender{}
	}
	return s.index
}

// Receiver collects the pieces of another replica's snapshot. The zero value has received none. Not safe
// for use by several goroutines.
type Receiver struct {
	from      protocols.NodeID
	index     uint64 // of the snapshot; 0 if no piece has been received
	size      uint64 // of the whole snapshot, in bytes
	data      []byte
	lastPiece time.Duration // when the last piece was received
}

// Index returns the index of the snapshot of which some pieces have been received, 0 if there is none.
func (r *Receiver) Index() uint64 { return r.index }

// DropUpTo drops the snapshot under way if it covers no more than the given index. A replica that has applied that much
// needs it no more, and would not ask others for what it lacks while it waited for its pieces.
func (r *Receiver) DropUpTo(index uint64) {
	if r.index <= index {
		*r = Receiver{}
	}
}

// UnderWay returns true if a transfer is under way, and its sender: a piece has been received within
// Timeout. A second transfer would only slow it down.
func (r *Receiver) UnderWay(now time.Duration) (from protocols.NodeID, yes bool) {
	return r.from, r.index > 0 && now-r.lastPiece < Timeout
}

// Ask returns the request for the next piece, to be sent to the given replica. It asks for the first piece
// of any snapshot, unless pieces of one of that replica's snapshots have been received.
func (r *Receiver) Ask(of protocols.NodeID) *Ask {
	if r.index == 0 || r.from != of {
		return &Ask{}
	}
	return &Ask{Index: r.index, Offset: uint64(len(r.data)), Size: r.size}
}

// Add takes a piece. It returns whether the piece was the one asked for, and the whole snapshot if it was
// the last one, else nil. Duplicates are dropped, and so are pieces of another snapshot while a transfer is
// under way, unless they begin a later snapshot of the same replica. The caller must not add pieces of a
// snapshot that covers no more than it has applied.
func (r *Receiver) Add(from protocols.NodeID, p *Piece, now time.Duration) (whole []byte, added bool) {
	if r.from != from || r.index != p.Index || r.size != p.Size {
		sender, underWay := r.UnderWay(now)
		if p.Offset > 0 || underWay && (sender != from || p.Index < r.index) {
			return nil, false
		}
		*r = Receiver{from: from, index: p.Index, size: p.Size, data: make([]byte, 0, min(p.Size, flow.MaxBytes))}
	}
	if p.Offset != uint64(len(r.data)) {
		return nil, false
	}
	r.data, r.lastPiece = append(r.data, p.Data...), now
	if uint64(len(r.data)) < p.Size {
		return nil, true
	}
	whole = slices.Clip(r.data)
	*r = Receiver{}
	return whole, true
}
