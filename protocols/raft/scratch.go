package raft

import (
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
)

// scratch holds the messages and records that replicas of this driver read and build most often, so that they are
// not allocated each time. A message that was read is valid until the next one is read. A message or record that was
// built is valid until the next one is built; the outbox encodes it at once.
type scratch struct {
	in struct {
		message       Message
		appendEntries Message_AppendEntries
		appended      Message_Appended
		forward       Message_Forward
		reply         Message_Reply
	}
	out struct {
		message       Message
		appendEntries Message_AppendEntries
		appended      Message_Appended
		forward       Message_Forward
		reply         Message_Reply
		record        Record
		entries       Record_Entries
		log           entryMessages
		own           entryMessages // the entry that a leader appends
	}
}

func newScratch() *scratch {
	s := &scratch{}
	s.in.appendEntries.AppendEntries = &AppendEntries{}
	s.in.appended.Appended = &Appended{}
	s.in.forward.Forward = &forward.Forward{}
	s.in.reply.Reply = &forward.Reply{}
	s.out.appendEntries.AppendEntries = &AppendEntries{}
	s.out.appended.Appended = &Appended{}
	s.out.entries.Entries = &Entries{}
	return s
}

// Numbers of the fields of Message.
const (
	termField          = 1
	appendEntriesField = 4
	appendedField      = 5
	forwardField       = 7
	replyField         = 8
)

// read decodes a message. The commands in appends and forwards are parts of data.
func (s *scratch) read(data []byte) (*Message, error) {
	m := &s.in.message
	m.Reset()
	switch protocols.FirstField(data, termField) {
	case appendEntriesField:
		s.in.appendEntries.AppendEntries.ResetVT()
		m.Kind = &s.in.appendEntries
		return m, m.UnmarshalVTUnsafe(data)
	case forwardField:
		s.in.forward.Forward.ResetVT()
		m.Kind = &s.in.forward
		return m, m.UnmarshalVTUnsafe(data)
	case appendedField:
		s.in.appended.Appended.Reset()
		m.Kind = &s.in.appended
	case replyField: // the result is handed on to the client: it has bytes of its own
		s.in.reply.Reply.Reset()
		m.Kind = &s.in.reply
	}
	return m, m.UnmarshalVT(data)
}

// message builds a message.
func (s *scratch) message(term uint64, kind isMessage_Kind) *Message {
	s.out.message.Term, s.out.message.Kind = term, kind
	return &s.out.message
}

// appendOf builds an AppendEntries.
func (s *scratch) appendOf(prevIndex, prevTerm uint64, entries []entry, commit uint64) *Message_AppendEntries {
	m := s.out.appendEntries.AppendEntries
	m.PrevIndex, m.PrevTerm, m.Entries, m.Commit = prevIndex, prevTerm, s.out.log.of(entries), commit
	return &s.out.appendEntries
}

// appendedUpTo builds an Appended.
func (s *scratch) appendedUpTo(index uint64) *Message_Appended {
	s.out.appended.Appended.Index = index
	return &s.out.appended
}

// forwardWire wraps the messages of package forward.
func (s *scratch) forwardWire() forward.Wire {
	return forward.Wire{
		Forward: func(f *forward.Forward) proto.Message {
			s.out.forward.Forward = f
			return s.message(0, &s.out.forward)
		},
		Reply: func(r *forward.Reply) proto.Message {
			s.out.reply.Reply = r
			return s.message(0, &s.out.reply)
		},
	}
}

// entriesRecord builds the record of entries that replace everything in the log from first on.
func (s *scratch) entriesRecord(first uint64, entries []*Entry) *Record {
	s.out.entries.Entries.First, s.out.entries.Entries.Entries = first, entries
	s.out.record.Kind = &s.out.entries
	return &s.out.record
}

// entryMessages is memory for entries as messages.
type entryMessages []*Entry

// of returns entries as messages, valid until the next call. They share the commands.
func (m *entryMessages) of(entries []entry) []*Entry {
	for len(*m) < len(entries) {
		*m = append(*m, &Entry{})
	}
	for i, e := range entries {
		(*m)[i].Term, (*m)[i].Command, (*m)[i].Membership = e.term, e.command, nil
		if e.membership != nil {
			(*m)[i].Membership = e.membership.Encoded()
		}
	}
	return (*m)[:len(entries)]
}
