package protocols

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
)

// Outbox collects the effects that a node wants. The host owns it and reuses it; the byte slices in it are valid until
// Reset. The zero value is ready for use. Not safe for use by several goroutines.
type Outbox struct {
	Sends   []Send
	Timers  []TimerChange
	Records []Record
	Commits []Commit
	Answers []Answer
	Marks   []Mark
	Notices []uint64 // the numbers that WhenDurable was called with

	// Instances are the events of NoteInstance. Watched says that somebody reads them; if not, none are kept. Reset
	// leaves it.
	Instances []InstanceEvent
	Watched   bool

	// Unread says that nobody reads the records: they are entered, but not encoded, so that they have no data. Reset
	// leaves it.
	Unread bool

	arena []byte // encoded messages and records
}

// Send is a message on its way to another node.
type Send struct {
	To   NodeID
	Data []byte
	Now  bool // it does not wait for the disk; see Outbox.SendNow
}

// Record is a record that must survive a crash.
type Record struct {
	Data     []byte
	Snapshot bool // it replaces all records before it
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

// String returns key/index for an order of its own, else the index alone.
func (s Slot) String() string {
	if s.Key == "" {
		return strconv.FormatUint(s.Index, 10)
	}
	return s.Key + "/" + strconv.FormatUint(s.Index, 10)
}

// Commit reports that the replica has applied a command to its state machine, or has adopted a state in which
// everything up to the slot is applied.
type Commit struct {
	Slot    Slot
	ID      CommandID // zero for a no-op
	Command []byte
	Adopted bool // not applied here; see Outbox.Adopt
}

// Answer is the result of a command, for the client that sent it to this replica.
type Answer struct {
	ID     CommandID
	Result []byte // an encoded kv.Result
}

// Mark is an event for traces and reports. It has no effect on what replicas do, but a run is judged, and the time of
// a write broken down, by the marks below. See MarkLeading.
type Mark struct {
	ID    CommandID // zero for an event of the replica itself
	Event string    // one of the Mark constants, or a driver's own word
	Value int64     // that goes with it: of what Measure noted
}

// Events that mean the same in every driver. A step marks a command where it passes on its way, in
// the step that does what the comment says; from these marks a report tells what a write waited for.
const (
	MarkProposed  = "proposed"  // at the proposer: the command is put forward for the first time
	MarkPrepared  = "prepared"  // at the proposer: a prepare phase of the command's own is over
	MarkAccepted  = "accepted"  // at an acceptor or follower other than the proposer: it holds the command
	MarkCommitted = "committed" // at the proposer: the command is chosen, and this replica knows; of several the first counts
	MarkApplied   = "applied"   // at the replica whose client it is: the state machine has executed it
	MarkRetried   = "retried"   // at the proposer: put forward again, since an answer was late or another command won
	MarkLeading   = "leading"   // this replica became leader; every driver with HasLeader must tell, see Driver.HasLeader
	MarkDeposed   = "deposed"   // this replica ceased to be leader, by anything but a crash; the same holds
	MarkReverted  = "reverted"  // this replica took a promise or a vote back, under which nothing happened
)

// MarkMembership is what the mark of a leader begins with that has committed a membership; the membership follows, as its
// String tells it.
const MarkMembership = "membership "

// Send sends m to a node. The message leaves when everything is durable that was persisted before, in this step or an
// earlier one.
func (o *Outbox) Send(to NodeID, m proto.Message) {
	o.Sends = append(o.Sends, Send{To: to, Data: o.encode(m)})
}

// SendNow is Send for a message that does not wait for the disk. It is only for what does not rest on a
// record that is not durable yet: neither the message nor anything that may follow from it at its receiver
// may need that record to survive a crash. A Raft leader sends its entries so, because a follower that has
// them promises nothing in the leader's name. Messages of SendNow overtake those of earlier Sends that wait;
// among themselves, and among those of Send, their order is kept up to the network.
func (o *Outbox) SendNow(to NodeID, m proto.Message) {
	o.Sends = append(o.Sends, Send{To: to, Data: o.encode(m), Now: true})
}

// SendEncoded is Send for a message that is encoded already. The bytes are copied.
func (o *Outbox) SendEncoded(to NodeID, data []byte) {
	start := len(o.arena)
	o.arena = append(o.arena, data...)
	o.Sends = append(o.Sends, Send{To: to, Data: o.arena[start:len(o.arena):len(o.arena)]})
}

// Broadcast encodes m once and sends it to every member but self.
func (o *Outbox) Broadcast(self NodeID, members []NodeID, m proto.Message) {
	o.broadcast(self, members, Send{Data: o.encode(m)})
}

// BroadcastNow is Broadcast as SendNow is Send.
func (o *Outbox) BroadcastNow(self NodeID, members []NodeID, m proto.Message) {
	o.broadcast(self, members, Send{Data: o.encode(m), Now: true})
}

func (o *Outbox) broadcast(self NodeID, members []NodeID, m Send) {
	for _, m.To = range members {
		if m.To != self {
			o.Sends = append(o.Sends, m)
		}
	}
}

// SetTimer asks for an InputTimer after the given time, in place of a pending timer of that ID.
func (o *Outbox) SetTimer(id TimerID, after time.Duration) {
	o.Timers = append(o.Timers, TimerChange{ID: id, After: after})
}

// StopTimer stops a pending timer; without one it does nothing.
func (o *Outbox) StopTimer(id TimerID) {
	o.Timers = append(o.Timers, TimerChange{ID: id, Stop: true})
}

// Persist asks that the record survive a crash before anything in this outbox is sent.
func (o *Outbox) Persist(record proto.Message) {
	o.record(record, false)
}

// WhenDurable asks for an InputDurable with the given number once everything is durable that was persisted
// before, in this step or an earlier one. Each call leads to one such input, in the order of the calls,
// unless the node crashes first.
func (o *Outbox) WhenDurable(notice uint64) { o.Notices = append(o.Notices, notice) }

// Snapshot is Persist for a record that replaces all records persisted before it: the next incarnation is restored from
// it and from what was persisted after it. A crash leaves either the snapshot or the records that it replaces.
func (o *Outbox) Snapshot(record proto.Message) {
	o.record(record, true)
}

// SnapshotEncoded is Snapshot for a record that is encoded already. The bytes are not copied: nobody may change them any
// more.
func (o *Outbox) SnapshotEncoded(data []byte) {
	if o.Unread {
		data = nil
	}
	o.Records = append(o.Records, Record{Data: data, Snapshot: true})
}

func (o *Outbox) record(record proto.Message, snapshot bool) {
	var data []byte
	if !o.Unread {
		data = o.encode(record)
	}
	o.Records = append(o.Records, Record{Data: data, Snapshot: snapshot})
}

// Commit reports that a command took effect at a slot of the agreed order. Commits must come in that order. A new
// incarnation commits again what it restores: while it is restored, a node may commit, adopt and mark, but not send,
// set timers, persist or answer. The command may be borrowed from the node; the host reads it before the next step.
func (o *Outbox) Commit(slot Slot, id CommandID, command []byte) {
	o.Commits = append(o.Commits, Commit{Slot: slot, ID: id, Command: command})
}

// Adopt reports that the replica has adopted a state in which everything up to and including a slot has taken effect,
// instead of applying the commands one by one: its own snapshot while it is restored, or another replica's. Its next
// commit is at the slot after it. Drivers that order each key by itself adopt each key.
func (o *Outbox) Adopt(slot Slot) {
	o.Commits = append(o.Commits, Commit{Slot: slot, Adopted: true})
}

// Answer gives the result of a command to its client. The result may be borrowed from the node, which must
// not change it before its next step, but not from the input, whose bytes are overwritten.
func (o *Outbox) Answer(id CommandID, result []byte) {
	o.Answers = append(o.Answers, Answer{ID: id, Result: result})
}

// Mark notes an event.
func (o *Outbox) Mark(id CommandID, event string) {
	o.Marks = append(o.Marks, Mark{ID: id, Event: event})
}

// Measure notes a number with an event of the replica itself, named as measures.go says. Reports show how often it was
// noted, its mean and its maximum.
func (o *Outbox) Measure(event string, value int64) {
	o.Marks = append(o.Marks, Mark{Event: event, Value: value})
}

// NoteInstance notes what became of an instance, in a protocol whose instances depend on each other. It has no effect on
// what replicas do: figures are drawn from it, and [Driver.Watch] checks it. A node notes all three kinds of events, also
// while it is restored.
func (o *Outbox) NoteInstance(e InstanceEvent) {
	if o.Watched {
		o.Instances = append(o.Instances, e)
	}
}

// Reset empties the outbox for the next step and reuses its memory.
func (o *Outbox) Reset() {
	clear(o.Commits) // their slices belong to the node
	clear(o.Answers)
	clear(o.Instances)
	o.Sends, o.Timers, o.Records = o.Sends[:0], o.Timers[:0], o.Records[:0]
	o.Commits, o.Answers, o.Marks = o.Commits[:0], o.Answers[:0], o.Marks[:0]
	o.Notices, o.Instances = o.Notices[:0], o.Instances[:0]
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
