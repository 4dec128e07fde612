package multipaxos

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe names a message for traces, with the instances that it is about and its ballot.
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	ballot := protocols.Ballot(m.Ballot)
	switch kind := m.Kind.(type) {
	case *Message_Prepare:
		return fmt.Sprintf("Prepare %d.. %v", kind.Prepare.First, ballot)
	case *Message_Promise:
		name := fmt.Sprintf("Promise %v", ballot)
		for i, p := range kind.Promise.Accepted {
			name += [...]string{" has ", ", "}[min(i, 1)]
			name += fmt.Sprintf("%d: %s@%v", p.Index, describeValue(p.Command), protocols.Ballot(p.Ballot))
		}
		for i, s := range kind.Promise.Witnessed {
			name += fmt.Sprintf("%s%s@%v", [...]string{" witnessed ", ", "}[min(i, 1)], describeRange(s.First, s.Count), protocols.Ballot(s.Ballot))
		}
		if kind.Promise.Next > 0 {
			name += fmt.Sprintf(" more from %d", kind.Promise.Next)
		}
		if kind.Promise.Truncated > 0 {
			name += fmt.Sprintf(" truncated ..%d", kind.Promise.Truncated)
		}
		return name
	case *Message_Refuse:
		return fmt.Sprintf("Refuse %v promised %v", ballot, protocols.Ballot(kind.Refuse.Promised))
	case *Message_Accept:
		name := fmt.Sprintf("Accept %s %v", describeRange(kind.Accept.First, max(kind.Accept.Count, uint64(len(kind.Accept.Commands)))), ballot)
		for _, command := range kind.Accept.Commands {
			name += " " + describeValue(command)
		}
		return name
	case *Message_Accepted:
		return fmt.Sprintf("Accepted %s %v", describeRange(kind.Accepted.First, kind.Accepted.Count), ballot)
	case *Message_Heartbeat:
		return fmt.Sprintf("Heartbeat %v chosen ..%d", ballot, kind.Heartbeat.Commit)
	case *Message_CatchUp:
		return fmt.Sprintf("CatchUp %d.. %v", kind.CatchUp.First, ballot)
	case *Message_Piece:
		p := kind.Piece
		return fmt.Sprintf("Piece ..%d %v bytes %d..%d of %d", p.Index, ballot, p.Offset, p.Offset+uint64(len(p.Data)), p.Size)
	case *Message_Probe:
		return fmt.Sprintf("Probe %v", ballot)
	case *Message_Revert:
		return fmt.Sprintf("Revert %v", ballot)
	case *Message_Echo:
		return fmt.Sprintf("Echo %v", ballot)
	case *Message_Stand:
		return fmt.Sprintf("Stand %v", ballot)
	case *Message_Forward:
		return kind.Forward.Describe()
	case *Message_Reply:
		return "Reply"
	}
	return ""
}

// describeValue names a value of the log: a command, or a membership.
func describeValue(value []byte) string {
	if isMembership(value) {
		return "membership"
	}
	return kv.Describe(value)
}

func describeRange(first, count uint64) string {
	if count == 1 {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d..%d", first, first+count-1)
}
