package protocols

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
)

// Outbox collects what a node wants. The host owns it and reuses it; the byte slices in it are
// valid until Reset. The zero value is ready for use. Not safe for use by several goroutines.
type Outbox struct {
	Sends   []Send
	Timers  []TimerChange
	Records [][]byte
	Commits []Commit
	Answers []Answer
	Marks   []Mark

	arena []byte // encoded messages and records
}

// Send is a message on its way to another node.
type Send struct {
	To   NodeID
	Data []byte
}

// TimerChange sets a timer, in place of a pending one with the same ID, or stops it.
type TimerChange struct {
	ID    TimerID
	After time.Duration
	Stop  bool
}

// Slot is a place in an order of commands that all replicas must agree on. Drivers with one log
// leave Key empty; drivers that order each key by itself name the key.
type Slot struct {
	Key   string
	Index uint64 // from 1, without gaps, for each Key
}

// Commit tells that the replica has applied a command to its state machine.
type Commit struct {
	Slot    Slot
	ID      CommandID // zero for a no-op
	Command []byte
}

// Answer is the result of a command, for the client that gave it to this replica.
type Answer struct {
	ID     CommandID
	Result []byte // an encoded kv.Result
}

// Mark is an event worth telling in a trace or a figure; it has no effect on the run.
type Mark struct {
	ID    CommandID // zero for an event of the replica itself
	Event string    // one of the Mark constants, or a driver's own word
}

// Events that mean the same in every driver.
const (
	MarkProposed  = "proposed"  // the command was put forward for the first time
	MarkCommitted = "committed" // the command is chosen, and this replica knows
	MarkApplied   = "applied"   // the state machine of the replica that answers has executed it
	MarkRetried   = "retried"   // put forward again: an answer was late, or another command won
	MarkLeading   = "leading"   // this replica became leader
	MarkDeposed   = "deposed"   // this replica ceased to be leader
)

// Send encodes m and addresses it to a node.
func (o *Outbox) Send(to NodeID, m proto.Message) {
	o.Sends = append(o.Sends, Send{To: to, Data: o.encode(m)})
}

// Broadcast encodes m once and addresses it to every replica of n but self.
func (o *Outbox) Broadcast(self NodeID, n int, m proto.Message) {
	data := o.encode(m)
	for to := NodeID(0); to < NodeID(n); to++ {
		if to != self {
			o.Sends = append(o.Sends, Send{To: to, Data: data})
		}
	}
}

// SetTimer asks for an InputTimer after the given time, in place of a pending timer of that ID.
func (o *Outbox) SetTimer(id TimerID, after time.Duration) {
	o.Timers = append(o.Timers, TimerChange{ID: id, After: after})
}

// StopTimer takes back a pending timer; without one it does nothing.
func (o *Outbox) StopTimer(id TimerID) {
	o.Timers = append(o.Timers, TimerChange{ID: id, Stop: true})
}

// Persist asks that the record survive a crash before anything in this outbox is sent.
func (o *Outbox) Persist(record proto.Message) {
	o.Records = append(o.Records, o.encode(record))
}

// Commit tells which command took effect at which place of the agreed order, in that order. A
// new life tells again what it restores: while it is restored a node may commit and mark, but
// not send, set timers, persist or answer. The command may be borrowed from the node; the host
// reads it before the next step.
func (o *Outbox) Commit(slot Slot, id CommandID, command []byte) {
	o.Commits = append(o.Commits, Commit{Slot: slot, ID: id, Command: command})
}

// Answer gives the result of a command to its client. The result may be borrowed from the node.
func (o *Outbox) Answer(id CommandID, result []byte) {
	o.Answers = append(o.Answers, Answer{ID: id, Result: result})
}

// Mark notes an event.
func (o *Outbox) Mark(id CommandID, event string) {
	o.Marks = append(o.Marks, Mark{ID: id, Event: event})
}

// Reset empties the outbox for the next step and reuses its memory.
func (o *Outbox) Reset() {
	clear(o.Commits) // their slices belong to the node
	clear(o.Answers)
	o.Sends, o.Timers, o.Records = o.Sends[:0], o.Timers[:0], o.Records[:0]
	o.Commits, o.Answers, o.Marks = o.Commits[:0], o.Answers[:0], o.Marks[:0]
	o.arena = o.arena[:0]
}

// encode appends m to the arena. When the arena grows, the slices handed out before keep the
// old one.
func (o *Outbox) encode(m proto.Message) []byte {
	start := len(o.arena)
	grown, err := Append(o.arena, m)
	if err != nil {
		panic(fmt.Sprintf("protocols: encoding %T: %v", m, err)) // an invalid message type: a programming error
	}
	o.arena = grown
	return grown[start:len(grown):len(grown)]
}
