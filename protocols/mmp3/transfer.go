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
type outgoingSnapshot struct {
	snapshot.Sender
	applied vector // in it
}

// sendPiece answers a question for a snapshot.
func (r *replica) sendPiece(to protocols.NodeID, a *snapshot.Ask) {
	if r.slots == 0 {
		return // there is nothing yet
	}
	piece := r.outgoing.Piece(to, a, r.now, r.retry[to], func() (uint64, []byte) {
		r.outgoing.applied = r.applied
		data, err := protocols.Append(nil, r.snapshot())
		if err != nil {
			panic(fmt.Sprintf("mmp3: encoding a snapshot: %v", err)) // an invalid message type: a programming error
		}
		return r.slots, data
	})
	if piece != nil {
		r.out.Send(to, r.envelope(&Message_Piece{Piece: piece}))
	}
	r.scheduleApplied()
}

// arrival is the snapshot that comes.
type incomingSnapshot struct {
	snapshot.Receiver
	asked time.Duration // when a piece was asked for last
}

// overtaken drops a snapshot that is not of use any more: what is in it has come another way.
func (r *replica) dropObsoleteSnapshot() {
	if r.incoming.Index() <= r.slots {
		r.incoming = incomingSnapshot{}
	}
}

// askPiece asks for the next piece, and for nothing else.
func (r *replica) askPiece(of protocols.NodeID) {
	r.incoming.asked = r.now
	r.out.Send(of, r.envelope(&Message_Query{Query: &Query{Snapshot: r.incoming.Ask(of)}}))
}

// pieceTimeout is how long a piece is waited for at least before it is asked for again: a sender is asked
// several times before it is given up, and sends nothing that may be under way.
const pieceTimeout = snapshot.Timeout / 3

// retryPiece asks once more for a piece that has not come for as long as it may take. It returns what
// the sender of a snapshot that is under way is known to have applied: it comes with that, or after it.
func (r *replica) retryPiece() (withSnapshot vector) {
	from, underWay := r.incoming.UnderWay(r.now)
	if !underWay {
		return withSnapshot
	}
	if r.now-r.incoming.asked >= max(pieceTimeout, r.trips[from].Timeout()) {
		r.askPiece(from)
	}
	return r.peerApplied[from]
}

func (r *replica) onPiece(from protocols.NodeID, p *snapshot.Piece) {
	if p.Index <= r.slots {
		return // of the past
	}
	whole, added := r.incoming.Add(from, p, r.now)
	if whole == nil {
		if added {
			r.askPiece(from)
		}
		return
	}
	var s Snapshot
	if protocols.Decode(whole, &s) == nil && s.Slots == p.Index && r.supersedes(&s) {
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
	before, end := r.committedBelow, r.columns[r.id].end()
	if !r.adopt(s) {
		return
	}
	r.out.Measure(protocols.MeasureInstalled, int64(len(s.State)))
	for _, x := range skipped {
		r.abandon(x)
	}
	r.completeSkipped()
	for lsn := before; lsn < min(r.committedBelow, end); lsn++ {
		requests := r.proposed[lsn]
		delete(r.proposed, lsn)
		r.proposeAgain(requests)
	}
	r.advanceCommitted()
	r.apply()
	r.writeSnapshot()
	r.truncateColumns()
	r.catchUpFrom(from) // it has kept what stands behind its snapshot
	r.scheduleApplied()
	r.scheduleRecovery()
	r.answerReads()
}
