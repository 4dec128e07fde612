package run

import (
	"fmt"
	"io"
	"strings"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
	"quorumbench/protocols/host"
)

// replica is the replica of a place: its host, its disk, the simulated cost of its work, and the record of
// what it did. It implements host.World and host.Watcher.
type replica struct {
	place  *place
	id     protocols.NodeID
	driver *protocols.Driver
	host   *host.Host
	disk   disk
	record *verify.Replica

	costs      experiment.Simulation // zero in real time
	processors *processors           // do the work that has a cost; nil in real time
	slow       time.Duration         // the extra cost of each batch; set by the fault slow
	received   int                   // messages received in this batch
	bytes      int                   // of these messages
	commands   int                   // sent by client nodes in this batch
	tally      *tally                // counts what a live replica does; nil in virtual time
	stepped    bool                  // this batch has had an input
	busy       bool                  // working on the last batch; new events go to the backlog
	paused     bool                  // by a fault: all events go to the backlog, and nothing is released
	backlog    []event
	waits      waits // how long events have waited for the replica

	steps  io.Writer                            // one line for each input and each effect; nil disables it
	breach func(id protocols.NodeID, err error) // see Config.Breach
	joined func(membership string)              // called when a leader has committed a membership
	warmup time.Duration                        // measuring begins at this time of the run
}

// disk is a host.Disk whose writes may take time.
type disk interface {
	host.Disk
	// written is called by the place's goroutine when a write that took time has ended. An error says that the records
	// are not durable; the replica must not go on.
	written() error
	// restore is called before an incarnation begins. An error says that records are missing which were durable; the
	// incarnation must not begin.
	restore() error
}

// asynchronous is a disk that writes in a goroutine of its own.
type asynchronous interface {
	// begins sets a function that is called when a write begins; the goroutine calls over when it has ended.
	begins(write func() (over func()))
}

// newReplica makes the replica of a place; begin starts it. A write to a disk in memory takes costs.SyncCost of a processor,
// and costs.PersistCost.
func newReplica(p *place, config protocols.Config, driver *protocols.Driver, costs experiment.Simulation, shared *processors, d disk, record *verify.Replica) *replica {
	r := &replica{place: p, id: config.ID, driver: driver, costs: costs, processors: shared, disk: d, record: record}
	unread := false
	switch d := d.(type) {
	case *memoryDisk:
		unread = d.discards
		if costs.PersistCost+costs.SyncCost > 0 {
			d.begin = func() { p.world.at(shared.work(r.Now(), costs.SyncCost)+costs.PersistCost, p.number, r.durable()) }
		}
	case asynchronous:
		d.begins(func() (over func()) {
			e, began := r.durable(), p.world.now() // of this incarnation
			return func() {
				now := p.world.now()
				r.tally.synced(now - began)
				p.world.at(now, p.number, e)
			}
		})
	}
	breach := func(err error) {
		if r.breach != nil {
			r.breach(r.id, err)
		}
	}
	r.host = host.New(host.Config{World: r, Disk: counted{d, record}, Watch: r, Unread: unread, Breach: breach, Instances: p.instances, New: func(incarnation uint64) protocols.Node {
		one := config
		one.Seed += incarnation << 32
		return driver.New(one)
	}})
	return r
}

// counted is a disk that counts the records it is given.
type counted struct {
	disk
	record *verify.Replica
}

// Write implements host.Disk.
func (c counted) Write(records []protocols.Record) (durable bool) {
	c.record.Records += uint64(len(records))
	return c.disk.Write(records)
}

// durable makes the event that a disk write of the present incarnation has ended.
func (r *replica) durable() event { return event{kind: durableEvent, number: r.host.Incarnation()} }

// begin starts an incarnation: a new node, restored from the disk. If the disk has lost records, the replica stays down
// for the rest of the run.
func (r *replica) begin() {
	if err := r.disk.restore(); err != nil {
		r.fail(err)
		return
	}
	r.traceLine("start of incarnation %d", r.host.Incarnation()+1)
	r.record.Begin(r.Now())
	r.host.Restore()
	for _, c := range r.host.Pending().Commits {
		if c.Adopted {
			r.record.Journal.Restore(c.Slot, r.Now())
		}
	}
	r.host.Start()
	r.record.Node = r.host.Node()
	r.stepped = true
}

// crash ends the incarnation. Records that were not durable yet are lost, or the last part of them.
func (r *replica) crash() {
	if !r.host.Up() {
		return
	}
	r.traceLine("crash")
	r.record.Journal.Lose(r.host.Unreleased())
	r.host.Crash()
	r.record.End(r.Now())
	r.busy, r.paused, r.backlog, r.stepped = false, false, nil, false
	r.received, r.bytes, r.commands = 0, 0, 0
	r.waits.end(r.Now())
}

// restart starts the next incarnation, unless the replica is up or its disk has failed.
func (r *replica) restart() {
	if !r.host.Up() && r.record.Failed == "" {
		r.begin()
	}
}

// pause stops the replica as SIGSTOP stops a process: it does nothing, and forgets nothing. What comes meanwhile waits, as do
// timers that are due and the ends of disk writes.
func (r *replica) pause() {
	if !r.host.Up() || r.paused {
		return
	}
	r.traceLine("pause")
	r.paused = true
	r.waits.begin(r.Now())
}

// resume lets a replica go on that is paused.
func (r *replica) resume() {
	if !r.paused {
		return
	}
	r.traceLine("go on")
	r.paused = false
	r.waits.end(r.Now())
	r.catchUp()
}

// membership hands the replica a request for another membership, also for its later incarnations.
func (r *replica) membership(number uint64, text string) {
	r.host.Membership(number, text)
	r.stepped = r.stepped || r.host.Up()
}

// fail stops the replica for the rest of the run, since its disk has failed.
func (r *replica) fail(err error) {
	r.traceLine("the disk fails: %v", err)
	r.record.Failed = fmt.Sprintf("at %v: %v", (r.Now() - r.warmup).Round(time.Millisecond), err)
	r.crash()
}

// handle handles an event of the replica. While the replica works on an earlier batch, messages and timers
// wait in the backlog.
func (r *replica) handle(e *event) {
	if r.paused {
		if e.at == 0 {
			e.at = r.Now()
		}
		r.backlog = append(r.backlog, *e)
		return
	}
	switch e.kind {
	case durableEvent:
		if e.number == r.host.Incarnation() && r.host.Up() {
			if err := r.disk.written(); err != nil {
				r.fail(err)
				return
			}
			r.host.Durable()
		}
		return
	case workDoneEvent:
		if e.number == r.host.Incarnation() {
			r.workDone()
		}
		return
	}
	now := r.Now()
	if e.at == 0 {
		e.at = now
	}
	if r.busy || len(r.backlog) > 0 {
		r.backlog = append(r.backlog, *e)
		return
	}
	if wait := now - e.at; wait > overload {
		r.waits.note(wait)
	}
	switch {
	case !r.host.Up():
		return
	case e.kind == timerEvent && !r.host.Due(e.timer, e.number):
		return
	case e.kind == timerEvent:
		r.host.Fire(e.timer, e.number, e.at)
	case r.place.layout.isReplica(e.from) || r.driver.Client != nil:
		r.received++
		r.bytes += len(e.data)
		r.host.Message(e.from, e.data, e.at)
	default:
		r.commands++
		r.host.Request(e.from, e.data, e.at)
	}
	r.stepped = true
}

// release ends a batch. Its effects leave at once or, in a simulation with costs, when the work is done.
func (r *replica) release() {
	if r.busy || r.paused || !r.stepped {
		return
	}
	r.stepped = false
	work := r.work() // which takes time if batches have a cost
	if work+r.slow == 0 {
		r.host.Release()
		return
	}
	r.busy = true
	r.waits.begin(r.Now())
	r.place.world.at(r.processors.work(r.Now(), work)+r.slow, r.place.number, event{kind: workDoneEvent, number: r.host.Incarnation()})
}

// work is the processor time of this batch: of what the replica was sent, and of what it sends. It begins the counts of the
// next batch. Messages of earlier batches that still wait for the disk have had their time.
func (r *replica) work() time.Duration {
	sends, bytes := r.host.NewSends(), r.bytes
	for i := range sends {
		bytes += len(sends[i].Data)
	}
	cost := r.costs.Work(r.commands, r.received+len(sends), bytes)
	r.tally.worked(r.commands, r.received+len(sends), bytes)
	r.received, r.bytes, r.commands = 0, 0, 0
	return cost
}

// workDone releases the effects of the last batch and handles the backlog.
func (r *replica) workDone() {
	r.busy = false
	r.waits.end(r.Now())
	r.host.Release()
	r.catchUp()
}

// catchUp handles the backlog, or as much of it as a batch may have.
func (r *replica) catchUp() {
	waiting := r.backlog
	r.backlog = nil
	for i := range waiting {
		if r.costs.BatchCost > 0 && i >= mostEvents && r.stepped {
			r.backlog = waiting[i:] // until the batch that release is going to begin is done
			return
		}
		r.handle(&waiting[i])
	}
}

// Now implements host.World.
func (r *replica) Now() time.Duration { return r.place.world.now() }

// Send implements host.World.
func (r *replica) Send(messages []protocols.Send) {
	r.record.Messages += uint64(len(messages))
	for _, m := range messages {
		r.traceSend(m)
		r.place.send(r.id, m.To, m.Data)
	}
	r.place.flush()
}

// Wake implements host.World.
func (r *replica) Wake(at time.Duration, timer protocols.TimerID, setting uint64) {
	r.place.world.at(at, r.place.number, event{kind: timerEvent, to: r.id, timer: timer, number: setting})
}

// Commit implements host.World.
func (r *replica) Commit(c protocols.Commit) {
	r.traceCommit(c)
	now := r.Now()
	r.record.Journal.Add(c, now)
	if r.place.clients == nil {
		return
	}
	if c.Adopted {
		r.place.clients.load.Adopted()
	} else {
		r.place.clients.load.Applied(c.ID, now)
	}
}

// Mark implements host.World.
func (r *replica) Mark(m protocols.Mark, arrived time.Duration) {
	r.traceMark(m)
	switch m.Event {
	case protocols.MarkLeading:
		r.record.Leads(r.Now())
	case protocols.MarkDeposed:
		r.record.Deposed(r.Now())
	}
	if text, is := strings.CutPrefix(m.Event, protocols.MarkMembership); is {
		r.joined(text)
		return
	}
	now := r.Now()
	if r.record.Events == nil || m.ID != (protocols.CommandID{}) && r.record.Events.Add(m.Event, m.ID, arrived, now) {
		return
	}
	if now >= r.warmup {
		r.record.Measures.Add(m.Event, m.Value)
	}
}

// Answer implements host.World.
func (r *replica) Answer(to protocols.NodeID, a protocols.Answer) {
	r.traceAnswer(to, a)
	if r.place.layout.place(to) == r.place.number {
		r.record.Serves(r.Now())
	}
	r.place.sendAnswer(r.id, to, a) // it leaves with the messages of the batch
}
