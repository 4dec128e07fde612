package raft

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
		{Term: 3, Kind: &Message_AppendEntries{AppendEntries: &AppendEntries{PrevIndex: 7, PrevTerm: 2, Commit: 6, Entries: []*Entry{
			{Term: 2, Command: []byte("one")}, {Term: 3}, {Term: 3, Command: []byte("two")}}}}},
		{Term: 3, Kind: &Message_AppendEntries{AppendEntries: &AppendEntries{}}},
		{Term: 3, Kind: &Message_AppendEntries{AppendEntries: &AppendEntries{PrevIndex: 1, Entries: []*Entry{{}}}}},
		{Term: 4, Kind: &Message_Appended{Appended: &Appended{Index: 9}}},
		{Kind: &Message_Appended{Appended: &Appended{}}},
		{Kind: &Message_Forward{Forward: &forward.Forward{Commands: []*forward.Command{{Client: 1, Seq: 2, Data: []byte("three")}, {Client: 3}}}}},
		{Kind: &Message_Forward{Forward: &forward.Forward{Commands: []*forward.Command{{}}}}},
		{Kind: &Message_Reply{Reply: &forward.Reply{Client: 5, Seq: 6}}},
	}
	rare := []*Message{
		{},
		{Term: 5},
		{Term: 5, Kind: &Message_Vote{Vote: &Vote{Granted: true, Asked: 5}}},
		{Term: 6, Kind: &Message_InstallSnapshot{InstallSnapshot: &InstallSnapshot{Term: 5, Piece: &snapshot.Piece{Index: 8, Data: []byte("data")}}}},
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

// The log keeps its own copies of what was read.
func TestLogKeepsItsOwnBytes(t *testing.T) {
	s, l := newScratch(), entryLog{}
	data := encoded(t, &Message{Kind: &Message_AppendEntries{AppendEntries: &AppendEntries{Entries: []*Entry{{Term: 1, Command: []byte("command")}}}}})
	m, err := s.read(data)
	if err != nil {
		t.Fatal(err)
	}
	l.replace(1, m.GetAppendEntries().Entries)
	early := earlyAppends{}
	early.add(m.GetAppendEntries(), 100)
	clear(data)
	if _, err := s.read(encoded(t, &Message{Kind: &Message_AppendEntries{AppendEntries: &AppendEntries{Entries: []*Entry{{Term: 2, Command: []byte("another")}}}}})); err != nil {
		t.Fatal(err)
	}
	if e := l.at(1); e.term != 1 || string(e.command) != "command" {
		t.Errorf("the log has %d %q", e.term, e.command)
	}
	if e := early.take(0).Entries[0]; e.Term != 1 || string(e.Command) != "command" {
		t.Errorf("an early append has %d %q", e.Term, e.Command)
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
