package raft

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

// Driver is Raft.
var Driver = protocols.Driver{
	Name:              "raft",
	Summary:           "Raft: one round trip from the leader to a majority, and one between client and leader",
	HasLeader:         true,
	Options:           func(int) any { return &Options{Reads: readsLog, Transfer: true} },
	Quorums:           quorums,
	Meeting:           meeting,
	Witnesses:         quorum.Write, // rule 35
	ChangesMembership: true,
	New:               newReplica,
	Describe:          describe,
	Floor:             floor,
	Invariants:        invariants,
}

// meeting lists the roles whose quorums must meet: a term has one leader (rule 2), who has every committed entry (rule 3).
var meeting = []quorum.Meeting{{quorum.Election, quorum.Election}, {quorum.Election, quorum.Write}}

// quorums returns the quorum systems by role: a quorum of voters elects a leader, and a quorum of replicas
// that hold an entry commits it. Both are majorities.
func quorums(c protocols.Config) quorum.Roles {
	majority := quorum.Majority(c.All())
	return quorum.Roles{quorum.Election: majority, quorum.Write: majority}
}

// floor is the shortest time that a write can take: the leader needs one round trip to a quorum of holders.
func floor(c protocols.Config) time.Duration {
	return forward.QuorumFloor(c.Delays, c.Quorums[quorum.Write], c.Leader, c.ID)
}

type role uint8

const (
	follower role = iota
	precandidate
	candidate
	leader
)

// The timers of a replica.
const (
	electionTimer  protocols.TimerID = iota + 1
	heartbeatTimer                   // of a leader: the next heartbeat; of a candidate: the next repetition of its requests
	forwardTimer
	snapshotTimer // the snapshot under way is continued
)

type replica struct {
	config          protocols.Config
	voters          quorum.System // whose quorums elect a leader
	holders         quorum.System // whose quorums commit an entry by holding it
	electionTimeout time.Duration // a leader must make itself heard within this time

	preVotes, checksQuorum, reverts, transfers bool
	reads                                      string

	group []protocols.NodeID // the voters and learners of the membership in force, by number

	// Persisted (rule 4).
	state
	log      entryLog
	snapshot storedSnapshot

	witness bool   // it holds no commands (rule 35)
	records uint64 // of a witness: how many it has persisted since it last replaced what is on its disk

	role         role
	commit       uint64 // the commit index; all entries up to it are applied
	store        *kv.Store
	appliedBytes int           // bytes of commands applied since the last snapshot was begun
	walk         snapshot.Walk // encodes a snapshot that is not whole yet
	forwarder    *forward.Forwarder
	election     *election.Timer
	lastHeard    time.Duration // when it last heard a leader

	// Of a candidate.
	campaigned  time.Duration // when it began to campaign
	votes       quorum.Set
	refusals    quorum.Set
	reserved    quorum.Set // witnesses that have accepted something more recent than its log (rule 36)
	transferred bool       // the leader has told it to stand (rule 27)

	// For the option revert.
	history   []pair // the pairs before the present one that it may go back to, the latest last
	abandoned uint64 // the last term that it has abandoned as a candidate in this incarnation

	// Of a leader.
	durable  uint64 // its own log is durable up to this index
	peers    []peer
	matches  []uint64           // scratch space of advanceCommit: by replica
	keepPace []protocols.NodeID // scratch space of append: the followers that have everything else
	handover handover
	waiting  []read          // reads not answered yet, in the order in which they arrived
	round    uint64          // number of the last round of confirmations
	sender   snapshot.Sender // of the snapshot that followers fetch

	// Of a follower.
	early    earlyAppends
	receiver snapshot.Receiver // of the leader's snapshot

	persisted state // the state as last persisted
	now       time.Duration
	out       *protocols.Outbox
	scratch   *scratch
}

func newReplica(c protocols.Config) protocols.Node {
	nothing := state{pair: pair{votedFor: protocols.Nobody}}
	electionTimeout := c.Delays.ElectionTimeout()
	chosen := c.Options.(*Options)
	s := newScratch()
	r := &replica{
		config: c, electionTimeout: electionTimeout,
		preVotes:     chosen.PreVote || c.Changes(), // rule 31
		reverts:      chosen.Revert,
		checksQuorum: chosen.CheckQuorum || chosen.Reads == readsLease,
		transfers:    chosen.Transfer,
		reads:        chosen.Reads,
		witness:      c.IsWitness(c.ID),
		state:        nothing, persisted: nothing, lastHeard: -electionTimeout,
		store:     kv.NewStore(),
		forwarder: forward.New(c, c.Quorums[quorum.Write], forwardTimer, s.forwardWire()),
		election:  election.NewTimer(c, electionTimer),
		peers:     make([]peer, c.MostReplicas()),
		matches:   make([]uint64, c.MostReplicas()),
		scratch:   s,
	}
	r.log.memberships = membership.NewLog(membership.First(c.All(), c.Quorums, meeting), c.Changes())
	r.regroup()
	return r
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.now, r.out = in.Now, out
	answered := len(out.Answers)
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in.Data)
	case protocols.InputStart:
		r.start()
	case protocols.InputMessage:
		if m, err := r.scratch.read(in.Data); err == nil && r.isValid(in.From, m) { // else no replica of this driver has sent it
			r.onMessage(in.From, m)
		}
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputDurable:
		r.onDurable(in.Notice)
	case protocols.InputMembership:
		r.onMembershipRequest(in.Notice, string(in.Data))
	case protocols.InputCommand:
		if r.witness { // rule 35: no client asks it
			return
		}
		if c := r.forwarder.Accept(in, out); r.role == leader {
			r.propose(r.config.ID, c)
		}
	}
	if r.walk.UnderWay() {
		r.continueSnapshot()
	}
	if len(r.waiting) > 0 {
		r.serveReads()
	}
	if r.role != leader { // a leader marks a command when it applies it
		for _, a := range out.Answers[answered:] {
			out.Mark(a.ID, protocols.MarkApplied)
		}
	}
	r.persistState()
}

// onTimer handles a timer that has fired.
func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case electionTimer:
		if r.role != leader && r.election.OnTimer(r.now, r.out) {
			r.campaign()
		}
	case heartbeatTimer:
		r.onHeartbeatTimer()
	case forwardTimer:
		r.forwarder.OnTimer(r.now, r.out)
	case snapshotTimer:
		r.walk.OnTimer()
	}
}

// onHeartbeatTimer repeats a candidate's requests to those who have not answered. A leader that hears no
// quorum steps down (rule 20, option checkquorum), and else sends heartbeats.
func (r *replica) onHeartbeatTimer() {
	switch r.role {
	case precandidate:
		r.requestPreVotes()
	case candidate:
		r.requestVotes()
	case leader:
		if r.checksQuorum && !r.hasQuorumContact() { // rule 20: no quorum is heard
			r.resign()
			return
		}
		r.checkHandover()
		r.noteCaughtUp()
		r.heartbeat()
		r.advanceMembership()
	}
}
