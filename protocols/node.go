package protocols

import (
	"cmp"
	"fmt"
	"time"
)

// NodeID names a node of one cluster: its replicas are 0 … n-1, in the order in which the
// experiment lists their regions.
type NodeID int32

// Nobody is the NodeID of no node: a leader that is not known, an instance without a proposer.
const Nobody NodeID = -1

// CommandID names one command of one client, for ever. Seq counts from 1; the zero CommandID is
// that of a no-op.
type CommandID struct {
	Client uint64
	Seq    uint64
}

// String returns client.seq, as traces print it.
func (id CommandID) String() string { return fmt.Sprintf("%d.%d", id.Client, id.Seq) }

// Compare orders commands by client and then by sequence number, as slices.SortFunc wants it.
func (id CommandID) Compare(other CommandID) int {
	return cmp.Or(cmp.Compare(id.Client, other.Client), cmp.Compare(id.Seq, other.Seq))
}

// TimerID names a timer of one node. A node has at most one pending timer of each ID.
type TimerID uint64

// Node is one replica. Implementations are not safe for use by several goroutines; a host
// calls Step from one goroutine at a time.
type Node interface {
	// Step consumes one input and appends its effects to out, in order. It must not keep in,
	// in.Data or out beyond the call.
	Step(in *Input, out *Outbox)
}

// InputKind is the kind of an input.
type InputKind uint8

// The kinds of input; the comments say which fields of Input are set besides Kind and Now.
const (
	InputRestore    InputKind = iota + 1 // Data: a record persisted in an earlier incarnation, oldest first
	InputStart                           // nothing; exactly once an incarnation, after the restores
	InputMessage                         // From, Data: a message that From sent
	InputTimer                           // Timer: one that was set, and neither set again nor stopped since
	InputCommand                         // From, Command, Data: a command, at a replica from a client node, at a client node from the load
	InputDurable                         // Notice: the number that WhenDurable was called with; what was persisted before is durable
	InputMembership                      // Notice, Data: the number and the text of a membership.Request; only for drivers with ChangesMembership
)

// String returns the kind's name as traces print it.
func (k InputKind) String() string {
	switch k {
	case InputRestore:
		return "restore"
	case InputStart:
		return "start"
	case InputMessage:
		return "message"
	case InputTimer:
		return "timer"
	case InputCommand:
		return "command"
	case InputDurable:
		return "durable"
	case InputMembership:
		return "membership"
	}
	return "unknown"
}

// Input is one input of a node.
type Input struct {
	Kind    InputKind
	Now     time.Duration // since the run began, monotonic or virtual; never decreasing for a node
	From    NodeID
	Timer   TimerID
	Command CommandID
	Notice  uint64
	Data    []byte // borrowed: valid during the step only
}
