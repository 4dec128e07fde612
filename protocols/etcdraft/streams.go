package etcdraft

import (
	"cmp"
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

	incarnation uint64           // of the peer
	delivered   uint64           // the number of the last message delivered, or given up
	early       map[uint64]early // received before one with a lower number, by number
}

// early is a message that came before one with a lower number.
type early struct {
	message *Message
	until   time.Duration // when it no longer waits for that
}

// hold holds a message that came early.
func (r *replica) hold(from protocols.NodeID, m *Message) {
	s := &r.streams[from]
	if len(s.early) == 0 {
		r.out.SetTimer(earlyTimer+2*protocols.TimerID(from), earlyTimeout)
	}
	if _, twice := s.early[m.Number]; !twice {
		s.early[m.Number] = early{m, r.now + earlyTimeout}
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
	if len(s.early) == 0 {
		r.out.StopTimer(earlyTimer + 2*protocols.TimerID(from))
	}
}

// deliverHeld delivers a message that came early. Those before it that have not come are given up.
func (r *replica) deliverHeld(from protocols.NodeID, number uint64, m *Message) {
	s := &r.streams[from]
	s.delivered = number
	delete(s.early, number)
	r.deliver(from, m)
}

// skipMissing gives up the messages before those that have waited for earlyTimeout, and delivers these (rule 3).
func (r *replica) skipMissing(from protocols.NodeID) {
	s := &r.streams[from]
	last := uint64(0)
	for number, e := range s.early {
		if e.until <= r.now {
			last = max(last, number)
		}
	}
	for _, number := range slices.Sorted(maps.Keys(s.early)) {
		if number <= last {
			r.deliverHeld(from, number, s.early[number].message)
		}
	}
	r.deliverEarly(from)
	if len(s.early) > 0 {
		until := slices.MinFunc(slices.Collect(maps.Values(s.early)), func(a, b early) int { return cmp.Compare(a.until, b.until) }).until
		r.out.SetTimer(earlyTimer+2*protocols.TimerID(from), until-r.now)
	}
}
