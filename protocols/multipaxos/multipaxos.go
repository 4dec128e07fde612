package multipaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/election"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// Driver is Multi-Paxos.
var Driver = protocols.Driver{
	Name:      "multipaxos",
	Summary:   "Multi-Paxos: one round trip from the leader to a quorum, and one between client and leader",
	HasLeader: true,
	Options:   func(replicas int) any { return &Options{Phase2: quorum.MajoritySize(replicas)} },
	Quorums:   quorums,
	Meeting:   meeting,
	Witnesses: quorum.Phase2, // rule 19

	ChangesMembership: true,

	New:        newReplica,
	Describe:   describe,
	Floor:      floor,
	Invariants: invariants,
}

// meeting lists the roles whose quorums must meet (rule 6).
var meeting = []quorum.Meeting{{quorum.Phase1, quorum.Phase2}}

// quorums returns the quorum systems of both phases, by their sizes unless the Config gives phase 2 others. Unless phase1 is given,
// phase-1 quorums are all sets that meet every phase-2 quorum (rule 6).
func quorums(c protocols.Config) quorum.Roles {
	chosen := c.Options.(*Options)
	phase2 := c.Quorums[quorum.Phase2]
	if phase2 == nil {
		phase2 = quorum.Size(chosen.Phase2, c.All())
	}
	phase1 := quorum.Dual(phase2)
	if n := c.Size(); c.Changes() && c.Quorums[quorum.Phase2] == nil && n%2 == 1 && chosen.Phase2 == quorum.MajoritySize(n) {
		phase2 = quorum.Majority(c.All()) // the same quorums, called as an operator calls those that follow
		phase1 = phase2
	}
	if chosen.Phase1 > 0 {
		phase1 = quorum.Size(chosen.Phase1, c.All())
	}
	return quorum.Roles{quorum.Phase1: phase1, quorum.Phase2: phase2}
}

// floor is the shortest time that a write can take: the leader needs one round trip to a phase-2 quorum.
func floor(c protocols.Config) time.Duration {
	return forward.QuorumFloor(c.Delays, c.Quorums[quorum.Phase2], c.Leader, c.ID)
}

type role uint8

const (
	follower role = iota
	candidate
	leader
)

// The timers of a replica.
const (
	electionTimer  protocols.TimerID = iota + 1
	heartbeatTimer                   // of a leader: the next heartbeat; of a candidate: the next repetition of its prepares
	forwardTimer
	snapshotTimer // the snapshot under way is continued
	resendTimer   // this ID plus that of a replica: when accepts without an answer are sent to it again
)

type replica struct {
	config         protocols.Config
	phase1, phase2 quorum.System // (rule 6); where the membership may change, phase1 is what a candidate needs, and phase2 is not used
	preferred      bool          // it takes the leadership back whenever it can (rule 14)

	group []protocols.NodeID // the voters and learners of the membership in force, by number

	witness         bool               // it holds no commands (rule 19)
	full, witnesses []protocols.NodeID // those of the group that hold commands, and those that do not
	witnessed       witnessLog         // of a witness, persisted: what it has accepted
	records         uint64             // of a witness: how many it has persisted since the last snapshot

	// Of the acceptor, persisted (rule 3).
	promised protocols.Ballot // the highest ballot promised; of a candidate or leader, its own ballot
	log      instanceLog
	// preparedParts is the highest Parts of prepares under the promised ballot. It is not persisted.
	preparedParts uint64

	// Of the learner.
	commit       uint64 // the commit index: all instances up to it are known to be chosen
	applied      uint64 // all instances up to it are applied
	store        *kv.Store
	leaderCommit uint64            // the highest commit index heard of
	catchUpAt    time.Duration     // when CatchUp may be sent again though no answer has come
	asked        uint64            // the first instance that the CatchUp under way asks for, 0 if none is under way
	receiver     snapshot.Receiver // of another replica's snapshot
	sender       snapshot.Sender   // of a snapshot that others fetch
	snapshots

	// Of the proposer.
	role       role
	refused    protocols.Ballot // the highest ballot that a refusal told of
	heard      time.Duration    // when it last heard a leader
	campaigned time.Duration    // since when it has been a candidate without hearing a leader; 0 if it is none
	reclaiming
	reverting
	candidacy              // of a candidate; of a leader, what it has found and not proposed again yet (rule 22)
	changing               // of a leader
	resending   []bool     // of a leader, by replica: whether its resend timer is set
	witnessedTo []uint64   // of a leader, by replica: a witness has accepted all that it was sent up to this instance (rule 19)
	fresh       []instance // scratch space of propose
	durable     bool       // of a candidate or leader: its ballot is known to be durable (rule 3)
	syncing     []span     // instances that it has accepted as a leader and that are not durable yet, in order
	forwarder   *forward.Forwarder
	election    *election.Timer

	persisted protocols.Ballot // the promise as last persisted
	compacted uint64           // the last instance covered by the last snapshot
	now       time.Duration
	out       *protocols.Outbox
	scratch   *scratch
}

func newReplica(c protocols.Config) protocols.Node {
	s := newScratch()
	r := &replica{
		config:    c,
		phase1:    c.Quorums[quorum.Phase1],
		phase2:    c.Quorums[quorum.Phase2],
		preferred: c.Options.(*Options).Preferred && c.Leader == c.ID,
		reverting: reverting{reverts: c.Options.(*Options).Revert || c.Changes()}, // rule 27
		heard:     -c.Delays.ElectionTimeout(),
		witness:   c.IsWitness(c.ID),
		witnesses: protocols.Replicas(c.Witnesses),
		store:     kv.NewStore(),
		forwarder: forward.New(c, c.Quorums[quorum.Phase2], forwardTimer, s.forwardWire()),
		election:  election.NewTimer(c, electionTimer),
		resending: make([]bool, c.MostReplicas()),
		scratch:   s,
	}
	r.log.memberships = membership.NewLog(membership.First(c.All(), c.Quorums, meeting), c.Changes())
	r.regroup()
	return r
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
		if m, err := r.scratch.read(in.Data); err == nil && r.isValid(in.From, m) { // rule 15: else no replica of this cluster can have sent it
			r.onMessage(in.From, m)
		}
	case protocols.InputDurable:
		r.onDurable()
	case protocols.InputMembership:
		r.onMembershipRequest(in.Notice, string(in.Data))
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputCommand:
		if r.witness { // rule 19: no client asks it
			return
		}
		if c := r.forwarder.Accept(in, out); r.role == leader {
			r.propose(r.config.ID, c)
		}
	}
	r.finishStep()
}

// onTimer handles a timer that has fired.
func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case electionTimer:
		if r.role != leader && r.election.OnTimer(r.now, r.out) {
			r.stand()
		}
	case heartbeatTimer:
		switch r.role {
		case candidate:
			r.prepare()
		case leader:
			r.heartbeat()
			r.repeatToWitnesses()
			r.repeatMembership()
			r.advanceMembership()
		}
	case forwardTimer:
		r.forwarder.OnTimer(r.now, r.out)
	case snapshotTimer:
		r.walk.OnTimer()
	default:
		r.onResendTimer(protocols.NodeID(id - resendTimer))
	}
}
