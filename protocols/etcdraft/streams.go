package etcdraft

import (
	"maps"
	"slices"
	"time"

	"quorumbench/protocols"
)

// earlyTimeout is how long a gap in the stream is waited for: longer than packets of one link overtake each other, and much
// shorter than a round trip.
const earlyTimeout = 10 * time.Millisecond

// stream is the state of the numbered messages to and from a peer (rule 3).
type stream struct {
	sent      uint64        // the number of the last message sent
	lastHeard time.Duration // when the last message was received

	incarnation uint64           // of the peer
	delivered   uint64           // the number of the last message delivered, or given up
	early       map[uint64]early // received before one with a lower number, by number
}

// early is a message that came before one with a lower number.
type early struct {
	message *Message
	until   time.Duration // when it waits for none any more
}

// hold holds a message that came early.
func (r *replica) hold(from protocols.NodeID, m *Message) {
	s := &r.streams[from]
	if len(s.early) == 0 {
		r.out.SetTimer(earlyTimer+2*protocols.TimerID(from), earlyTimeout)
	}
	if _, twice := s.early[m.Number]; !twice {
		s.early[m.Number] = early{m, r.now + max(earlyTimeout, r.config.Delays.RoundTrip(r.config.ID, from)/2)}
	}
}

// deliverEarly delivers the messages that waited for the one just delivered.
func (r *replica) deliverEarly(from protocols.NodeID) {
	s := &r.streams[from]
	if len(s.early) == 0 {
		return
	}
	for next, found := s.early[s.delivered+1]; found; next, found = s.early[s.delivered+1] {
		r.deliverHeld(from, s.delivered+1, next.message)
	}
	timer := earlyTimer + 2*protocols.TimerID(from)
	if len(s.early) == 0 {
		r.out.StopTimer(timer)
	} else {
		r.out.SetTimer(timer, earlyTimeout)
	}
}

// deliverHeld delivers a message that came early. Those before it that have not come are given up.
func (r *replica) deliverHeld(from protocols.NodeID, number uint64, m *Message) {
	s := &r.streams[from]
	s.delivered = number
	delete(s.early, number)
	r.deliver(from, m)
}

// skipMissing gives up the messages before the first of those that wait, and before those that have waited for too long (rule 3).
func (r *replica) skipMissing(from protocols.NodeID) {
	s := &r.streams[from]
	if len(s.early) == 0 {
		return
	}
	numbers := slices.Sorted(maps.Keys(s.early))
	last := numbers[0]
	for _, number := range numbers {
		if s.early[number].until <= r.now {
			last = number
		}
	}
	for _, number := range numbers {
		if number <= last {
			r.deliverHeld(from, number, s.early[number].message)
		}
	}
	r.deliverEarly(from)
}
