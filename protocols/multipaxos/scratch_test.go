package multipaxos

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/snapshot"
)

// Whatever was read before, a message is read as it was sent. Reading the most frequent ones allocates nothing.
func TestReadIntoUsedMemory(t *testing.T) {
	hot := []*Message{
		{Ballot: 3, Kind: &Message_Accept{Accept: &Accept{First: 7, Commit: 6, Commands: [][]byte{[]byte("one"), {}, []byte("two")}}}},
		{Ballot: 3, Kind: &Message_Accept{Accept: &Accept{}}},
		{Ballot: 4, Kind: &Message_Accepted{Accepted: &Accepted{First: 9, Count: 2}}},
		{Kind: &Message_Accepted{Accepted: &Accepted{}}},
		{Kind: &Message_Forward{Forward: &forward.Forward{Commands: []*forward.Command{{Client: 1, Seq: 2, Data: []byte("three")}, {Client: 3}}}}},
		{Kind: &Message_Forward{Forward: &forward.Forward{Commands: []*forward.Command{{}}}}},
		{Kind: &Message_Reply{Reply: &forward.Reply{Client: 5, Seq: 6}}},
	}
	rare := []*Message{
		{},
		{Ballot: 5},
		{Ballot: 5, Kind: &Message_Refuse{Refuse: &Refuse{Promised: 6}}},
		{Ballot: 6, Kind: &Message_Piece{Piece: &snapshot.Piece{Index: 8, Data: []byte("data")}}},
		{Kind: &Message_Reply{Reply: &forward.Reply{Client: 5, Seq: 6, Result: []byte("result")}}},
	}
	s := newScratch()
	all := append(hot, rare...)
	for i, before := range all {
		for j, message := range all {
			for _, m := range []*Message{before, message} {
				if read, err := s.read(encoded(t, m)); err != nil || !proto.Equal(read, m) {
					t.Fatalf("%d, then %d: read %v, %v, not %v", i, j, read, err, m)
				}
			}
		}
	}
	for _, m := range hot {
		data := encoded(t, m)
		if n := testing.AllocsPerRun(100, func() { s.read(data) }); n > 0 {
			t.Errorf("reading %v: %.0f allocations", m, n)
		}
	}
}

// The log keeps its own copies of commands.
func TestLogKeepsItsOwnBytes(t *testing.T) {
	l, command := instanceLog{}, []byte("command")
	l.set(1, instance{ballot: 1, command: command})
	clear(command)
	if got := l.at(1).command; string(got) != "command" {
		t.Errorf("the log has %q", got)
	}
}

func encoded(t *testing.T, m *Message) []byte {
	t.Helper()
	data, err := protocols.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
