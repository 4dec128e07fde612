package bench

import (
	"cmp"
	"slices"
	"time"

	"quorumbench/protocols"
)

// Crash is the end of a replica's life, what it did to the clients, and the recovery from it. Times
// are since measuring began.
type Crash struct {
	Region string        `json:"region"` // whose replica
	At     time.Duration `json:"at_ns"`
	// Outages are by region, in the experiment's order: how long it took until a write was answered
	// that had arrived after the crash. Without one it is -1.
	Outages  []time.Duration `json:"outages_ns"`
	Recovery *Recovery       `json:"recovery,omitempty"` // nil if the replica was not started again
}

// Recovery tells how a replica that was started again came back. Lengths are since its start; -1
// where it did not come so far.
type Recovery struct {
	At time.Duration `json:"at_ns"` // since measuring began
	// CaughtUp is how long it took until the replica had applied, or adopted a state with, every
	// write that any client had an answer to before the replica was started.
	CaughtUp time.Duration `json:"caught_up_ns"`
	// Missed is how many of these had been answered since the crash.
	Missed int `json:"missed"`
	// Serving is how long it took until the replica answered a command of its region's clients.
	Serving time.Duration `json:"serving_ns"`
}

// crashes tells of all crashes of a run, in the order of time.
func (a *attempt) crashes(orders map[string]*order) []Crash {
	warmup := a.plan.Experiment.Load.Warmup
	var all []Crash
	for _, s := range a.running {
		for i := range s.lives {
			life := &s.lives[i]
			if life.ended == unanswered {
				continue
			}
			crash := Crash{Region: a.plan.Experiment.Regions[s.id], At: life.ended - warmup}
			for _, c := range a.clients {
				crash.Outages = append(crash.Outages, c.outage(life.ended))
			}
			if i+1 < len(s.lives) {
				crash.Recovery = a.recovery(s, i+1, life.ended, orders)
			}
			all = append(all, crash)
		}
	}
	slices.SortStableFunc(all, func(a, b Crash) int { return cmp.Compare(a.At, b.At) })
	return all
}

// outage is how long after a time it takes until a write is answered that arrives from then on.
func (c *clients) outage(from time.Duration) time.Duration {
	outage := unanswered
	for i := range c.samples {
		s := &c.samples[i]
		if s.read || s.intended < from || s.answered == unanswered {
			continue
		}
		if took := s.answered - from; outage == unanswered || took < outage {
			outage = took
		}
	}
	return outage
}

// recovery tells how a life of a site that is not its first came up.
func (a *attempt) recovery(s *site, life int, crashed time.Duration, orders map[string]*order) *Recovery {
	begun := s.lives[life].began
	r := &Recovery{At: begun - a.plan.Experiment.Load.Warmup, Serving: unanswered}
	if served := s.lives[life].served; served != unanswered {
		r.Serving = served - begun
	}
	for key, all := range orders { // each counts for itself: their sequence does not matter
		last := 0
		seen := map[protocols.CommandID]bool{}
		for i, id := range all.commands {
			known := a.sample(id)
			if known == nil || known.read || known.answered == unanswered || known.answered > begun || seen[id] {
				continue
			}
			last = i + 1
			if known.answered >= crashed {
				seen[id] = true
				r.Missed++
			}
		}
		if last == 0 || r.CaughtUp == unanswered {
			continue
		}
		mine := s.journal.lives[life][key]
		if mine == nil {
			r.CaughtUp = unanswered
			continue
		}
		if when, ok := mine.reached(uint64(last)); ok {
			r.CaughtUp = max(r.CaughtUp, when-begun)
		} else {
			r.CaughtUp = unanswered
		}
	}
	return r
}
