package verify

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv/linear"
)

// The names of the checks. Every run carries all but the last.
const (
	CheckSameOrder    = "same order"   // all replicas applied the same commands in the same order
	CheckNothingLost  = "nothing lost" // every write that was answered is in that order
	CheckRealTime     = "real time"    // a write that was answered before another was issued is before it in that order
	CheckInvariants   = "invariants"   // the driver's invariants about the replicas' states hold
	CheckLinearizable = "linearizable" // there is a linearization of the clients' history
	CheckSequential   = "sequential"   // of a run whose reads are no more: the clients of each region see their own writes, and never go back
)

// linearSteps bounds the search for a linearization, which can take exponential time: to some seconds.
const linearSteps = 2_000_000

// Check checks a run. If another check has failed, it does not search for a linearization, since one failure is
// enough for its callers.
func Check(r *Record) []result.Check {
	checks, _ := r.check(true)
	return checks
}

// check checks a run, and returns the orders in which the replicas applied commands. With anyFailure it does not
// search for a linearization once another check has failed.
func (r *Record) check(anyFailure bool) (checks []result.Check, orders orders) {
	if r.Protocol.System != "" {
		return r.checkSystem(), nil
	}
	orders, disorder := r.orders()
	sequential := r.areReadsSequential()
	promised := func(name string) bool {
		switch name {
		case CheckInvariants, CheckSameOrder:
			return true
		case CheckLinearizable:
			return !r.Driver().PromisesNothing && !sequential
		}
		return !r.Driver().PromisesNothing
	}
	type one struct {
		name  string
		check func() error
	}
	all := []one{
		{CheckSameOrder, func() error { return disorder }},
		{CheckNothingLost, func() error { return r.checkNothingLost(orders) }},
		{CheckRealTime, func() error { return r.checkRealTime(orders) }},
		{CheckInvariants, func() error { return cmp.Or(r.checkInvariants(), r.checkLemmas()) }},
		{CheckLinearizable, func() error {
			if r.Driver().PromisesNothing {
				return errors.New("not searched: what clients read has no order to be held against")
			}
			if sequential {
				return r.checkFresh(orders)
			}
			if anyFailure && slices.ContainsFunc(checks, func(c result.Check) bool { return c.Verdict == result.Failed }) && len(r.unexplained(orders)) > 0 {
				return undecided("another check has failed already")
			}
			return r.checkLinearizable(orders)
		}}, // after the others: it may take long
	}
	if sequential {
		all = append(all, one{CheckSequential, func() error { return r.checkSequential(orders) }})
	}
	for _, c := range all {
		verdict := verdict(c.name, c.check())
		if !promised(c.name) && verdict.Verdict != result.Passed {
			verdict.Verdict = result.NotPromised
		}
		checks = append(checks, verdict)
	}
	return checks, orders
}

// undecided is the error of a check that can neither pass nor fail, with the reason.
type undecided string

func (u undecided) Error() string { return string(u) }

// unexplained is the error of a check whose search for an explanation had no end, with what was tried.
type unexplained string

func (u unexplained) Error() string { return string(u) }

// checkNothingLost checks that every answered write was applied. If some replica did not get to apply everything before the
// run ended, a write that nobody has applied is lost only if a command that was issued after its answer has been
// applied, since it cannot come before that any more; else the check is undecided.
func (r *Record) checkNothingLost(orders orders) error {
	if r.Driver().PromisesNothing {
		return r.countLost()
	}
	why, latest := r.unfinished(), map[string]latest{}
	for id, s := range r.missing(orders) {
		text := fmt.Sprintf("%s, a write, was answered at %v, and", CommandName(id), s.Answered)
		switch {
		case why != "" && !orders.whole():
			return undecided(why)
		case why != "":
			if after := r.latestOf(orders, s.Key, latest); after.sent > s.Answered {
				return fmt.Errorf("%s no replica has applied it, but %s, which was issued after that, at %v", text, CommandName(after.id), after.sent)
			}
		case !orders.whole():
			return undecided(text + " it is not known who has applied it: replicas have adopted states of others")
		default:
			return errors.New(text + " no replica has applied it")
		}
	}
	if why != "" {
		return undecided(why)
	}
	return nil
}

// countLost counts the answered writes that were lost with replicas, of a driver that may lose them: no replica that is up at
// the end has applied them. Its replicas adopt no states of others, so that all they applied is known.
func (r *Record) countLost() error {
	applied := r.newVisits()
	for _, one := range r.Replicas {
		if !one.up() {
			continue
		}
		for _, incarnation := range one.Journal.incarnations {
			for _, of := range incarnation {
				for i := range of.stretches {
					commands := &of.stretches[i].commands
					for at := range commands.len() {
						if id := commands.at(at).id(); r.sample(id) != nil {
							applied.first(1, id)
						}
					}
				}
			}
		}
	}
	lost, all := 0, 0
	for _, c := range r.Clients {
		for i := range c.Samples.Len() {
			if s := c.Samples.At(i); s.MustApply() && s.Answered != result.Never {
				all++
				if !applied.has(protocols.CommandID{Client: c.ID, Seq: uint64(i) + 1}) {
					lost++
				}
			}
		}
	}
	if lost == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d answered writes are lost with a replica: none that is up has applied them", lost, all)
}

// missing are the writes that were answered and that no replica is known to have applied.
func (r *Record) missing(orders orders) iter.Seq2[protocols.CommandID, *load.Sample] {
	applied := r.newVisits()
	for _, order := range orders {
		for i := range order.len() {
			if id := order.id(i); r.sample(id) != nil {
				applied.first(1, id)
			}
		}
	}
	return func(yield func(protocols.CommandID, *load.Sample) bool) {
		for _, c := range r.Clients {
			for i := range c.Samples.Len() {
				s, id := c.Samples.At(i), protocols.CommandID{Client: c.ID, Seq: uint64(i) + 1}
				if s.MustApply() && s.Answered != result.Never && !applied.has(id) && !yield(id, s) {
					return
				}
			}
		}
	}
}

// Unapplied names a write that was answered and that no replica has applied so far; empty if there is none, or if it is not
// known, since replicas have adopted states of others. To be called while no replica is at work.
func (r *Record) Unapplied() string {
	if orders, _ := r.orders(); orders.whole() && !r.mayLose() {
		for id := range r.missing(orders) {
			return CommandName(id)
		}
	}
	return ""
}

// orderOf returns the name of the order that a key is in, of a driver that does not have one log for all.
func (r *Record) orderOf(key string) string {
	home := r.Driver().Home
	if home == nil {
		return key
	}
	return protocols.OrderOf(home(r.Plan.ReplicaConfig(r.Protocol, 0), []byte(key)))
}

// latest is the command of an order that was issued last.
type latest struct {
	id   protocols.CommandID
	sent time.Duration
}

// latestOf returns the latest command of the order that a key is in: the log's, or the key's own. Those found before
// are in known, by the orders' names.
func (r *Record) latestOf(orders orders, key uint64, known map[string]latest) latest {
	name := r.orderOf(r.Clients[0].KeyName(key))
	if orders[""] != nil {
		name = ""
	}
	last, found := known[name]
	order := orders[name]
	if found || order == nil {
		return last
	}
	for i := range order.len() {
		if s := r.sample(order.id(i)); s != nil && s.Sent > last.sent {
			last = latest{order.id(i), s.Sent}
		}
	}
	known[name] = last
	return last
}

// checkRealTime checks in every order that no command comes after one that was issued only after it had been
// answered. Of a command that was applied several times the first counts. It is undecided if the command may have been
// applied before at an index where no replica tells what it applied.
func (r *Record) checkRealTime(orders orders) (found error) {
	seen, first, number := r.newVisits(), "", uint32(0)
	for key, order := range orders {
		number++
		inOrder := r.inOrder
		if r.Clocks != nil {
			inOrder = r.inOrderByClocks
		}
		err := inOrder(key, order, seen, number)
		if err == nil {
			continue
		}
		// A violation comes before a question, and then the least key, so that the error does not depend on the map's sequence.
		_, open := err.(undecided)
		_, wasOpen := found.(undecided)
		if found == nil || wasOpen && !open || wasOpen == open && key < first {
			first, found = key, err
		}
	}
	return found
}

// inOrder is checkRealTime for one order, which has a number of its own in the visits.
func (r *Record) inOrder(key string, order *order, seen visits, number uint32) error {
	var latest *load.Sample // issued, of those before
	var latestID protocols.CommandID
	latestAt := 0 // its place
	for i := range order.len() {
		id := order.id(i)
		s := r.sample(id)
		if s == nil || !seen.first(number, id) {
			continue
		}
		if s.Answered != result.Never && latest != nil && s.Answered < latest.Sent {
			text := fmt.Sprintf("%s was answered at %v, before %s was issued at %v, but stands behind it, at %d of %s",
				CommandName(id), s.Answered, CommandName(latestID), latest.Sent, i+1, LogName(key))
			if unknown := order.unknown(latestAt); unknown >= 0 {
				return undecided(fmt.Sprintf("%s; but it is not known what was applied at %d, where replicas have adopted states of others", text, unknown+1))
			}
			return errors.New(text)
		}
		if latest == nil || s.Sent > latest.Sent {
			latest, latestID, latestAt = s, id, i
		}
	}
	return nil
}

// history is the clients' history of some keys, in ascending order, as package linear checks it; nil stands for all keys.
func (r *Record) history(keys []uint64) []linear.Operation {
	var history []linear.Operation
	for _, c := range r.Clients {
		for i := range c.Samples.Len() {
			s := c.Samples.At(i)
			if _, wanted := slices.BinarySearch(keys, s.Key); !wanted && keys != nil {
				continue
			}
			op := linear.Operation{
				Client: c.ID, Key: strconv.FormatUint(s.Key, 10), Read: s.Read, Called: s.Sent,
				Version: s.Version, Outcome: s.Outcome, Answered: s.Answered != result.Never, Returned: s.Answered,
			}
			if s.Value != 0 {
				op.Value = strconv.FormatUint(s.Value, 16)
			}
			history = append(history, op)
		}
	}
	return history
}

// checkLinearizable checks that the history is linearizable: first whether the order in which the replicas applied
// the writes is a linearization, and then, for the keys for which it is none, by a search for one.
func (r *Record) checkLinearizable(orders orders) error {
	if r.Clocks != nil {
		return r.linearizableByClocks(orders)
	}
	keys := r.unexplained(orders)
	if len(keys) == 0 {
		return nil
	}
	history := r.history(keys)
	switch linear.Check(history, linearSteps) {
	case linear.Linearizable:
		return nil
	case linear.Undecided:
		return unexplained(fmt.Sprintf("the order in which the replicas applied the commands does not explain what the clients read of %s, and a search of %d steps has found no other that does, and no proof that there is none", r.keyNames(keys), linearSteps))
	}
	return fmt.Errorf("no order of the clients' %d commands on %s explains what they read", len(history), r.keyNames(keys))
}

// keyNames names keys in a message: the first few of them.
func (r *Record) keyNames(keys []uint64) string {
	const most = 3
	var names []string
	for _, key := range keys[:min(most, len(keys))] {
		names = append(names, strconv.Quote(r.Clients[0].KeyName(key)))
	}
	if more := len(keys) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// explain returns an HTML page that shows a history that is not linearizable, nil if it cannot be made.
func (r *Record) explain() []byte {
	var html bytes.Buffer
	if linear.Explain(r.history(nil), &html) != nil {
		return nil
	}
	return html.Bytes()
}

// checkInvariants checks the driver's invariants at the end of the run. A violation that Inspect found earlier
// counts, too.
func (r *Record) checkInvariants() error {
	invariants := r.Driver().Invariants
	if invariants == nil || r.broken != nil {
		return r.broken
	}
	if slices.ContainsFunc(r.Replicas, func(one *Replica) bool { return one.Away }) {
		return undecided("each replica was in a process of its own, and no process sees the states of all")
	}
	nodes := make([]protocols.Node, len(r.Replicas))
	for i, one := range r.Replicas {
		nodes[i] = one.Node
	}
	return invariants(nodes)
}

// checkLemmas checks what the driver's protocol rests on, of all instances of the run.
func (r *Record) checkLemmas() error {
	if r.Watcher == nil {
		return nil
	}
	for _, l := range r.Watcher.Lemmas() {
		if err := l.Err(); err != nil {
			return fmt.Errorf("%w; so it is with %d of %d pairs", err, l.Broken, l.Pairs)
		}
	}
	return nil
}
