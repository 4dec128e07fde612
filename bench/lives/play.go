package lives

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
)

// Outcome is what came out of playing a life.
type Outcome struct {
	Checks     []result.Check
	Commands   int    // issued
	Unanswered int    // of these
	Messages   uint64 // sent
}

// Failed returns the checks that did not pass; one that was not decided is not among them.
func (o *Outcome) Failed() []result.Check {
	run := result.Run{Checks: o.Checks}
	return run.Failed()
}

// The names of the checks that only a life has.
const (
	CheckAnswered = "all answered" // in the end, when all faults are undone, every command has been answered
	CheckLevel    = "all level"    // and all replicas have applied the same, where there is one log
	CheckNoPanic  = "no panic"     // the driver did not panic
	CheckNoFlood  = "no flood"     // the replicas did not send each other messages, or set timers, without end
)

// bounds are a hundred times as many events as a life needs.
var bounds = run.Bounds{Events: 5_000_000, Waiting: 50_000}

// Play plays a life in virtual time and checks what its replicas did. If trace is not nil, every step is
// written to it. The same life takes the same course every time. Safe for use by several goroutines at a
// time.
//
// A driver that panics, or floods its world, has failed the check of that name, and no other is made.
func (l *Life) Play(ctx context.Context, trace io.Writer) (out *Outcome, err error) {
	plan, err := experiment.NewPlan(l.Driver, l.Experiment, l.OneWay, l.Jitter)
	if err != nil {
		return nil, err
	}
	defer func() {
		if failure := recover(); failure != nil {
			out = &Outcome{Checks: []result.Check{{Name: CheckNoPanic, Verdict: result.Failed, Detail: fmt.Sprintf("%v\n%s", failure, debug.Stack())}}}
		}
	}()
	record, err := run.Play(ctx, run.Config{
		Plan: plan, Protocol: plan.Experiment.Protocols[0], GiveUp: l.GiveUp, AwaitLevel: true, Bounds: bounds, Steps: trace,
	})
	if errors.Is(err, run.ErrFlooded) {
		detail := fmt.Sprintf("more than %d events, or %d that wait", bounds.Events, bounds.Waiting)
		return &Outcome{Checks: []result.Check{{Name: CheckNoFlood, Verdict: result.Failed, Detail: detail}}}, nil
	}
	if err != nil {
		return nil, err
	}
	out = &Outcome{Checks: verify.Check(record)}
	for _, c := range record.Clients {
		out.Commands += len(c.Samples)
		out.Unanswered += c.Awaited()
	}
	for _, one := range record.Replicas {
		out.Messages += one.Messages
	}
	out.Checks = append(out.Checks, out.answered(plan.Experiment.Load.Timeout), level(record))
	return out, nil
}

// answered is the verdict on whether every command was answered.
func (o *Outcome) answered(timeout time.Duration) result.Check {
	if o.Unanswered == 0 {
		return result.Check{Name: CheckAnswered, Verdict: result.Passed}
	}
	return result.Check{Name: CheckAnswered, Verdict: result.Failed,
		Detail: fmt.Sprintf("%d of %d commands, %v after the last fault was undone", o.Unanswered, o.Commands, timeout)}
}

// level is the verdict on whether all replicas have applied the same.
func level(record *verify.Record) result.Check {
	if record.Level() {
		return result.Check{Name: CheckLevel, Verdict: result.Passed}
	}
	detail := "the replicas have applied the log up to"
	for _, one := range record.Replicas {
		detail += fmt.Sprintf(" %d", one.Journal.End())
	}
	return result.Check{Name: CheckLevel, Verdict: result.Failed, Detail: detail}
}
