package bench

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// Life is what came out of playing the first protocol of a plan once, for its checks alone.
type Life struct {
	Checks     []result.Check
	Commands   int    // issued
	Unanswered int    // of these
	Messages   uint64 // sent
}

// Failed returns the checks that did not pass; one that was not decided is not among them.
func (l *Life) Failed() []result.Check {
	r := result.Run{Checks: l.Checks}
	return r.Failed()
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
func Play(ctx context.Context, p *experiment.Plan, trace io.Writer) (life *Life, err error) {
	a := newAttempt(p, p.Experiment.Protocols[0], 0)
	defer func() {
		if failure := recover(); failure != nil {
			life = &Life{Checks: []result.Check{{Name: CheckNoPanic, Verdict: result.Failed, Detail: fmt.Sprintf("%v\n%s", failure, debug.Stack())}}}
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
		return &Life{Checks: []result.Check{{Name: CheckNoFlood, Verdict: result.Failed,
			Detail: fmt.Sprintf("more than %d events, or %d that wait", mostEvents, mostWaiting)}}}, nil
	}
	a.check()
	life = &Life{Checks: a.run.Checks}
	for i, c := range a.clients {
		life.Commands += len(c.samples)
		for _, s := range c.samples[c.lowest:] { // those before are answered or given up
			if s.answered == result.Never {
				life.Unanswered++
			}
		}
		life.Messages += a.running[i].messages
	}
	answered := result.Check{Name: CheckAnswered, Verdict: result.Passed}
	if life.Unanswered > 0 {
		answered.Verdict = result.Failed
		answered.Detail = fmt.Sprintf("%d of %d commands, %v after the last fault was undone", life.Unanswered, life.Commands, p.Experiment.Load.Timeout)
	}
	level := result.Check{Name: CheckLevel, Verdict: result.Passed}
	if !a.level() {
		level.Verdict, level.Detail = result.Failed, "the replicas have applied the log up to"
		for _, s := range a.running {
			level.Detail += fmt.Sprintf(" %d", s.journal.end.Load())
		}
	}
	life.Checks = append(life.Checks, answered, level)
	return life, nil
}
