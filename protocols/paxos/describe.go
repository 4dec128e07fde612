package paxos

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe names a message with its instance, key/version, and its ballot. An answer that refuses
// is a Refuse.
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	instance := fmt.Sprintf("%s/%d", kv.DescribeBytes(m.Key), m.Version)
	ballot := protocols.Ballot(m.Ballot)
	about := func(kind string) string { return fmt.Sprintf("%s %s %v", kind, instance, ballot) }
	refused := func(last uint64) string {
		return fmt.Sprintf("%s promised %v", about("Refuse"), protocols.Ballot(last))
	}
	switch kind := m.Kind.(type) {
	case *Message_Prepare:
		return about("Prepare")
	case *Message_Promise:
		switch p := kind.Promise; {
		case p.LastBallot > m.Ballot:
			return refused(p.LastBallot)
		case p.ValueBallot > 0:
			return fmt.Sprintf("%s has %s@%v", about("Promise"), describeValue(p.Value), protocols.Ballot(p.ValueBallot))
		}
		return about("Promise")
	case *Message_Accept:
		return about("Accept") + " " + describeValue(kind.Accept.Value)
	case *Message_Accepted:
		if last := kind.Accepted.LastBallot; last > m.Ballot {
			return refused(last)
		}
		return about("Accepted")
	case *Message_Commit:
		return fmt.Sprintf("Commit %s %s", instance, describeValue(kind.Commit.Value))
	case *Message_Fetch:
		return "Fetch " + instance
	case *Message_Decided:
		name := "Decided " + instance
		for _, value := range kind.Decided.Values {
			name += " " + describeValue(value)
		}
		return name
	}
	return ""
}

// describeValue is what a command writes: the instance tells the key.
func describeValue(command []byte) string {
	var c kv.Command
	if protocols.Decode(command, &c) != nil {
		return kv.DescribeBytes(command)
	}
	return kv.DescribeBytes(c.Value)
}
