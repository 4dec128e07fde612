// Package relay is what drivers with a leader share: how a command gets from the replica its
// client is beside to the leader, how the result gets back, and when a follower gives its leader
// up.
//
// The rules of a Relay, cited where they are kept:
//
//  1. A command that was accepted is answered exactly once, by the first to tell of its result:
//     the leader's reply or the replica's own state machine. A command accepted again while it
//     waits is still the same one.
//  2. A follower forwards a command at once to the leader it knows; without one the command
//     waits. When another leader is known, or the same leads again, all that wait are forwarded
//     to it, in the order accepted.
//  3. What has waited for longer than an answer can take is forwarded again, and waits twice as
//     long the next time, up to sixteen times: a message was lost, or the network is slow. A
//     replica that does not lead drops what is forwarded to it.
//  4. A leader proposes a command once while it leads, however often it is handed over; a new
//     leadership begins with nothing under way, because another leader may have overwritten it.
//  5. The leader replies as soon as it has applied the command, to the replica that handed it
//     over last.
package relay

//go:generate go run quorumbench/protocols/protogen protocols/relay/relay.proto

import (
	"bytes"
	"cmp"
	"container/list"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// ID returns which command c is.
func (c *Command) ID() protocols.CommandID {
	return protocols.CommandID{Client: c.Client, Seq: c.Seq}
}

// Wire puts the relay's messages into the message type of a driver.
type Wire struct {
	Forward func(*Forward) proto.Message
	Reply   func(*Reply) proto.Message
}

// Relay keeps the commands of a replica's clients until they are answered and, while the replica
// leads, knows where each command under way came from. Not safe for use by several goroutines.
type Relay struct {
	self   protocols.NodeID
	leader protocols.NodeID
	delays protocols.Delays
	quorum quorum.System // that the leader needs a round trip to
	wire   Wire

	queue    *list.List // of *waiting, the earliest due first
	waiting  map[protocols.CommandID]*list.Element
	accepted uint64 // how many commands were, ever
	timer    protocols.TimerID
	fires    time.Duration // when the timer does; 0: it is not set

	underway map[protocols.CommandID]protocols.NodeID // at the leader: who handed it over
}

// mostDoublings is how often the patience with an answer is doubled: a slow network must not be
// flooded with repetitions.
const mostDoublings = 4

type waiting struct {
	command *Command
	number  uint64        // in the order accepted
	due     time.Duration // when it is to be forwarded again
	again   int           // how often it was
}

// New returns a relay that knows no leader. Of quorums the leader needs one to get a command decided: what an
// answer may take follows from it. The timer is one that the driver uses for nothing else.
func New(c protocols.Config, quorums quorum.System, timer protocols.TimerID, wire Wire) *Relay {
	return &Relay{
		self: c.ID, leader: protocols.Nobody, delays: c.Delays, quorum: quorums, wire: wire, timer: timer,
		queue: list.New(), waiting: map[protocols.CommandID]*list.Element{},
		underway: map[protocols.CommandID]protocols.NodeID{},
	}
}

// Leader is the replica that commands are forwarded to, Nobody if none is known.
func (r *Relay) Leader() protocols.NodeID { return r.leader }

// Accept takes a client's command and forwards it if another replica leads. It returns the
// command with bytes of its own, for a leader to propose.
func (r *Relay) Accept(in *protocols.Input, out *protocols.Outbox) *Command {
	if e := r.waiting[in.Command]; e != nil { // rule 1
		return e.Value.(*waiting).command
	}
	c := &Command{Client: in.Command.Client, Seq: in.Command.Seq, Data: bytes.Clone(in.Data)}
	r.accepted++
	r.waiting[in.Command] = r.insert(&waiting{command: c, number: r.accepted, due: in.Now + r.patience()})
	if r.remote() {
		r.forward(in.Now, out, c)
	}
	return c
}

// Lead tells who leads, Nobody if that is not known; a replica that begins to lead names itself
// and then proposes what Waiting returns. To be called whenever a leadership begins or ends.
func (r *Relay) Lead(leader protocols.NodeID, now time.Duration, out *protocols.Outbox) {
	r.leader = leader
	clear(r.underway) // rule 4
	if !r.remote() || r.queue.Len() == 0 {
		return
	}
	var commands []*Command
	for _, e := range r.inOrder() { // all are due at the same time from now on
		w := e.Value.(*waiting)
		w.due, w.again = now+r.patience(), 0
		r.queue.MoveToBack(e)
		commands = append(commands, w.command)
	}
	r.fires = 0                      // it may be set for the patience with a leader farther away
	r.forward(now, out, commands...) // rule 2
}

// Waiting returns the commands accepted and not answered, in the order accepted.
func (r *Relay) Waiting() []*Command {
	commands := make([]*Command, 0, r.queue.Len())
	for _, e := range r.inOrder() {
		commands = append(commands, e.Value.(*waiting).command)
	}
	return commands
}

// inOrder returns what is in the queue in the order accepted, which is not that of the queue once
// commands have been forwarded again.
func (r *Relay) inOrder() []*list.Element {
	elements := make([]*list.Element, 0, r.queue.Len())
	for e := r.queue.Front(); e != nil; e = e.Next() {
		elements = append(elements, e)
	}
	slices.SortFunc(elements, func(a, b *list.Element) int {
		return cmp.Compare(a.Value.(*waiting).number, b.Value.(*waiting).number)
	})
	return elements
}

// OnTimer forwards again what has waited too long (rule 3).
func (r *Relay) OnTimer(now time.Duration, out *protocols.Outbox) {
	r.fires = 0
	if !r.remote() || r.queue.Len() == 0 {
		return
	}
	var late []*Command
	for e := r.queue.Front(); e.Value.(*waiting).due <= now; e = r.queue.Front() {
		w := r.queue.Remove(e).(*waiting)
		w.again = min(w.again+1, mostDoublings)
		w.due = now + r.patience()<<w.again
		r.waiting[w.command.ID()] = r.insert(w)
		late = append(late, w.command)
		out.Mark(w.command.ID(), protocols.MarkRetried)
	}
	r.forward(now, out, late...)
}

// insert puts a command into the queue.
func (r *Relay) insert(w *waiting) *list.Element {
	e := r.queue.Back()
	for e != nil && e.Value.(*waiting).due > w.due {
		e = e.Prev()
	}
	if e == nil {
		return r.queue.PushFront(w)
	}
	return r.queue.InsertAfter(w, e)
}

// OnReply takes a result from the leader, and tells whether it was awaited: its client has now been
// answered.
func (r *Relay) OnReply(m *Reply, out *protocols.Outbox) (answered bool) {
	return r.answer(protocols.CommandID{Client: m.Client, Seq: m.Seq}, m.Result, out)
}

// Admit tells a leader whether to propose a command that from, or a client of its own, has
// handed over: not if it is under way (rule 4).
func (r *Relay) Admit(from protocols.NodeID, c *Command) bool {
	_, known := r.underway[c.ID()]
	r.underway[c.ID()] = from
	return !known
}

// OnApplied takes the result of a command from the replica's own state machine, answers it if
// it waits here, and replies to the replica that handed it over. It tells whether a client beside
// this replica has now been answered.
func (r *Relay) OnApplied(id protocols.CommandID, result []byte, out *protocols.Outbox) (answered bool) {
	answered = r.answer(id, result, out)
	if from, known := r.underway[id]; known {
		delete(r.underway, id)
		if from != r.self { // rule 5
			out.Send(from, r.wire.Reply(&Reply{Client: id.Client, Seq: id.Seq, Result: result}))
		}
	}
	return answered
}

func (r *Relay) answer(id protocols.CommandID, result []byte, out *protocols.Outbox) (answered bool) {
	e := r.waiting[id]
	if e == nil {
		return false
	}
	delete(r.waiting, id)
	r.queue.Remove(e)
	out.Answer(id, result)
	return true
}

// remote tells whether there is another replica to forward to.
func (r *Relay) remote() bool { return r.leader != protocols.Nobody && r.leader != r.self }

// patience is how long the answer to a forwarded command may take.
func (r *Relay) patience() time.Duration {
	if !r.remote() {
		return 0
	}
	return protocols.Retry(QuorumFloor(r.delays, r.quorum, r.leader, r.self))
}

// forward sends commands to the leader. The timer is left alone if it fires early: OnTimer then finds
// nothing due and sets it for the next.
func (r *Relay) forward(now time.Duration, out *protocols.Outbox, commands ...*Command) {
	for len(commands) > 0 {
		batch := Batch(commands, func(c *Command) int { return len(c.Data) })
		out.Send(r.leader, r.wire.Forward(&Forward{Commands: batch}))
		commands = commands[len(batch):]
	}
	if due := r.queue.Front().Value.(*waiting).due; r.fires == 0 || due < r.fires {
		out.SetTimer(r.timer, due-now)
		r.fires = due
	}
}

// Floor is the QuorumFloor of a leader that needs a majority: a driver's Floor, if it has nothing to
// add.
func Floor(c protocols.Config) time.Duration {
	return QuorumFloor(c.Delays, quorum.Majority(c.All()), c.Leader, c.ID)
}

// QuorumFloor is the least time a write can take under a leader that needs one round trip to a
// quorum: to the leader, to its nearest quorum and back, and to the client again.
func QuorumFloor(d protocols.Delays, s quorum.System, leader, in protocols.NodeID) time.Duration {
	floor := d.QuorumRoundTrip(leader, s)
	if in != leader {
		floor += d.RoundTrip(in, leader)
	}
	return floor
}
