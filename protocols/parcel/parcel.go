// Package parcel moves a snapshot of any size from one replica to another: in pieces, one message
// each, of which the receiver asks for the next when it has one. What is lost is asked for again by
// whoever lacks it; and the sender, who may be asked again because a link is slow, does not send a piece
// twice while it may be under way.
//
// A snapshot is known by its index, the last slot of the log that has taken effect in it, which is
// never zero, and by its size: one replica's snapshots of the same index and size must be the same. An
// Offer is the sender's side, an Arrival the receiver's. As long as a snapshot is asked for, its sender
// offers the same one, and must keep the log behind it: a receiver whom the log does not reach any more
// when the last piece has come would have to begin again, and again, for as long as the load lasts.
package parcel

//go:generate go run quorumbench/protocols/protogen protocols/parcel/parcel.proto

import (
	"slices"
	"time"

	"quorumbench/protocols"
)

const (
	// LeastBytes and MostBytes are the sizes between which a piece has its own, but for the last, which may
	// be smaller. A replica that catches up so delays the writes of the others, and the heartbeats of its
	// leader, by no more than such a piece takes on a slow link, or a large one on a fast link.
	LeastBytes = 1 << 17
	MostBytes  = 1 << 20
	// Patience is how long the next piece may take, or the question for it, until the transfer is given up.
	Patience = 5 * time.Second
	// leastRate is that of the slowest link over which snapshots get through, in bytes per second: 2 Mbit/s.
	leastRate = 2_000_000 / 8
)

// Pace returns how large the next message shall be after one of that size was answered in that time, where
// the answer to an empty one may take as long as patience: twice as large if it was as fast, half as
// large if it took more than twice as long, and from LeastBytes to MostBytes.
func Pace(size int, answered, patience time.Duration) int {
	switch {
	case answered <= patience:
		size *= 2
	case answered > 2*patience:
		size /= 2
	}
	return min(max(size, LeastBytes), MostBytes)
}

// Transmission is how long so many bytes may take on a link, besides its delay.
func Transmission(bytes int) time.Duration {
	return time.Duration(bytes) * (time.Second / leastRate)
}

// Offer is the snapshot that a replica sends to those who lack what its log has no more. The zero value
// is none. Not safe for use by several goroutines.
type Offer struct {
	index uint64
	data  []byte
	asked time.Duration // when somebody last did
	given map[protocols.NodeID]given
}

// given is the last piece that a receiver was sent.
type given struct {
	offset, size uint64
	sent         time.Duration
	again        time.Duration // when it may be sent again
}

// Piece answers a question of a replica: with what follows, if it is about the snapshot on offer, or else
// with the beginning of that; and with nil if just that may be under way. Patience is how long the answer
// to an empty message to that replica may take; see protocols.Retry. If there is no snapshot on offer, or
// it was not asked for lately, take makes one: it returns the last slot of the present state and the
// state's bytes.
func (o *Offer) Piece(to protocols.NodeID, a *Ask, now, patience time.Duration, take func() (index uint64, data []byte)) *Piece {
	if o.Expire(now); o.index == 0 {
		o.index, o.data = take()
		o.given = map[protocols.NodeID]given{}
	}
	o.asked = now
	offset := a.GetOffset()
	if a.GetIndex() != o.index || offset > uint64(len(o.data)) {
		offset = 0
	}
	last, some := o.given[to]
	if some && last.offset == offset && now < last.again {
		return nil
	}
	size := uint64(LeastBytes)
	if some && offset == last.offset+last.size {
		size = uint64(Pace(int(last.size), now-last.sent, patience))
	}
	size = min(size, uint64(len(o.data))-offset)
	o.given[to] = given{offset, size, now, now + patience + Transmission(int(size))}
	return &Piece{Index: o.index, Offset: offset, Size: uint64(len(o.data)), Data: o.data[offset : offset+size]}
}

// Forget makes the Offer forget what it has sent: what is under way will not be taken.
func (o *Offer) Forget() { clear(o.given) }

// Head returns a piece without data, which tells a receiver what to ask for, and is not a question
// itself; nil if there is no snapshot on offer.
func (o *Offer) Head(now time.Duration) *Piece {
	if o.Expire(now) == 0 {
		return nil
	}
	return &Piece{Index: o.index, Size: uint64(len(o.data))}
}

// Expire drops the snapshot if nobody has asked for it lately, and returns the index of the one that is
// left, zero if none is: behind it, the log is to be kept.
func (o *Offer) Expire(now time.Duration) (index uint64) {
	if o.index > 0 && now-o.asked >= Patience {
		*o = Offer{}
	}
	return o.index
}

// Arrival is the beginning of another replica's snapshot. The zero value is that of none. Not safe for
// use by several goroutines.
type Arrival struct {
	from  protocols.NodeID
	index uint64 // 0: none
	size  uint64
	data  []byte
	last  time.Duration // when the last piece came
}

// Index is that of the snapshot of which a part has come, zero if none has.
func (a *Arrival) Index() uint64 { return a.index }

// UnderWay tells whether a snapshot is coming, and from which replica: another one would only be in its
// way.
func (a *Arrival) UnderWay(now time.Duration) (from protocols.NodeID, yes bool) {
	return a.from, a.index > 0 && now-a.last < Patience
}

// Ask is the question for the next piece, for one replica: for the first of any snapshot, unless a part
// of one of its own has come.
func (a *Arrival) Ask(of protocols.NodeID) *Ask {
	if a.index == 0 || a.from != of {
		return &Ask{}
	}
	return &Ask{Index: a.index, Offset: uint64(len(a.data))}
}

// Add takes a piece of a snapshot that is of use: what the replica has applied already must not be
// added. It tells whether the piece was the one asked for, and returns the whole snapshot, never nil, if
// it was the last. Pieces that come twice, or of a second snapshot while one is under way, are dropped:
// only the same replica may begin a later one.
func (a *Arrival) Add(from protocols.NodeID, p *Piece, now time.Duration) (whole []byte, added bool) {
	if a.from != from || a.index != p.Index || a.size != p.Size {
		sender, underWay := a.UnderWay(now)
		if p.Offset > 0 || underWay && (sender != from || p.Index < a.index) {
			return nil, false
		}
		*a = Arrival{from: from, index: p.Index, size: p.Size, data: make([]byte, 0, min(p.Size, MostBytes))}
	}
	if p.Offset != uint64(len(a.data)) {
		return nil, false
	}
	a.data, a.last = append(a.data, p.Data...), now
	if uint64(len(a.data)) < p.Size {
		return nil, true
	}
	whole = slices.Clip(a.data)
	*a = Arrival{}
	return whole, true
}
