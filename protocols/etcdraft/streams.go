package etcdraft

import (
	"maps"
	"slices"
	"time"

	"quorumbench/protocols"
)

// earlyTimeout is how long a message that came early waits for those before it: longer than packets of one link
// overtake each other, and much shorter than a round trip.
const earlyTimeout = 10 * time.Millisecond

// stream is the state of the numbered messages to and from a peer (rule 3).
type stream struct {
	sent      uint64        // the number of the last message sent
	lastHeard time.Duration // when the last message was received

	incarnation uint64              // of the peer
	delivered   uint64              // the number of the last message delivered, or given up
	early       map[uint64]*Message // received before one with a lower number, by number
}

// deliverEarly delivers the messages that waited for the one just delivered.
func (r *replica) deliverEarly(from protocols.NodeID) {
	s := &r.streams[from]
	if len(s.early) == 0 {
		return
	}
	for m := s.early[s.delivered+1]; m != nil; m = s.early[s.delivered+1] {
		s.delivered++
		delete(s.early, s.delivered)
		r.deliver(from, m)
	}
	timer := earlyTimer + 2*protocols.TimerID(from)
	if len(s.early) == 0 {
		r.out.StopTimer(timer)
	} else {
		r.out.SetTimer(timer, earlyTimeout)
	}
}

// skipMissing gives up the messages before the first of those that have waited for earlyTimeout (rule 3).
func (r *replica) skipMissing(from protocols.NodeID) {
	s := &r.streams[from]
	if len(s.early) == 0 {
		return
	}
	s.delivered = slices.Min(slices.Collect(maps.Keys(s.early))) - 1
	r.deliverEarly(from)
}
