package bench

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"quorumbench/protocols"
)

// NewPlan makes a plan for the simulated world from an experiment that was put together by a
// program, for a driver that need not be registered, with one-way delays, and standard deviations
// of these, of its own. The experiment has one protocol, and must be such as a file could say.
func NewPlan(driver *protocols.Driver, e Experiment, oneWay, jitter [][]time.Duration) (plan *Plan, err error) {
	n := len(e.Regions)
	if len(oneWay) != n || len(jitter) != n || e.World != Simulated {
		return nil, fmt.Errorf("making a plan for %d regions in world %s with %d rows of delays and %d of jitter; accepted: sim, a row for each region",
			n, e.World, len(oneWay), len(jitter))
	}
	if len(e.Protocols) != 1 || e.Protocols[0].Name != driver.Name {
		return nil, fmt.Errorf("making a plan for the protocols %v; accepted: one, %s", e.Protocols, driver.Name)
	}
	e.Protocols = slices.Clone(e.Protocols)
	if e.Protocols[0].Options, err = driver.Settle(e.Protocols[0].Options, n); err != nil {
		return nil, fmt.Errorf("making a plan for %s: %w", driver.Name, err)
	}
	return &Plan{Experiment: e, Topology: Topology{Name: "drawn", OneWay: oneWay}, jitter: jitter, only: driver}, nil
}

// Life is what came out of playing the first protocol of a plan once, for its checks alone.
type Life struct {
	Checks     []Check
	Commands   int    // issued
	Unanswered int    // of these
	Messages   uint64 // sent
}

// Failed returns the checks that did not pass; one that was not decided is not among them.
func (l *Life) Failed() []Check {
	r := Run{Checks: l.Checks}
	return r.failed()
}

// The names of the checks that only a Life has.
const (
	CheckAnswered = "all answered" // in the end, when all faults are undone, every command has been answered
	CheckLevel    = "all level"    // and all replicas have applied the same, where there is one log
	CheckNoPanic  = "no panic"     // the driver did not panic
	CheckNoFlood  = "no flood"     // the replicas did not send each other messages, or set timers, without end
)

// Play plays the first protocol of a plan in virtual time and checks what its replicas did. If
// trace is not nil, every step is written to it. The same plan has the same life. Safe for use by
// several goroutines at a time.
//
// A driver that panics, or floods its world, has failed the check of that name, and no other is made.
func (p *Plan) Play(ctx context.Context, trace io.Writer) (life *Life, err error) {
	a := newAttempt(p, p.Experiment.Protocols[0], 0)
	defer func() {
		if failure := recover(); failure != nil {
			life = &Life{Checks: []Check{{Name: CheckNoPanic, Verdict: Failed, Detail: fmt.Sprintf("%v\n%s", failure, debug.Stack())}}}
		}
	}()
	a.watch = func(time.Duration) {}
	a.trace, a.verdict, a.bounded = trace, true, true
	if err := runSimulated(ctx, a); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if a.drowned {
		return &Life{Checks: []Check{{Name: CheckNoFlood, Verdict: Failed,
			Detail: fmt.Sprintf("more than %d events, or %d that wait", mostEvents, mostWaiting)}}}, nil
	}
	a.check()
	life = &Life{Checks: a.run.Checks}
	for i, c := range a.clients {
		life.Commands += len(c.samples)
		for _, s := range c.samples[c.lowest:] { // those before are answered or given up
			if s.answered == unanswered {
				life.Unanswered++
			}
		}
		life.Messages += a.running[i].messages
	}
	answered := Check{Name: CheckAnswered, Verdict: Passed}
	if life.Unanswered > 0 {
		answered.Verdict = Failed
		answered.Detail = fmt.Sprintf("%d of %d commands, %v after the last fault was undone", life.Unanswered, life.Commands, p.Experiment.Load.Timeout)
	}
	level := Check{Name: CheckLevel, Verdict: Passed}
	if !a.level() {
		level.Verdict, level.Detail = Failed, "the replicas have applied the log up to"
		for _, s := range a.running {
			level.Detail += fmt.Sprintf(" %d", s.journal.end.Load())
		}
	}
	life.Checks = append(life.Checks, answered, level)
	return life, nil
}
