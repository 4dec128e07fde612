// Package mmp3 is multi-master Paxos for three replicas: every replica accepts writes, and every
// write commits in one round trip to one other replica, whether it conflicts or not.
//
// The instances stand in three columns, one for each replica, which writes there in the normal
// case. Instance (c, lsn) is decided by Paxos under ballots of its own. Its value is a batch of
// commands and Deps, one LSN for each column: it depends on every instance (k, l) with l < Deps[k],
// and on all before it in its own column. Seen is, for each column, one more than the highest LSN
// that a replica has heard of, directly or through the Deps of anything it stores. Applied is, for
// each column, the next LSN to apply.
//
// The rules, cited where they are kept:
//
//  1. Propose: a replica takes the next LSN of its column, prepares the instance with
//     Deps = Seen, and sends it to one other replica, the nearest that answers. It needs no
//     prepare round: every instance starts out promised to the owner of its column.
//  2. The other replica promises and accepts in one step, unless it has promised a higher ballot.
//     It takes the value accepted under the highest ballot, its own or the one sent; if there is
//     none, the commands sent, with Deps the maximum of the Deps sent and its own Seen. It answers
//     with the instance. The same ballot again gets the same answer.
//  3. The proposer, unless it has promised a higher ballot meanwhile, accepts exactly that: two
//     replicas hold it, so it is committed, and all are told. If the commands are not its own, it
//     proposes its own again in a new instance.
//  4. Retry: raise the ballot, prepare again here, with fresh Deps unless something was accepted,
//     and only then send, to the same or the other replica. A ballot is never under way to two
//     replicas: they could add different Deps to it.
//  5. Recovery: a replica for which an instance stays open asks the others whether it is
//     committed, and then proposes it itself, under a higher ballot: the value it accepted, or a
//     no-op. Recoverers wait a random time; the owner may be merely slow.
//  6. Gaps are normal: an instance that is only in Seen will be committed or recovered.
//  7. Apply: among the heads of the columns, the oldest instances not yet applied, start at a
//     committed one and follow dependencies from head to head: X needs the head of column k if
//     X.Deps[k] > Applied[k]. If all reached are committed, apply the one with the smallest
//     (n, column), where n is the number of columns in which it needs the head.
//  8. A write is answered when its instance and all before it in its column are committed.
//     Answered at its own commit, it could be applied after a write that began later.
//  9. A read is a command in the log; it, and whatever else depends on state, is answered when
//     applied. With the option for it, a read asks the nearest other replica for its Seen instead,
//     and is answered from the state here when all of that, and of the Seen here, is applied.
//  10. The times to commit and to apply are both marked.
//  11. A command may be committed twice; the sessions of the state machine let it take effect once.
//  12. An instance holds a batch of commands, and a message may hold several instances.
//  13. Replicas tell each other their Applied: with every commit, and now and then until all know
//     that they are level. An instance that all three have applied is truncated, and also one that is
//     too far behind: who has not applied that needs a snapshot, which is the state with the sessions,
//     Applied and Seen. It asks for that piece by piece, and as long as it does, what stands behind the
//     snapshot is kept. What is truncated is decided. It is never prepared anew.
//  14. Everything promised, prepared or accepted is durable before it is told. Now and then a
//     snapshot takes the place of the records on disk.
//
// Why all replicas apply in the same order: each instance is prepared at two of three replicas,
// so any two instances meet at a common one, and the later there depends on the earlier. The heads
// are therefore a semi-complete graph, with one sink component; every walk reaches it, and a head
// outside of it needs all of it and so has a larger n.
package mmp3

//go:generate go run quorumbench/protocols/protogen protocols/mmp3/mmp3.proto

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
	Options:  func(int) any { return &Options{Reads: readsLog, Kept: 1024} },
	New:      newReplica,
	Describe: describe,
	Floor: func(c protocols.Config) time.Duration {
		return c.Delays.QuorumRoundTrip(c.ID, quorum.Size(2, quorum.First(replicas))) + c.Options.(*Options).Batch
	},
	Invariants: invariants,
}

// What the driver measures, besides what package protocols names.
const (
	measureHeads    = "heads met"           // heads that the walk of rule 7 has reached, if more than one
	measureSecond   = "second replica"      // 1 for each proposal that is not sent to the nearest replica
	measureCaughtUp = "instances caught up" // committed instances that an answer to a query has brought
	measureBatch    = "commands in a batch"
)

const replicas = 3

var members = protocols.Members(replicas)

// vector is one LSN for each column.
type vector [replicas]uint64

func (v *vector) raise(other vector) {
	for c := range v {
		v[c] = max(v[c], other[c])
	}
}

// covers tells whether v is at least as high as the other in every column.
func (v *vector) covers(other vector) bool {
	for c := range v {
		if v[c] < other[c] {
			return false
		}
	}
	return true
}

// position names an instance: its column and its LSN, from 0.
type position struct {
	column int
	lsn    uint64
}

type replica struct {
	id     int
	peers  []protocols.NodeID            // nearest first
	trips  [replicas]protocols.RoundTrip // measured
	retry  [replicas]time.Duration       // how long to wait for an answer, by the configured delays
	reach  protocols.Reach               // which of the peers to ask
	random *rand.Rand

	columns [replicas]column
	seen    vector
	applied vector
	slots   uint64 // applied so far: commands and no-ops
	store   *kv.Store

	requests       map[protocols.CommandID]*request // commands of this replica's clients, until they are applied
	batch          []*request                       // of these, the batch that has not left
	batchBytes     int
	batchDelay     time.Duration         // how long a batch waits for company
	proposed       map[uint64][]*request // by LSN in this replica's column, until it is settled
	committedBelow uint64                // all below in this replica's column are committed
	reads          *reads                // nil: they are in the log

	recoveryTimerSet bool   // the timer of rule 5 is set
	recoverBelow     vector // seen, when it was set
	snapshotPeer     int    // the place in peers of the one to ask for a snapshot

	peerApplied     [replicas]vector // Applied of the others, as far as they have told
	appliedTimerSet bool             // the timer of rule 13 is set
	kept            uint64           // how many applied instances of a column are kept for one that is behind
	outgoing        outgoingSnapshot
	incoming        incomingSnapshot
	records         int // on disk, since the last snapshot there

	now     time.Duration
	out     *protocols.Outbox
	in      Message
	scratch scratch
}

// scratch is what messages and records are made of, one at a time, on their way to the outbox, which
// encodes them at once; and the command that has just come in.
type scratch struct {
	instance Instance
	message  Message
	record   Record
	command  kv.Command
}

func newReplica(c protocols.Config) protocols.Node {
	chosen, peers := c.Options.(*Options), c.Delays.Nearest(c.ID)
	r := &replica{
		id: int(c.ID), peers: peers, reach: protocols.NewReach(peers),
		random:   rand.New(rand.NewPCG(c.Seed, 3)),
		store:    kv.NewStore(),
		requests: map[protocols.CommandID]*request{}, proposed: map[uint64][]*request{},
		batchDelay: chosen.Batch, kept: uint64(chosen.Kept), snapshotPeer: 1,
	}
	for _, peer := range r.peers {
		trip := c.Delays.RoundTrip(c.ID, peer)
		r.trips[peer], r.retry[peer] = protocols.NewRoundTrip(trip), protocols.Retry(trip)
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
		if protocols.Decode(in.Data, &r.in) == nil && r.valid(in.From, &r.in) {
			r.onMessage(in.From, &r.in)
		}
	}
	r.compact()
}

// start begins a new life: it looks for what was missed between this one and the one before.
func (r *replica) start() {
	if r.seen != (vector{}) {
		r.catchUp()
		r.sendAppliedToPeers()
	}
	r.scheduleRecovery()
}

func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Propose:
		r.onPropose(from, kind.Propose)
	case *Message_Accepted:
		r.reach.Answered(from)
		r.onAccepted(kind.Accepted)
	case *Message_Refused:
		r.reach.Answered(from)
		r.onRefused(kind.Refused)
	case *Message_Commit:
		r.onCommit(kind.Commit)
		r.noteApplied(from, vectorOf(m.CommitApplied))
	case *Message_Query:
		r.onQuery(from, kind.Query)
	case *Message_Committed:
		r.onCommitted(from, kind.Committed)
	case *Message_Applied:
		r.onApplied(from, kind.Applied)
	case *Message_Piece:
		r.onPiece(from, kind.Piece)
	case *Message_Read:
		r.onRead(from, kind.Read)
	case *Message_Seen:
		r.reach.Answered(from)
		r.onSeen(kind.Seen)
	}
}

// The timers: one each for these, and behind them one for the proposal of each instance.
const (
	recoveryTimer protocols.TimerID = iota // rule 5
	readTimer                              // rule 9
	batchTimer                             // rule 12
	appliedTimer                           // rule 13
	firstProposal
)

func timerOf(at position) protocols.TimerID {
	return firstProposal + protocols.TimerID(at.lsn*replicas+uint64(at.column))
}

func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case recoveryTimer:
		r.recoverOpen()
	case readTimer:
		r.retryReads()
	case batchTimer:
		r.flush()
	case appliedTimer:
		r.sendAppliedToPeers()
	default:
		n := uint64(id - firstProposal)
		r.retryProposal(position{int(n % replicas), n / replicas})
	}
}
