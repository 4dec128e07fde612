package mmp3

import (
	"bytes"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/slab"
)

// scratch holds the messages and records that are read or built one at a time, and the command of the current step.
// The outbox encodes what it gets at once, so their memory can be reused. A message that was read is valid until the
// next one is read.
type scratch struct {
	in         Message
	inInstance Instance // of a proposal, its answer or a commit that was read

	instance Instance
	message  Message
	record   Record
	command  kv.Command

	// The kinds of messages with an instance: read, and built.
	inPropose, propose   Message_Propose
	inAccepted, accepted Message_Accepted
	inCommit, commit     Message_Commit
}

func newScratch() *scratch {
	s := &scratch{}
	s.inPropose.Propose, s.inAccepted.Accepted, s.inCommit.Commit = &s.inInstance, &s.inInstance, &s.inInstance
	s.propose.Propose, s.accepted.Accepted, s.commit.Commit = &s.instance, &s.instance, &s.instance
	return s
}

// Numbers of the fields of Message.
const (
	proposeField       = 1
	acceptedField      = 2
	commitField        = 4
	commitAppliedField = 15
)

// read decodes a message. The commands in proposals, their answers and commits are parts of data.
func (s *scratch) read(data []byte) (*Message, error) {
	m := &s.in
	applied := m.CommitApplied[:0]
	m.Reset()
	m.CommitApplied = applied
	switch protocols.FirstField(data, commitAppliedField) {
	case proposeField:
		m.Kind = &s.inPropose
	case acceptedField:
		m.Kind = &s.inAccepted
	case commitField:
		m.Kind = &s.inCommit
	default:
		return m, m.UnmarshalVT(data)
	}
	s.inInstance.ResetVT()
	return m, m.UnmarshalVTUnsafe(data)
}

// memory is where a replica's structs and the bytes of its commands are allocated, many at a time.
type memory struct {
	instances slab.Items[instance]
	proposals slab.Items[proposal]
	requests  slab.Items[request]
	commands  slab.Slab
	lists     [][]*request // for batches; their requests are proposed and committed
}

// maxLists bounds the lists that are held for later batches.
const maxLists = 64

// takeList returns an empty list of requests.
func (m *memory) takeList() []*request {
	last := len(m.lists) - 1
	if last < 0 {
		return nil
	}
	list := m.lists[last]
	m.lists = m.lists[:last]
	return list
}

// returnList takes back a list of requests that is not used any more.
func (m *memory) returnList(list []*request) {
	if cap(list) > 0 && len(m.lists) < maxLists {
		clear(list)
		m.lists = append(m.lists, list[:0])
	}
}

// owned returns the commands of a message, which are parts of the input, for an instance to hold: those that it holds
// already if they are the same, and else copies.
func (r *replica) owned(x *instance, commands [][]byte) [][]byte {
	if slices.EqualFunc(x.commands, commands, bytes.Equal) {
		return x.commands
	}
	held := x.single[:0]
	for _, command := range commands {
		held = append(held, r.memory.commands.Clone(command))
	}
	return held
}
