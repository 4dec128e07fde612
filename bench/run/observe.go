package run

import (
	"bytes"
	"time"

	"quorumbench/netem"
	"quorumbench/protocols"
)

// Observer notes all messages between the places of a run in virtual time, and which event led to which: an event is
// caused by the one in whose handling it was scheduled. The zero value is ready for use, for one run; a nil *Observer
// notes nothing. What is kept grows with the run: about 300 bytes a message.
type Observer struct {
	Messages []Observed                     // in the order in which they were sent
	Issued   map[protocols.CommandID]uint32 // the event in which a client node has issued a command
	Answered map[protocols.CommandID]uint32 // the event in which it got the first answer

	causes  []uint32 // by event: what has caused it, 0 if nothing did
	current uint32   // the event that is being handled
}

// Observed is a message from one place to another.
type Observed struct {
	From, To           protocols.NodeID
	FromPlace, ToPlace int           // indexes in Experiment.Regions
	Sent, Due          time.Duration // since the run began; Due has no meaning if it was lost
	Fate               netem.Fate
	Data               []byte
	Cause              uint32 // the event in which it was sent
	Event              uint32 // its arrival; 0 if it was lost
}

// Cause is the event that has caused an event, 0 if nothing did.
func (o *Observer) Cause(event uint32) uint32 {
	if event == 0 || int(event) > len(o.causes) {
		return 0
	}
	return o.causes[event-1]
}

// scheduled gives the event that is being scheduled a number.
func (o *Observer) scheduled() uint32 {
	if o == nil {
		return 0
	}
	o.causes = append(o.causes, o.current)
	return uint32(len(o.causes))
}

// begin notes that an event is handled from now on.
func (o *Observer) begin(event uint32) {
	if o != nil {
		o.current = event
	}
}

// sent notes a message. If it arrives, its arrival is the next event that is scheduled.
func (o *Observer) sent(from, to int, m message, now, due time.Duration, fate netem.Fate) {
	if o == nil {
		return
	}
	one := Observed{
		From: m.from, To: m.to, FromPlace: from, ToPlace: to, Sent: now, Due: due, Fate: fate,
		Data: bytes.Clone(m.data), Cause: o.current,
	}
	if fate == netem.Delivered {
		one.Event = uint32(len(o.causes)) + 1
	}
	o.Messages = append(o.Messages, one)
}

// issued notes that a client node issues a command.
func (o *Observer) issued(id protocols.CommandID) {
	if o == nil {
		return
	}
	if o.Issued == nil {
		o.Issued, o.Answered = map[protocols.CommandID]uint32{}, map[protocols.CommandID]uint32{}
	}
	o.Issued[id] = o.current
}

// answered notes that a client node gets an answer.
func (o *Observer) answered(id protocols.CommandID) {
	if o == nil {
		return
	}
	if _, again := o.Answered[id]; !again {
		o.Answered[id] = o.current
	}
}
