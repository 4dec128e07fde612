package emulator

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/netem"
)

// Kind is the kind of an event. Lateness is measured for each kind separately.
type Kind uint8

// The kinds of events.
const (
	Packets  Kind = iota // a packet arrives
	Arrivals             // the load generator issues a command
	Timers               // a timer of a node runs out
	kinds
)

// Event is something that happens at a time. Types that are reused, as packets are, cost no
// allocation for an event.
type Event interface {
	// Happen is called when the event is due, by the scheduler's only goroutine: it must not block
	// and should not compute, for whatever it takes makes all events behind it late.
	Happen()
}

// Func is a function as an Event.
type Func func()

// Happen calls the function.
func (f Func) Happen() { f() }

// Scheduler makes events happen when they are due: never early, as little late as it can, in the
// order (due, order of the calls of At). Its methods may be called by several goroutines, and by
// events.
type Scheduler struct {
	start time.Time
	sleep sleeper
	loops sync.WaitGroup

	mu     sync.Mutex // guards what follows
	queue  netem.Queue[scheduled]
	wakeAt time.Duration // until when the loop sleeps; awake if it does not
	closed bool
	late   [kinds]*hdrhistogram.Histogram

	busy atomic.Int64 // nanoseconds; see Busy
}

type scheduled struct {
	event  Event
	kind   Kind
	inTime bool // it was entered before it was due, so its lateness is the scheduler's own
}

// happening is an event that was taken out of the queue.
type happening struct {
	scheduled
	due  time.Duration
	late time.Duration
}

const (
	awake   time.Duration = -1
	forever time.Duration = 1<<63 - 1
)

// sleeper lets one goroutine sleep, and others wake it.
type sleeper interface {
	// until returns when the time since the start is reached, or after a wake: at once, if that
	// came before.
	until(due time.Duration)
	wake()
	fmt.Stringer
}

// NewPortable starts a scheduler that sleeps by Go's timers: up to a millisecond late on Linux,
// but it works on every system, and in a testing/synctest bubble, where it is exact. Close it.
func NewPortable() *Scheduler {
	start := time.Now()
	return newScheduler(start, newTimerSleeper(start))
}

func newScheduler(start time.Time, sleep sleeper) *Scheduler {
	s := &Scheduler{start: start, sleep: sleep, wakeAt: awake}
	for kind := range s.late {
		s.late[kind] = newLateness()
	}
	s.loops.Go(s.loop)
	return s
}

// newLateness makes a histogram for lateness in nanoseconds.
func newLateness() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(mostLate), 3)
}

// mostLate is the greatest lateness that is recorded; anything later counts as this.
const mostLate = time.Minute

// Now is the time since the scheduler was started.
func (s *Scheduler) Now() time.Duration { return time.Since(s.start) }

// At makes an event happen at a time since the start of the scheduler, or at once if that has
// passed. After Close it does nothing.
func (s *Scheduler) At(due time.Duration, kind Kind, event Event) {
	inTime := due > s.Now()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.queue.Push(due, scheduled{event, kind, inTime})
	wake := due < s.wakeAt
	if wake {
		s.wakeAt = awake // whoever comes next need not wake it again
	}
	s.mu.Unlock()
	if wake {
		s.sleep.wake()
	}
}

// TakeLateness returns how late events of a kind happened, in nanoseconds, since it was called
// last. Events that were due already when they were entered do not count.
func (s *Scheduler) TakeLateness(kind Kind) *hdrhistogram.Histogram {
	empty := newLateness()
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.late[kind]
	s.late[kind] = empty
	return taken
}

// Busy is for how long events have been happening, one after the other, since the start.
func (s *Scheduler) Busy() time.Duration { return time.Duration(s.busy.Load()) }

// String tells on what the scheduler sleeps, such as "threads of real-time priority".
func (s *Scheduler) String() string { return s.sleep.String() }

// Close stops the scheduler: when it returns no event happens any more. It must not be called by
// an event.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	s.queue = netem.Queue[scheduled]{}
	s.mu.Unlock()
	s.sleep.wake()
	s.loops.Wait()
}

func (s *Scheduler) loop() {
	var events []happening
	for {
		var wakeAt time.Duration
		var closed bool
		events, wakeAt, closed = s.next(events)
		switch {
		case closed:
			return
		case len(events) > 0:
			now := s.Now()
			began := now
			for i := range events {
				e := &events[i]
				e.late = now - e.due
				e.event.Happen()
				now = s.Now()
			}
			s.busy.Add(int64(now - began))
			runtime.Gosched() // to the goroutines that the events have woken; see futexSleeper
		default:
			s.sleep.until(wakeAt)
		}
	}
}

// mostTogether is how many events are taken out of the queue together. Close waits until all of them have happened.
const mostTogether = 64

// next records how late those events were that have happened, and takes out those that are due, or tells until when
// to sleep.
func (s *Scheduler) next(events []happening) (due []happening, wakeAt time.Duration, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if e.inTime {
			_ = s.late[e.kind].RecordValue(int64(min(e.late, mostLate))) // cannot fail: it is in the histogram's range
		}
	}
	clear(events)
	events = events[:0]
	s.wakeAt = awake
	if s.closed {
		return nil, 0, true
	}
	now := s.Now()
	for len(events) < mostTogether {
		at, waiting := s.queue.Peek()
		if !waiting {
			at = forever
		}
		if at > now {
			if len(events) == 0 {
				s.wakeAt = at
			}
			return events, at, false
		}
		_, item, _ := s.queue.Pop()
		events = append(events, happening{scheduled: item, due: at})
	}
	return events, 0, false
}
