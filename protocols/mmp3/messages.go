package mmp3

import (
	"quorumbench/protocols"
)

// onMessage handles a valid message. Only an answer to a message of this replica makes its sender count as
// reachable: a link may be cut in one direction.
func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Propose:
		r.onPropose(from, kind.Propose)
	case *Message_Accepted:
		r.reach.Answered(from)
		r.onAccepted(kind.Accepted)
	case *Message_Refused:
		r.reach.Answered(from)
		r.onRefused(kind.Refused)
	case *Message_Commit:
		r.onCommit(kind.Commit)
		r.noteApplied(from, vectorOf(m.CommitApplied))
	case *Message_Query:
		r.onQuery(from, kind.Query)
	case *Message_Committed:
		r.onCommitted(from, kind.Committed)
	case *Message_Applied:
		r.onApplied(from, kind.Applied)
	case *Message_Piece:
		r.onPiece(from, kind.Piece)
	case *Message_Read:
		r.onRead(from, kind.Read)
	case *Message_Seen:
		r.reach.Answered(from)
		r.onSeen(kind.Seen)
	}
}

// message returns the instance as a message.
func (x *instance) message() *Instance {
	m := &Instance{}
	x.fill(m)
	return m
}

// wire returns the instance as a message whose memory the next call reuses.
func (r *replica) wire(x *instance) *Instance {
	x.fill(&r.scratch.instance)
	return &r.scratch.instance
}

// fill copies the instance into a message. Commands and Deps are shared.
func (x *instance) fill(m *Instance) {
	m.Column, m.Lsn = uint32(x.at.column), x.at.lsn
	m.Ballot, m.ValueBallot = uint64(x.ballot), uint64(x.valueBallot)
	m.Commands, m.Deps, m.Committed = x.commands, x.deps[:], x.committed
}

// envelope returns a message of the given kind, whose memory the next call reuses.
func (r *replica) envelope(kind isMessage_Kind) *Message {
	m := &r.scratch.message
	m.Kind, m.CommitApplied = kind, nil
	return m
}

// proposeOf returns the proposal of an instance, whose memory the next message reuses.
func (r *replica) proposeOf(x *instance) *Message {
	r.wire(x)
	return r.envelope(&r.scratch.propose)
}

// acceptedOf returns the answer to the proposal of an instance, whose memory the next message reuses.
func (r *replica) acceptedOf(x *instance) *Message {
	r.wire(x)
	return r.envelope(&r.scratch.accepted)
}

// commitOf returns the commit of an instance, whose memory the next message reuses. It carries Applied (rule 13).
func (r *replica) commitOf(x *instance) *Message {
	r.wire(x)
	m := r.envelope(&r.scratch.commit)
	m.CommitApplied = r.applied[:]
	return m
}

// position returns the column and LSN of an instance in a message.
func (m *Instance) position() position { return position{int(m.Column), m.Lsn} }

// vector returns the Deps of an instance in a message.
func (m *Instance) vector() vector { return vectorOf(m.Deps) }

func vectorOf(lsns []uint64) (v vector) {
	copy(v[:], lsns)
	return v
}
