package bench

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv/linear"
)

// The names of the checks that every run carries.
const (
	CheckSameOrder    = "same order"   // all replicas applied the same commands in the same order
	CheckNothingLost  = "nothing lost" // every write that was answered is in that order
	CheckRealTime     = "real time"    // a write answered before another was issued stands before it
	CheckInvariants   = "invariants"   // what the driver says of its replicas' states holds
	CheckLinearizable = "linearizable" // what clients read and wrote has an explanation (porcupine)
)

// linearTimeout bounds the search for a linearization, which may take for ever.
const linearTimeout = 10 * time.Second

// check passes the verdicts on what the replicas did, one that fails making the run invalid, and returns
// the orders in which they applied it.
func (a *attempt) check() (orders map[string]*order) {
	orders, disorder := a.orders()
	for _, c := range []struct {
		name  string
		check func() error
	}{
		{CheckSameOrder, func() error { return disorder }},
		{CheckNothingLost, func() error { return a.checkNothingLost(orders) }},
		{CheckRealTime, func() error { return a.checkRealTime(orders) }},
		{CheckInvariants, a.checkInvariants},
		{CheckLinearizable, func() error { return a.checkLinearizable(orders) }}, // last: it may take long
	} {
		verdict := result.Check{Name: c.name, Verdict: result.Passed}
		var why undecided
		if err := c.check(); errors.As(err, &why) {
			verdict.Verdict, verdict.Detail = result.Undecided, err.Error()
		} else if err != nil {
			verdict.Verdict, verdict.Detail = result.Failed, err.Error()
		}
		a.run.Checks = append(a.run.Checks, verdict)
	}
	return orders
}

// undecided tells why a check has found no end.
type undecided string

func (u undecided) Error() string { return string(u) }

// orders returns what the replicas have applied, order by order, and an error if two disagree.
func (a *attempt) orders() (map[string]*order, error) {
	merged := map[string]*order{}
	var disorder error
	for _, s := range a.running {
		for life, orders := range s.journal.lives {
			for _, key := range slices.Sorted(maps.Keys(orders)) {
				if orders[key].gap && disorder == nil {
					disorder = fmt.Errorf("%s applied commands of %s with a gap", a.plan.Experiment.Regions[s.id], logName(key))
				}
				if merged[key] == nil {
					merged[key] = &order{}
				}
				for i := range orders[key].stretches {
					mine := part{&orders[key].stretches[i], s.id, life}
					if index, theirs := merged[key].merge(mine); theirs != nil && disorder == nil {
						disorder = fmt.Errorf("at %d of %s, %s applied %v (life %d) and %s %v (life %d)", index, logName(key),
							a.plan.Experiment.Regions[theirs.site], name(theirs.at(index)), theirs.life+1,
							a.plan.Experiment.Regions[s.id], name(mine.at(index)), life+1)
					}
				}
			}
		}
	}
	return merged, disorder
}

func logName(key string) string {
	if key == "" {
		return "the log"
	}
	return fmt.Sprintf("key %q", key)
}

func name(id protocols.CommandID) string {
	if id == (protocols.CommandID{}) {
		return "a no-op"
	}
	return fmt.Sprintf("command %d.%d", id.Client, id.Seq)
}

// sample returns what is known of a command, nil for no-ops.
func (a *attempt) sample(id protocols.CommandID) *sample {
	if id.Client == 0 || id.Client > uint64(len(a.clients)) || id.Seq == 0 || id.Seq > uint64(len(a.clients[id.Client-1].samples)) {
		return nil
	}
	return &a.clients[id.Client-1].samples[id.Seq-1]
}

func (a *attempt) checkNothingLost(orders map[string]*order) error {
	if !a.whole() {
		return undecided("at the end a replica was down or cut off, replicas were still applying, or the run was interrupted")
	}
	applied, known := map[protocols.CommandID]bool{}, true
	for _, order := range orders {
		known = known && order.whole()
		for _, id := range order.commands {
			applied[id] = true
		}
	}
	for _, c := range a.clients {
		for i, s := range c.samples {
			id := protocols.CommandID{Client: c.id, Seq: uint64(i) + 1}
			if s.mustApply() && s.answered != result.Never && !applied[id] {
				if !known {
					return undecided(fmt.Sprintf("%s, a write, was answered at %v, and it is not known who has applied it: replicas have adopted states of others", name(id), s.answered))
				}
				return fmt.Errorf("%s, a write, was answered at %v, and no replica has applied it", name(id), s.answered)
			}
		}
	}
	return nil
}

// checkRealTime looks, in every order, at the first place of each command.
func (a *attempt) checkRealTime(orders map[string]*order) error {
	for _, key := range slices.Sorted(maps.Keys(orders)) {
		var latest *sample // issued, of those before
		var latestID protocols.CommandID
		seen := map[protocols.CommandID]bool{}
		for i, id := range orders[key].commands {
			s := a.sample(id)
			if s == nil || seen[id] {
				continue
			}
			seen[id] = true
			if s.answered != result.Never && latest != nil && s.answered < latest.sent {
				return fmt.Errorf("%s was answered at %v, before %s was issued at %v, but stands behind it, at %d of %s",
					name(id), s.answered, name(latestID), latest.sent, i+1, logName(key))
			}
			if latest == nil || s.sent > latest.sent {
				latest, latestID = s, id
			}
		}
	}
	return nil
}

// history is what the clients saw.
func (a *attempt) history() []linear.Operation {
	var history []linear.Operation
	for _, c := range a.clients {
		for _, s := range c.samples {
			op := linear.Operation{
				Client: c.id, Key: strconv.FormatUint(s.key, 10), Read: s.read, Called: s.sent,
				Version: s.version, Outcome: s.outcome, Answered: s.answered != result.Never, Returned: s.answered,
			}
			if s.value != 0 {
				op.Value = strconv.FormatUint(s.value, 16)
			}
			history = append(history, op)
		}
	}
	return history
}

func (a *attempt) checkLinearizable(orders map[string]*order) error {
	if a.explained(orders) {
		return nil
	}
	if a.verdict && len(a.run.Failed()) > 0 {
		return undecided("another check has failed already")
	}
	history := a.history()
	switch linear.Check(history, linearTimeout) {
	case linear.Linearizable:
		return nil
	case linear.Undecided:
		return undecided(fmt.Sprintf("no end was found within %v", linearTimeout))
	}
	if !a.verdict {
		var html bytes.Buffer
		if err := linear.Explain(history, &html); err == nil {
			a.run.History = html.Bytes()
		}
	}
	return fmt.Errorf("no order of the clients' %d commands explains what they read", len(history))
}

// inspect holds the replicas' states against each other in the middle of a run: what is wrong may
// be gone in the end.
func (a *attempt) inspect() {
	if a.broken == nil {
		a.broken = a.checkInvariants()
	}
}

func (a *attempt) checkInvariants() error {
	if a.driver.Invariants == nil || a.broken != nil {
		return a.broken
	}
	nodes := make([]protocols.Node, len(a.running))
	for i, s := range a.running {
		nodes[i] = s.node
	}
	return a.driver.Invariants(nodes)
}
