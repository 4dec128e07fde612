// Package raft is Raft: a leader, elected for a term, appends its clients' commands to its log
// and copies the log to its followers; an entry that stands on a majority is committed.
//
// A write costs one round trip from the leader to the nearest majority, and one more between the
// client's replica and the leader. A replica is follower, candidate or leader. Its messages are
// RequestVote and Vote, AppendEntries with Appended or Rejected; the commands of a follower's
// clients travel as package relay says.
//
// The rules, cited where they are kept:
//
//  1. Whoever hears of a higher term adopts it and is a follower. Requests of a lower term are
//     refused with the own term, answers of a lower term are ignored.
//  2. A replica votes for at most one candidate in a term.
//  3. Election restriction: it refuses its vote to a candidate whose log is less recent than its
//     own, so that a leader has every committed entry.
//  4. Term, vote and entries are durable before anybody hears of them.
//  5. A follower appends entries only behind the entry that stands before them in the leader's
//     log. It removes its own only where one conflicts with the leader's: an append that comes
//     late, or twice, shortens nothing.
//  6. A follower confirms the index up to which it has compared its log with the leader's, not
//     the end of its log.
//  7. The leader commits by counting replicas only an entry of its own term; those before it are
//     committed with it (section 5.4.2 and figure 8).
//  8. So that there is one, a leader's term begins with a no-op.
//  9. A follower's commit index follows the leader's, as far as rule 6 reaches.
//  10. Appends are pipelined: the leader takes what it has sent for received and sends the next
//     entries at once. An append that overtakes another waits at the follower, which asks for
//     what is missing. Refused because the logs differ, the leader falls back to probing: one
//     append at a time, first behind the place the follower hints at, until the logs meet.
//  11. Every heartbeat is an append at the place where the follower should be: it repairs what
//     was lost, and carries the commit index when there are no writes.
//  12. Entries take effect in the order of the log, from the first. The leader replies when it
//     has applied an entry and does not wait for followers to hear of the commit.
//
// What differs from the paper: answers carry the index they are about, because messages here may
// be doubled and overtake each other; rejections are a message of their own, with the hint that
// the end of section 5.3 sketches; clients talk to their nearest replica, not to the leader; in
// its first life the replica that is configured to lead stands at once. A candidate asks those
// who have not granted their votes again; there is no separate retransmission of appends but rule 11.
//
// Sources: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm
// (extended version), 2014, whose sections are cited; D. Ongaro, Consensus: Bridging Theory and
// Practice, 2014, section 10.2.1 for pipelining.
package raft

//go:generate go run quorumbench/protocols/protogen protocols/raft/raft.proto

import (
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/relay"
)

// Driver is Raft.
var Driver = protocols.Driver{
	Name:       "raft",
	Summary:    "Raft: one round trip from the leader to a majority, and one between client and leader",
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
	pulseTimer                      // a leader's heartbeat, a candidate's repeated request
	relayTimer
)

// state is what a replica has promised about elections.
type state struct {
	term     uint64
	votedFor protocols.NodeID // in that term; Nobody: its vote is free
}

type replica struct {
	config   protocols.Config
	majority int

	// On disk (rule 4).
	state
	log entryLog

	role     role
	commit   uint64
	store    *kv.Store
	relay    *relay.Relay
	election *relay.ElectionTimer
	votes    quorum.Votes // a candidate's
	peers    []peer       // a leader's
	matches  []uint64     // scratch of advanceCommit

	early map[uint64]*AppendEntries // a follower's: of this term, behind a gap, by PrevIndex

	saved state // what of it is on disk
	now   time.Duration
	out   *protocols.Outbox
	in    Message // reused for decoding
}

func newReplica(c protocols.Config) protocols.Node {
	return &replica{
		config: c, majority: quorum.Majority(c.Replicas),
		state: state{votedFor: protocols.Nobody}, saved: state{votedFor: protocols.Nobody},
		store: kv.NewStore(),
		relay: relay.New(c, relayTimer, relay.Wire{
			Forward: func(f *relay.Forward) proto.Message { return &Message{Kind: &Message_Forward{Forward: f}} },
			Reply:   func(r *relay.Reply) proto.Message { return &Message{Kind: &Message_Reply{Reply: r}} },
		}),
		election: relay.NewElectionTimer(c, electionTimer),
		peers:    make([]peer, c.Replicas),
		matches:  make([]uint64, c.Replicas),
		early:    map[uint64]*AppendEntries{},
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
	if m.Term > r.term { // rule 1
		r.adopt(m.Term)
	}
	switch kind := m.Kind.(type) {
	case *Message_RequestVote:
		r.onRequestVote(from, m.Term, kind.RequestVote)
	case *Message_AppendEntries:
		r.onAppendEntries(from, m.Term, kind.AppendEntries)
	case *Message_Forward:
		for _, c := range kind.Forward.Commands {
			if r.role == leader {
				r.propose(from, c)
			}
		}
	case *Message_Reply:
		r.relay.OnReply(kind.Reply, r.out)
	}
	if m.Term < r.term { // rule 1
		return
	}
	switch kind := m.Kind.(type) {
	case *Message_Vote:
		r.onVote(from, kind.Vote.Granted)
	case *Message_Appended:
		r.onAppended(from, kind.Appended.Index)
	case *Message_Rejected:
		r.onRejected(from, kind.Rejected)
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
			r.requestVotes()
		case leader:
			r.heartbeat()
		}
	case relayTimer:
		r.relay.OnTimer(r.now, r.out)
	}
}

func (r *replica) send(to protocols.NodeID, kind isMessage_Kind) {
	r.out.Send(to, &Message{Term: r.term, Kind: kind})
}

// others calls do for every replica but this one, in the order of their numbers.
func (r *replica) others(do func(protocols.NodeID)) {
	for id := range protocols.NodeID(r.config.Replicas) {
		if id != r.config.ID {
			do(id)
		}
	}
}
