package primarybackup

//go:generate go tool protogen primarybackup/primarybackup.proto

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe implements protocols.Driver.Describe, for traces and space-time diagrams.
func describe(message []byte) string {
	var m Message
	if protocols.Decode(message, &m) != nil {
		return ""
	}
	text := fmt.Sprintf("behind %d committed %d has %d", m.Behind, m.Committed, m.Has)
	for _, command := range m.Commands {
		text += " " + kv.Describe(command)
	}
	if m.Ask {
		return "Ask " + text
	}
	return "Log " + text
}
