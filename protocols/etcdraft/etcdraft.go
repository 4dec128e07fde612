package etcdraft

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
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// Driver is etcd's Raft.
var Driver = protocols.Driver{
	Name:      "etcdraft",
	Summary:   "etcd's Raft library: one round trip from the leader to a majority, and one between client and leader",
	HasLeader: true,
	Options:   func(int) any { return &Options{} },
	Quorums: func(c protocols.Config) quorum.Roles {
		return quorum.Roles{quorum.Write: quorum.Majority(c.All())}
	},
	New:        newReplica,
	Describe:   describe,
	Floor:      forward.Floor,
	Invariants: invariants,
}

// birth is the index and the term of the entry that every replica has from the start (rule 6).
const birth = 1

// The timers of a replica.
const (
	electionTimer  protocols.TimerID = iota + 1
	heartbeatTimer                   // of a leader: the next heartbeat
	forwardTimer
	walkTimer  // the snapshot under way is continued
	earlyTimer // of peer i: earlyTimer+2i; when early messages no longer wait (rule 3)
	pieceTimer // of peer i: pieceTimer+2i; when a snapshot is reported as failed (rule 8)
)

type replica struct {
	config  protocols.Config
	voters  *raftpb.ConfState
	storage *storage
	hard    *raftpb.HardState // as last persisted
	node    *raft.RawNode

	store         *kv.Store
	applied       uint64        // the last entry applied
	compacted     uint64        // the last entry that the last snapshot covers
	appliedBytes  int           // bytes of commands applied since it was begun
	snapshotBytes int           // of the last snapshot
	walk          snapshot.Walk // encodes a snapshot that is not whole yet
	sender        snapshot.Sender
	receiver      snapshot.Receiver
	forwarder     *forward.Forwarder
	election      *election.Timer
	leader        uint64 // as the library numbers it; raft.None if it knows none
	leading       bool

	streams []stream // by replica

	now time.Duration
	out *protocols.Outbox
}

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{
		config: c, voters: &raftpb.ConfState{}, storage: &storage{MemoryStorage: raft.NewMemoryStorage(), latest: birth}, hard: &raftpb.HardState{},
		store: kv.NewStore(), applied: birth, compacted: birth,
		forwarder: forward.New(c, quorum.Majority(c.All()), forwardTimer, forward.Wire{
			Forward: func(f *forward.Forward) proto.Message { return &Message{Kind: &Message_Forward{Forward: f}} },
			Reply:   func(m *forward.Reply) proto.Message { return &Message{Kind: &Message_Reply{Reply: m}} },
		}),
		election: election.NewTimer(c, electionTimer),
		streams:  make([]stream, c.Size()),
	}
	r.storage.begin = r.beginSnapshot
	for _, id := range c.Members {
		r.voters.Voters = append(r.voters.Voters, number(id))
	}
	must(r.storage.ApplySnapshot(&raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
		ConfState: r.voters, Index: proto.Uint64(birth), Term: proto.Uint64(birth),
	}}))
	must(r.storage.SetHardState(&raftpb.HardState{Term: proto.Uint64(birth), Commit: proto.Uint64(birth)}))
	return r
}

// number returns the library's number of a replica; the library counts from 1.
func number(id protocols.NodeID) uint64 { return uint64(id) + 1 }

// replicaOf returns the replica that the library gives the number.
func replicaOf(number uint64) protocols.NodeID { return protocols.NodeID(number) - 1 }

// must panics if the library returns an error that means that this driver uses it wrongly.
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
	r.processReady()
}

// start makes the library's node from what was restored. In the first incarnation, the configured leader
// campaigns at once.
func (r *replica) start() {
	var err error
	r.node, err = raft.NewRawNode(&raft.Config{
		ID: number(r.config.ID), Storage: r.storage, Applied: r.applied,
		HeartbeatTick: 1, ElectionTick: math.MaxInt32, // rule 2: the library's own election timeout never passes
		MaxSizePerMsg: uint64(r.config.Limits.Min()), MaxCommittedSizePerReady: uint64(r.config.Limits.Max()),
		MaxInflightMsgs: 1 << 20, MaxInflightBytes: uint64(r.config.Limits.MaxWindow()), // rule 7
		PreVote: r.config.Options.(*Options).PreVote,
		Logger:  &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}, // the trace has what it would log
	})
	must(err)
	r.election.Start(r.now, r.out)
	firstIncarnation := r.hard.GetTerm() == 0
	if firstIncarnation && r.config.Leader == r.config.ID {
		must(r.node.Campaign())
	}
}

// onTimer handles a timer that has fired.
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
	case walkTimer:
		r.walk.OnTimer()
	default:
		peer, which := protocols.NodeID(id-earlyTimer)/2, (id-earlyTimer)%2
		if which == 0 {
			r.skipMissing(peer)
		} else {
			r.node.ReportSnapshot(number(peer), raft.SnapshotFailure) // rule 8: the library tries again
		}
	}
}
