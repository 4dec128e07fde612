package host

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols"
)

// World is the clock, the network and the calendar of one host. Byte slices are valid during the call only. Its methods
// must not call the host; what happens at once is handed to the host after Release or Durable has returned.
type World interface {
	// Now is the time since the run began, never decreasing.
	Now() time.Duration
	// Send puts messages on their way, in this order.
	Send(messages []protocols.Send)
	// Wake asks for a call of Host.Fire with this timer and setting at a time of the run, or later.
	Wake(at time.Duration, timer protocols.TimerID, setting uint64)
	// Commit reports a command that took effect, or a state that was adopted.
	Commit(c protocols.Commit)
	// Mark reports a mark, and when the input arrived that led to it.
	Mark(m protocols.Mark, arrived time.Duration)
	// Answer sends a client node the answer to a command that it has sent. The answers of a client node itself are
	// for the load; their receiver is protocols.Nobody.
	Answer(to protocols.NodeID, a protocols.Answer)
}

// Disk stores the records of a node for its next incarnation.
type Disk interface {
	// Write makes records durable. If that takes time, it returns false, and the world calls Host.Durable
	// when they are; the bytes stay as they are until then, and no other Write comes before.
	Write(records []protocols.Record) (durable bool)
	// Crash is called when the node crashes. Of the records being written, the disk keeps what a crash in the middle
	// of writing leaves: some of them, and perhaps a part of the next, which Records leaves out. A snapshot is kept as
	// a whole or not at all.
	Crash()
	// Records returns what is durable, oldest first: the last snapshot and all that was written after it.
	// The slices belong to the caller.
	Records() [][]byte
}

// Watcher is called for every step of a node, also while it is restored.
type Watcher interface {
	Before(in *protocols.Input)
	// After is called when the step is over; out holds the effects of the batch so far.
	After(in *protocols.Input, out *protocols.Outbox)
}

// Config is what a host is made of.
type Config struct {
	// New makes the node of an incarnation, which is counted from 0.
	New   func(incarnation uint64) protocols.Node
	World World
	Disk  Disk    // nil: everything is lost in a crash
	Watch Watcher // nil disables it
	// Unread says that neither disk nor watcher read the records of the node; see Outbox.Unread.
	Unread bool
	// Instances, if set, is told of what becomes of the node's instances; see protocols.Outbox.NoteInstance. It is told of a
	// proposal in the step that makes it, and of all else when it is released.
	Instances func(e protocols.InstanceEvent)
	// Breach, if set, is called when the node violates the contract. The text of the error continues a sentence that
	// begins with the node's name.
	Breach func(error)
	// Client says that the node is a client node, whose answers are for the load.
	Client bool
}

// Host runs one node. Not safe for use by several goroutines.
type Host struct {
	config Config
	clock  Clock

	node        protocols.Node // nil while it is down
	incarnation uint64
	batch       *batch // the effects of the steps since the last Release
	writing     *batch // the effects that wait for the disk, if busy
	busy        bool
	timers      map[protocols.TimerID]Timer
	settings    uint64 // how many timers were ever set
	input       protocols.Input
	requests    requests
	again       []toClient       // answers to give again with the next Release
	membership  []request        // handed over so far; every incarnation gets them
	now         []protocols.Send // scratch space of sendNow
}

// batch holds the effects of the steps of a batch.
type batch struct {
	protocols.Outbox
	arrived []time.Duration // when the inputs arrived that led to the marks, one each
	waiting int             // how many of the Sends, from the first on, are known to wait for the disk
	told    int             // how many of the Instances, from the first on, the proposals were told of
}

func (b *batch) reset() {
	b.Reset()
	b.arrived, b.waiting, b.told = b.arrived[:0], 0, 0
}

// Timer is a timer that is set.
type Timer struct {
	ID      protocols.TimerID
	Setting uint64        // tells it from earlier timers of the same ID
	At      time.Duration // when it is due, by the world's clock
}

// New returns a host whose node is down; see Host.Restore.
func New(config Config) *Host {
	h := &Host{
		config: config, clock: NewClock(), batch: &batch{}, writing: &batch{},
		timers: map[protocols.TimerID]Timer{},
	}
	for _, b := range []*batch{h.batch, h.writing} {
		b.Unread, b.Watched = config.Unread, config.Instances != nil
	}
	return h
}

// Up tells whether the node is running.
func (h *Host) Up() bool { return h.node != nil }

// Node is the running node, nil while it is down.
func (h *Host) Node() protocols.Node { return h.node }

// Incarnation counts the crashes so far.
func (h *Host) Incarnation() uint64 { return h.incarnation }

// Clock is the node's own clock, by which it is told the time and its timers run.
func (h *Host) Clock() *Clock { return &h.clock }

// Pending holds the effects of the batch so far. It must not be changed.
func (h *Host) Pending() *protocols.Outbox { return &h.batch.Outbox }

// NewSends are the messages that the node has sent since the last Release. They must not be changed.
func (h *Host) NewSends() []protocols.Send { return h.batch.Sends[h.batch.waiting:] }

// Restore begins an incarnation: it makes the node and gives it the records on its disk. Start must follow. The world
// may call Release in between, to separate what is restored from what is new.
func (h *Host) Restore() {
	h.node = h.config.New(h.incarnation)
	if h.config.Disk == nil {
		return
	}
	now := h.config.World.Now()
	for _, record := range h.config.Disk.Records() {
		h.input = protocols.Input{Kind: protocols.InputRestore, Data: record}
		h.Input(&h.input, now)
	}
	if o := h.batch; len(o.Sends)+len(o.Records)+len(o.Answers)+len(o.Timers)+len(o.Notices) > 0 {
		panic(fmt.Sprintf("host: a node that is being restored sends %d messages, persists %d records, gives %d answers, changes %d timers; it may do none of that",
			len(o.Sends), len(o.Records), len(o.Answers), len(o.Timers))) // an error in the driver
	}
}

// Start tells the node that it is restored and may act.
func (h *Host) Start() {
	h.input = protocols.Input{Kind: protocols.InputStart}
	h.Input(&h.input, h.config.World.Now())
	for _, r := range h.membership {
		h.handOver(r)
	}
}

// request is a request for another membership.
type request struct {
	number uint64
	text   string
}

// Membership gives the node a request for another membership, by its number and its text, as package membership reads it. The
// node gets it in each later incarnation again, since the operator who has asked waits until it is done.
func (h *Host) Membership(number uint64, text string) {
	r := request{number, text}
	h.membership = append(h.membership, r)
	h.handOver(r)
}

func (h *Host) handOver(r request) {
	h.input = protocols.Input{Kind: protocols.InputMembership, Notice: r.number, Data: []byte(r.text)}
	h.Input(&h.input, h.config.World.Now())
}

// Unreleased returns the commits that are not released yet, in their order. They are valid until the next call of a method
// that changes the host.
func (h *Host) Unreleased() []protocols.Commit {
	return slices.Concat(h.writing.Commits, h.batch.Commits)
}

// Crash ends the incarnation. Effects that were not released are lost. Of records that are being written, the disk
// may keep a part.
func (h *Host) Crash() {
	if h.config.Disk != nil {
		h.config.Disk.Crash()
	}
	h.node = nil
	h.incarnation++
	h.batch.reset()
	h.writing.reset()
	h.busy = false
	clear(h.timers)
	h.requests, h.again = requests{}, nil
}

// Input gives the node an input, after setting its time. Arrived is when the input came, which is before now if it had
// to wait for the node. Input does nothing if the node is down.
func (h *Host) Input(in *protocols.Input, arrived time.Duration) {
	if h.node == nil {
		return
	}
	in.Now = h.clock.Read(h.config.World.Now())
	if h.config.Watch != nil {
		h.config.Watch.Before(in)
	}
	b := h.batch
	h.node.Step(in, &b.Outbox)
	for len(b.arrived) < len(b.Marks) {
		b.arrived = append(b.arrived, arrived)
	}
	for ; b.told < len(b.Instances); b.told++ {
		if e := b.Instances[b.told]; e.Kind == protocols.InstanceProposed {
			h.config.Instances(e)
		}
	}
	if h.config.Watch != nil {
		h.config.Watch.After(in, &b.Outbox)
	}
}

// Message gives the node a message; see Input. The bytes are borrowed.
func (h *Host) Message(from protocols.NodeID, data []byte, arrived time.Duration) {
	h.input = protocols.Input{Kind: protocols.InputMessage, From: from, Data: data}
	h.Input(&h.input, arrived)
}

// Command gives a client node a command of the load; see Input. The bytes are borrowed.
func (h *Host) Command(id protocols.CommandID, data []byte, arrived time.Duration) {
	h.input = protocols.Input{Kind: protocols.InputCommand, From: protocols.Nobody, Command: id, Data: data}
	h.Input(&h.input, arrived)
}

// Due tells whether a timer is still set as it was when Wake was called for it: it has neither been set
// again nor stopped since, also not by the batch.
func (h *Host) Due(timer protocols.TimerID, setting uint64) bool {
	if h.node == nil || h.timers[timer].Setting != setting {
		return false
	}
	for i := range h.batch.Timers {
		if h.batch.Timers[i].ID == timer {
			return false
		}
	}
	return true
}

// Fire gives the node a timer, unless the timer was set again or stopped since; see Due.
func (h *Host) Fire(timer protocols.TimerID, setting uint64, arrived time.Duration) {
	if !h.Due(timer, setting) {
		return
	}
	delete(h.timers, timer)
	h.input = protocols.Input{Kind: protocols.InputTimer, Timer: timer}
	h.Input(&h.input, arrived)
}

// Release ends the batch: it writes the records to the disk, and releases the effects when they are durable. If the
// disk is busy with an earlier batch, the records of this one become part of the next write.
func (h *Host) Release() {
	for _, a := range h.again {
		h.config.World.Answer(a.node, a.Answer)
	}
	h.again = h.again[:0]
	for h.node != nil {
		b := h.batch
		if h.busy || len(b.Records) > 0 && h.config.Disk != nil && !h.config.Disk.Write(b.Records) {
			h.sendNow(b)
			h.setTimers(b)
			if !h.busy {
				h.busy = true
				h.batch, h.writing = h.writing, b
			}
			return
		}
		if !h.letOut(b) {
			return
		}
	}
}

// Durable must be called when the records of the last Disk.Write are durable, if that took time. It releases the
// effects that waited for them, and then the batch that has collected meanwhile.
func (h *Host) Durable() {
	h.busy = false
	h.letOut(h.writing)
	h.Release()
}

// letOut carries out the effects of a batch whose records are durable. If the node has called WhenDurable, it gets an
// InputDurable for each call, which begins another batch; more is then true.
func (h *Host) letOut(b *batch) (more bool) {
	world := h.config.World
	for i := range b.Commits {
		world.Commit(b.Commits[i])
	}
	for i := range b.Marks {
		world.Mark(b.Marks[i], b.arrived[i])
	}
	for i := range b.Instances {
		if e := b.Instances[i]; e.Kind != protocols.InstanceProposed {
			h.config.Instances(e)
		}
	}
	for _, a := range b.Answers {
		h.answer(a)
	}
	if len(b.Sends) > 0 {
		world.Send(b.Sends)
	}
	h.setTimers(b)
	notices := b.Notices
	b.Notices = nil
	b.reset()
	for _, notice := range notices {
		h.input = protocols.Input{Kind: protocols.InputDurable, Notice: notice}
		h.Input(&h.input, world.Now())
	}
	return len(notices) > 0
}

// answer sends an answer to the client node that waits for it or, from a client node, gives it to the load.
func (h *Host) answer(a protocols.Answer) {
	if h.config.Client {
		h.config.World.Answer(protocols.Nobody, a)
		return
	}
	node, waits, err := h.requests.answered(a)
	if waits {
		h.config.World.Answer(node, a)
	}
	if err != nil && h.config.Breach != nil {
		h.config.Breach(err)
	}
}

// sendNow sends those messages of a batch that do not wait for the disk, and takes them out of it. It looks only at
// those that came since the last call: while a disk is busy, there may be many calls and thousands of messages.
func (h *Host) sendNow(b *batch) {
	now, later := h.now[:0], b.Sends[:b.waiting]
	for _, m := range b.Sends[b.waiting:] {
		if m.Now {
			now = append(now, m)
		} else {
			later = append(later, m)
		}
	}
	clear(b.Sends[len(later):])
	b.Sends, b.waiting = later, len(later)
	if len(now) > 0 {
		h.config.World.Send(now)
	}
	clear(now)
	h.now = now
}

// setTimers sets and stops the timers of a batch, in order, and takes them out of it.
func (h *Host) setTimers(b *batch) {
	now := h.config.World.Now()
	for _, change := range b.Timers {
		if change.Stop {
			delete(h.timers, change.ID)
			continue
		}
		h.settings++
		at := now + h.clock.Length(change.After)
		h.timers[change.ID] = Timer{ID: change.ID, Setting: h.settings, At: at}
		h.config.World.Wake(at, change.ID, h.settings)
	}
	b.Timers = b.Timers[:0]
}
