package run

import (
	"bytes"
	"time"

	"quorumbench/netem"
	"quorumbench/protocols"
)

// world is what places are in: real time and QUIC, or virtual time and an event queue.
type world interface {
	// now is the time since the run began.
	now() time.Duration
	// at hands an event to a place when it is due.
	at(due time.Duration, place int, e event)
	// do calls a function when it is due; one such function at a time.
	do(due time.Duration, f func())
	// send carries messages from one place to another. It copies them.
	send(from, to int, messages []message)
	// change gives a link another configuration.
	change(from, to int, config netem.LinkConfig)
}

// place is where a region's nodes are: its replica, its clients, or both. Everything at a place happens in
// one goroutine, or in the simulator's loop, so that the code is the same in both worlds.
type place struct {
	number  int // of the region
	world   world
	layout  *layout
	replica *replica    // nil: there is none
	clients *clientNode // nil: there are none

	local  []message   // between the two, to be handed over before the batch ends
	handed int         // so many were in this batch
	away   [][]message // to other places, by place, sent when the batch ends
}

// layout tells where nodes are. Replicas count from 0, as the regions that have one do; client nodes follow.
type layout struct {
	replicas int
	regions  []int              // of each client node
	clientAt []protocols.NodeID // by place; Nobody: there are no clients
	local    []time.Duration    // one way between the nodes of a place, by place
}

// place is the number of the place where a node is.
func (l *layout) place(id protocols.NodeID) int {
	if l.isReplica(id) {
		return int(id)
	}
	return l.regions[int(id)-l.replicas]
}

func (l *layout) isReplica(id protocols.NodeID) bool { return int(id) < l.replicas }

// has tells whether a node is at a place.
func (l *layout) has(place int, id protocols.NodeID) bool {
	return id >= 0 && int(id) < l.replicas+len(l.regions) && l.place(id) == place
}

// handle takes the events of a batch, one after the other, and then lets the nodes' effects out.
func (p *place) handle(events []event) {
	p.handed = 0
	for i := range events {
		p.take(&events[i])
		p.handOver()
	}
	if p.replica != nil {
		p.replica.release()
		for len(p.local) > 0 { // answers, and what their clients do about them
			p.handOver()
			p.replica.release()
		}
	}
	p.flush()
}

// handOver hands over what the nodes of the place have sent each other.
func (p *place) handOver() {
	for i := 0; i < len(p.local); i++ { // it may grow
		m := p.local[i]
		p.handed++
		p.take(&event{kind: messageEvent, from: m.from, to: m.to, data: m.data})
	}
	clear(p.local)
	p.local = p.local[:0]
}

func (p *place) take(e *event) {
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
			p.replica.take(e)
		case e.kind == messageEvent:
			p.clients.onMessage(e)
		default:
			p.clients.onTimer(e)
		}
	case arrivalEvent:
		p.clients.onArrival(e.at)
	case expiryEvent:
		p.clients.onExpiry(e.command)
	case durableEvent, workedEvent:
		p.replica.take(e)
	case callEvent:
		e.do()
	}
}

// send puts a message on its way: to the other node of this place after the way within the region, which may
// take no time, or to another place with the next flush, until when its bytes must stay.
func (p *place) send(from, to protocols.NodeID, data []byte) {
	at := p.layout.place(to)
	if at != p.number {
		p.away[at] = append(p.away[at], message{from, to, data})
		return
	}
	data = bytes.Clone(data)
	if delay := p.layout.local[at]; delay > 0 || p.handed >= mostHanded {
		p.world.at(p.world.now()+delay, at, event{kind: messageEvent, from: from, to: to, data: data})
	} else {
		p.local = append(p.local, message{from, to, data})
	}
}

// mostHanded is how many messages nodes of a place may hand to each other in a batch. More go through the
// world's calendar, so that nodes which answer each other without end, by mistake, do not stop the world.
const mostHanded = 10_000

// flush sends what is for other places, all that is for one of them together.
func (p *place) flush() {
	for to, messages := range p.away {
		if len(messages) > 0 {
			p.world.send(p.number, to, messages)
			clear(messages)
			p.away[to] = messages[:0]
		}
	}
}
