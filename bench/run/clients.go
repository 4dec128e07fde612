package run

import (
	"time"

	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/client"
	"quorumbench/protocols/host"
	"quorumbench/protocols/kv"
)

// clientNode is the client node of a place. It takes the commands of its region's load, sends them to replicas,
// and hands the answers to the load. It implements host.World.
type clientNode struct {
	place    *place
	id       protocols.NodeID
	host     *host.Host
	load     *load.Clients
	measures result.Measures // nil disables measures

	// system, if set, is given the commands in the place of the node; for systems that are run as they are.
	system func(id protocols.CommandID, data []byte)

	issuing time.Duration // what issuing commands has taken, while measuring
	sent    int           // messages to replicas
}

func newClientNode(p *place, config protocols.ClientConfig, driver *protocols.Driver, l *load.Clients) *clientNode {
	c := &clientNode{place: p, id: config.ID, load: l}
	made := client.New
	if driver.Client != nil {
		made = driver.Client
	}
	c.host = host.New(host.Config{World: c, Client: true, New: func(uint64) protocols.Node { return made(config) }})
	return c
}

// begin starts the node and schedules the first arrivals.
func (c *clientNode) begin() {
	if c.system == nil {
		c.host.Restore()
		c.host.Start()
		c.host.Release()
	}
	for _, due := range c.load.Begin() {
		c.scheduleArrival(due)
	}
}

// scheduleArrival schedules an arrival of the load.
func (c *clientNode) scheduleArrival(due time.Duration) {
	c.place.world.at(due, c.place.number, event{kind: arrivalEvent, at: due})
}

// onArrival issues the command whose arrival was intended at the given time, and then all whose time has come since:
// after a pause of the machine many are overdue. It schedules the first that is not due yet.
func (c *clientNode) onArrival(intended time.Duration) {
	began := c.Now()
	defer func() {
		if c.load.Measured(began) {
			c.issuing += c.Now() - began
		}
	}()
	now := began
	for ; ; now = c.Now() {
		next, more := c.load.NextArrival()
		c.issue(intended, now)
		switch {
		case !more:
			return
		case next > now:
			c.scheduleArrival(next)
			return
		}
		intended = next
	}
}

// issue issues a command whose arrival was intended at a time, unless the load is over.
func (c *clientNode) issue(intended, now time.Duration) {
	id, data := c.load.Issue(intended, now)
	if data == nil {
		return // the load is over
	}
	c.send(id, data, intended, now)
}

// onContinue issues the next command of a read-modify-write, after one that was answered.
func (c *clientNode) onContinue(answered protocols.CommandID) {
	now := c.Now()
	id, data, intended := c.load.Continue(answered, now)
	c.send(id, data, intended, now)
}

// send hands a command of the load to the node.
func (c *clientNode) send(id protocols.CommandID, data []byte, intended, now time.Duration) {
	c.place.observer.issued(id)
	if wait, some := c.load.Expires(); some {
		c.place.world.at(now+wait, c.place.number, event{kind: expiryEvent, command: id})
	}
	if c.system != nil {
		c.system(id, data)
		return
	}
	c.host.Command(id, data, intended)
	c.host.Release()
}

// onExpiry lets a client of a closed loop go on when its command was not answered within the timeout.
func (c *clientNode) onExpiry(id protocols.CommandID) {
	if again, due := c.load.Expired(id, c.Now()); again {
		c.scheduleArrival(due)
	}
}

func (c *clientNode) onMessage(e *event) {
	c.host.Message(e.from, e.data, c.Now())
	c.host.Release()
}

func (c *clientNode) onTimer(e *event) {
	c.host.Fire(e.timer, e.number, c.Now())
	c.host.Release()
}

// Now implements host.World.
func (c *clientNode) Now() time.Duration { return c.place.world.now() }

// Send implements host.World.
func (c *clientNode) Send(messages []protocols.Send) {
	c.sent += len(messages)
	for _, m := range messages {
		c.place.send(c.id, m.To, m.Data)
	}
	c.place.flush()
}

// Wake implements host.World.
func (c *clientNode) Wake(at time.Duration, timer protocols.TimerID, setting uint64) {
	c.place.world.at(at, c.place.number, event{kind: timerEvent, to: c.id, timer: timer, number: setting})
}

// Commit implements host.World. Client nodes commit nothing.
func (c *clientNode) Commit(protocols.Commit) {}

// measureRetries counts how often clients sent a command to another replica because no answer came.
const measureRetries = "retries by clients"

// note counts an event in the measures.
func (c *clientNode) note(event string) {
	if c.measures != nil {
		c.measures.Add(event, 0)
	}
}

// Mark implements host.World.
func (c *clientNode) Mark(m protocols.Mark, _ time.Duration) {
	if m.Event == protocols.MarkRetried && c.load.Measured(c.Now()) {
		c.note(measureRetries)
	}
}

// measureVersionRefused counts the writes that named a version and could not become it.
const measureVersionRefused = "writes refused by version"

// measureAgain counts how often a client began an atomic read-modify-write again, since another write came in between.
const measureAgain = "read-modify-writes begun again"

// Answer implements host.World: it hands the answer to the load, whose client issues its next command at once
// in a closed loop.
func (c *clientNode) Answer(_ protocols.NodeID, a protocols.Answer) {
	sample := c.load.Owned(a.ID)
	if sample == nil {
		return // not a command of this load
	}
	c.place.observer.answered(a.ID)
	before, repeated := sample.Outcome, sample.Answered != result.Never
	again, due := c.load.Answered(a.ID, a.Result, c.Now())
	if sample.Outcome != before && sample.Outcome == kv.Outcome_REFUSED && c.load.Measured(sample.Intended) {
		c.note(measureVersionRefused)
	}
	switch {
	case again:
		c.scheduleArrival(due)
	case !repeated && c.load.Continues(a.ID): // a second answer at the same moment must not continue it again
		if !sample.Read && c.load.Measured(sample.Intended) {
			c.note(measureAgain)
		}
		c.place.world.at(c.Now(), c.place.number, event{kind: continueEvent, command: a.ID})
	}
}
