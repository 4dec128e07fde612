package lives

import (
	"context"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"quorumbench/bench/internal/collector"
	"quorumbench/bench/result"
)

// How many bytes the lives under way at a time allocate before the garbage collector runs again. With Go's default, which
// is as much as is alive, it would take a third to a half of a search's processor time: a life keeps one or two MB.
const spare = 64 << 20

// Found is a life that failed.
type Found struct {
	Seed   uint64
	Failed []result.Check
	Life   *Life // as drawn; nil of a scenario
}

// Tally counts what a search has done. It is the sum over lives, which follows from their seeds alone, but for Elapsed.
type Tally struct {
	Lives     uint64
	Commands  uint64
	Messages  uint64
	Undecided uint64            // checks that were not decided
	Habits    map[string]uint64 // how many lives had each habit, by name
	Elapsed   time.Duration
}

// Plus is the sum of two tallies.
func (t Tally) Plus(o Tally) Tally {
	t.Lives += o.Lives
	t.Commands += o.Commands
	t.Messages += o.Messages
	t.Undecided += o.Undecided
	t.Elapsed += o.Elapsed
	habits := maps.Clone(t.Habits)
	for name, count := range o.Habits {
		if habits == nil {
			habits = map[string]uint64{}
		}
		habits[name] += count
	}
	t.Habits = habits
	return t
}

// Search plays the lives of the seeds from first on, on all cores, until count of them are played
// (0: no limit), ctx ends, or one fails. It returns the failing life with the lowest seed, and the tally: of a search that
// comes to its end, of all lives, and of one that finds something, of the lives up to that seed, so that it does not depend
// on the number of cores. Watch, if not nil, is called about twice a second, by one goroutine at a time, with the tally of the
// lives of the first seeds, as far as all of these are played: a search from first+Lives on adds the others.
func Search(ctx context.Context, g Generator, first, count uint64, watch func(Tally)) (*Found, Tally, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer collector.Keep(spare).Release()
	s := &search{generator: g, first: first, ahead: map[uint64]Tally{}, began: time.Now(), cancel: cancel}
	s.next.Store(first)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for !ended(ctx) && !s.over.Load() {
				seed := s.next.Add(1) - 1
				if count > 0 && seed >= first+count {
					return
				}
				s.play(ctx, seed)
			}
		})
	}
	if watch != nil {
		done := make(chan struct{})
		var watching sync.WaitGroup
		watching.Go(func() {
			tick := time.NewTicker(500 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-done:
					return
				case <-tick.C:
					watch(s.snapshot())
				}
			}
		})
		defer watching.Wait()
		defer close(done)
	}
	workers.Wait()
	return s.found, s.total(), s.err
}

type search struct {
	generator Generator
	began     time.Time
	next      atomic.Uint64
	over      atomic.Bool // a life has failed; no more are begun, but those under way, perhaps with lower seeds, are played to the end
	cancel    func()

	first uint64

	mu    sync.Mutex
	tally Tally            // of the seeds from first on, as far as all are played
	ahead map[uint64]Tally // of later seeds that are played
	found *Found
	err   error
}

// snapshot is the tally for Watch.
func (s *search) snapshot() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tally.Plus(Tally{})
	t.Elapsed = time.Since(s.began)
	return t
}

// total is the tally of a search that is over.
func (s *search) total() Tally {
	t := s.snapshot()
	for seed, one := range s.ahead { // sums do not depend on the order
		if s.found == nil || seed <= s.found.Seed {
			t = t.Plus(one)
		}
	}
	return t
}

// count enters a life that was played.
func (s *search) count(seed uint64, one Tally) {
	s.ahead[seed] = one
	for {
		next := s.first + s.tally.Lives
		one, played := s.ahead[next]
		if !played || s.found != nil && next > s.found.Seed {
			return
		}
		delete(s.ahead, next)
		s.tally = s.tally.Plus(one)
	}
}

// ended tells whether a context has ended, or should have: on a busy machine its timer is late.
func ended(ctx context.Context) bool {
	deadline, has := ctx.Deadline()
	return ctx.Err() != nil || has && !time.Now().Before(deadline)
}

func (s *search) play(ctx context.Context, seed uint64) {
	life, one, failed, err := s.generator.play(ctx, seed)
	late := ended(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if late && err == nil && len(failed) == 0 {
		return // it was played to the end, but not within the time
	}
	if err != nil {
		if ctx.Err() == nil {
			s.err = err
			s.cancel()
		}
		return
	}
	if len(failed) > 0 {
		if s.found == nil || seed < s.found.Seed {
			s.found = &Found{Seed: seed, Failed: failed, Life: life}
		}
		s.over.Store(true)
	}
	s.count(seed, one)
}
