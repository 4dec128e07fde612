package mmp3

import (
	"fmt"
	"strings"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe returns a message as text: its instances (a, b or c for the column, then the LSN), ballot, commands, Deps.
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	switch kind := m.Kind.(type) {
	case *Message_Propose:
		return "Propose " + kind.Propose.describe()
	case *Message_Accepted:
		return "Accepted " + kind.Accepted.describe()
	case *Message_Commit:
		return "Commit " + kind.Commit.describe()
	case *Message_Refused:
		r := kind.Refused
		return fmt.Sprintf("Refused %s %v promised %v", describeID(r.Column, r.Lsn), protocols.Ballot(r.Ballot), protocols.Ballot(r.Promised))
	case *Message_Query:
		return "Query" + kind.Query.describe()
	case *Message_Committed:
		name := "Committed"
		for _, x := range kind.Committed.Instances {
			name += " " + describeID(x.Column, x.Lsn)
		}
		return name
	case *Message_Applied:
		name := "Applied " + describeVector(kind.Applied.Applied)
		if kind.Applied.Ask {
			name += " and you?"
		}
		return name
	case *Message_Piece:
		p := kind.Piece
		return fmt.Sprintf("Piece %d bytes %d…%d of %d", p.Index, p.Offset, p.Offset+uint64(len(p.Data)), p.Size)
	case *Message_Read:
		return "Read"
	case *Message_Seen:
		return "Seen " + describeVector(kind.Seen.Seen)
	}
	return ""
}

// describe returns an instance as text.
func (m *Instance) describe() string {
	what := kv.Describe(nil)
	for i, command := range m.Commands {
		if i == 0 {
			what = kv.Describe(command)
		} else {
			what += "," + kv.Describe(command)
		}
	}
	return fmt.Sprintf("%s %v %s %s", describeID(m.Column, m.Lsn), protocols.Ballot(m.Ballot), what, describeVector(m.Deps))
}

// describe returns the stretches of a query as text.
func (q *Query) describe() string {
	name := ""
	for _, s := range q.Stretches {
		name += " " + describeID(s.Column, s.From)
		if s.End == 0 {
			name += "…"
		} else if s.End > s.From+1 {
			name += "…" + describeID(s.Column, s.End-1)
		}
	}
	if q.Snapshot.GetIndex() > 0 {
		name += fmt.Sprintf(" piece of %d from byte %d", q.Snapshot.Index, q.Snapshot.Offset)
	}
	return name
}

func describeVector(lsns []uint64) string {
	return strings.ReplaceAll(fmt.Sprint(lsns), " ", ",")
}

func describeID(column uint32, lsn uint64) string { return fmt.Sprintf("%c%d", 'a'+rune(column), lsn) }
