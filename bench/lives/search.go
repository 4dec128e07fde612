package lives

import (
	"context"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"quorumbench/bench/result"
)

// Found is a life that failed.
type Found struct {
	Seed   uint64
	Failed []result.Check
	Life   *Life // as drawn
}

// Tally counts what a search has done.
type Tally struct {
	Lives     uint64
	Commands  uint64
	Messages  uint64
	Undecided uint64            // checks that were not decided
	Habits    map[string]uint64 // how many lives had each habit, by name
	Elapsed   time.Duration
}

// Search plays the lives of the seeds from first on, on all cores, until count of them are played
// (0: no limit), ctx ends, or one fails. It returns the failing life with the lowest seed. Watch,
// if not nil, is called with the tally about twice a second, by one goroutine at a time.
func Search(ctx context.Context, g Generator, first, count uint64, watch func(Tally)) (*Found, Tally, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &search{generator: g, tally: Tally{Habits: map[string]uint64{}}, began: time.Now(), cancel: cancel}
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
	return s.found, s.snapshot(), s.err
}

type search struct {
	generator Generator
	began     time.Time
	next      atomic.Uint64
	over      atomic.Bool // a life has failed; no more are begun, but those under way, perhaps with lower seeds, are played to the end
	cancel    func()

	mu    sync.Mutex
	tally Tally
	found *Found
	err   error
}

func (s *search) snapshot() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tally
	t.Habits = maps.Clone(t.Habits)
	t.Elapsed = time.Since(s.began)
	return t
}

// ended tells whether a context has ended, or should have: on a busy machine its timer is late.
func ended(ctx context.Context) bool {
	deadline, has := ctx.Deadline()
	return ctx.Err() != nil || has && !time.Now().Before(deadline)
}

func (s *search) play(ctx context.Context, seed uint64) {
	life := s.generator.Draw(seed)
	out, err := life.Play(ctx, nil)
	late := ended(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if late && err == nil && len(out.Failed()) == 0 {
		return // it was played to the end, but not within the time
	}
	if err != nil {
		if ctx.Err() == nil {
			s.err = err
			s.cancel()
		}
		return
	}
	s.tally.Lives++
	s.tally.Commands += uint64(out.Commands)
	s.tally.Messages += out.Messages
	for _, habit := range life.Habits {
		s.tally.Habits[habit]++
	}
	for _, c := range out.Checks {
		if c.Verdict == result.Undecided {
			s.tally.Undecided++
		}
	}
	if failed := out.Failed(); len(failed) > 0 {
		if s.found == nil || seed < s.found.Seed {
			s.found = &Found{Seed: seed, Failed: failed, Life: life}
		}
		s.over.Store(true)
	}
}
