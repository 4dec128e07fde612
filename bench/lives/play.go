package lives

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
)

// Outcome is the result of playing a life.
type Outcome struct {
	Checks     []result.Check
	Unanswered int // of the commands, as far as they must have an answer
	Usage
}

// Failed returns the checks that failed, and those that are unexplained, which fail a life, too: a life is so small that
// an explanation is hardly ever missed. A check that was not decided for another reason is not among them.
func (o *Outcome) Failed() []result.Check {
	run := result.Run{Checks: o.Checks}
	failed := run.Failed()
	for _, c := range o.Checks {
		if c.Verdict == result.Unexplained {
			failed = append(failed, c)
		}
	}
	return failed
}

// The names of the checks that only lives have.
const (
	CheckAnswered = "all answered" // before the deadline, counted from when all faults are undone, every command is answered or given up
	CheckLevel    = "all level"    // before the deadline, all replicas have applied the same, and what was answered beside them
	CheckNoPanic  = "no panic"     // the driver did not panic
	CheckContract = "contract"     // no replica answered a command twice in one incarnation, or one that it was not handed
	CheckNoFlood  = "no flood"     // the replicas did not send messages or set timers without end
	CheckNoWaste  = "no waste"     // in a calm life, messages, records and leaderships are as usual for the driver
	CheckEnds     = "steps end"    // no step took a minute
)

// bounds are about a hundred times what a life needs. Where clients ask again after a fraction of what an answer takes, each of
// their requests may be a proposal of its own, with messages to and from all replicas.
var bounds = run.Bounds{Events: 5_000_000, Waiting: 50_000, PerRequest: 20}

// Play plays a life in virtual time and checks the run. If trace is not nil, every step is written to it. Safe for
// use by several goroutines.
//
// If the driver panics, exceeds the bounds, or takes a step that does not end, the outcome has just the failed check of
// that name. The goroutine of a step that does not end goes on until the process ends. If the process takes more memory than
// may be, Play returns a [MemoryError].
func (l *Life) Play(ctx context.Context, trace io.Writer) (*Outcome, error) {
	return theWatchdog.play(ctx, l, trace)
}

// play plays the life, and tells beat each event before it is handled.
func (l *Life) play(ctx context.Context, trace io.Writer, beat *run.Beat) (out *Outcome, err error) {
	deadline := l.deadline()
	e := l.Experiment
	e.Load.Timeout = deadline.sum()
	plan, err := experiment.NewPlan(l.Driver, e, l.OneWay, l.Jitter)
	if err != nil {
		return nil, err
	}
	defer func() {
		if failure := recover(); failure != nil {
			out = &Outcome{Checks: []result.Check{{Name: CheckNoPanic, Verdict: result.Failed, Detail: fmt.Sprintf("%v\n%s", failure, debug.Stack())}}}
		}
	}()
	contract := result.Check{Name: CheckContract, Verdict: result.Passed}
	breach := func(id protocols.NodeID, err error) {
		if contract.Verdict == result.Passed {
			contract.Verdict, contract.Detail = result.Failed, fmt.Sprintf("replica %d %v", id, err)
		}
	}
	record, err := run.Play(ctx, run.Config{
		// A command that clients gave up before the deadline would not show whether the replicas recover.
		Plan: plan, Protocol: plan.Experiment.Protocols[0], GiveUp: cmp.Or(l.GiveUp, e.Load.Duration+e.Load.Timeout), AwaitLevel: true,
		Bounds: bounds, Beat: beat, Breach: breach, Steps: trace,
		Gone: l.Gone, Owed: l.owed, Change: l.Limits.change, ValueSizes: l.ValueSizes,
	})
	if errors.Is(err, run.ErrFlooded) {
		detail := fmt.Sprintf("more than %d events, or %d that wait and %d for each message of a client", bounds.Events, bounds.Waiting, bounds.PerRequest)
		return &Outcome{Checks: []result.Check{{Name: CheckNoFlood, Verdict: result.Failed, Detail: detail}}}, nil
	}
	if errors.Is(err, run.ErrEndless) { // a replica answers without asking another
		return &Outcome{Checks: []result.Check{{Name: CheckNoFlood, Verdict: result.Failed, Detail: err.Error()}}}, nil
	}
	if err != nil {
		return nil, err
	}
	out = &Outcome{Checks: verify.Check(record), Usage: usageOf(record)}
	for i, c := range record.Clients {
		for _, s := range c.Awaited() {
			if l.owed(record, i, s) {
				out.Unanswered++
			}
		}
	}
	out.Checks = append(out.Checks, contract, out.answered(deadline), level(record, deadline))
	if l.has(calm) {
		if check, known := waste(l.Driver.Name, out.Usage); known {
			out.Checks = append(out.Checks, check)
		}
	}
	return out, nil
}

// answered is the check that every command was answered or given up before the deadline.
func (o *Outcome) answered(d deadline) result.Check {
	if o.Unanswered == 0 {
		return result.Check{Name: CheckAnswered, Verdict: result.Passed}
	}
	return result.Check{Name: CheckAnswered, Verdict: result.Failed,
		Detail: fmt.Sprintf("%d of %d commands were not answered within %v", o.Unanswered, o.Commands, d)}
}

// level is the check that before the deadline all replicas have applied the log up to the same index, or each key's order, and
// each of them all writes that were answered to the clients beside it; and that somebody has applied any other that was
// answered.
func level(record *verify.Record, d deadline) result.Check {
	what := ""
	if keys := record.KeysBehind(); len(keys) > 0 {
		first := keys[0]
		what = fmt.Sprintf("of key %q, %s has applied %d versions of %d; so it is with %d keys and replicas",
			first.Key, record.Region(first.Replica), first.Applied, first.Latest, len(keys))
	} else if behind, unapplied := record.Behind(), record.Unapplied(); !record.Level() {
		what = "they have applied the log up to"
		for _, one := range record.Replicas {
			what += fmt.Sprintf(" %d", one.Journal.End())
		}
	} else if len(behind) > 0 {
		what = fmt.Sprintf("%s has not applied all writes that were answered there", strings.Join(behind, " and "))
	} else if unapplied != "" {
		what = fmt.Sprintf("none has applied %s, a write that was answered", unapplied)
	} else {
		return result.Check{Name: CheckLevel, Verdict: result.Passed}
	}
	return result.Check{Name: CheckLevel, Verdict: result.Failed, Detail: fmt.Sprintf("the replicas did not level within %v; %s", d, what)}
}
