package epaxos

import (
	"fmt"
	"strings"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe returns a message as text: its kind, the instance (the key; a, b, c … for the column, then the number), ballot,
// command and Deps.
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	key := kv.DescribeBytes(m.Key)
	id := key + "/" + describeID(m.Column, m.Number)
	ballot := protocols.Ballot(m.Ballot)
	value := kv.Describe(m.Command) + " " + describeVector(m.Deps)
	if len(m.Command) == 0 {
		value = kv.Describe(nil)
	}
	switch m.Kind {
	case Kind_PREACCEPT:
		return fmt.Sprintf("PreAccept %s %s", id, value)
	case Kind_PREACCEPTED:
		return fmt.Sprintf("PreAccepted %s %s", id, describeVector(m.Deps))
	case Kind_ACCEPT:
		return fmt.Sprintf("Accept %s %v %s", id, ballot, value)
	case Kind_ACCEPTED:
		return fmt.Sprintf("Accepted %s %v", id, ballot)
	case Kind_COMMIT:
		return fmt.Sprintf("Commit %s %s", id, value)
	case Kind_RECOVER:
		return fmt.Sprintf("Recover %s %v", id, ballot)
	case Kind_RECOVERED:
		return fmt.Sprintf("Recovered %s %v %s", id, ballot, m.describeReport(value))
	case Kind_VALIDATE:
		return fmt.Sprintf("Validate %s %v %s", id, ballot, value)
	case Kind_VALIDATED:
		return fmt.Sprintf("Validated %s %v %s", id, ballot, m.describeConflicts())
	case Kind_WAITING:
		return fmt.Sprintf("Waiting %s %v %d agree", id, ballot, m.Agreeing)
	case Kind_REFUSED:
		return fmt.Sprintf("Refused %s %v promised %v", id, ballot, protocols.Ballot(m.Promised))
	case Kind_FETCH:
		return fmt.Sprintf("Fetch %s beyond %s", key, describeVector(m.Executed))
	case Kind_STATE:
		return fmt.Sprintf("State %s executed %s, %d writes", key, describeVector(m.State.GetExecuted()), m.State.GetSlots())
	}
	return ""
}

// describeReport says what an answer to Recover has.
func (m *Message) describeReport(value string) string {
	switch m.Phase {
	case preaccepted:
		return "pre-accepted " + value + " of " + describeVector(m.InitDeps)
	case accepted:
		return fmt.Sprintf("accepted %v %s", protocols.Ballot(m.ValueBallot), value)
	}
	return "nothing"
}

// describeConflicts names what contradicts; those that are committed have an exclamation mark.
func (m *Message) describeConflicts() string {
	if len(m.Conflicts) == 0 {
		return "nothing contradicts"
	}
	names := make([]string, len(m.Conflicts))
	for i, c := range m.Conflicts {
		names[i] = describeID(c.Column, c.Number)
		if c.Committed {
			names[i] += "!"
		}
	}
	return strings.Join(names, ",")
}

func describeVector(v []uint64) string { return strings.ReplaceAll(fmt.Sprint(v), " ", ",") }

func describeID(column uint32, number uint64) string {
	return fmt.Sprintf("%c%d", 'a'+rune(column), number)
}
