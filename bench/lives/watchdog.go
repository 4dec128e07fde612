package lives

import (
	"context"
	"fmt"
	"io"
	"runtime/metrics"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
)

// watchdog watches lives that are played. Its bounds are far beyond what any life takes on any machine: they decide only
// about lives that would never end.
type watchdog struct {
	tick    time.Duration // how often it looks
	longest time.Duration // that a step may take
	memory  uint64        // that the process may take, in bytes
	used    func() uint64 // how much it takes
}

var theWatchdog = &watchdog{tick: 200 * time.Millisecond, longest: time.Minute, memory: mostMemory(), used: heap}

// play plays a life in a goroutine of its own.
func (w *watchdog) play(ctx context.Context, l *Life, trace io.Writer) (*Outcome, error) {
	type played struct {
		out *Outcome
		err error
	}
	beat, done := &run.Beat{}, make(chan played, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		out, err := l.play(ctx, trace, beat)
		done <- played{out, err}
	}()
	tick := time.NewTicker(w.tick)
	defer tick.Stop()
	clock, event := seen{most: 2 * w.tick, last: time.Now()}, current{}
	for {
		select {
		case p := <-done:
			return p.out, p.err
		case <-tick.C:
		}
		lasts := event.lasts(beat.Number(), clock.at(time.Now()))
		if lasts > w.longest {
			detail := fmt.Sprintf("%v has not ended for %v", beat, lasts.Round(time.Second))
			return &Outcome{Checks: []result.Check{{Name: CheckEnds, Verdict: result.Failed, Detail: detail}}}, nil
		}
		if used := w.used(); used > w.memory {
			return nil, &MemoryError{Life: l, Event: beat.String(), Lasts: lasts, Used: used, Most: w.memory}
		}
	}
}

// seen is the time that the watchdog has seen pass. Of a time in which it was not let run, it counts little: the lives were
// not let run either, since the machine stood still, or had no memory or processor to spare.
type seen struct {
	most time.Duration // that is counted from one look to the next
	last time.Time
	sum  time.Duration
}

// at is the time that has been seen at a look.
func (s *seen) at(now time.Time) time.Duration {
	s.sum += min(now.Sub(s.last), s.most)
	s.last = now
	return s.sum
}

// current is the event that is being handled.
type current struct {
	number uint64
	since  time.Duration // when it was first seen
}

// lasts notes the number of the event that is being handled now, and returns for how long that has been so, at least.
func (c *current) lasts(number uint64, now time.Duration) time.Duration {
	if number != c.number {
		c.number, c.since = number, now
	}
	return now - c.since
}

// MemoryError says that the process took more memory than it may while a life was played. Another life that was played
// at the same time may have taken it.
type MemoryError struct {
	Life       *Life
	Event      string        // that was being handled
	Lasts      time.Duration // for how long, at least
	Used, Most uint64        // in bytes
}

// Error implements error.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("%s: found %d MiB in use while the life of seed %d was played, perhaps by another beside it; accepted: at most %d MiB. It was at %s, for %v so far",
		e.Life.Driver.Name, e.Used>>20, e.Life.Experiment.Seed, e.Most>>20, e.Event, e.Lasts.Round(time.Millisecond))
}

// mostMemory is three quarters of the memory that the process can have, or 4 GiB if that is unknown.
func mostMemory() uint64 {
	there, _ := bench.MemoryThere()
	if there == 0 {
		return 4 << 30
	}
	return uint64(there) / 4 * 3
}

// heap is the size of the objects on the heap, in bytes, those included that are not collected yet.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
