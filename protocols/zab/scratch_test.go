package zab

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
		{Epoch: 3, Kind: &Message_Propose{Propose: &Propose{PrevIndex: 7, PrevEpoch: 2, Commit: 6, Transactions: []*Transaction{
			{Epoch: 3, Command: []byte("one")}, {}, {Epoch: 4, Command: []byte("two")}}}}},
		{Epoch: 3, Kind: &Message_Propose{Propose: &Propose{}}},
		{Epoch: 4, Kind: &Message_Ack{Ack: &Ack{Index: 9}}},
		{Kind: &Message_Ack{Ack: &Ack{}}},
		{Epoch: 4, Kind: &Message_Commit{Commit: &Commit{Index: 9}}},
		{Kind: &Message_Commit{Commit: &Commit{}}},
		{Kind: &Message_Forward{Forward: &forward.Forward{Commands: []*forward.Command{{Client: 1, Seq: 2, Data: []byte("three")}, {Client: 3}}}}},
		{Kind: &Message_Forward{Forward: &forward.Forward{Commands: []*forward.Command{{}}}}},
	}
	rare := []*Message{
		{},
		{Epoch: 5},
		{Epoch: 5, Kind: &Message_AckEpoch{AckEpoch: &AckEpoch{Current: 6, Ends: []*End{{Epoch: 1, Index: 2}}}}},
		{Epoch: 6, Kind: &Message_Install{Install: &Install{Epoch: 2, Piece: &snapshot.Piece{Index: 8, Data: []byte("data")}}}},
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

// The history keeps its own copies of commands.
func TestHistoryKeepsItsOwnBytes(t *testing.T) {
	h, command := history{}, []byte("command")
	h.replace(1, []*Transaction{{Epoch: 1, Command: command}})
	clear(command)
	if got := h.at(1).command; string(got) != "command" {
		t.Errorf("the history has %q", got)
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
