package sim

import (
	"time"

	"quorumbench/netem"
)

// Loop is a calendar of events and the clock that goes with it. It starts at 0; the zero value is
// ready for use. Not safe for use by several goroutines.
type Loop[E any] struct {
	events netem.Queue[E]
	now    time.Duration
}

// Now is the virtual time since the beginning.
func (l *Loop[E]) Now() time.Duration { return l.now }

// Len is the number of events to come.
func (l *Loop[E]) Len() int { return l.events.Len() }

// At enters an event into the calendar. Events of the same time happen in the order in which they
// were entered; one whose time has passed happens now, after those entered for now before it.
func (l *Loop[E]) At(due time.Duration, event E) { l.events.Push(max(due, l.now), event) }

// Next moves the clock to the next event and takes it out of the calendar. If none is due by
// until, included, the clock moves to until and ok is false.
func (l *Loop[E]) Next(until time.Duration) (event E, ok bool) {
	if due, waiting := l.events.Peek(); !waiting || due > until {
		l.now = max(l.now, until)
		return event, false
	}
	l.now, event, _ = l.events.Pop()
	return event, true
}

// Run handles the events due by until, included, those that handle enters on its way too, and
// leaves the clock at until.
func (l *Loop[E]) Run(until time.Duration, handle func(E)) {
	for event, ok := l.Next(until); ok; event, ok = l.Next(until) {
		handle(event)
	}
}
