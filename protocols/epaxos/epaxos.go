package epaxos

import (
	"math/rand/v2"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// Driver is EPaxos.
var Driver = protocols.Driver{
	Name:     "epaxos",
	Summary:  "Egalitarian Paxos, leaderless: one round trip to a fast quorum, two when another region writes the same key",
	Options:  defaultOptions,
	Validate: validate,
	Quorums: func(c protocols.Config) quorum.Roles { // without a fast quorum, the slow path goes on
		return quorum.Roles{quorum.Write: quorum.Size(c.Size()-failures(c.Size()), c.All())}
	},
	New:      func(c protocols.Config) protocols.Node { return newReplica(c) },
	Describe: describe,
	Floor: func(c protocols.Config) time.Duration {
		return c.Delays.QuorumRoundTrip(c.ID, quorum.Size(c.Options.(*Options).Fast, c.All()))
	},
	Invariants: invariants,
	Wrong: []*protocols.Driver{{
		Name:    "epaxos-one-ballot",
		Summary: "WRONG on purpose, for a scenario: promised and accepted ballot are one variable, as first published",
		Options: defaultOptions, Validate: validate, Describe: describe, Invariants: invariants,
		New: func(c protocols.Config) protocols.Node {
			r := newReplica(c)
			r.oneBallot = true
			return r
		},
	}, {
		Name:    "epaxos-seq",
		Summary: "WRONG on purpose, for a scenario: with the sequence numbers of the first publication",
		Options: defaultOptions, Validate: validate, Describe: describe, Invariants: invariants,
		New: func(c protocols.Config) protocols.Node {
			r := newReplica(c)
			r.sequenced = true
			return r
		},
	}},
}

// Measures of this driver, besides those that package protocols names.
const (
	measureSlow    = "second round trip" // 1 for each command that takes one
	measureNoop    = "became no-op"      // 1 for each command whose instance did
	measureWaiting = "recovery waits"    // 1 for each recovery that waits for another
	measureAdopted = "key adopted"       // 1 for each state of a key that replaces the one here
)

type replica struct {
	config  protocols.Config
	id      int
	n       int
	fast    int // size of fast quorums, n-e
	slow    int // size of slow quorums, n-f
	thrifty bool
	early   bool // writes are answered at commit (rule 13)
	kept    int

	oneBallot bool // wrong on purpose: a promise is noted as the ballot of what is accepted, too
	sequenced bool // for a scenario: Deps have a sequence number behind those of the columns (sequence.go)

	peers  []protocols.NodeID    // nearest first
	trips  []protocols.RoundTrip // measured, by replica
	reach  protocols.Reach
	random *rand.Rand

	registers []*register // in order of creation
	byKey     map[string]*register
	requests  map[protocols.CommandID]*request // of this replica's clients, until they are executed
	attempts  []*attempt                       // the index, which is used again, tells the timer
	free      []int                            // indexes of attempts that are over

	open       []*register // those of which something that was heard of is not executed
	watchSet   bool        // the timer of rule 6 is set
	recent     []*instance // executed, and kept; the oldest first
	recentFrom int         // index of the oldest in recent
	walk       walk        // of rule 12

	snapshot snapshot.KeyWalk

	now     time.Duration
	out     *protocols.Outbox
	in      Message // reused: the message that was decoded last
	sent    Message // reused: the message that is encoded next
	entry   Entry
	record  Record
	command kv.Command
	memory  memory
}

func newReplica(c protocols.Config) *replica {
	chosen := c.Options.(*Options)
	r := &replica{
		config: c, id: int(c.ID), n: c.Size(), fast: chosen.Fast, slow: c.Size() - failures(c.Size()),
		thrifty: chosen.Thrifty, early: chosen.Answer == answerCommit, kept: chosen.Kept,
		peers:  c.Delays.Nearest(c.ID),
		random: rand.New(rand.NewPCG(c.Seed, 5)),
		byKey:  map[string]*register{}, requests: map[protocols.CommandID]*request{},
	}
	r.reach = protocols.NewReach(r.peers)
	for to := range r.n {
		r.trips = append(r.trips, protocols.NewRoundTrip(c.Delays.RoundTrip(c.ID, protocols.NodeID(to))))
	}
	r.record.Entries = []*Entry{&r.entry}
	return r
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.out, r.now = out, in.Now
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in.Data)
		return
	case protocols.InputStart:
		r.start()
	case protocols.InputCommand:
		r.onCommand(in.Command, in.Data)
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputMessage:
		if r.decode(in.Data) == nil && r.valid(in.From, &r.in) {
			r.receive(in.From, &r.in)
		}
	}
	r.compact()
}

// start begins a new incarnation: it goes on with what this replica had submitted, and watches all that is open.
func (r *replica) start() {
	for _, g := range r.registers {
		own := &g.columns[r.id]
		for number := own.executed; number < own.end(); number++ {
			if x := g.get(position{r.id, number}); x != nil && x.ballot == 0 {
				r.resume(x)
			}
		}
		r.watch(g)
	}
}

// The timers. Those from firstAttempt on belong to attempts.
const (
	watchTimer    protocols.TimerID = iota // rule 6: something is open
	snapshotTimer                          // the snapshot under way is continued
	firstAttempt
)

func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case watchTimer:
		r.onWatch()
	case snapshotTimer:
		r.snapshot.OnTimer()
	default:
		if i := int(id - firstAttempt); i < len(r.attempts) && r.attempts[i] != nil {
			r.onTimeout(r.attempts[i])
		}
	}
}
