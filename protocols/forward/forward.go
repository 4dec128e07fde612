// Package forward is for drivers with a leader: it takes a client's command from the replica that the
// client asked to the leader, and the result back.
//
// The rules of a Forwarder, cited where they are implemented:
//
//  1. An accepted command is answered exactly once: by the leader's reply or by the replica's own
//     state machine, whichever comes first. A command that is accepted again while it waits for its
//     answer is the same command.
//  2. A follower forwards a command at once to the leader it knows. If it knows none, the command
//     waits. When the leader changes, or the same replica leads again, all waiting commands are
//     forwarded to it, in the order in which they were accepted.
//  3. A command without an answer after the retry timeout is forwarded again, unless it was released. The timeout doubles
//     with each repetition, up to four times the first: a message was lost, or the network is
//     slow. A replica that does not lead drops what is forwarded to it.
//  4. A leader proposes a command once per leadership, however often it is handed over. A new
//     leadership begins with no command proposed, because another leader may have overwritten it.
//  5. The leader replies as soon as it has applied the command, to the replica that forwarded it
//     last.
//  6. Nobody tells a replica who leads that is no member of the cluster, or does not know yet that it is none any more. It goes
//     by the leader that it knows, and takes the next replica for the leader when a command has been forwarded twice in vain
//     since that last replied. The guess stays until the driver knows a leader.
package forward

//go:generate go run quorumbench/protocols/protogen -borrow -reuse Command,Forward protocols/forward/forward.proto

import (
	"bytes"
	"cmp"
	"container/list"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/quorum"
)

// ID returns the client and the sequence number that identify the command.
func (c *Command) ID() protocols.CommandID {
	return protocols.CommandID{Client: c.Client, Seq: c.Seq}
}

// Wire wraps the messages of this package into the message type of a driver.
type Wire struct {
	Forward func(*Forward) proto.Message
	Reply   func(*Reply) proto.Message
}

// Forwarder holds the commands of a replica's clients until they are answered. While the replica
// leads, it also knows which replica forwarded each proposed command. Not safe for use by several
// goroutines.
type Forwarder struct {
	self     protocols.NodeID
	leader   protocols.NodeID
	untold   bool          // nobody tells this replica who leads: the leader is a guess (rule 6)
	heard    uint64        // of an untold one: how many commands had been accepted when the leader last replied
	replicas int           // how many may lead, this one included
	retry    time.Duration // the retry timeout while it leads: how long the reply to a command that is forwarded for the first time may take; 0 if no other replica leads
	delays   protocols.Delays
	quorum   quorum.System // the leader needs a round trip to one of its quorums for each command
	wire     Wire
	limits   flow.Limits

	// queues hold every *waiting, by its retries. All in one wait for the same time, so that each queue is in the order of
	// retryAt while another replica leads: a command that is forwarded goes behind the others without looking at them.
	queues   [maxRetryShift + 1]list.List
	waiting  map[protocols.CommandID]*list.Element
	accepted uint64 // how many commands were accepted so far
	timer    protocols.TimerID
	timerAt  time.Duration // when the timer fires; 0 if it is not set

	proposed map[protocols.CommandID]protocols.NodeID // of a leader: commands proposed and not applied, and who forwarded each last
}

// maxRetryShift caps the retry timeout at 4 (1<<2) times the first one: a slow network is not flooded with
// repetitions, and on a lossy one no command waits long for the next.
const maxRetryShift = 2

// waiting is an accepted command without an answer.
type waiting struct {
	command *Command
	number  uint64        // its place in the order of acceptance
	retryAt time.Duration // when it is forwarded again
	retries int           // how often it was forwarded again, up to maxRetryShift
}

// New returns a Forwarder that knows no leader. The leader needs a quorum of quorums to commit a command;
// the retry timeout is computed from the delay of that. The timer must not be used by the driver for
// anything else.
func New(c protocols.Config, quorums quorum.System, timer protocols.TimerID, wire Wire) *Forwarder {
	return &Forwarder{
		self: c.ID, leader: protocols.Nobody, replicas: c.MostReplicas(), delays: c.Delays, quorum: quorums, wire: wire, limits: c.Limits, timer: timer,
		waiting:  map[protocols.CommandID]*list.Element{},
		proposed: map[protocols.CommandID]protocols.NodeID{},
	}
}

// Leader returns the leader as Lead was told last, Nobody if none is known: a guess is none (rule 6).
func (f *Forwarder) Leader() protocols.NodeID {
	if f.untold {
		return protocols.Nobody
	}
	return f.leader
}

// Accept takes an InputCommand and forwards the command if another replica leads. It returns a copy of
// the command, for a leader to propose.
func (f *Forwarder) Accept(in *protocols.Input, out *protocols.Outbox) *Command {
	if e := f.waiting[in.Command]; e != nil { // rule 1: it is the same command
		return e.Value.(*waiting).command
	}
	c := &Command{Client: in.Command.Client, Seq: in.Command.Seq, Data: bytes.Clone(in.Data)}
	f.accepted++
	f.enqueue(&waiting{command: c, number: f.accepted, retryAt: in.Now + f.retry})
	if f.hasRemoteLeader() {
		f.send(in.Now, out, c)
	}
	return c
}

// Lead sets the leader, Nobody if it is not known, and forwards all waiting commands to it (rule 2). A
// replica that begins to lead names itself, and then proposes what Waiting returns. To be called
// whenever a leadership begins or ends.
func (f *Forwarder) Lead(leader protocols.NodeID, now time.Duration, out *protocols.Outbox) {
	f.untold = false
	f.lead(leader, now, out)
}

// Guess notes that nobody tells this replica who leads, until Lead is called. It goes by the leader that it knows, or takes one
// replica after the other for it (rule 6). To be called again and again as long as it hears nobody.
func (f *Forwarder) Guess(now time.Duration, out *protocols.Outbox) {
	if f.untold = true; f.leader == protocols.Nobody {
		f.guessNext(now, out)
	}
}

// guessNext takes the next replica for the leader (rule 6).
func (f *Forwarder) guessNext(now time.Duration, out *protocols.Outbox) {
	next := (f.leader + 1) % protocols.NodeID(f.replicas)
	if next == f.self {
		next = (next + 1) % protocols.NodeID(f.replicas)
	}
	f.lead(next, now, out)
}

// lead is Lead, for a leader that may be a guess.
func (f *Forwarder) lead(leader protocols.NodeID, now time.Duration, out *protocols.Outbox) {
	f.leader, f.retry, f.heard = leader, 0, 0
	if f.hasRemoteLeader() {
		f.retry = protocols.Retry(QuorumFloor(f.delays, f.quorum, leader, f.self))
	}
	clear(f.proposed) // rule 4: a new leadership begins with no command proposed
	if !f.hasRemoteLeader() || len(f.waiting) == 0 {
		return
	}
	all := f.inOrder()
	for i := range f.queues {
		f.queues[i].Init()
	}
	commands := make([]*Command, 0, len(all))
	for _, w := range all {
		w.retryAt, w.retries = now+f.retry, 0
		f.enqueue(w)
		commands = append(commands, w.command)
	}
	f.timerAt = 0 // it may be set for a leader farther away, whose answers take longer
	f.send(now, out, commands...)
}

// Waiting returns the commands accepted and not answered, in the order in which they were accepted.
func (f *Forwarder) Waiting() []*Command {
	commands := make([]*Command, 0, len(f.waiting))
	for _, w := range f.inOrder() {
		commands = append(commands, w.command)
	}
	return commands
}

// inOrder returns what waits in the order in which the commands were accepted. The queues are in another order once commands
// have been forwarded again.
func (f *Forwarder) inOrder() []*waiting {
	all := make([]*waiting, 0, len(f.waiting))
	for i := range f.queues {
		for e := f.queues[i].Front(); e != nil; e = e.Next() {
			all = append(all, e.Value.(*waiting))
		}
	}
	slices.SortFunc(all, func(a, b *waiting) int { return cmp.Compare(a.number, b.number) })
	return all
}

// OnTimer forwards the commands again whose retry timeout has passed, and doubles that (rule 3).
func (f *Forwarder) OnTimer(now time.Duration, out *protocols.Outbox) {
	f.timerAt = 0
	if !f.hasRemoteLeader() || len(f.waiting) == 0 {
		return
	}
	var late []*Command
	for w := f.next(); w.retryAt <= now; w = f.next() {
		if f.untold && w.retries > 0 && w.number > f.heard { // rule 6
			f.guessNext(now, out)
			return
		}
		f.dequeue(w)
		w.retries = min(w.retries+1, maxRetryShift)
		w.retryAt = now + f.retry<<w.retries
		f.enqueue(w)
		late = append(late, w.command)
		out.Mark(w.command.ID(), protocols.MarkRetried)
	}
	f.send(now, out, late...)
}

// enqueue puts a command into the queue of its retries, behind those that wait there.
func (f *Forwarder) enqueue(w *waiting) { f.waiting[w.command.ID()] = f.queues[w.retries].PushBack(w) }

// dequeue removes a command that waits.
func (f *Forwarder) dequeue(w *waiting) {
	id := w.command.ID()
	f.queues[w.retries].Remove(f.waiting[id])
	delete(f.waiting, id)
}

// next returns the command that is to be forwarded again first, nil if none waits. Of several at the same time it is the one
// that was forwarded first, which waits for longer.
func (f *Forwarder) next() (first *waiting) {
	for i := len(f.queues) - 1; i >= 0; i-- {
		if e := f.queues[i].Front(); e != nil && (first == nil || e.Value.(*waiting).retryAt < first.retryAt) {
			first = e.Value.(*waiting)
		}
	}
	return first
}

// OnReply handles the leader's reply. It returns true if the command was waiting, and has now been
// answered to its client.
func (f *Forwarder) OnReply(m *Reply, out *protocols.Outbox) (answered bool) {
	if f.untold {
		f.heard = f.accepted
	}
	return f.answer(protocols.CommandID{Client: m.Client, Seq: m.Seq}, m.Result, out)
}

// Release lets go of a command that waits, which the driver answers itself: it is not forwarded again. A driver calls it that
// has the leader's word for when the command may be answered, and does not Accept it again until then.
func (f *Forwarder) Release(id protocols.CommandID) {
	if e := f.waiting[id]; e != nil {
		f.dequeue(e.Value.(*waiting))
	}
}

// Admit returns true if the leader shall propose a command that was handed over by replica from, or by
// a client of this replica: not if it has proposed it already in this leadership (rule 4).
func (f *Forwarder) Admit(from protocols.NodeID, c *Command) bool {
	_, known := f.proposed[c.ID()]
	f.proposed[c.ID()] = from
	return !known
}

// OnApplied takes the result of a command from the replica's own state machine. It answers the command
// if it waits here, and replies to the replica that forwarded it (rule 5). It returns true if a client
// of this replica has now been answered.
func (f *Forwarder) OnApplied(id protocols.CommandID, result []byte, out *protocols.Outbox) (answered bool) {
	answered = f.answer(id, result, out)
	if from, known := f.proposed[id]; known {
		delete(f.proposed, id)
		if from != f.self {
			out.Send(from, f.wire.Reply(&Reply{Client: id.Client, Seq: id.Seq, Result: result}))
		}
	}
	return answered
}

// CheckOpen is for the invariants of drivers. It returns an error if a command is noted as proposed that is not among those
// that are open at this replica, which are proposed and not applied; if commands are proposed at a replica that
// does not lead; or if a leader is known and a command that waits is not forwarded again. The error continues a
// sentence that begins with the replica's name.
func (f *Forwarder) CheckOpen(open map[protocols.CommandID]bool) error {
	if f.leader != f.self && len(f.proposed) > 0 {
		return fmt.Errorf("does not lead, and %d commands are noted as proposed", len(f.proposed))
	}
	for _, id := range slices.SortedFunc(maps.Keys(f.proposed), protocols.CommandID.Compare) {
		if !open[id] {
			return fmt.Errorf("notes the command %v as proposed, which is not open any more", id)
		}
	}
	if next := f.next(); next != nil && f.hasRemoteLeader() && (f.timerAt == 0 || f.timerAt > next.retryAt) {
		return fmt.Errorf("does not forward the command %v again", next.command.ID())
	}
	return nil
}

// answer answers a command to its client, unless it is not waiting: then it was answered before (rule 1).
func (f *Forwarder) answer(id protocols.CommandID, result []byte, out *protocols.Outbox) (answered bool) {
	e := f.waiting[id]
	if e == nil {
		return false
	}
	f.dequeue(e.Value.(*waiting))
	out.Answer(id, result)
	return true
}

// hasRemoteLeader returns true if another replica is known to lead.
func (f *Forwarder) hasRemoteLeader() bool { return f.leader != protocols.Nobody && f.leader != f.self }

// send forwards commands to the leader, and sets the timer unless it fires early enough: OnTimer then
// finds nothing to retry and sets it for the next command.
func (f *Forwarder) send(now time.Duration, out *protocols.Outbox, commands ...*Command) {
	for len(commands) > 0 {
		batch := flow.Batch(f.limits.Max(), commands, func(c *Command) int { return len(c.Data) })
		out.Send(f.leader, f.wire.Forward(&Forward{Commands: batch}))
		commands = commands[len(batch):]
	}
	if next := f.next().retryAt; f.timerAt == 0 || next < f.timerAt {
		out.SetTimer(f.timer, next-now)
		f.timerAt = next
	}
}
