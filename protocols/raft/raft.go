// Package raft is Raft: a leader, elected for a term, appends its clients' commands to its log
// and copies the log to its followers; an entry that stands on a majority is committed.
//
// A write costs one round trip from the leader to the nearest majority, and one more between the
// client's replica and the leader. A replica is follower, candidate or leader. Its messages are
// RequestVote and Vote, AppendEntries with Appended or Rejected; the commands of a follower's
// clients travel as package forward says.
//
// The rules, cited where they are kept:
//
//  1. Whoever hears of a higher term adopts it and is a follower. Requests of a lower term are
//     refused with the own term, answers of a lower term are ignored.
//  2. A replica votes for at most one candidate in a term.
//  3. Election restriction: it refuses its vote to a candidate whose log is less recent than its
//     own, so that a leader has every committed entry.
//  4. Term and vote are durable before anybody hears of them, and a follower's entries before it
//     confirms them. A leader sends its entries while it writes them to its own disk, and counts
//     itself among those who hold them when they are durable there (Ongaro 2014, section 10.2.1).
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
// Snapshots:
//
//  13. When enough has been applied since the last one, the state machine takes the place of the log
//     that led to it, on disk and in memory, but for a tail for followers that are a little late. A
//     leader also keeps, up to mostKept bytes, what a follower that answers has not confirmed, and what
//     stands behind a snapshot that somebody fetches.
//  14. A follower that lacks entries which have been removed hears in every heartbeat which snapshot is
//     on offer, and asks for it piece by piece, as package snapshot says. The same piece is sent again
//     only when it would have come: a slow link is not flooded. Nor is it by appends: a follower that is
//     behind gets the next when it has answered the last, small ones at first.
//  15. It takes over a snapshot only if that covers more than it has applied, and keeps the entries
//     behind it if its log has the snapshot's last entry.
//
// Reads that leave no entry in the log, with the option reads:
//
//  16. A leader knows what is committed only once an entry of its own term is.
//  17. It answers a read from its state when all that was committed as the read came is applied, and a
//     majority has confirmed a round of heartbeats begun since: it still led then.
//  18. Under a lease it does not wait for that round: for nine tenths of an election timeout from the
//     beginning of a confirmed round nobody else is elected, since by rule 21 those who confirmed it
//     refuse their votes, if no two clocks' rates differ by more than a tenth. Having told a successor
//     to stand (rule 27) it has no lease in that term.
//
// Elections that disturb nobody, each with its option:
//
//  19. PreVote: a replica stands only if a majority says that it would vote for it in the next term.
//  20. CheckQuorum: a leader that has not heard from a majority for an election timeout resigns.
//  21. A replica that hears a leader refuses its vote, whatever the term.
//  22. Revert: who refuses a vote does not adopt the candidate's term.
//  23. A candidate that was refused takes its term and vote back to the pair before, and asks those
//     who voted for it to do the same. They do if theirs is still exactly that pair and no leader of
//     that term was heard; if they have moved on they forget that pair. A vote that comes later is
//     answered in the same way and does not count.
//  24. The highest term that a replica ever stood in is durable, and it never stands in one again.
//  25. A candidate gives way to a leader of the term that it came from.
//
// Transfer, unless the option is off:
//
//  26. A leader that is not the configured one hands over once that one has kept pace for a while.
//  27. From then on it proposes nothing, tells its successor to stand as soon as it has everything,
//     and goes on itself if nothing has come of it after a few heartbeats.
//
// What differs from the paper: answers carry the index they are about, because messages here may
// be doubled and overtake each other; rejections are a message of their own, with the hint that
// the end of section 5.3 sketches; clients talk to their nearest replica, not to the leader; in
// its first life the replica that is configured to lead stands at once. A candidate asks those
// who have not granted their votes again. An append is sent again when its follower says what is
// missing (rule 10), which a heartbeat makes it say if nothing else does (rule 11): no timer belongs to
// an append.
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
	"quorumbench/protocols/election"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/snapshot"
)

// Driver is Raft.
var Driver = protocols.Driver{
	Name:       "raft",
	Summary:    "Raft: one round trip from the leader to a majority, and one between client and leader",
	HasLeader:  true,
	Options:    func(int) any { return &Options{Reads: readsLog, Transfer: true} },
	Quorums:    quorums,
	Meeting:    []quorum.Meeting{{quorum.Election, quorum.Election}, {quorum.Election, quorum.Write}}, // rules 2, 3
	New:        newReplica,
	Describe:   describe,
	Floor:      floor,
	Invariants: invariants,
}

// quorums returns the voters who elect a leader, and the holders of an entry who commit it.
func quorums(c protocols.Config) quorum.Roles {
	majority := quorum.Majority(c.All())
	return quorum.Roles{quorum.Election: majority, quorum.Write: majority}
}

// floor: the leader needs one round trip to those who hold the entry then.
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

// Timers.
const (
	electionTimer protocols.TimerID = iota + 1
	pulseTimer                      // a leader's heartbeat, a candidate's repeated request
	forwardTimer
)

type replica struct {
	config   protocols.Config
	voters   quorum.System // who elect a leader
	holders  quorum.System // who hold an entry that is then committed
	patience time.Duration // within which a leader must make itself heard

	preVotes, checksQuorum, reverts, transfers bool
	reads                                      string

	// On disk (rule 4).
	state
	log      entryLog
	snapshot storedSnapshot

	role      role
	commit    uint64 // all up to here is applied
	store     *kv.Store
	grown     int // bytes of commands applied since the snapshot
	forwarder *forward.Forwarder
	election  *election.Timer
	heard     time.Duration // when it last heard a leader

	// A candidate's.
	campaigned  time.Duration // when it began to campaign
	votes       quorum.Set
	refusals    quorum.Set
	transferred bool // the leader has told it to stand

	// Of revert.
	before    []pair // those before the present one, in terms in which nothing happened
	abandoned uint64 // the last term it has abandoned as a candidate, in this life

	// A leader's.
	durable  uint64 // its log is on its own disk up to here
	peers    []peer
	matches  []uint64 // scratch of advanceCommit: by replica
	handover handover
	waiting  []read
	round    uint64          // of confirmations
	offer    snapshot.Sender // the snapshot that followers fetch

	// A follower's.
	early   early
	arrival snapshot.Receiver // of the leader's snapshot

	saved state // what of it is on disk
	now   time.Duration
	out   *protocols.Outbox
	in    Message // reused for decoding
}

func newReplica(c protocols.Config) protocols.Node {
	nothing := state{pair: pair{votedFor: protocols.Nobody}}
	patience := c.Delays.ElectionTimeout()
	chosen := c.Options.(*Options)
	return &replica{
		config: c, voters: c.Quorums[quorum.Election], holders: c.Quorums[quorum.Write], patience: patience,
		preVotes: chosen.PreVote, reverts: chosen.Revert,
		checksQuorum: chosen.CheckQuorum || chosen.Reads == readsLease,
		transfers:    chosen.Transfer,
		reads:        chosen.Reads,
		state:        nothing, saved: nothing, heard: -patience,
		store: kv.NewStore(),
		forwarder: forward.New(c, c.Quorums[quorum.Write], forwardTimer, forward.Wire{
			Forward: func(f *forward.Forward) proto.Message { return &Message{Kind: &Message_Forward{Forward: f}} },
			Reply:   func(r *forward.Reply) proto.Message { return &Message{Kind: &Message_Reply{Reply: r}} },
		}),
		election: election.NewTimer(c, electionTimer),
		peers:    make([]peer, c.Size()),
		matches:  make([]uint64, c.Size()),
	}
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
		if protocols.Decode(in.Data, &r.in) == nil && r.plausible(in.From, &r.in) { // skip what is not ours
			r.onMessage(in.From, &r.in)
		}
	case protocols.InputTimer:
		r.onTimer(in.Timer)
	case protocols.InputDurable:
		r.onDurable(in.Notice)
	case protocols.InputCommand:
		if c := r.forwarder.Accept(in, out); r.role == leader {
			r.propose(r.config.ID, c)
		}
	}
	if len(r.waiting) > 0 {
		r.attendReads()
	}
	if r.role != leader { // which has marked it already
		for _, a := range out.Answers[answered:] {
			out.Mark(a.ID, protocols.MarkApplied)
		}
	}
	r.save()
}

func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) { // those that decide themselves about the sender's term, or have none
	case *Message_RequestVote:
		r.onRequestVote(from, m.Term, kind.RequestVote)
		return
	case *Message_Vote:
		r.onVote(from, m.Term, kind.Vote)
		return
	case *Message_Revert:
		r.onRevert(from, kind.Revert)
		return
	case *Message_Forward:
		for _, c := range kind.Forward.Commands {
			if r.role == leader {
				r.propose(from, c)
			}
		}
		return
	case *Message_Reply:
		r.forwarder.OnReply(kind.Reply, r.out)
		return
	}
	if m.Term > r.term { // rule 1
		r.enter(pair{m.Term, protocols.Nobody})
	}
	r.onRequest(from, m)
	if m.Term < r.term { // rule 1
		return
	}
	r.onAnswer(from, m)
}

// onRequest handles what asks for an answer, in whatever term.
func (r *replica) onRequest(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_AppendEntries:
		if r.obey(from, m.Term) {
			r.onAppendEntries(from, kind.AppendEntries)
		}
	case *Message_InstallSnapshot:
		if r.obey(from, m.Term) {
			r.onInstallSnapshot(from, kind.InstallSnapshot)
		}
	case *Message_Confirm:
		if r.obey(from, m.Term) {
			r.onConfirm(from, kind.Confirm)
		}
	case *Message_PreVote:
		r.onPreVote(from, m.Term, kind.PreVote)
	}
}

// onAnswer handles what belongs to the present term.
func (r *replica) onAnswer(from protocols.NodeID, m *Message) {
	r.peers[from].heard = r.now
	switch kind := m.Kind.(type) {
	case *Message_PreVoted:
		r.onPreVoted(from, kind.PreVoted.Granted)
	case *Message_Appended:
		r.onAppended(from, kind.Appended.Index)
	case *Message_Rejected:
		r.onRejected(from, kind.Rejected)
	case *Message_Ask:
		r.onAsk(from, kind.Ask)
	case *Message_Confirmed:
		r.onConfirmed(from, kind.Confirmed)
	case *Message_TimeoutNow:
		r.onTimeoutNow(from)
	}
}

func (r *replica) onTimer(id protocols.TimerID) {
	switch id {
	case electionTimer:
		if r.role != leader && r.election.OnTimer(r.now, r.out) {
			r.campaign()
		}
	case pulseTimer:
		r.onPulse()
	case forwardTimer:
		r.forwarder.OnTimer(r.now, r.out)
	}
}

func (r *replica) onPulse() {
	switch r.role {
	case precandidate:
		r.requestPreVotes()
	case candidate:
		r.requestVotes()
	case leader:
		if r.checksQuorum && !r.hearsQuorum() { // rule 20
			r.resign()
			return
		}
		r.considerHandover()
		r.heartbeat()
	}
}

func (r *replica) send(to protocols.NodeID, kind isMessage_Kind) {
	r.out.Send(to, &Message{Term: r.term, Kind: kind})
}

// others calls do for every replica but this one, in the order of their numbers.
func (r *replica) others(do func(protocols.NodeID)) {
	for _, id := range r.config.Members {
		if id != r.config.ID {
			do(id)
		}
	}
}
