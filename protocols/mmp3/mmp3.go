package mmp3

import (
	"fmt"
	"math/rand/v2"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Driver is mmp3.
var Driver = protocols.Driver{
	Name:    "mmp3",
	Summary: "multi-master Paxos for three replicas: every write takes one round trip to the nearest other replica",
	Validate: func(c protocols.Config) error {
		if c.Size() != replicas {
			return &protocols.FieldError{Field: protocols.FieldMembers,
				Err: fmt.Errorf("mmp3 works with exactly 3 replicas, not %d: any two instances must meet at one of three", c.Size())}
		}
		return nil
	},
	Options: func(int) any { return &Options{Reads: readsLog, Kept: 1024} },
	Quorums: func(c protocols.Config) quorum.Roles {
		return quorum.Roles{quorum.Write: quorum.Majority(c.All())}
	},
	New:      newReplica,
	Describe: describe,
	Floor: func(c protocols.Config) time.Duration {
		return c.Delays.QuorumRoundTrip(c.ID, quorum.Size(2, quorum.First(replicas))) + c.Options.(*Options).Batch
	},
	Invariants: invariants,
	Watch:      newLemmas,
}

// Measures of this driver, besides those that package protocols names.
const (
	measureSecond   = "second replica"      // 1 for each proposal that is not sent to the nearest replica
	measureCaughtUp = "instances caught up" // number of committed instances learned from an answer to a query
	measureBatch    = "commands in a batch"
)

const replicas = 3

var members = protocols.Members(replicas)

type replica struct {
	config protocols.Config
	id     int
	peers  []protocols.NodeID            // nearest first
	trips  [replicas]protocols.RoundTrip // measured, by replica
	retry  [replicas]time.Duration       // first timeout for an answer, from the configured delays
	reach  protocols.Reach               // chooses the peer that proposals and reads are sent to
	random *rand.Rand

	columns [replicas]column
	seen    vector
	applied vector
	slots   uint64 // number of commands and no-ops applied
	store   *kv.Store

	requests       map[protocols.CommandID]*request // commands of this replica's clients, until they are applied
	batch          []*request                       // those that are not proposed yet
	batchBytes     int
	batchDelay     time.Duration         // how long the first command of a batch waits for others
	proposed       map[uint64][]*request // by LSN in this replica's column, until it is committed with all before it
	committedBelow uint64                // LSN in this replica's column: all instances below are committed
	reads          *reads                // nil: reads are commands in the log

	recoveryTimerSet bool                    // the timer of rule 5 is set
	recoverBelow     vector                  // value of seen when the timer was set
	leftOver         *leftOver               // what the last recovery has left over; nil: nothing
	askedRest        [replicas]time.Duration // when each was last asked for what follows an answer of its own
	answered         [replicas]largeAnswer   // to questions of each
	snapshotPeer     int                     // index in peers of the one that is asked for a snapshot

	peerApplied     [replicas]vector // Applied of the others, as far as known here
	appliedTimerSet bool             // the timer of rule 13 is set
	kept            uint64           // option kept: applied instances of a column that a replica behind can still ask for
	outgoing        outgoingSnapshot
	incoming        incomingSnapshot
	own             ownSnapshot
	records         int // number of records on disk since the last snapshot
	recordBytes     int // of these records
	snapshotBytes   int // of the last snapshot

	now     time.Duration
	out     *protocols.Outbox
	scratch *scratch
	memory  memory
}

func newReplica(c protocols.Config) protocols.Node {
	chosen, peers := c.Options.(*Options), c.Delays.Nearest(c.ID)
	r := &replica{
		config: c, id: int(c.ID), peers: peers, reach: protocols.NewReach(peers),
		random:   rand.New(rand.NewPCG(c.Seed, 3)),
		store:    kv.NewStore(),
		requests: map[protocols.CommandID]*request{}, proposed: map[uint64][]*request{},
		scratch:    newScratch(),
		batchDelay: chosen.Batch, kept: uint64(chosen.Kept), snapshotPeer: 1,
	}
	for _, peer := range r.peers {
		trip := c.Delays.RoundTrip(c.ID, peer)
		r.trips[peer], r.retry[peer] = protocols.NewRoundTrip(trip), protocols.Retry(trip)
	}
	for peer := range replicas {
		r.askedRest[peer] = -time.Hour // never
	}
	if chosen.Reads == readsQuorum {
		r.reads = &reads{next: r.random.Uint64()}
	}
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
		if m, err := r.scratch.read(in.Data); err == nil && r.valid(in.From, m) {
			r.onMessage(in.From, m)
		}
	}
	r.goOnRecovering()
	r.compact()
}

// start begins a new incarnation: after a restart, it asks the others for what it has missed.
func (r *replica) start() {
	if r.seen != (vector{}) {
		r.catchUp()
		r.sendAppliedToPeers()
	}
	r.scheduleRecovery()
}

// The timers. Those from firstProposal on belong to proposals, one for each instance.
const (
	recoveryTimer protocols.TimerID = iota // rule 5: recovery of open instances
	readTimer                              // rule 9: a read outside the log has no answer
	batchTimer                             // rule 12: a batch has waited long enough
	appliedTimer                           // rule 13: Applied is sent again
	snapshotTimer                          // the snapshot under way is continued
	firstProposal
)

// timerOf returns the timer of this replica's proposal of an instance.
func timerOf(at position) protocols.TimerID {
	return firstProposal + protocols.TimerID(at.lsn*replicas+uint64(at.column))
}

// onTimer handles a timer that has fired: one of the five above, or that of a proposal.
func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case recoveryTimer:
		r.recoverOpen(nil)
	case readTimer:
		r.retryReads()
	case batchTimer:
		r.flush()
	case appliedTimer:
		r.sendAppliedToPeers()
	case snapshotTimer:
		r.own.OnTimer()
	default:
		n := uint64(id - firstProposal)
		r.retryProposal(position{int(n % replicas), n / replicas})
	}
}
