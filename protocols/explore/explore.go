package explore

import (
	"cmp"
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Limits of what a state has room for.
const (
	mostReplicas = 5
	mostCommands = 8
)

// Cluster is what is explored, and how far.
type Cluster struct {
	Driver    protocols.Driver
	Options   protocols.Choices // nil: as by default
	Replicas  int
	Leader    protocols.NodeID   // configured to lead; of no account for drivers without a leader
	Nearest   []protocols.NodeID // for each replica, which other one is nearest; nil: all are equally far
	Disks     [][][]byte         // for each replica, the records on its disk when it starts; nil: none
	Down      []protocols.NodeID // replicas that are down for good: they have what is on their disks, and nothing happens to them
	Witnesses quorum.Set         // replicas that hold no commands, and apply none; no command may be at one
	Commands  []Command          // those of one replica are issued in this order
	Requests  []Request          // for other memberships; with any, the membership may change
	Timers    int                // at most so many fire
	Crashes   int                // at most so many happen
	Pauses    int                // at most so many happen
	Network   Network
	// SlowDisks tells that writing to a disk takes time: a crash in between loses what was being written.
	SlowDisks bool
	States    int // at most so many are looked at

	// Verify makes each replica's state again when all is explored; one that is another then is a violation.
	Verify bool

	// Ignored are fields of the replica's types, as Type.field, that hold nothing between steps,
	// or nothing but what decides how long something takes.
	Ignored []string
	// Clocks tells that a replica decides by the time: durations are a part of its state, and it is not
	// asked whether the cluster finishes.
	Clocks bool
	// Carry, if set, returns what becomes of a message on its way; nil is a message that is lost.
	Carry func(message []byte) []byte
	// Fires, if set, tells which timers ever fire.
	Fires func(protocols.TimerID) bool
	// PerKey tells that the driver orders each key by itself.
	PerKey bool
	// ReadsAside tells that reads take no place in an order.
	ReadsAside bool
	// Stale tells that reads, which take no place in an order, may miss what was answered before they were issued. What they return must
	// still be what was there at some time.
	Stale bool
	// Prompt tells that no timer is needed unless one has fired: all is done when all messages
	// have arrived.
	Prompt bool
	// Repairs tells that every replica applies everything, whatever was lost.
	Repairs bool
	// Done, if set, tells whether a replica has nothing left to do, besides answering its clients.
	Done func(protocols.Node) bool
	// TimerName, if set, names a timer in traces.
	TimerName func(protocols.TimerID) string
}

// Network says what may happen to messages. The zero value is the network that does anything.
type Network struct {
	// Orderly networks carry messages one after the other in the order in which they were sent, but for
	// what is below. What else happens may happen at any time, with messages under way.
	Orderly bool
	// Calm tells that all messages arrive that are under way before a command is issued, a timer fires or
	// a message arrives that was kept back.
	Calm bool
	// Late is how many messages at most are kept back: such a message arrives at any later time, or never.
	Late int
	// Cuts is how often at most a replica is cut off from the others, at any time and for any time. What
	// is under way to or from it then, and is sent meanwhile, is lost.
	Cuts int
	// Doubled is how many messages at most are doubled: such a message arrives, and arrives once more at any later
	// time, or never.
	Doubled int
}

// Command is of a client of its own, which issues it at any time.
type Command struct {
	At  protocols.NodeID
	Op  kv.Op
	Key string // empty: x
	// Again are replicas that the client hands the command to as well, once in each of their incarnations,
	// at any time: before or after the answer. To At it is handed again after it has been once.
	Again []protocols.NodeID
}

// Request is one for another membership, which reaches a replica at any time, once, or never. Its number is its place, from 1.
type Request struct {
	At   protocols.NodeID
	Text string // as package membership reads it
}

func (c *Command) key() string { return cmp.Or(c.Key, "x") }

// encode returns the command with that number. What it writes is a letter that tells the number.
func (c *Command) encode(number int) []byte {
	command := &kv.Command{Client: uint64(number) + 1, Seq: 1, Op: c.Op, Key: []byte(c.key())}
	if c.Op == kv.Op_PUT {
		command.Value = []byte{byte('a' + number)}
	}
	data, err := protocols.Append(nil, command)
	if err != nil {
		panic(fmt.Sprintf("explore: encoding a command: %v", err)) // an invalid message type
	}
	return data
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
	ReadValue  = "read value"  // a read returns the value that is the version it tells, wherever that is applied
	AnswerOnce = "answer once" // a command is answered once an incarnation, and only if it was handed over
	Replay     = "replay"      // a replica is in the same state when the same has happened to it; see Cluster.Verify
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
	cells   [mostReplicas]uint32 // each replica with the messages that may arrive at any time
	queue   uint32               // those that arrive in this order
	history uint32
}

// Run explores breadth first, the states that take fewer timers first.
func (c *Cluster) Run() *Outcome {
	s := newSearch(c)
	s.begin()
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
	if c.Verify && s.open() {
		s.verify()
	}
	return &Outcome{
		States: s.states.count, Replicas: len(s.locals), Steps: len(s.steps), Quiet: s.quiet,
		Complete: s.open(), Violation: s.violation,
	}
}

// Exempt are drivers that are not explored, and why.
var Exempt = map[string]string{
	"async":    "it promises nothing about what clients see",
	"etcdraft": "its state is in a library: functions that stand for roles, locks, and a timeout from a generator that no seed decides",
}

// begin enters the state in which all replicas have started.
func (s *search) begin() {
	first := state{}
	var sends []uint32
	for id := range s.replicas {
		started := s.start(id)
		if started.wrong != nil {
			s.violation = &Violation{Rule: started.wrong.rule, Detail: started.wrong.detail}
		}
		first.cells[id] = s.cells.number(cell{local: started.next})
		if !s.down(id) {
			sends = append(sends, started.sends...)
		}
	}
	first = s.post(first, sends)
	s.states.enter(&first, origin{})
}

// mostLocals bounds the replicas' states, which take up to 10 kB each.
const mostLocals = 250_000

// open tells whether the search goes on.
func (s *search) open() bool {
	return s.violation == nil && s.states.count <= s.cluster.States && len(s.locals) <= mostLocals
}
