// Package host runs one node of a cluster: it is what stands between a [protocols.Node] and the world.
//
// A node only computes: it takes an input and notes in an outbox what it wants. The host carries that
// out, and it is written once for every place where nodes run: live over QUIC, simulated, in scenarios,
// in the conformance suite and in exhaustive exploration. These differ in what they give to a host: a
// [World], which is a clock, a network and a calendar, and a [Disk].
//
// # One batch
//
// The world hands inputs over with [Host.Input] and [Host.Fire], as many as have come together, and then
// calls [Host.Release] once. Release makes the batch's records durable and then lets its effects out, in
// this order: what was applied, what was marked, answers, messages, timers. So nobody hears of a promise
// before it is on disk, and the records and messages of a batch share a write and a packet.
//
// # Incarnations
//
// An incarnation is a node's life from [Host.Restore] and [Host.Start] to [Host.Crash]. Restore makes a
// new node and feeds it the records on its disk. A crash forgets everything else: timers, and effects
// that were not released. Timers of an earlier incarnation never fire.
package host

import (
	"fmt"
	"time"

	"quorumbench/protocols"
)

// World is where a host's node runs. Each host has a World of its own, which knows whose it is. Byte
// slices are valid during the call only.
type World interface {
	// Now is the time since the run began, never decreasing.
	Now() time.Duration
	// Send puts the messages of a batch on their way, in this order.
	Send(messages []protocols.Send)
	// Wake asks for a call of Host.Fire with this timer and setting at a time of the run, or later.
	Wake(at time.Duration, timer protocols.TimerID, setting uint64)
	// Commit tells of a command that took effect, or a state that was adopted.
	Commit(c protocols.Commit)
	// Mark tells of a mark, and when the input arrived that led to it.
	Mark(m protocols.Mark, arrived time.Duration)
	// Answer gives a client its answer.
	Answer(a protocols.Answer)
}

// Disk keeps what a node persists for its next incarnation.
type Disk interface {
	// Write makes records durable. It does not keep their bytes.
	Write(records []protocols.Record)
	// Tear leaves of records what a crash in the middle of Write leaves: a part of them, and of the last
	// record perhaps a part, which Records then leaves out. A snapshot is there as a whole or not at all.
	Tear(records []protocols.Record)
	// Records returns what is durable, oldest first: the last snapshot and all that was written after it.
	// The slices belong to the caller.
	Records() [][]byte
}

// Watcher sees every step of a node, those that restore it included.
type Watcher interface {
	Before(in *protocols.Input)
	// After comes when the step is over; out holds the effects of the whole batch so far.
	After(in *protocols.Input, out *protocols.Outbox)
}

// Config is what a host is made of.
type Config struct {
	// New makes the node of an incarnation, which is counted from 0.
	New   func(incarnation uint64) protocols.Node
	World World
	Disk  Disk    // nil: nothing outlives a crash
	Watch Watcher // nil: nobody watches
}

// Host runs one node. Not safe for use by several goroutines.
type Host struct {
	config Config
	clock  Clock

	node        protocols.Node // nil while it is down
	incarnation uint64
	out         protocols.Outbox
	arrived     []time.Duration // when the inputs arrived that led to the marks in out, one each
	timers      map[protocols.TimerID]Timer
	settings    uint64 // how many timers were ever set
}

// Timer is one that is set.
type Timer struct {
	ID      protocols.TimerID
	Setting uint64        // tells it from earlier timers of the same ID
	At      time.Duration // when it is due, by the world's clock
}

// New returns a host whose node is down; see Host.Restore.
func New(config Config) *Host {
	return &Host{config: config, clock: NewClock(), timers: map[protocols.TimerID]Timer{}}
}

// Up tells whether the node is running.
func (h *Host) Up() bool { return h.node != nil }

// Node is the running node, nil while it is down.
func (h *Host) Node() protocols.Node { return h.node }

// Incarnation counts the crashes so far.
func (h *Host) Incarnation() uint64 { return h.incarnation }

// Clock is the node's own clock, by which it is told the time and its timers run.
func (h *Host) Clock() *Clock { return &h.clock }

// Pending is what the batch wants so far. It must not be changed.
func (h *Host) Pending() *protocols.Outbox { return &h.out }

// Restore begins an incarnation: it makes the node and feeds it what is on its disk. Start follows, in
// the same batch unless the world wants to tell what is restored from what is new.
func (h *Host) Restore() {
	h.node = h.config.New(h.incarnation)
	if h.config.Disk == nil {
		return
	}
	now := h.config.World.Now()
	for _, record := range h.config.Disk.Records() {
		h.Input(&protocols.Input{Kind: protocols.InputRestore, Data: record}, now)
	}
	if o := &h.out; len(o.Sends)+len(o.Records)+len(o.Answers)+len(o.Timers) > 0 {
		panic(fmt.Sprintf("host: a node that is being restored sends %d messages, persists %d records, gives %d answers, changes %d timers; it may do none of that",
			len(o.Sends), len(o.Records), len(o.Answers), len(o.Timers))) // an error in the driver
	}
}

// Start tells the node that it is restored and may act.
func (h *Host) Start() {
	h.Input(&protocols.Input{Kind: protocols.InputStart}, h.config.World.Now())
}

// Crash ends the incarnation. Torn tells that records of the batch are being written: a part of them may
// be on disk.
func (h *Host) Crash(torn bool) {
	if torn && h.config.Disk != nil {
		h.config.Disk.Tear(h.out.Records)
	}
	h.node = nil
	h.incarnation++
	h.out.Reset()
	h.arrived = h.arrived[:0]
	clear(h.timers)
}

// Input lets the node take an input, whose time it sets. Arrived is when the input came: earlier than
// now, if it had to wait for the node. A node that is down takes no input.
func (h *Host) Input(in *protocols.Input, arrived time.Duration) {
	if h.node == nil {
		return
	}
	in.Now = h.clock.Read(h.config.World.Now())
	if h.config.Watch != nil {
		h.config.Watch.Before(in)
	}
	h.node.Step(in, &h.out)
	for len(h.arrived) < len(h.out.Marks) {
		h.arrived = append(h.arrived, arrived)
	}
	if h.config.Watch != nil {
		h.config.Watch.After(in, &h.out)
	}
}

// Due tells whether a timer is still set as it was when Wake was called for it: it has neither been set
// again nor stopped since, also not by the batch.
func (h *Host) Due(timer protocols.TimerID, setting uint64) bool {
	if h.node == nil || h.timers[timer].Setting != setting {
		return false
	}
	for i := range h.out.Timers {
		if h.out.Timers[i].ID == timer {
			return false
		}
	}
	return true
}

// Fire lets the node take a timer that is due.
func (h *Host) Fire(timer protocols.TimerID, setting uint64, arrived time.Duration) {
	if !h.Due(timer, setting) {
		return
	}
	delete(h.timers, timer)
	h.Input(&protocols.Input{Kind: protocols.InputTimer, Timer: timer}, arrived)
}

// Release ends the batch: it makes the records durable, then lets the effects out.
func (h *Host) Release() {
	out, world := &h.out, h.config.World
	if h.config.Disk != nil && len(out.Records) > 0 {
		h.config.Disk.Write(out.Records)
	}
	for i := range out.Commits {
		world.Commit(out.Commits[i])
	}
	for i := range out.Marks {
		world.Mark(out.Marks[i], h.arrived[i])
	}
	h.arrived = h.arrived[:0]
	for _, a := range out.Answers {
		world.Answer(a)
	}
	if len(out.Sends) > 0 {
		world.Send(out.Sends)
	}
	h.setTimers(out.Timers)
	out.Reset()
}

// setTimers sets and stops timers, in order.
func (h *Host) setTimers(changes []protocols.TimerChange) {
	now := h.config.World.Now()
	for _, change := range changes {
		if change.Stop {
			delete(h.timers, change.ID)
			continue
		}
		h.settings++
		at := now + h.clock.Length(change.After)
		h.timers[change.ID] = Timer{ID: change.ID, Setting: h.settings, At: at}
		h.config.World.Wake(at, change.ID, h.settings)
	}
}
