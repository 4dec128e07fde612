package membership

import (
	"fmt"
	"strconv"
	"strings"

	"quorumbench/protocols/quorum"
)

// Request is what an operator asks for. Exactly one of the fields besides Number is meant, as Kind says.
type Request struct {
	Number  uint64 // from 1, higher than those of all earlier requests
	Kind    Kind
	Replica int32         // that is added or removed
	To      quorum.System // of the new configuration
}

// Kind says what is asked for.
type Kind string

// The kinds of requests, as the first word of their texts.
const (
	AddLearner Kind = "add-learner" // a replica receives the log from now on
	Change     Kind = "change"      // to a membership of one configuration; those that are not there yet become learners first
	Remove     Kind = "remove"      // a learner receives the log no more
)

// String returns the text that ParseRequest reads.
func (r *Request) String() string {
	return r.Text(func(replica int32) string { return strconv.Itoa(int(replica)) })
}

// Text is String with other names for the replicas.
func (r *Request) Text(name quorum.Namer) string {
	if r.Kind == Change {
		return string(r.Kind) + " " + r.To.Text(name)
	}
	return string(r.Kind) + " " + name(r.Replica)
}

// ParseRequest reads a request from its text: add-learner 3, remove 3, or change and a quorum system, as in
// change majority(0,1,3), with the replicas' numbers.
func ParseRequest(number uint64, text string) (*Request, error) {
	kind, rest, _ := strings.Cut(text, " ")
	r := &Request{Number: number, Kind: Kind(kind)}
	switch r.Kind {
	case Change:
		system, err := quorum.Parse(rest, Number)
		r.To = system
		return r, err
	case AddLearner, Remove:
		replica, known := Number(rest)
		if !known {
			return nil, fmt.Errorf("found %q; accepted: the number of a replica, 0 to %d", rest, quorum.MaxReplica)
		}
		r.Replica = replica
		return r, nil
	}
	return nil, fmt.Errorf("found %q; accepted: %s, %s or %s", kind, AddLearner, Change, Remove)
}

// Requests are those that a replica has been handed, in the order of their numbers.
type Requests []*Request

// Add enters a request, unless there is one with its number.
func (all *Requests) Add(r *Request) {
	at := len(*all)
	for at > 0 && (*all)[at-1].Number >= r.Number {
		if at--; (*all)[at].Number == r.Number {
			return
		}
	}
	*all = append((*all)[:at], append([]*Request{r}, (*all)[at:]...)...)
}

// Drop removes the requests that a membership includes.
func (all *Requests) Drop(m *Membership) {
	for len(*all) > 0 && (*all)[0].Number <= m.Request {
		*all = (*all)[1:]
	}
}

// Next returns the membership that includes the next request, nil if there is none that can be included now. A removal of
// a replica that is about to leave waits until it has left, and what was asked for behind it waits, too: a membership that includes a
// request counts as including all before it. A change that was asked for later voids the removal; it is included together with the
// others that wait before it.
func (m *Membership) Next(all Requests) *Membership {
	next, waits := m, false
	for _, r := range all {
		switch {
		case r.Number <= m.Request:
		case m.waits(r):
			waits = true
		default:
			next = next.including(r)
			if !waits || r.Kind == Change {
				return next
			}
		}
	}
	return nil
}

// Advance returns the membership to propose when this one is committed, nil if there is none: it includes the next request,
// or takes the next step to the goal. A request that comes while several configurations are in force is included in the same
// proposal as the step to where it leads. By itself it would need a quorum of each of them, and if it turns back from new
// replicas that have died, there is none.
func (m *Membership) Advance(all Requests, caughtUp quorum.Set) *Membership {
	next := m.Next(all)
	if next == nil {
		return m.Step(caughtUp)
	}
	if len(m.Parts) > 1 {
		if step := next.Step(caughtUp); step != nil { // next has the same configurations, so rule 3 holds
			return step
		}
	}
	return next
}

// waits tells whether a request has to wait for the end of a change.
func (m *Membership) waits(r *Request) bool {
	return r.Kind != Change && m.Goal != nil && m.Voters().Has(r.Replica) && !membersOf(m.Goal).Has(r.Replica)
}

// including returns the membership that includes a request: with the same configurations, and others who learn or
// another goal. What cannot be done, such as the removal of a voter, changes nothing and counts as done.
func (m *Membership) including(r *Request) *Membership {
	next := &Membership{Parts: m.Parts, Learners: m.Learners, Goal: m.Goal, Request: r.Number, first: m.first, meeting: m.meeting}
	switch r.Kind {
	case AddLearner:
		next.Learners.Add(r.Replica)
	case Remove:
		if m.Goal == nil || !membersOf(m.Goal).Has(r.Replica) {
			next.Learners = next.Learners.Without(quorum.Of(r.Replica))
		}
	case Change:
		goal, err := m.Uniform(r.To)
		if err != nil {
			break
		}
		next.Learners |= membersOf(goal)
		if next.Goal = goal; len(m.Parts) == 1 && same(m.Parts[0], goal) {
			next.Goal = nil
		}
	}
	return next.complete()
}
