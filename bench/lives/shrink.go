package lives

import (
	"context"
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/flow"
)

// clone returns a copy whose faults and settings can be changed.
func (l *Life) clone() *Life {
	c := *l
	c.Experiment.Faults = slices.Clone(l.Experiment.Faults)
	return &c
}

// simpler returns lives that are a step simpler than this one, the largest steps first: shorter,
// with fewer clients, with fewer faults, on a simpler network.
func (l *Life) simpler() []*Life {
	var all []*Life
	try := func(change func(e *experiment.Experiment) bool) {
		if c := l.clone(); change(&c.Experiment) {
			all = append(all, c)
		}
	}
	for _, part := range []time.Duration{4, 2} { // the end comes earlier, with what undoes the faults
		try(func(e *experiment.Experiment) bool {
			e.Load.Duration /= part
			e.Faults = slices.DeleteFunc(e.Faults, func(f experiment.Fault) bool { return f.At > e.Load.Duration && !undoes(f) })
			for i := range e.Faults {
				if undoes(e.Faults[i]) {
					e.Faults[i].At = e.Load.Duration
				}
			}
			return e.Load.Duration >= 100*ms
		})
	}
	try(func(e *experiment.Experiment) bool { had := e.Load.Commands > 0; e.Load.Commands = 0; return had })
	try(func(e *experiment.Experiment) bool { e.Load.Clients /= 2; return e.Load.Clients > 0 })
	try(func(e *experiment.Experiment) bool {
		had := e.Load.RMW.Share > 0
		e.Load.RMW = experiment.RMW{}
		return had
	})
	for i := range l.Experiment.Faults {
		try(func(e *experiment.Experiment) bool {
			keep := undoes(e.Faults[i])
			e.Faults = slices.Delete(e.Faults, i, i+1)
			return !keep
		})
	}
	try(func(e *experiment.Experiment) bool { had := e.Network.Loss > 0; e.Network.Loss = 0; return had })
	try(func(e *experiment.Experiment) bool {
		had := e.Simulation.Doubled > 0
		e.Simulation.Doubled = 0
		return had
	})
	try(func(e *experiment.Experiment) bool { had := e.Network.Reorder; e.Network.Reorder = false; return had })
	try(func(e *experiment.Experiment) bool {
		had := e.Simulation.PersistCost > 0
		e.Simulation.PersistCost = 0
		return had
	})
	try(func(e *experiment.Experiment) bool { e.Load.Keys.Count /= 2; return e.Load.Keys.Count > 0 })
	tryLife := func(had bool, change func(c *Life)) {
		if c := l.clone(); had {
			change(c)
			all = append(all, c)
		}
	}
	tryLife(l.Limits.Messages != flow.Limits{}, func(c *Life) { c.Limits.Messages = flow.Limits{} })
	tryLife(l.Limits.SnapshotEvery != usualSnapshots, func(c *Life) { c.Limits.SnapshotEvery = usualSnapshots })
	tryLife(l.Limits.SnapshotStep > 0, func(c *Life) { c.Limits.SnapshotStep = 0 })
	tryLife(l.ValueSizes != nil, func(c *Life) { c.ValueSizes = nil })
	return all
}

// undoes reports whether a fault is one of the repairs at the end of a life.
func undoes(f experiment.Fault) bool { return f.Heal || f.Restart != "" }

// Shrink returns a simpler life that fails the same check: it takes one step of simpler after another, as long as the
// check still fails. It plays at most limit lives.
func Shrink(ctx context.Context, l *Life, check string, limit int) *Life {
	for limit > 0 {
		next := -1
		candidates := l.simpler()
		for i, c := range candidates {
			if limit--; limit < 0 {
				break
			}
			if out, err := c.Play(ctx, nil); err == nil && fails(out, check) {
				next = i
				break
			}
		}
		if next < 0 {
			break
		}
		l = candidates[next]
	}
	return l
}

func fails(l *Outcome, check string) bool {
	return slices.ContainsFunc(l.Failed(), func(c result.Check) bool { return c.Name == check })
}
