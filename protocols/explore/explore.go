// Package explore plays everything that can happen to a small cluster of a driver's replicas, and
// checks every state that comes about.
//
// The replicas are the driver's own: their Step, their messages as they are encoded. What may
// happen next is tried in every order: a client's command arrives, a message arrives, a timer
// fires, a replica crashes and is restored from its disk.
//
// # What is bounded, and what is not
//
// Bounded are the commands, how many timers fire, and how many crashes there are. Not bounded are
// the network and time. A message that was sent may arrive at any later moment, any number of times,
// or never: it is not taken out of the network by arriving. Time is no part of a state: a timer that
// is set may fire at once, before everything else, or never.
//
// # How states are told apart
//
// A state is the replicas' states, the messages ever sent, and which commands were answered before
// which others were issued, as far as that can still matter. A replica's state is what it holds, but
// for durations and random generators, the timers that are set, and what it has applied and answered.
// So a replica must decide by what it has been told and not by when: what a replica reckons from
// durations is tried with one value where it might have several. Two states count as one if hashes of
// 128 bits of the replicas' states are the same.
//
// Every state is checked, and of every state it is asked whether the cluster finishes from there, if
// what has not arrived is lost, and nothing later; and of every state in which all has arrived, whether
// it finishes with every command applied at every replica. For this one way is tried: timers fire when
// they are due, and messages arrive in the order in which they were sent.
//
// Since a step depends on nothing but the replica's state and the input, each is computed once,
// however many states of the cluster it is taken in; this is why millions of states can be tried.
package explore

import (
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Limits of what a state has room for.
const (
	mostReplicas = 3
	mostCommands = 8
)

// Cluster is what is explored, and how far.
type Cluster struct {
	Driver   protocols.Driver
	Options  protocols.Choices  // nil: as by default
	Nearest  []protocols.NodeID // for each replica, which other one is nearest
	Commands []Command          // those of one replica are issued in this order
	Timers   int                // at most so many fire
	Crashes  int                // at most so many happen
	States   int                // at most so many are looked at

	// Ignored are fields of the replica's types, as Type.field, that hold nothing between steps,
	// or nothing but what decides how long something takes.
	Ignored []string
	// Carry, if set, returns what becomes of a message on its way; nil is a message that is lost.
	Carry func(message []byte) []byte
	// Fires, if set, tells which timers ever fire.
	Fires func(protocols.TimerID) bool
	// Prompt tells that no timer is needed unless one has fired: all is done when all messages
	// have arrived.
	Prompt bool
	// Done, if set, tells whether a replica has nothing left to do, besides answering its clients.
	Done func(protocols.Node) bool
	// TimerName, if set, names a timer in traces.
	TimerName func(protocols.TimerID) string
}

// Command is of a client of its own, which issues it at any time.
type Command struct {
	At protocols.NodeID
	Op kv.Op
}

// Outcome is what came of it.
type Outcome struct {
	States    int  // of the cluster
	Quiet     int  // of these, in which it would change nothing if any message arrived
	Replicas  int  // states of a replica, those included that come up when clusters finish
	Steps     int  // that were computed: pairs of a replica's state and an input
	Complete  bool // everything within the bounds was tried
	Violation *Violation
}

// Violation is what is wrong in a state, and how it came about: with the fewest timers, and of those
// ways one of the shortest.
type Violation struct {
	Rule   string // one of the constants below
	Detail string
	Trace  []string
}

// What is checked.
const (
	Invariants = "invariants"  // Driver.Invariants of every two replicas' states
	ApplyOrder = "apply order" // no two replicas apply different commands at one place
	RealTime   = "real time"   // a command answered before another was issued is applied before it
	AnswerOnce = "answer once" // a command is answered once, and only if it was issued
	Stuck      = "stuck"       // the cluster finishes, if from now on no message is lost
)

func (v *Violation) String() string {
	s := fmt.Sprintf("%s: %s\n", v.Rule, v.Detail)
	for i, line := range v.Trace {
		s += fmt.Sprintf("%4d  %s\n", i+1, line)
	}
	return s
}

// state is one of the cluster; a state reached with the fewest timers stands for those reached with
// more.
type state struct {
	cells   [mostReplicas]uint32 // each replica with the messages ever sent to it
	history uint32
}

// history is what else has happened, as far as it matters.
type history struct {
	before  before
	crashes uint8
}

// before has, for each command, those that were answered before it was issued and are applied
// nowhere, as bits. One that is applied somewhere while the later command is not is before it for
// good: or else the apply order is violated.
type before [mostCommands]uint8

// Run explores breadth first, the states that take fewer timers first.
func (c *Cluster) Run() *Outcome {
	s := newSearch(c)
	first := state{}
	for id := range s.replicas {
		first.cells[id] = s.cells.number(cell{local: s.start(id)})
	}
	s.states.enter(&first, origin{})
	from := 0
	for timers := 0; s.open(); timers++ {
		for at := from; at < s.states.count && s.open(); at++ {
			s.withoutTimers(uint32(at), timers)
		}
		layer := s.states.count
		if timers == c.Timers {
			break
		}
		for at := from; at < layer && s.open(); at++ {
			s.withTimers(uint32(at))
		}
		from = layer
	}
	return &Outcome{
		States: s.states.count, Replicas: len(s.locals), Steps: len(s.steps), Quiet: s.quiet,
		Complete: s.open(), Violation: s.violation,
	}
}

// mostLocals bounds the replicas' states, which take up to 10 kB each.
const mostLocals = 250_000

// open tells whether the search goes on.
func (s *search) open() bool {
	return s.violation == nil && s.states.count <= s.cluster.States && len(s.locals) <= mostLocals
}
