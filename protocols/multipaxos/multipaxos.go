// Package multipaxos is Multi-Paxos: one instance of Paxos for each place in a log, and one
// phase 1, by a leader that stays, for all of them.
//
// A write costs one round trip from the leader to the nearest majority, and one more between the
// client's replica and the leader. A replica is follower, candidate or leader, and always an
// acceptor. Its messages are Prepare and Promise, Accept and Accepted, Refuse, Heartbeat and
// CatchUp; the commands of a follower's clients travel as package relay says.
//
// The rules, cited where they are kept:
//
//  1. A prepare, an accept or a heartbeat is heeded if its ballot is at least the highest
//     promised; the ballot is then promised. Otherwise it is refused, and the refusal tells the
//     promised ballot. A replica that has promised another's ballot is neither candidate nor
//     leader.
//  2. A ballot is used by one replica, once: a candidate promises to itself, and takes a ballot
//     above its own promise and above all it was refused with.
//  3. Promises and accepted commands are durable before anybody hears of them.
//  4. One prepare covers every instance from the first that the candidate does not know chosen;
//     the promise tells everything accepted there, with its ballot.
//  5. With promises of a majority the candidate leads. In every instance that one of them has
//     accepted, it proposes the command of the highest ballot again, under its own ballot, and a
//     no-op in the gaps between; only behind them new commands.
//  6. A command is chosen when a majority has accepted it under the leader's own ballot. What was
//     accepted under older ballots does not count, however often it stands.
//  7. Accepts are pipelined: each instance is chosen by itself, in whatever order. Commands take
//     effect in the order of the log. The leader replies when it has applied a command and does
//     not wait for followers to hear of the choice.
//  8. The commit index, up to which all instances are chosen, rides on accepts and heartbeats. A
//     follower takes an instance up to there for chosen if it has accepted it under the same
//     leader's ballot.
//  9. Where it has nothing, or a command of an older ballot, it asks the leader, who sends the
//     chosen command as an accept under its own ballot. That is safe: nothing else can be
//     accepted there under a higher ballot than that of the choice.
//  10. An accept that stays without an answer while its instance is not chosen is sent again.
//  11. Followers that hear nothing of a leader for a random time stand with a higher ballot; so
//     does a candidate that got no majority, and a leader that was refused.
//
// What differs from the papers: the commit index known is kept on disk beside what is accepted,
// so that a replica that comes back learns only what it has missed; in its first life the
// replica that is configured to lead stands at once.
//
// Sources: L. Lamport, Paxos made simple, 2001, section 3; R. van Renesse and D. Altinbuken,
// Paxos made moderately complex, 2015.
package multipaxos

//go:generate go run quorumbench/protocols/protogen protocols/multipaxos/multipaxos.proto

import (
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/relay"
)

// Driver is Multi-Paxos.
var Driver = protocols.Driver{
	Name:       "multipaxos",
	Summary:    "Multi-Paxos: one round trip from the leader to a majority, and one between client and leader",
	HasLeader:  true,
	New:        newReplica,
	Describe:   describe,
	Floor:      floor,
	Invariants: invariants,
}

// floor: the leader needs one round trip to a majority.
func floor(c protocols.Config) time.Duration {
	return relay.Floor(c.Delays, c.Leader, c.ID)
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
	relayTimer
	repeatTimer // and those after it: one for each replica, for accepts that it has not answered
)

type replica struct {
	config   protocols.Config
	majority int

	// The acceptor, on disk (rule 3). A candidate's or leader's own ballot is the promised one.
	promised protocols.Ballot
	log      instances

	// The learner.
	commit  uint64 // all instances up to here are known chosen
	applied uint64
	store   *kv.Store
	ahead   uint64        // the highest commit index heard of
	askAt   time.Duration // when a question for what is missing may be asked again

	// The proposer.
	role     role
	refused  protocols.Ballot // the highest ballot it was refused with
	promises quorum.Votes     // a candidate's
	found    instances        // a candidate's: the highest proposals promised, the first is that of commit+1
	repeats  []bool           // a leader's: which repeat timers are pending
	relay    *relay.Relay
	election *relay.ElectionTimer

	saved protocols.Ballot // the promise on disk
	now   time.Duration
	out   *protocols.Outbox
	in    Message // reused for decoding
}

func newReplica(c protocols.Config) protocols.Node {
	return &replica{
		config: c, majority: quorum.Majority(c.Replicas),
		store: kv.NewStore(),
		relay: relay.New(c, relayTimer, relay.Wire{
			Forward: func(f *relay.Forward) proto.Message { return &Message{Kind: &Message_Forward{Forward: f}} },
			Reply:   func(r *relay.Reply) proto.Message { return &Message{Kind: &Message_Reply{Reply: r}} },
		}),
		election: relay.NewElectionTimer(c, electionTimer),
		repeats:  make([]bool, c.Replicas),
	}
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.now, r.out = in.Now, out
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in.Data)
	case protocols.InputStart:
		r.start()
	case protocols.InputMessage:
		if protocols.Decode(in.Data, &r.in) == nil { // nothing but a replica of this driver sends; skip what is not ours
			r.onMessage(in.From, &r.in)
		}
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputCommand:
		if c := r.relay.Accept(in, out); r.role == leader {
			r.propose(r.config.ID, c)
		}
	}
	r.save()
}

func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	ballot := protocols.Ballot(m.Ballot)
	switch kind := m.Kind.(type) {
	case *Message_Forward:
		for _, c := range kind.Forward.Commands {
			if r.role == leader {
				r.propose(from, c)
			}
		}
	case *Message_Reply:
		r.relay.OnReply(kind.Reply, r.out)
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
		r.onPrepare(from, kind.Prepare)
	case *Message_Accept:
		r.follow(from)
		r.onAccept(from, kind.Accept)
	case *Message_Heartbeat:
		r.follow(from)
		r.learn(kind.Heartbeat.Commit)
	}
}

// onAnswer is a message about this replica's own ballot.
func (r *replica) onAnswer(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Promise:
		r.onPromise(from, kind.Promise.Accepted)
	case *Message_Accepted:
		r.onAccepted(from, kind.Accepted)
	case *Message_CatchUp:
		r.onCatchUp(from, kind.CatchUp.First)
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
	case relayTimer:
		r.relay.OnTimer(r.now, r.out)
	default:
		r.onRepeatTimer(protocols.NodeID(id - repeatTimer))
	}
}

func (r *replica) send(to protocols.NodeID, ballot protocols.Ballot, kind isMessage_Kind) {
	r.out.Send(to, &Message{Ballot: uint64(ballot), Kind: kind})
}

// broadcast sends a request under this replica's own ballot.
func (r *replica) broadcast(kind isMessage_Kind) {
	r.out.Broadcast(r.config.ID, r.config.Replicas, &Message{Ballot: uint64(r.promised), Kind: kind})
}
