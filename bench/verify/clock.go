package verify

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv/linear"
)

// Clock is what is known of the clock of a place that was run by a process of its own, seen from the coordinator's.
type Clock struct {
	// Bound is by how much the times of the place may be wrong at any moment of the run, either way. It is 0 for the coordinator.
	Bound time.Duration
	// Drift is by how much the clock gained on the coordinator's or lost, as a share of the time. Times are corrected by it.
	Drift float64
	// Wall is by how much the wall clock of the place's machine was ahead of that of the coordinator's when the run began. No time of
	// the run depends on it.
	Wall time.Duration
}

// bound is by how much the times of a client node's commands may be wrong.
func (r *Record) bound(client int) time.Duration {
	if r.Clocks == nil {
		return 0
	}
	return r.Clocks[r.Plan.ClientRegion(client)].Bound
}

// apart is by how much the times of two client nodes may be wrong against each other: not at all if they are the same.
func (r *Record) apart(a, b int) time.Duration {
	if a == b {
		return 0
	}
	return r.bound(a) + r.bound(b)
}

// widen moves the sending to before and the answer to after by a time, which may be negative.
func (p *placed) widen(by time.Duration) {
	p.sent -= by
	if p.answered != result.Never {
		p.answered += by
	}
}

// inOrderByClocks is inOrder for commands that were timed by several clocks. A command was issued after another was answered if that
// follows from times and bounds; where the bounds leave it open whether two commands stand in the wrong order, it is undecided.
func (r *Record) inOrderByClocks(key string, order *order, seen visits, number uint32) error {
	type issued struct {
		*load.Sample
		id protocols.CommandID
		at int
	}
	latest := make([]issued, len(r.Clients)) // of each client node, among the commands before
	var open error
	for i := range order.len() {
		id := order.id(i)
		s := r.sample(id)
		if s == nil || !seen.first(number, id) {
			continue
		}
		client := int(id.Client) - 1
		for other, before := range latest {
			if s.Answered == result.Never || before.Sample == nil {
				continue
			}
			apart := r.apart(client, other)
			if s.Answered-apart >= before.Sent {
				continue
			}
			text := fmt.Sprintf("%s was answered at %v, before %s was issued at %v, but stands behind it, at %d of %s",
				CommandName(id), s.Answered, CommandName(before.id), before.Sent, i+1, LogName(key))
			unknown := order.unknown(before.at)
			switch {
			case s.Answered+apart >= before.Sent:
				if open == nil {
					open = undecided(fmt.Sprintf("it is open whether %s was answered before %s was issued, which stands before it at %d of %s: by the clocks of %s and %s it was %v %s, and they agree within %v only; clocks that agree within less than that would tell",
						CommandName(id), CommandName(before.id), i+1, LogName(key), r.Plan.Experiment.Clients[client], r.Plan.Experiment.Clients[other],
						(before.Sent - s.Answered).Abs(), side(before.Sent >= s.Answered), apart))
				}
			case unknown >= 0:
				return undecided(fmt.Sprintf("%s; but it is not known what was applied at %d, where replicas have adopted states of others", text, unknown+1))
			default:
				return errors.New(text)
			}
		}
		if latest[client].Sample == nil || s.Sent > latest[client].Sent {
			latest[client] = issued{s, id, i}
		}
	}
	return open
}

// side says on which side of another time one is.
func side(before bool) string {
	if before {
		return "before"
	}
	return "after"
}

// linearizableByClocks is checkLinearizable for commands that were timed by several clocks. The history is linearizable whatever the
// clocks really were if it is so when each command is taken to have taken as little time as the bounds allow, and it is not if
// there is no linearization even when each has taken as long as they allow. Between the two it is undecided.
func (r *Record) linearizableByClocks(orders orders) error {
	const asShort, asLong = -1, 1
	open := r.unexplainedWithin(orders, asShort)
	if len(open) == 0 {
		return nil
	}
	if len(r.Missing) > 0 {
		return undecided("it is not known what clients in " + strings.Join(r.Missing, ", ") + " wrote and read")
	}
	if keys := r.unexplainedWithin(orders, asLong); len(keys) > 0 {
		history := r.history(keys)
		for i := range history {
			bound := r.bound(int(history[i].Client) - 1)
			history[i].Called -= bound
			if history[i].Answered {
				history[i].Returned += bound
			}
		}
		switch linear.Check(history, linearSteps) {
		case linear.Violated:
			return fmt.Errorf("no order of the clients' %d commands on %s explains what they read, even if each took longer by what the clocks may be wrong", len(history), r.keyNames(keys))
		case linear.Undecided:
			return unexplained(fmt.Sprintf("the order in which the replicas applied the commands does not explain what the clients read of %s, and a search of %d steps has found no other that does, and no proof that there is none", r.keyNames(keys), linearSteps))
		}
	}
	worst := time.Duration(0)
	for client := range r.Clients {
		worst = max(worst, r.bound(client))
	}
	return undecided(fmt.Sprintf("there is an order that explains what the clients read of %s if clocks were wrong by as much as they may have been, %v, and it is open whether there is one if they were not; tighter clocks would tell", r.keyNames(open), worst))
}
