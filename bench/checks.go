package bench

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"time"

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

// check passes the verdicts on what the replicas did. One that fails makes the run invalid.
func (a *attempt) check() {
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
		verdict := Check{Name: c.name, Verdict: Passed}
		if err := c.check(); errors.Is(err, errUndecided) {
			verdict.Verdict, verdict.Detail = Undecided, err.Error()
		} else if err != nil {
			verdict.Verdict, verdict.Detail = Failed, err.Error()
		}
		a.run.Checks = append(a.run.Checks, verdict)
	}
}

var errUndecided = errors.New("not decided")

// orders returns, for each order that replicas must agree on, the longest that a replica has, and
// an error if two disagree.
func (a *attempt) orders() (map[string]*chain, error) {
	type owner struct {
		region string
		life   int
	}
	longest, owners := map[string]*chain{}, map[string]owner{}
	var disorder error
	for _, s := range a.running {
		for life, orders := range s.journal.lives {
			for _, key := range slices.Sorted(maps.Keys(orders)) {
				mine, me := orders[key], owner{a.plan.Experiment.Regions[s.id], life}
				if mine.gap && disorder == nil {
					disorder = fmt.Errorf("%s applied commands of %s with a gap", me.region, logName(key))
				}
				other := longest[key]
				if other == nil {
					longest[key], owners[key] = mine, me
					continue
				}
				common := min(len(mine.links), len(other.links))
				if disorder == nil && common > 0 && mine.links[common-1] != other.links[common-1] {
					i := sort.Search(common, func(i int) bool { return mine.links[i] != other.links[i] })
					disorder = fmt.Errorf("at %d of %s, %s applied %v (life %d) and %s %v (life %d)", i+1, logName(key),
						owners[key].region, name(other.commands[i]), owners[key].life+1, me.region, name(mine.commands[i]), me.life+1)
				}
				if len(mine.links) > len(other.links) {
					longest[key], owners[key] = mine, me
				}
			}
		}
	}
	return longest, disorder
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

func (a *attempt) checkNothingLost(orders map[string]*chain) error {
	if !a.whole() {
		return fmt.Errorf("%w: at the end a replica was down or cut off, or the run was interrupted", errUndecided)
	}
	applied := map[protocols.CommandID]bool{}
	for _, order := range orders {
		for _, id := range order.commands {
			applied[id] = true
		}
	}
	for _, c := range a.clients {
		for i, s := range c.samples {
			id := protocols.CommandID{Client: c.id, Seq: uint64(i) + 1}
			if !s.read && s.answered != unanswered && !applied[id] {
				return fmt.Errorf("%s, a write, was answered at %v, and no replica has applied it", name(id), s.answered)
			}
		}
	}
	return nil
}

// checkRealTime looks, in every order, at the first place of each command.
func (a *attempt) checkRealTime(orders map[string]*chain) error {
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
			if s.answered != unanswered && latest != nil && s.answered < latest.sent {
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
				Answered: s.answered != unanswered, Returned: s.answered,
			}
			if s.value != 0 {
				op.Value = strconv.FormatUint(s.value, 16)
			}
			history = append(history, op)
		}
	}
	return history
}

func (a *attempt) checkLinearizable(orders map[string]*chain) error {
	if a.explained(orders) {
		return nil
	}
	if a.verdict && len(a.run.failed()) > 0 {
		return fmt.Errorf("%w: another check has failed already", errUndecided)
	}
	history := a.history()
	switch linear.Check(history, linearTimeout) {
	case linear.Linearizable:
		return nil
	case linear.Undecided:
		return fmt.Errorf("%w within %v", errUndecided, linearTimeout)
	}
	if !a.verdict {
		var html bytes.Buffer
		if err := linear.Explain(history, &html); err == nil {
			a.run.history = html.Bytes()
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

// failed lists the checks of a run that failed.
func (r *Run) failed() []Check {
	var failed []Check
	for _, c := range r.Checks {
		if c.Verdict == Failed {
			failed = append(failed, c)
		}
	}
	return failed
}
