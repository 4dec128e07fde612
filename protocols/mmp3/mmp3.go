// Package mmp3 is multi-master Paxos for three replicas: every replica accepts writes, and every
// write commits in one round trip to one other replica, whether it conflicts or not.
//
// The instances stand in three columns, one for each replica, which writes there in the normal
// case. Instance (c, lsn) is decided by Paxos under ballots of its own. Its value is a command
// and Deps, one LSN for each column: it depends on every instance (k, l) with l < Deps[k], and on
// all before it in its own column. Seen is, for each column, one more than the highest LSN that a
// replica has heard of, directly or through the Deps of anything it stores.
//
// The rules, cited where they are kept:
//
//  1. Propose: a replica takes the next LSN of its column, prepares the instance with
//     Deps = Seen, and sends it to one other replica, the nearest that answers. It needs no
//     prepare round: every instance starts out promised to the owner of its column.
//  2. The other replica promises and accepts in one step, unless it has promised a higher ballot.
//     It takes the value accepted under the highest ballot, its own or the one sent; if there is
//     none, the command sent, with Deps the maximum of the Deps sent and its own Seen. It answers
//     with the instance. The same ballot again gets the same answer.
//  3. The proposer, unless it has promised a higher ballot meanwhile, accepts exactly that: two
//     replicas hold it, so it is committed, and all are told. If the command is another's, it
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
//  9. A read is a command in the log and is answered when applied.
//  10. Everything promised, prepared or accepted is durable before it is told.
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
)

// Driver is mmp3.
var Driver = protocols.Driver{
	Name:    "mmp3",
	Summary: "multi-master Paxos for three replicas: every write takes one round trip to the nearest other replica",
	Replicas: func(n int) error {
		if n != replicas {
			return fmt.Errorf("mmp3 works with exactly 3 replicas, not %d: any two instances must meet at one of three", n)
		}
		return nil
	},
	New:      newReplica,
	Describe: describe,
	Floor: func(c protocols.Config) time.Duration {
		return c.Delays.QuorumRoundTrip(c.ID, 2)
	},
	Invariants: invariants,
}

const replicas = 3

// vector is one LSN for each column.
type vector [replicas]uint64

func (v *vector) raise(other vector) {
	for c := range v {
		v[c] = max(v[c], other[c])
	}
}

// position names an instance: its column and its LSN, from 0.
type position struct {
	column int
	lsn    uint64
}

type replica struct {
	id     int
	peers  []protocols.NodeID // nearest first
	retry  [replicas]time.Duration
	silent [replicas]bool // peers that let the last proposal go unanswered
	random *rand.Rand

	columns [replicas][]*instance // what is known, by LSN; nil where only the number is known
	seen    vector
	applied vector // the next LSN to apply

	wishes  map[protocols.CommandID]*wish // commands of this replica's clients
	placed  map[uint64]*wish              // by LSN in this replica's column, until it is committed
	settled uint64                        // all below in this replica's column are committed
	store   *kv.Store
	slots   uint64 // applied so far

	sweeping bool   // the timer of rule 5 is set
	swept    vector // seen, when it was set

	out *protocols.Outbox
	in  Message
}

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{
		id: int(c.ID), peers: c.Delays.Nearest(c.ID),
		random: rand.New(rand.NewPCG(c.Seed, 3)),
		wishes: map[protocols.CommandID]*wish{}, placed: map[uint64]*wish{},
		store: kv.NewStore(),
	}
	for _, peer := range r.peers {
		r.retry[peer] = protocols.Retry(c.Delays.RoundTrip(c.ID, peer))
	}
	return r
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.out = out
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in.Data)
	case protocols.InputStart:
		r.sweepLater()
	case protocols.InputCommand:
		r.onCommand(in.Command, in.Data)
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputMessage:
		if protocols.Decode(in.Data, &r.in) == nil { // nothing but a replica of this driver sends; skip what is not ours
			r.onMessage(in.From, &r.in)
		}
	}
}

func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	r.silent[from] = false
	switch kind := m.Kind.(type) {
	case *Message_Propose:
		r.onPropose(from, kind.Propose)
	case *Message_Accepted:
		r.onAccepted(kind.Accepted)
	case *Message_Refused:
		r.onRefused(kind.Refused)
	case *Message_Commit:
		r.onCommit(kind.Commit)
	case *Message_Query:
		r.onQuery(from, kind.Query)
	}
}

// The sweep of rule 5 has timer 0; the proposal of an instance has one of its own.
const sweepTimer protocols.TimerID = 0

func timerOf(at position) protocols.TimerID {
	return protocols.TimerID(at.lsn*replicas+uint64(at.column)) + 1
}

func (r *replica) onTimer(id protocols.TimerID) {
	if id == sweepTimer {
		r.sweep()
		return
	}
	n := uint64(id - 1)
	r.retryProposal(position{int(n % replicas), n / replicas})
}
