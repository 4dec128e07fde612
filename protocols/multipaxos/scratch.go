package multipaxos

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
		message  Message
		accept   Message_Accept
		accepted Message_Accepted
		forward  Message_Forward
		reply    Message_Reply
	}
	out struct {
		message  Message
		accept   Message_Accept
		accepted Message_Accepted
		forward  Message_Forward
		reply    Message_Reply
		record   Record
		commands [][]byte
	}
}

func newScratch() *scratch {
	s := &scratch{}
	s.in.accept.Accept = &Accept{}
	s.in.accepted.Accepted = &Accepted{}
	s.in.forward.Forward = &forward.Forward{}
	s.in.reply.Reply = &forward.Reply{}
	s.out.accept.Accept = &Accept{}
	s.out.accepted.Accepted = &Accepted{}
	return s
}

// Numbers of the fields of Message.
const (
	ballotField   = 1
	acceptField   = 5
	acceptedField = 6
	forwardField  = 9
	replyField    = 10
)

// read decodes a message. The commands in accepts and forwards are parts of data.
func (s *scratch) read(data []byte) (*Message, error) {
	m := &s.in.message
	m.Reset()
	switch protocols.FirstField(data, ballotField) {
	case acceptField:
		a := s.in.accept.Accept
		commands := a.Commands[:0]
		a.Reset()
		a.Commands = commands
		m.Kind = &s.in.accept
		return m, m.UnmarshalVTUnsafe(data)
	case forwardField:
		s.in.forward.Forward.ResetVT()
		m.Kind = &s.in.forward
		return m, m.UnmarshalVTUnsafe(data)
	case acceptedField:
		s.in.accepted.Accepted.Reset()
		m.Kind = &s.in.accepted
	case replyField: // the result is handed on to the client: it has bytes of its own
		s.in.reply.Reply.Reset()
		m.Kind = &s.in.reply
	}
	return m, m.UnmarshalVT(data)
}

// message builds a message.
func (s *scratch) message(ballot protocols.Ballot, kind isMessage_Kind) *Message {
	s.out.message.Ballot, s.out.message.Kind, s.out.message.Membership = uint64(ballot), kind, nil
	return &s.out.message
}

// acceptOf builds an Accept.
func (s *scratch) acceptOf(first uint64, commands [][]byte, commit uint64) *Message_Accept {
	m := s.out.accept.Accept
	m.First, m.Commands, m.Commit, m.Count = first, commands, commit, 0
	return &s.out.accept
}

// countOf builds an Accept for a witness, without the commands.
func (s *scratch) countOf(first, count, commit uint64) *Message_Accept {
	m := s.out.accept.Accept
	m.First, m.Commands, m.Commit, m.Count = first, nil, commit, count
	return &s.out.accept
}

// acceptedOf builds an Accepted.
func (s *scratch) acceptedOf(first, count uint64) *Message_Accepted {
	s.out.accepted.Accepted.First, s.out.accepted.Accepted.Count = first, count
	return &s.out.accepted
}

// recordOf builds the record of accepted commands.
func (s *scratch) recordOf(promised, abandoned protocols.Ballot, first uint64, commands [][]byte, commit uint64) *Record {
	m := &s.out.record
	m.Ballot, m.Abandoned, m.First, m.Commands, m.Commit = uint64(promised), uint64(abandoned), first, commands, commit
	return m
}

// commandsOf returns the commands of instances, valid until the next call.
func (s *scratch) commandsOf(instances []instance) [][]byte {
	s.out.commands = s.out.commands[:0]
	for i := range instances {
		s.out.commands = append(s.out.commands, instances[i].command)
	}
	return s.out.commands
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
