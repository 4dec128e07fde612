package bench

import (
	"cmp"
	"slices"
	"time"

	"quorumbench/bench/result"
	"quorumbench/protocols"
)

// crashes tells of all crashes of a run, in the order of time.
func (a *attempt) crashes(orders map[string]*order) []result.Crash {
	warmup := a.plan.Experiment.Load.Warmup
	var all []result.Crash
	for _, s := range a.running {
		for i := range s.lives {
			life := &s.lives[i]
			if life.ended == result.Never {
				continue
			}
			crash := result.Crash{Region: a.plan.Experiment.Regions[s.id], At: life.ended - warmup}
			for _, c := range a.clients {
				crash.Outages = append(crash.Outages, c.outage(life.ended))
			}
			if i+1 < len(s.lives) {
				crash.Recovery = a.recovery(s, i+1, life.ended, orders)
			}
			all = append(all, crash)
		}
	}
	slices.SortStableFunc(all, func(a, b result.Crash) int { return cmp.Compare(a.At, b.At) })
	return all
}

// outage is how long after a time it takes until a write is answered that arrives from then on.
func (c *clients) outage(from time.Duration) time.Duration {
	outage := result.Never
	for i := range c.samples {
		s := &c.samples[i]
		if s.read || s.intended < from || s.answered == result.Never {
			continue
		}
		if took := s.answered - from; outage == result.Never || took < outage {
			outage = took
		}
	}
	return outage
}

// recovery tells how a life of a site that is not its first came up.
func (a *attempt) recovery(s *site, life int, crashed time.Duration, orders map[string]*order) *result.Recovery {
	begun := s.lives[life].began
	r := &result.Recovery{At: begun - a.plan.Experiment.Load.Warmup, Serving: result.Never}
	if served := s.lives[life].served; served != result.Never {
		r.Serving = served - begun
	}
	for key, all := range orders { // each counts for itself: their sequence does not matter
		last := 0
		seen := map[protocols.CommandID]bool{}
		for i, id := range all.commands {
			known := a.sample(id)
			if known == nil || known.read || known.answered == result.Never || known.answered > begun || seen[id] {
				continue
			}
			last = i + 1
			if known.answered >= crashed {
				seen[id] = true
				r.Missed++
			}
		}
		if last == 0 || r.CaughtUp == result.Never {
			continue
		}
		mine := s.journal.lives[life][key]
		if mine == nil {
			r.CaughtUp = result.Never
			continue
		}
		if when, ok := mine.reached(uint64(last)); ok {
			r.CaughtUp = max(r.CaughtUp, when-begun)
		} else {
			r.CaughtUp = result.Never
		}
	}
	return r
}
