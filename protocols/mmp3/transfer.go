package mmp3

import (
	"fmt"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// This file keeps rule 13 for a replica that is too far behind: another one's snapshot comes in pieces,
// of which it asks for one after the other. Its index is the number of slots in it.

// offer is the snapshot that others ask for.
type offer struct {
	snapshot.Sender
	applied vector // in it
}

// sendPiece answers a question for a snapshot.
func (r *replica) sendPiece(to protocols.NodeID, a *snapshot.Ask) {
	if r.slots == 0 {
		return // there is nothing yet
	}
	piece := r.offer.Piece(to, a, r.now, r.retry[to], func() (uint64, []byte) {
		r.offer.applied = r.applied
		data, err := protocols.Append(nil, r.snapshot())
		if err != nil {
			panic(fmt.Sprintf("mmp3: encoding a snapshot: %v", err)) // an invalid message type: a programming error
		}
		return r.slots, data
	})
	if piece != nil {
		r.out.Send(to, r.envelope(&Message_Piece{Piece: piece}))
	}
	r.tellLater()
}

// arrival is the snapshot that comes.
type arrival struct {
	snapshot.Receiver
	asked time.Duration // when a piece was asked for last
}

// overtaken drops a snapshot that is not of use any more: what is in it has come another way.
func (r *replica) overtaken() {
	if r.arriving.Index() <= r.slots {
		r.arriving = arrival{}
	}
}

// askPiece asks for the next piece, and for nothing else.
func (r *replica) askPiece(of protocols.NodeID) {
	r.arriving.asked = r.now
	r.out.Send(of, r.envelope(&Message_Query{Query: &Query{Snapshot: r.arriving.Ask(of)}}))
}

// pieceWait is how long a piece is waited for at least before it is asked for again: a sender is asked
// several times before it is given up, and sends nothing that may be under way.
const pieceWait = snapshot.Timeout / 3

// askPieceAgain asks once more for a piece that has not come for as long as it may take. It returns what
// the sender of a snapshot that is under way is known to have applied: it comes with that, or after it.
func (r *replica) askPieceAgain() (coming vector) {
	from, underWay := r.arriving.UnderWay(r.now)
	if !underWay {
		return coming
	}
	if r.now-r.arriving.asked >= max(pieceWait, r.trips[from].Timeout()) {
		r.askPiece(from)
	}
	return r.heard[from]
}

func (r *replica) onPiece(from protocols.NodeID, p *snapshot.Piece) {
	if p.Index <= r.slots {
		return // of the past
	}
	whole, added := r.arriving.Add(from, p, r.now)
	if whole == nil {
		if added {
			r.askPiece(from)
		}
		return
	}
	var s Snapshot
	if protocols.Decode(whole, &s) == nil && s.Slots == p.Index && r.isLater(&s) {
		r.install(from, &s)
	}
}

// install goes on from another replica's snapshot. Of this replica's clients' commands, some are
// applied in it; others were in instances that it skips, and did not get their places.
func (r *replica) install(from protocols.NodeID, s *Snapshot) {
	var skipped []*instance
	for c, applied := range s.Applied {
		for lsn := r.applied[c]; lsn < min(applied, r.columns[c].end()); lsn++ {
			if x := r.get(position{c, lsn}); x != nil {
				skipped = append(skipped, x)
			}
		}
	}
	settled, end := r.settled, r.columns[r.id].end()
	if !r.adopt(s) {
		return
	}
	r.out.Measure(protocols.MeasureInstalled, int64(len(s.State)))
	for _, x := range skipped {
		r.abandon(x)
	}
	r.fulfilSkipped()
	for lsn := settled; lsn < min(r.settled, end); lsn++ {
		wishes := r.placed[lsn]
		delete(r.placed, lsn)
		r.wishAgain(wishes)
	}
	r.settle()
	r.apply()
	r.writeSnapshot()
	r.forget()
	r.catchUpFrom(from) // it has kept what stands behind its snapshot
	r.tellLater()
	r.sweepLater()
	r.serve()
}
