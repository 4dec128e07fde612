// Package multipaxos is Multi-Paxos: one instance of Paxos for each place in a log, and one
// phase 1, by a leader that stays, for all of them.
//
// A write costs one round trip from the leader to the nearest phase-2 quorum, and one more between the
// client's replica and the leader. A replica is follower, candidate or leader, and always an
// acceptor. Its messages are Prepare and Promise, Accept and Accepted, Refuse, Heartbeat, CatchUp
// and Piece, Probe and Echo; the commands of a follower's clients travel as package forward says, and
// snapshots between replicas as package snapshot says.
//
// The phases of its life stand in a file each: election.go has phase 1; normal.go has phase 2;
// recovery.go has what a new leader, a message lost and a replica that lags need; snapshot.go what
// is on disk; preferred.go the way of the configured leader back; and door.go what is skipped.
//
// The rules, cited where they are kept:
//
//  1. A prepare, an accept or a heartbeat is heeded if its ballot is at least the highest
//     promised; the ballot is then promised. Otherwise it is refused, and the refusal tells the
//     promised ballot. A replica that has promised another's ballot is neither candidate nor
//     leader.
//  2. A ballot is used by one replica, once: a candidate promises to itself, and takes a ballot
//     above its own promise and above all it was refused with.
//  3. Promises and accepted commands are durable before anybody hears of them. A leader sends its
//     proposals while it writes them to its own disk, and counts its own acceptance when it is durable.
//  4. One prepare covers every instance from the first that the candidate does not know chosen;
//     the promise tells everything accepted there, with its ballot. What does not fit into one
//     message is asked for with a prepare from there on, and the promise counts when all is told.
//  5. With promises of a phase-1 quorum the candidate leads. In every instance that one of them has
//     accepted, it proposes the command of the highest ballot again, under its own ballot, and a
//     no-op in the gaps between; only behind them new commands.
//  6. A command is chosen when a phase-2 quorum has accepted it under the leader's own ballot. What
//     was accepted under older ballots does not count, however often it stands. Each phase-1 quorum
//     meets each phase-2 quorum, which is all that is needed: two of the same kind need not meet. Of n
//     replicas, if phase2 make a phase-2 quorum, then n+1−phase2, or more, make a phase-1 quorum.
//  7. Accepts are pipelined: each instance is chosen by itself, in whatever order. Commands take
//     effect in the order of the log. The leader replies when it has applied a command and does
//     not wait for followers to hear of the choice. A command that is handed over again after that
//     has its result already: it is not proposed again.
//  8. The commit index, up to which all instances are chosen, rides on accepts and heartbeats. A
//     follower takes an instance up to there for chosen if it has accepted it under the same
//     leader's ballot.
//  9. Where it has nothing, or a command of an older ballot, it asks the leader, who sends the
//     chosen command as an accept under its own ballot. That is safe: nothing else can be
//     accepted there under a higher ballot than that of the choice.
//  10. An accept that stays without an answer while its instance is not chosen is sent again.
//  11. Followers that hear nothing of a leader for a random time stand with a higher ballot; so
//     does a candidate that got no quorum, and a leader that was refused. Of two that stand at once
//     the higher ballot goes on; the other waits for a new random time. A candidate is heard with its
//     first prepare, and not when it repeats that: one that no answer reaches must not keep all others
//     from standing.
//  12. From time to time a replica writes a snapshot of its state machine, the clients' sessions
//     included, with its promise and what it has accepted behind the snapshot. It takes the place
//     of all on disk. The log in memory is truncated up to the snapshot before; but not beyond a
//     snapshot that another replica is fetching, so that it finds in the log what follows on it.
//  13. An instance up to which the log is truncated is decided. An accept for it is answered, and
//     changes nothing. A replica that needs it gets a snapshot, in pieces that it asks for: from the
//     leader, or, if it is itself a candidate, from an acceptor whose promise says that the log has
//     it no more. Such a promise does not count before the snapshot is adopted. A candidate does not
//     stand again while piece after piece comes.
//  14. With the option preferred, the replica that is configured to lead stands against another that
//     leads, when it has followed it for an election timeout, knows all that is chosen, and hears
//     from a phase-1 quorum, itself included, in answer to a probe: of replicas that have promised
//     the same leader's ballot, and so will promise a higher one. Without them it would depose a
//     leader that can do its work, for a smaller phase-2 quorum is enough for that, and no other
//     could follow. (So it still is if one of them fails between its answer and its promise.) What
//     was under way is then found by phase 1: a write waits for two round trips at most.
//  15. A replica accepts nothing that is farther than 2²⁰ instances behind its commit index: what it
//     lacks between takes memory. It catches up first, and the leader repeats the accept (rule 10).
//     A message with numbers that no replica of the cluster can have sent is skipped.
//
// Followers forward their clients' writes. To tell the client who leads instead would cost it the
// same: a client's commands enter at the replica beside it, at no distance, and from there the client
// would have to cover the same way, with the same delay, that the forward takes, and the result the
// same way back. What differs is the first command after each change of leaders, that would have to
// be sent twice; here it waits at the replica until a leader is known.
//
// What differs from the papers: the commit index known is kept on disk beside what is accepted,
// so that a replica that comes back learns only what it has missed; in its first life the
// replica that is configured to lead stands at once.
//
// Sources: L. Lamport, Paxos made simple, 2001, section 3; R. van Renesse and D. Altinbuken,
// Paxos made moderately complex, 2015; H. Howard, D. Malkhi and A. Spiegelman, Flexible Paxos: Quorum
// intersection revisited, OPODIS 2016, section 4, for rule 6.
package multipaxos

//go:generate go run quorumbench/protocols/protogen protocols/multipaxos/multipaxos.proto

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/election"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// Driver is Multi-Paxos.
var Driver = protocols.Driver{
	Name:       "multipaxos",
	Summary:    "Multi-Paxos: one round trip from the leader to a quorum, and one between client and leader",
	HasLeader:  true,
	Options:    func(replicas int) any { return &Options{Phase2: quorum.MajoritySize(replicas)} },
	Quorums:    quorums,
	Meeting:    []quorum.Meeting{{quorum.Phase1, quorum.Phase2}}, // rule 6
	New:        newReplica,
	Describe:   describe,
	Floor:      floor,
	Invariants: invariants,
}

// Options are what an experiment may choose.
type Options struct {
	Phase1 int `option:"phase1" range:"1..n" unit:"replicas" zero:"auto" help:"replicas in a phase-1 quorum; auto: the fewest that meet every phase-2 quorum, n+1 less those of phase 2"`

	Phase2 int `option:"phase2" range:"1..n" unit:"replicas" default:"a majority" tries:"default,1..n" help:"replicas in a phase-2 quorum"`

	Preferred bool `option:"preferred" tries:"off,on" help:"the configured leader, come back, caught up and heard by a phase-1 quorum, takes the leadership again"`
}

// quorums returns those of both phases (rule 6).
func quorums(c protocols.Config) quorum.Roles {
	chosen := c.Options.(*Options)
	phase1 := cmp.Or(chosen.Phase1, quorum.MeetingSize(c.Size(), chosen.Phase2))
	return quorum.Roles{quorum.Phase1: quorum.Size(phase1, c.All()), quorum.Phase2: quorum.Size(chosen.Phase2, c.All())}
}

// floor: the leader needs one round trip to a phase-2 quorum.
func floor(c protocols.Config) time.Duration {
	return forward.QuorumFloor(c.Delays, c.Quorums[quorum.Phase2], c.Leader, c.ID)
}

type role uint8

const (
	follower role = iota
	candidate
	leader
)

// Timers.
const (
	electionTimer protocols.TimerID = iota + 1
	pulseTimer                      // a leader's heartbeat, a candidate's repeated prepare
	forwardTimer
	repeatTimer // and those after it: one for each replica, for accepts that it has not answered
)

type replica struct {
	config         protocols.Config
	phase1, phase2 quorum.System // (rule 6)
	preferred      bool          // it leads whenever it can (rule 14)

	// The acceptor, on disk (rule 3). A candidate's or leader's own ballot is the promised one.
	promised protocols.Ballot
	log      instances

	// The learner.
	commit  uint64 // all instances up to here are known chosen
	applied uint64
	store   *kv.Store
	ahead   uint64            // the highest commit index heard of
	askAt   time.Duration     // when a question for what is missing may be asked again
	arrival snapshot.Receiver // the beginning of another replica's snapshot
	offer   snapshot.Sender   // a snapshot for others

	// The proposer.
	role     role
	refused  protocols.Ballot // the highest ballot it was refused with
	standing time.Duration    // since when it has stood without a leader; 0: it does not
	reclaiming
	candidacy            // a candidate's
	repeats   []bool     // a leader's: which repeat timers are pending
	fresh     []instance // scratch of propose
	writing   []span     // what it has accepted and is not on its disk yet, the oldest first
	forwarder *forward.Forwarder
	election  *election.Timer

	saved     protocols.Ballot // the promise on disk
	compacted uint64           // the end of the snapshot on disk
	now       time.Duration
	out       *protocols.Outbox
	in        Message // reused for decoding
}

func newReplica(c protocols.Config) protocols.Node {
	return &replica{
		config:    c,
		phase1:    c.Quorums[quorum.Phase1],
		phase2:    c.Quorums[quorum.Phase2],
		preferred: c.Options.(*Options).Preferred && c.Leader == c.ID,
		store:     kv.NewStore(),
		forwarder: forward.New(c, c.Quorums[quorum.Phase2], forwardTimer, forward.Wire{
			Forward: func(f *forward.Forward) proto.Message { return &Message{Kind: &Message_Forward{Forward: f}} },
			Reply:   func(r *forward.Reply) proto.Message { return &Message{Kind: &Message_Reply{Reply: r}} },
		}),
		election: election.NewTimer(c, electionTimer),
		repeats:  make([]bool, c.Size()),
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
		if protocols.Decode(in.Data, &r.in) == nil && r.ours(in.From, &r.in) { // rule 15
			r.onMessage(in.From, &r.in)
		}
	case protocols.InputDurable:
		r.onDurable()
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputCommand:
		if c := r.forwarder.Accept(in, out); r.role == leader {
			r.propose(r.config.ID, c)
		}
	}
	r.save()
}

func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	ballot := protocols.Ballot(m.Ballot)
	switch kind := m.Kind.(type) {
	case *Message_Forward:
		if r.role == leader {
			r.propose(from, kind.Forward.Commands...)
		}
	case *Message_Reply:
		if r.forwarder.OnReply(kind.Reply, r.out) {
			r.out.Mark(protocols.CommandID{Client: kind.Reply.Client, Seq: kind.Reply.Seq}, protocols.MarkApplied)
		}
	case *Message_Refuse:
		r.onRefuse(ballot, protocols.Ballot(kind.Refuse.Promised))
	case *Message_Prepare, *Message_Accept, *Message_Heartbeat:
		if ballot < r.promised { // rule 1
			r.send(from, ballot, &Message_Refuse{Refuse: &Refuse{Promised: uint64(r.promised)}})
			return
		}
		r.promise(ballot)
		r.onRequest(from, m)
	default:
		if ballot == r.promised { // or it is about an earlier attempt
			r.onAnswer(from, m)
		}
	}
}

// onRequest is a message of a candidate or a leader whose ballot is promised.
func (r *replica) onRequest(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Prepare:
		r.onPrepare(from, kind.Prepare.First)
	case *Message_Accept:
		r.follow(from)
		r.onAccept(from, kind.Accept)
	case *Message_Heartbeat:
		r.follow(from)
		r.learn(kind.Heartbeat.Commit)
		r.reclaim()
	}
}

// onAnswer is a message under the promised ballot that asks for no promise: about this replica's own
// attempt, or from one that follows it or the same leader, or a snapshot.
func (r *replica) onAnswer(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Promise:
		r.onPromise(from, kind.Promise)
	case *Message_Accepted:
		r.onAccepted(from, kind.Accepted.First, kind.Accepted.Count)
	case *Message_CatchUp:
		r.onCatchUp(from, kind.CatchUp)
	case *Message_Piece:
		r.onPiece(from, kind.Piece)
	case *Message_Probe:
		r.onProbe(from, kind.Probe.At)
	case *Message_Echo:
		r.onEcho(from, kind.Echo.At)
	}
}

func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case electionTimer:
		if r.role != leader && r.election.OnTimer(r.now, r.out) {
			r.stand()
		}
	case pulseTimer:
		switch r.role {
		case candidate:
			r.prepare()
		case leader:
			r.heartbeat()
		}
	case forwardTimer:
		r.forwarder.OnTimer(r.now, r.out)
	default:
		r.onRepeatTimer(protocols.NodeID(id - repeatTimer))
	}
}

func (r *replica) send(to protocols.NodeID, ballot protocols.Ballot, kind isMessage_Kind) {
	r.out.Send(to, &Message{Ballot: uint64(ballot), Kind: kind})
}

// broadcast sends a message under the promised ballot to all others.
func (r *replica) broadcast(kind isMessage_Kind) {
	r.out.Broadcast(r.config.ID, r.config.Members, &Message{Ballot: uint64(r.promised), Kind: kind})
}
