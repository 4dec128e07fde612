package keypaxos

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Describe returns a message as text: kind, instance (key/version), ballot, value. A refusal is named Refuse.
func Describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	instance := fmt.Sprintf("%s/%d", kv.DescribeBytes(m.Key), m.Version)
	ballot, last := protocols.Ballot(m.Ballot), protocols.Ballot(m.LastBallot)
	about := func(kind string) string { return fmt.Sprintf("%s %s %s", kind, instance, describeBallot(ballot)) }
	accepted := func() string {
		if m.ValueBallot == 0 {
			return ""
		}
		return fmt.Sprintf(" has %s@%s", describeValue(m.Value), describeBallot(protocols.Ballot(m.ValueBallot)))
	}
	if last > ballot || m.Kind == Kind_FAST_ACCEPTED && m.ValueBallot > 0 {
		if last == FastBallot {
			return about("Refuse") + accepted()
		}
		return fmt.Sprintf("%s promised %v", about("Refuse"), last)
	}
	switch m.Kind {
	case Kind_PREPARE:
		return about("Prepare")
	case Kind_PROMISE:
		return about("Promise") + accepted()
	case Kind_ACCEPT:
		return about("Accept") + " " + describeValue(m.Value)
	case Kind_ACCEPTED:
		if len(m.Value) > 0 {
			return about("Accepted") + " " + describeValue(m.Value)
		}
		return about("Accepted")
	case Kind_FAST_ACCEPT:
		return about("Accept") + " " + describeValue(m.Value)
	case Kind_FAST_ACCEPTED:
		return about("Accepted")
	case Kind_REVERT:
		return about("Revert")
	case Kind_PROPOSE:
		switch {
		case m.ValueBallot > 0:
			return about("Propose") + accepted()
		case len(m.Value) == 0:
			return about("Propose") + " read"
		}
		return about("Propose") + " " + describeValue(m.Value)
	case Kind_PROPOSED:
		if len(m.Value) > 0 {
			return about("Proposed") + " instead " + describeValue(m.Value)
		}
		return about("Proposed")
	case Kind_COMMIT:
		return fmt.Sprintf("Commit %s %s", instance, describeValue(m.Value))
	case Kind_FETCH:
		return "Fetch " + instance
	case Kind_STATE:
		return "State " + instance + " " + describeState(m.State)
	}
	return ""
}

// describeBallot returns round.proposer of a classic ballot.
func describeBallot(b protocols.Ballot) string {
	if b == FastBallot {
		return "fast"
	}
	return b.String()
}

// describeValue returns the value that a command writes.
func describeValue(command []byte) string {
	var c kv.Command
	if protocols.Decode(command, &c) != nil {
		return kv.DescribeBytes(command)
	}
	return kv.DescribeBytes(c.Value)
}

// describeState returns the value in a key's state.
func describeState(state []byte) string {
	var s kv.State
	if protocols.Decode(state, &s) != nil {
		return kv.DescribeBytes(state)
	}
	return kv.DescribeBytes(s.Value)
}
