package run

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Beat tells another goroutine which event a run in virtual time is handling, so that it notices one that never ends.
// The zero value is ready for use. Safe for use by several goroutines.
type Beat struct {
	number atomic.Uint64 // of the event, from 1 on
	at     atomic.Int64  // when it happened, in nanoseconds of virtual time
	what   atomic.Uint64 // its kind, and the nodes or the place, a byte each
}

// Number is the number of the event, 0 before the first.
func (b *Beat) Number() uint64 { return b.number.Load() }

// String describes the event, such as "event 4711, at 1.2s: a message from node 3 to replica 0".
func (b *Beat) String() string {
	what := b.what.Load()
	kind, place, from, to := eventKind(what), byte(what>>8), byte(what>>16), byte(what>>24)
	text := fmt.Sprintf("event %d, at %v: ", b.Number(), time.Duration(b.at.Load()))
	switch kind {
	case startEvent:
		return text + fmt.Sprintf("the start of place %d", place)
	case messageEvent:
		return text + fmt.Sprintf("a message from node %d to node %d", from, to)
	case timerEvent:
		return text + fmt.Sprintf("a timer of node %d", to)
	case durableEvent:
		return text + fmt.Sprintf("the end of a write of replica %d's disk", place)
	case workDoneEvent:
		return text + fmt.Sprintf("the end of replica %d's work", place)
	case callEvent:
		return text + "a fault"
	}
	return text + fmt.Sprintf("a command of the clients at place %d", place)
}

// begin notes that the event of a number begins.
func (b *Beat) begin(number int, at time.Duration, e *placeEvent) {
	kind := e.kind
	if e.place == noPlace {
		kind = callEvent
	}
	b.at.Store(int64(at))
	b.what.Store(uint64(kind) | uint64(byte(e.place))<<8 | uint64(byte(e.from))<<16 | uint64(byte(e.to))<<24)
	b.number.Store(uint64(number))
}
