package run

import (
	"time"

	"quorumbench/protocols"
)

// event is something that happens at a place.
type event struct {
	kind eventKind
	// at is the intended time of an arrival. For a message or a timer it is the time when it came, which is
	// earlier than now if it had to wait in a backlog.
	at       time.Duration
	from, to protocols.NodeID    // of a message; the node of a timer is to
	data     []byte              // of a message
	timer    protocols.TimerID   // of a timer
	number   uint64              // the setting of a timer, or the incarnation of a replica; tells outdated events
	command  protocols.CommandID // of an expiry; of a continuation, the one that was answered
	do       func()              // of a call
}

type eventKind uint8

const (
	startEvent    eventKind = iota // the nodes of the place start
	messageEvent                   // a message for a node
	timerEvent                     // a timer of a node
	arrivalEvent                   // the load issues a command
	expiryEvent                    // a command of a closed loop has timed out
	continueEvent                  // the load issues the next command of a read-modify-write
	durableEvent                   // a write of the replica's disk has ended
	workDoneEvent                  // the replica has finished the simulated work of its last batch
	callEvent                      // a fault: calls a function
	stopEvent                      // ends the place's goroutine in the live world
)

// message is a message from one node to another.
type message struct {
	from, to protocols.NodeID
	data     []byte
}
