package mmp3

import (
	"fmt"
	"strings"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe names a message with its instance (a, b or c for the column, then the LSN), its ballot,
// the command and the Deps.
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
		name := "Query"
		for _, id := range kind.Query.Instances {
			name += " " + describeID(id.Column, id.Lsn)
		}
		return name
	}
	return ""
}

func (m *Instance) describe() string {
	deps := strings.Trim(strings.ReplaceAll(fmt.Sprint(m.Deps), " ", ","), "[]")
	return fmt.Sprintf("%s %v %s [%s]", describeID(m.Column, m.Lsn), protocols.Ballot(m.Ballot), kv.Describe(m.Command), deps)
}

func describeID(column uint32, lsn uint64) string { return fmt.Sprintf("%c%d", 'a'+rune(column), lsn) }
