package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
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
var bounds = Bounds{Events: 5_000_000, Waiting: 50_000}

// PlayLife plays the first protocol of a plan in virtual time and checks what its replicas did. If trace is
// not nil, every step is written to it.
//
// A driver that panics, or floods its world, has failed the check of that name, and no other is made.
func PlayLife(ctx context.Context, plan *experiment.Plan, giveUp time.Duration, trace io.Writer) (out *Outcome, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			out = &Outcome{Checks: []result.Check{{Name: CheckNoPanic, Verdict: result.Failed, Detail: fmt.Sprintf("%v\n%s", failure, debug.Stack())}}}
		}
	}()
	record, err := Play(ctx, Config{
		Plan: plan, Protocol: plan.Experiment.Protocols[0], GiveUp: giveUp, AwaitLevel: true, Bounds: bounds, Steps: trace,
	})
	if errors.Is(err, ErrFlooded) {
		detail := fmt.Sprintf("more than %d events, or %d that wait", bounds.Events, bounds.Waiting)
		return &Outcome{Checks: []result.Check{{Name: CheckNoFlood, Verdict: result.Failed, Detail: detail}}}, nil
	}
	if err != nil {
		return nil, err
	}
	out = &Outcome{Checks: Check(record)}
	for i, c := range record.Clients {
		out.Commands += len(c.samples)
		out.Unanswered += c.awaited()
		out.Messages += record.Replicas[i].Messages
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
func level(record *Record) result.Check {
	if record.Level() {
		return result.Check{Name: CheckLevel, Verdict: result.Passed}
	}
	detail := "the replicas have applied the log up to"
	for _, one := range record.Replicas {
		detail += fmt.Sprintf(" %d", one.Journal.end())
	}
	return result.Check{Name: CheckLevel, Verdict: result.Failed, Detail: detail}
}
