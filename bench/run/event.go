package run

import (
	"time"

	"quorumbench/protocols"
)

// event is something that happens at a place.
type event struct {
	kind eventKind
	// at is when an arrival was intended; of a message and a timer, when it came, if it had to wait.
	at       time.Duration
	from, to protocols.NodeID // message; of a timer, to is whose it is
	data     []byte           // message
	timer    protocols.TimerID
	// number tells outdated events: which setting of a timer, which incarnation of a replica.
	number  uint64
	command protocols.CommandID // expiry
	do      func()              // call
}

type eventKind uint8

const (
	startEvent   eventKind = iota // the nodes of the place start
	messageEvent                  // between nodes
	timerEvent                    // of a node
	arrivalEvent                  // the load has a command
	expiryEvent                   // of a closed loop: a command is out of time
	durableEvent                  // what the replica's disk was writing is durable
	workedEvent                   // the replica has done the work that its last batch costs
	callEvent                     // a fault is done to the replica
	stopEvent                     // ends the place's goroutine in the live world
)

// message is what a node sends to another.
type message struct {
	from, to protocols.NodeID
	data     []byte
}
