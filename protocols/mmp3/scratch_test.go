package mmp3

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// Whatever was read before, a message is read as it was sent. Reading the most frequent ones allocates nothing.
func TestReadIntoUsedMemory(t *testing.T) {
	one := &Instance{Column: 1, Lsn: 2, Ballot: 3, ValueBallot: 4, Commands: [][]byte{[]byte("one"), {}}, Deps: []uint64{5, 6, 7}, Committed: true}
	hot := []*Message{
		{Kind: &Message_Propose{Propose: one}},
		{Kind: &Message_Propose{Propose: &Instance{}}},
		{Kind: &Message_Accepted{Accepted: one}},
		{Kind: &Message_Commit{Commit: one}, CommitApplied: []uint64{8, 9, 10}},
		{Kind: &Message_Commit{Commit: &Instance{Commands: [][]byte{[]byte("two")}}}},
	}
	rare := []*Message{
		{},
		{CommitApplied: []uint64{11}},
		{Kind: &Message_Refused{Refused: &Refused{Column: 1, Lsn: 2}}},
		{Kind: &Message_Committed{Committed: &Committed{Instances: []*Instance{one}, More: true}}},
		{Kind: &Message_Piece{Piece: &snapshot.Piece{Index: 8, Data: []byte("data")}}},
	}
	s := newScratch()
	all := append(hot, rare...)
	for i, before := range all {
		for j, message := range all {
			for _, m := range []*Message{before, message} {
				if read, err := s.read(encodedMessage(t, m)); err != nil || !proto.Equal(read, m) {
					t.Fatalf("%d, then %d: read %v, %v, not %v", i, j, read, err, m)
				}
			}
		}
	}
	for _, m := range hot {
		data := encodedMessage(t, m)
		if n := testing.AllocsPerRun(100, func() { s.read(data) }); n > 0 {
			t.Errorf("reading %v: %.0f allocations", m, n)
		}
	}
}

// An instance holds copies of the commands of a message, and what it holds already is not copied again.
func TestInstancesHoldTheirOwnBytes(t *testing.T) {
	r, x := &replica{}, &instance{}
	for _, commands := range [][][]byte{{[]byte("one")}, {[]byte("two")}, {[]byte("three"), []byte("four")}, {}, {[]byte("five")}} {
		m := [][]byte{}
		for _, command := range commands {
			m = append(m, bytes.Clone(command))
		}
		x.commands = r.owned(x, m)
		if n := testing.AllocsPerRun(10, func() { x.commands = r.owned(x, m) }); n > 0 {
			t.Errorf("%q are held already: %.0f allocations", commands, n)
		}
		for _, command := range m {
			clear(command)
		}
		if !slices.EqualFunc(x.commands, commands, bytes.Equal) {
			t.Errorf("held are %q, not %q", x.commands, commands)
		}
	}
}

func encodedMessage(t *testing.T, m *Message) []byte {
	t.Helper()
	data, err := protocols.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
