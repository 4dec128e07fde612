// Package etcdraft is the Raft of etcd, go.etcd.io/raft/v3, behind this toolkit's contract: the
// implementation that runs in production, as a yardstick for package raft.
//
// The library is a state machine, too. What is done here, and why:
//
//  1. Each step hands the library its input, with what has waited for it (rule 3), and then carries
//     out every Ready it has: what is to be durable is persisted, what is to be sent is sent, what is
//     committed is applied, in the order that the library's documentation asks for. The host makes
//     records durable before it sends.
//  2. Time. The library counts ticks and draws its election timeouts from the system's randomness,
//     which no seed governs. So its own timeout is out of reach, and a replica campaigns when a
//     election.Timer says so, as the other drivers with a leader do. A tick is a heartbeat.
//  3. Order. The library is made for connections that keep the order of messages: an append that
//     overtakes another is refused and costs a round trip. Messages between replicas are numbered,
//     and one that comes early waits for those before it, as it would in a TCP stream, but for
//     patience at most: a lost message is the library's to repair.
//  4. Commands of a follower's clients go to the leader as package forward says, not by the library's
//     own forwarding, which has neither a repetition nor an answer.
//  5. After every snapshotEvery entries applied, or as many as there are keys, the state machine
//     becomes a snapshot, and the log is cut off, but for a tail that spares followers that are a
//     little late the whole state. The leader also keeps, up to mostKept bytes, what a follower lacks
//     that was heard within an election timeout: without that, one that gets a snapshot under load
//     finds the entries behind it cut off, and lives on snapshots as long as the load lasts. A
//     snapshot that is sent to a follower is always reported as failed once it would have come, so
//     that the library tries again if it was lost; if it has arrived, the next append shows it. A
//     snapshot that comes with entries behind it is one record with them: a record of its own would
//     take their place.
//  6. A configuration never changes. The log begins behind an entry 1 that all replicas have from
//     birth and that holds the configuration, so slot n of the agreed order is entry n+1.
//
// Options: prevote, which is the library's. Its CheckQuorum and leases count on its own clock of
// ticks, which rule 2 takes away, and so are not offered.
package etcdraft

//go:generate go run quorumbench/protocols/protogen protocols/etcdraft/etcdraft.proto

import (
	"fmt"
	"io"
	"log"
	"math"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/election"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Driver is etcd's Raft.
var Driver = protocols.Driver{
	Name:       "etcdraft",
	Summary:    "etcd's Raft library: one round trip from the leader to a majority, and one between client and leader",
	HasLeader:  true,
	Options:    func(int) any { return &Options{} },
	New:        newReplica,
	Describe:   describe,
	Floor:      forward.Floor,
	Invariants: invariants,
}

// Options are what an experiment may choose.
type Options struct {
	PreVote bool `option:"prevote" tries:"off,on" help:"a replica asks whether it would win before it begins a term"`
}

// birth is the index and the term of the entry that all replicas are born with (rule 6).
const birth = 1

// Timers.
const (
	electionTimer  protocols.TimerID = iota + 1
	heartbeatTimer                   // a leader's
	forwardTimer
	earlyTimer // and that of peer i at earlyTimer+2i, its snapshotTimer behind it
	snapshotTimer
)

type replica struct {
	config  protocols.Config
	voters  *raftpb.ConfState
	storage *raft.MemoryStorage
	hard    *raftpb.HardState // as persisted
	node    *raft.RawNode

	store     *kv.Store
	applied   uint64 // entry
	kept      uint64 // entry of the last snapshot
	forwarder *forward.Forwarder
	election  *election.Timer
	leader    uint64 // as the library knows it; raft.None
	leading   bool

	streams []stream // by peer

	now time.Duration
	out *protocols.Outbox
}

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{
		config: c, voters: &raftpb.ConfState{}, storage: raft.NewMemoryStorage(), hard: &raftpb.HardState{},
		store: kv.NewStore(), applied: birth, kept: birth,
		forwarder: forward.New(c, quorum.Majority(c.All()), forwardTimer, forward.Wire{
			Forward: func(f *forward.Forward) proto.Message { return &Message{Kind: &Message_Forward{Forward: f}} },
			Reply:   func(m *forward.Reply) proto.Message { return &Message{Kind: &Message_Reply{Reply: m}} },
		}),
		election: election.NewTimer(c, electionTimer),
		streams:  make([]stream, c.Size()),
	}
	for _, id := range c.Members {
		r.voters.Voters = append(r.voters.Voters, number(id))
	}
	must(r.storage.ApplySnapshot(&raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
		ConfState: r.voters, Index: proto.Uint64(birth), Term: proto.Uint64(birth),
	}}))
	must(r.storage.SetHardState(&raftpb.HardState{Term: proto.Uint64(birth), Commit: proto.Uint64(birth)}))
	return r
}

// number is what the library calls a replica: it counts from 1.
func number(id protocols.NodeID) uint64 { return uint64(id) + 1 }

func replicaOf(number uint64) protocols.NodeID { return protocols.NodeID(number) - 1 }

// must is for what the library refuses only if this driver uses it wrongly.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("etcdraft: %v", err))
	}
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.now, r.out = in.Now, out
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in.Data)
		return
	case protocols.InputStart:
		r.start()
	case protocols.InputMessage:
		r.onMessage(in.From, in.Data)
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputCommand:
		r.onCommand(in)
	}
	r.carryOut()
}

// start makes the library's node from what was restored.
func (r *replica) start() {
	var err error
	r.node, err = raft.NewRawNode(&raft.Config{
		ID: number(r.config.ID), Storage: r.storage, Applied: r.applied,
		HeartbeatTick: 1, ElectionTick: math.MaxInt32, // rule 2
		MaxSizePerMsg: flow.MaxBytes, MaxInflightMsgs: 1 << 20, // appends are pipelined as far as the link lets them
		PreVote: r.config.Options.(*Options).PreVote,
		Logger:  &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}, // what it has to tell is in the trace
	})
	must(err)
	r.election.Start(r.now, r.out)
	firstLife := r.hard.GetTerm() == 0
	if firstLife && r.config.Leader == r.config.ID {
		must(r.node.Campaign())
	}
}

func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case electionTimer:
		if !r.leading && r.election.OnTimer(r.now, r.out) {
			must(r.node.Campaign())
			r.election.Start(r.now, r.out)
		}
	case heartbeatTimer:
		if r.leading {
			r.node.Tick()
			r.out.SetTimer(heartbeatTimer, r.config.Delays.Heartbeat())
		}
	case forwardTimer:
		r.forwarder.OnTimer(r.now, r.out)
	default:
		peer, which := protocols.NodeID(id-earlyTimer)/2, (id-earlyTimer)%2
		if which == 0 {
			r.skip(peer)
		} else {
			r.node.ReportSnapshot(number(peer), raft.SnapshotFailure) // rule 5
		}
	}
}

// onCommand takes a command of this replica's clients.
func (r *replica) onCommand(in *protocols.Input) {
	if c := r.forwarder.Accept(in, r.out); r.leading {
		r.propose(r.config.ID, c)
	}
}

// propose puts a command forward that from, or a client of this replica, has handed over. One that
// the library drops is handed over again in time.
func (r *replica) propose(from protocols.NodeID, c *forward.Command) {
	if r.forwarder.Admit(from, c) {
		r.out.Mark(c.ID(), protocols.MarkProposed)
		_ = r.node.Propose(c.Data) // it has told its leader's end in the same Ready
	}
}

// take hands a message, whose turn it is, to whom it is for.
func (r *replica) take(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Raft:
		var inner raftpb.Message
		if proto.Unmarshal(kind.Raft, &inner) != nil {
			return // nothing but a replica of this driver sends; skip what is not ours
		}
		switch inner.GetType() {
		case raftpb.MsgApp, raftpb.MsgHeartbeat, raftpb.MsgSnap:
			if inner.GetTerm() >= r.hard.GetTerm() {
				r.election.Heard(r.now)
			}
		}
		_ = r.node.Step(&inner) // an error is that of a message the library ignores
	case *Message_Forward:
		for _, c := range kind.Forward.Commands {
			if r.leading {
				r.propose(from, c)
			}
		}
	case *Message_Reply:
		r.forwarder.OnReply(kind.Reply, r.out)
	}
}
