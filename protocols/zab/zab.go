package zab

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/election"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// Driver is Zab.
var Driver = protocols.Driver{
	Name:       "zab",
	Summary:    "Zab, ZooKeeper's broadcast: one round trip from the leader to a quorum, and one between client and leader",
	HasLeader:  true,
	Options:    func(int) any { return &Options{Reads: readsLog} },
	Quorums:    quorums,
	Meeting:    []quorum.Meeting{{quorum.Phase1, quorum.Phase2}}, // rule 8
	New:        newReplica,
	Describe:   describe,
	Floor:      floor,
	Invariants: invariants,
}

// quorums returns the quorum systems of both phases: majorities, unless the Config gives phase 2 others. Unless it gives
// phase 1 others, too, phase-1 quorums are all sets that meet every phase-2 quorum (rule 8).
func quorums(c protocols.Config) quorum.Roles {
	phase2 := c.Quorums[quorum.Phase2]
	if phase2 == nil {
		phase2 = quorum.Majority(c.All())
	}
	return quorum.Roles{quorum.Phase1: quorum.Dual(phase2), quorum.Phase2: phase2}
}

// floor is the shortest time that a write can take: the leader needs one round trip to a phase-2 quorum.
func floor(c protocols.Config) time.Duration {
	return forward.QuorumFloor(c.Delays, c.Quorums[quorum.Phase2], c.Leader, c.ID)
}

type role uint8

const (
	looking   role = iota // for a leader (rule 2)
	following             // the leader of the accepted epoch
	leading               // the accepted epoch; see stage
)

// The timers of a replica.
const (
	electionTimer  protocols.TimerID = iota + 1
	heartbeatTimer                   // of a leader: the next ping; of one that looks for a leader: the next repetition of its vote
	forwardTimer
	snapshotTimer // the snapshot under way is continued
)

// epochs are the numbers that are durable before any message tells them (rule 1).
type epochs struct {
	accepted protocols.Ballot // the last NewEpoch acknowledged
	current  protocols.Ballot // the last NewLeader acknowledged
}

type replica struct {
	config          protocols.Config
	phase1, phase2  quorum.System // (rule 8)
	electionTimeout time.Duration // a leader must make itself heard within this time, and hear a quorum
	reads           string

	// Persisted (rule 1).
	epochs
	history history

	role      role
	commit    uint64 // the commit index; all transactions up to it are applied
	store     *kv.Store
	forwarder *forward.Forwarder
	election  *election.Timer
	snapshots
	searching
	follow
	lead
	reading
	receiver snapshot.Receiver // of another replica's snapshot: of what is committed, in whatever epoch
	syncing  []written         // of a leader: what it has written and is not durable yet, in order

	persisted epochs // as last persisted
	now       time.Duration
	out       *protocols.Outbox
	scratch   *scratch
}

// follow is the state of a follower, in the epoch that it has accepted.
type follow struct {
	leader    protocols.NodeID
	lastHeard time.Duration // when it last heard the leader
	verified  bool          // its history is known to be the leader's, up to matched
	matched   uint64
	committed uint64 // the highest commit index heard of
	early     flow.Early[*Propose]
	askAt     time.Duration // when it may tell again what is missing
}

func newReplica(c protocols.Config) protocols.Node {
	s := newScratch()
	return &replica{
		config: c, phase1: c.Quorums[quorum.Phase1], phase2: c.Quorums[quorum.Phase2],
		electionTimeout: c.Delays.ElectionTimeout(),
		reads:           c.Options.(*Options).Reads,
		store:           kv.NewStore(),
		forwarder:       forward.New(c, c.Quorums[quorum.Phase2], forwardTimer, s.forwardWire()),
		election:        election.NewTimer(c, electionTimer),
		searching:       searching{vote: vote{candidate: protocols.Nobody}, shunned: protocols.Nobody},
		follow:          follow{leader: protocols.Nobody},
		reading:         reading{waiting: map[protocols.CommandID]waitingRead{}, localIDs: map[protocols.CommandID]struct{}{}},
		scratch:         s,
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
		if m, err := r.scratch.read(in.Data); err == nil && r.isValid(in.From, m) { // else no replica of this cluster can have sent it
			r.onMessage(in.From, m)
		}
	case protocols.InputDurable:
		r.onDurable()
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputCommand:
		r.onCommand(in)
	}
	r.finishStep()
}

// onTimer handles a timer that has fired.
func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case electionTimer:
		if !(r.role == leading && r.stage == broadcasting) && r.election.OnTimer(r.now, r.out) {
			r.look() // rules 2 and 9
		}
	case heartbeatTimer:
		switch r.role {
		case looking:
			r.tellVote()
		case leading:
			r.beat()
		}
	case forwardTimer:
		r.forwarder.OnTimer(r.now, r.out)
	case snapshotTimer:
		r.walk.OnTimer()
	}
}

// onCommand takes a command of a client of this replica. One that has taken effect here is answered with its result;
// others are forwarded, or proposed by a leader.
func (r *replica) onCommand(in *protocols.Input) {
	if result, done := r.store.Result(in.Command); done {
		r.out.Answer(in.Command, r.stamped(result))
		r.out.Mark(in.Command, protocols.MarkApplied)
		return
	}
	if r.reads == readsLocal && r.readLocally(in) {
		return
	}
	if r.waiting[in.Command].due {
		return // it is the same read
	}
	c := r.forwarder.Accept(in, r.out)
	if r.isSyncRead(c) {
		r.noteRead(c)
	}
	if r.role == leading && r.stage == broadcasting {
		r.propose(r.config.ID, c)
	}
}
