package run

import (
	"time"

	"quorumbench/netem"
	"quorumbench/protocols"
	"quorumbench/protocols/client"
	"quorumbench/protocols/slab"
)

// world is a clock, a calendar and a network for all places: real time and QUIC, or virtual time and an event
// queue.
type world interface {
	// now is the time since the run began.
	now() time.Duration
	// at schedules an event of a place for a time since the run began.
	at(due time.Duration, place int, e event)
	// do schedules a call of a function. Two such calls never overlap.
	do(due time.Duration, f func())
	// send carries messages from one place to another. It copies them.
	send(from, to int, messages []message)
	// change replaces the configuration of a link.
	change(from, to int, config netem.LinkConfig)
}

// place holds the nodes of a region: its replica, its client node, or both. All events of a place are handled
// one after the other, by a goroutine of its own in the live world and by the event loop in the simulated one.
type place struct {
	number  int // of the region
	world   world
	layout  *layout
	replica *replica    // nil if the region has no replica
	clients *clientNode // nil if the region has no clients

	observer  *Observer                       // nil without one
	instances func(e protocols.InstanceEvent) // is told what becomes of the replica's instances; nil if nobody asks

	pending   []message   // between the two nodes of this place, delivered before the batch ends
	delivered int         // how many of these were delivered in this batch
	outgoing  [][]message // to other places, by place, sent when the batch ends
	slab      slab.Slab   // for messages between the nodes of this place, and for answers
	scratch   []byte      // reused by sendAnswer
}

// layout tells at which place each node is. Replica i is at place i; client nodes have the numbers after the
// replicas'.
type layout struct {
	replicas int
	regions  []int              // the place of each client node
	clientAt []protocols.NodeID // the client node of each place, Nobody if it has none
	local    []time.Duration    // the one-way delay between the two nodes of a place, by place
}

// place is the number of the place where a node is.
func (l *layout) place(id protocols.NodeID) int {
	if l.isReplica(id) {
		return int(id)
	}
	return l.regions[int(id)-l.replicas]
}

func (l *layout) isReplica(id protocols.NodeID) bool { return int(id) < l.replicas }

// has reports whether a node exists and is at a place.
func (l *layout) has(place int, id protocols.NodeID) bool {
	return id >= 0 && int(id) < l.replicas+len(l.regions) && l.place(id) == place
}

// handle handles a batch of events, one after the other, and then releases what the nodes want: their records,
// messages and answers.
func (p *place) handle(events []event) {
	p.delivered = 0
	for i := range events {
		p.dispatch(&events[i])
		p.deliverLocal()
	}
	if p.replica != nil {
		p.replica.release()
		for len(p.pending) > 0 { // the replica's answers, and the client node's next requests
			p.deliverLocal()
			p.replica.release()
		}
	}
	p.flush()
}

// mostEvents is how many events a place handles in a row, at most, before its messages leave. Without a limit all writes of
// a busy closed loop travel together: the other places wait while one handles hundreds of events, and it waits for them.
// Of simulated replicas it holds for those whose batches have a cost.
const mostEvents = 64

// deliverLocal delivers the messages that the two nodes of the place have sent each other.
func (p *place) deliverLocal() {
	for i := 0; i < len(p.pending); i++ { // it may grow
		m := p.pending[i]
		p.delivered++
		p.dispatch(&event{kind: messageEvent, from: m.from, to: m.to, data: m.data})
	}
	clear(p.pending)
	p.pending = p.pending[:0]
}

func (p *place) dispatch(e *event) {
	switch e.kind {
	case startEvent:
		if p.replica != nil {
			p.replica.begin()
		}
		if p.clients != nil {
			p.clients.begin()
		}
	case messageEvent, timerEvent:
		switch {
		case p.layout.isReplica(e.to):
			p.replica.handle(e)
		case e.kind == messageEvent:
			p.clients.onMessage(e)
		default:
			p.clients.onTimer(e)
		}
	case arrivalEvent:
		p.clients.onArrival(e.at)
	case expiryEvent:
		p.clients.onExpiry(e.command)
	case continueEvent:
		p.clients.onContinue(e.command)
	case durableEvent, workDoneEvent:
		p.replica.handle(e)
	case callEvent:
		e.do()
	}
}

// send sends a message from a node of this place. To the other node of the place it takes the region's local
// delay, which may be zero. To another place it leaves with the next flush; the caller must not change its
// bytes before.
func (p *place) send(from, to protocols.NodeID, data []byte) {
	at := p.layout.place(to)
	if at != p.number {
		p.outgoing[at] = append(p.outgoing[at], message{from, to, data})
		return
	}
	data = p.slab.Clone(data)
	if delay := p.layout.local[at]; delay > 0 || p.delivered >= maxDelivered {
		p.world.at(p.world.now()+delay, at, event{kind: messageEvent, from: from, to: to, data: data})
	} else {
		p.pending = append(p.pending, message{from, to, data})
	}
}

// sendAnswer is send for a replica's answer to a client node.
func (p *place) sendAnswer(from, to protocols.NodeID, a protocols.Answer) {
	p.scratch = client.AppendAnswer(p.scratch[:0], a)
	if p.layout.place(to) == p.number {
		p.send(from, to, p.scratch) // copies it
	} else {
		p.send(from, to, p.slab.Clone(p.scratch))
	}
}

// maxDelivered bounds how many messages the two nodes of a place may exchange within a batch. Any more are
// scheduled as events, so that two nodes that answer each other without end do not block the simulation.
const maxDelivered = 10_000

// flush sends the messages for other places; those for the same place leave together.
func (p *place) flush() {
	for to, messages := range p.outgoing {
		if len(messages) > 0 {
			p.world.send(p.number, to, messages)
			clear(messages)
			p.outgoing[to] = messages[:0]
		}
	}
}
