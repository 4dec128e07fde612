package scenario

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"quorumbench/protocols/kv"
	"quorumbench/protocols/kv/linear"
)

// Outcome is one thing that must have come out of a run, and whether it has.
type Outcome struct {
	Expected string
	Err      error // nil if it has
}

// Outcomes holds the run against what the script expects and what every driver promises. Errors
// of the script's expectations begin with their file:line.
func (r *Run) Outcomes() []Outcome {
	var outcomes []Outcome
	for _, e := range r.Script.expectations {
		o := Outcome{Expected: e.text, Err: e.met(r)}
		if o.Err != nil {
			o.Err = fmt.Errorf("%s:%d: expected %s: %w", r.Script.file, e.line, e.text, o.Err)
		}
		outcomes = append(outcomes, o)
	}
	outcomes = append(outcomes,
		Outcome{"one order for all, one answer a command, and the driver's invariants", r.unexpected()},
		Outcome{"every answered write is in the agreed order", r.answeredWrites()},
	)
	if !r.Script.unlinearizable() {
		outcomes = append(outcomes, Outcome{"the clients' history is linearizable", r.linearizable()})
	}
	return append(outcomes,
		Outcome{"every rule of the network has met a message", r.rulesMet()},
	)
}

// Check joins the errors of all outcomes.
func (r *Run) Check() error {
	var errs []error
	for _, o := range r.Outcomes() {
		errs = append(errs, o.Err)
	}
	return errors.Join(errs...)
}

// answeredWrites finds writes that were answered and that no replica has ever applied.
func (r *Run) answeredWrites() error {
	for _, c := range r.issued {
		if c.answers > 0 && c.command.Op == kv.Op_PUT && c.outcome == kv.Outcome_NOTED && !c.applied {
			return fmt.Errorf("%s was answered, and stands in no log", c.label)
		}
	}
	return nil
}

// linearizable finds a history that no order of the commands explains.
func (r *Run) linearizable() error {
	if verdict := r.verdict(); verdict != linear.Linearizable {
		return fmt.Errorf("the clients' history is %s", verdict)
	}
	return nil
}

// verdict decides whether the clients' history is linearizable.
func (r *Run) verdict() linear.Verdict {
	var history []linear.Operation
	for i, c := range r.issued {
		op := linear.Operation{
			Client: uint64(i + 1), Key: string(c.command.Key), Read: c.command.Op == kv.Op_GET, Value: string(c.command.Value),
			Version: c.command.Version, Outcome: c.outcome,
			Called: c.at, Answered: c.answers > 0, Returned: c.answered,
		}
		if op.Read {
			op.Value = c.value
		}
		history = append(history, op)
	}
	return linear.Check(history, 0)
}

func (r *Run) rulesMet() error {
	for _, rule := range r.world.rules {
		if !rule.met {
			return fmt.Errorf("%s:%d: no message has met %s %s", r.Script.file, rule.line, rule.verb, rule.text)
		}
	}
	return nil
}

func allAnswered(r *Run) error {
	for _, c := range r.issued {
		if c.answers == 0 {
			return fmt.Errorf("%s has no answer", c.label)
		}
	}
	return nil
}

func allOnce(r *Run) error {
	for _, h := range r.world.hosts {
		seen := map[string]bool{noOp: false}
		for _, label := range h.log {
			if seen[label] {
				return fmt.Errorf("twice in the log of R%d: %s", h.id, label)
			}
			seen[label] = label != noOp
		}
	}
	return nil
}

// allAlike adds to agreement that no living replica is behind another, but for witnesses, which apply nothing.
func allAlike(r *Run) error {
	var first *replica
	for _, h := range r.world.hosts {
		if !h.alive() || r.Script.witnesses.Has(int32(h.id)) {
			continue
		}
		if first == nil {
			first = h
		}
		if !maps.Equal(h.last, first.last) {
			return fmt.Errorf("found the log of R%d: %s; and that of R%d: %s", first.id, strings.Join(first.log, " "), h.id, strings.Join(h.log, " "))
		}
	}
	return nil
}
