package emulator_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quorumbench/netem/emulator"
)

const ms = time.Millisecond

func TestEventsHappenWhenDueInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := emulator.NewPortable()
		defer s.Close()
		var got []string
		note := func(what string) emulator.Func {
			return func() { got = append(got, fmt.Sprint(what, " ", s.Now())) }
		}
		s.At(20*ms, emulator.Timers, note("c"))
		synctest.Wait() // it sleeps until then
		s.At(10*ms, emulator.Timers, note("a"))
		s.At(10*ms, emulator.Timers, note("b"))
		s.At(15*ms, emulator.Timers, emulator.Func(func() {
			s.At(5*ms, emulator.Timers, note("missed"))
			s.At(16*ms, emulator.Timers, note("next"))
		}))
		time.Sleep(time.Second)
		synctest.Wait()
		want := []string{"a 10ms", "b 10ms", "missed 15ms", "next 16ms", "c 20ms"}
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	})
}

func TestNothingHappensAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := emulator.NewPortable()
		event := emulator.Func(func() { t.Error("an event happened") })
		s.At(ms, emulator.Timers, event)
		s.Close()
		s.At(2*ms, emulator.Timers, event)
		time.Sleep(time.Second)
		s.Close() // again, to no harm
	})
}

func TestLatenessCountsEventsEnteredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := emulator.NewPortable()
		defer s.Close()
		nothing := emulator.Func(func() {})
		time.Sleep(ms)
		s.At(0, emulator.Packets, nothing) // was due before
		s.At(5*ms, emulator.Packets, nothing)
		s.At(5*ms, emulator.Timers, emulator.Func(func() { time.Sleep(3 * ms) })) // which no event should
		s.At(6*ms, emulator.Packets, nothing)
		time.Sleep(time.Second)

		late := s.TakeLateness(emulator.Packets)
		if late.TotalCount() != 2 || late.Min() != 0 || !late.ValuesAreEquivalent(late.Max(), int64(2*ms)) {
			t.Errorf("%d events, %d to %d ns late, want 2, 0 to 2ms", late.TotalCount(), late.Min(), late.Max())
		}
		if again := s.TakeLateness(emulator.Packets); again.TotalCount() != 0 {
			t.Errorf("%d events are told again", again.TotalCount())
		}
		if arrivals := s.TakeLateness(emulator.Arrivals); arrivals.TotalCount() != 0 {
			t.Errorf("%d events of another kind", arrivals.TotalCount())
		}
	})
}

// The one test in real time: a few milliseconds, and nothing about how fast it is.
func TestSystemSchedulerIsNeverEarlyAndKeepsOrder(t *testing.T) {
	for _, spin := range []time.Duration{0, 60 * time.Microsecond} {
		t.Run(fmt.Sprint(spin), func(t *testing.T) { neverEarlyAndInOrder(t, spin) })
	}
}

func neverEarlyAndInOrder(t *testing.T, spin time.Duration) {
	s := emulator.New(spin)
	defer s.Close()
	const events, goroutines = 50, 4
	var (
		all  sync.WaitGroup
		last time.Duration
	)
	all.Add(goroutines * events)
	start := s.Now() + 5*ms
	for g := range goroutines {
		go func() {
			for i := range events {
				due := start + time.Duration((i*7%events)*goroutines+g)*10*time.Microsecond
				s.At(due, emulator.Timers, emulator.Func(func() {
					defer all.Done()
					if now := s.Now(); now < due {
						t.Errorf("due at %v, happened at %v", due, now)
					}
					if due < last {
						t.Errorf("due at %v, happened after what was due at %v", due, last)
					}
					last = due
				}))
			}
		}()
	}
	all.Wait()
}

func TestSystemSchedulerClosesWhileItSleeps(t *testing.T) {
	for _, spin := range []time.Duration{0, 2 * time.Hour} {
		s := emulator.New(spin)
		s.At(time.Hour, emulator.Timers, emulator.Func(func() { t.Error("an event happened") }))
		s.Close()
	}
}

// BenchmarkLateness tells how late events are, on an idle machine and beside two goroutines that
// compute for 0.3 ms of each millisecond.
func BenchmarkLateness(b *testing.B) {
	for _, busy := range []bool{false, true} {
		for name, start := range map[string]func() *emulator.Scheduler{
			"portable": emulator.NewPortable,
			"system":   func() *emulator.Scheduler { return emulator.New(0) },
			"spinning": func() *emulator.Scheduler { return emulator.New(60 * time.Microsecond) },
		} {
			b.Run(fmt.Sprintf("%s/busy=%v", name, busy), func(b *testing.B) {
				s := start()
				defer s.Close()
				if busy {
					stop := make(chan struct{})
					defer close(stop)
					for range 2 {
						go churn(stop)
					}
				}
				var all sync.WaitGroup
				all.Add(b.N)
				now := s.Now()
				for i := range b.N {
					s.At(now+time.Duration(i+1)*1237*time.Microsecond, emulator.Packets, emulator.Func(all.Done))
				}
				all.Wait()
				late := s.TakeLateness(emulator.Packets)
				for _, p := range []float64{50, 90, 99} {
					b.ReportMetric(float64(late.ValueAtPercentile(p))/1e3, fmt.Sprintf("p%v-µs", p))
				}
			})
		}
	}
}

func churn(stop <-chan struct{}) {
	for tick := time.Tick(ms); ; {
		select {
		case <-stop:
			return
		case start := <-tick:
			for time.Since(start) < 300*time.Microsecond {
			}
		}
	}
}
