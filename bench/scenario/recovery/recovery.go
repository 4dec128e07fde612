package recovery

//go:generate go run quorumbench/protocols/protogen bench/scenario/recovery/recovery.proto

import (
	"bytes"
	"cmp"
	"fmt"

	"quorumbench/protocols"
	"quorumbench/protocols/election"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Wrong loses what it has committed.
var Wrong = protocols.Driver{
	Name:      "wrong-recovery",
	Summary:   "WRONG on purpose, for a scenario: a new leader copies old entries under their old numbers, and counts them",
	HasLeader: true,
	New:       func(c protocols.Config) protocols.Node { return newReplica(c, numberOfLastEntry, anyEntry) },
	Describe:  describe,
}

// Zab recovers as Zab does.
var Zab = protocols.Driver{
	Name:      "zab-recovery",
	Summary:   "for a scenario: a new leader first copies its whole history to a quorum, under the new epoch",
	HasLeader: true,
	New:       func(c protocols.Config) protocols.Node { return newReplica(c, epochOfLastCopy, anyEntry) },
	Describe:  describe,
}

// NoBlank commits as Raft does, and its leaders write no blank entry at the start of their terms.
var NoBlank = protocols.Driver{
	Name:      "raft-without-blank",
	Summary:   "for a scenario: only entries of the leader's own term are counted, and a new leader writes none",
	HasLeader: true,
	New:       func(c protocols.Config) protocols.Node { return newReplica(c, numberOfLastEntry, ownEntry) },
	Describe:  describe,
}

// Find returns the driver of that name, or nil.
func Find(name string) *protocols.Driver {
	for _, d := range []*protocols.Driver{&Wrong, &Zab, &NoBlank} {
		if d.Name == name {
			return d
		}
	}
	return nil
}

func numberOfLastEntry(r *Record) uint64 {
	if len(r.History) == 0 {
		return 0
	}
	return r.History[len(r.History)-1].Epoch
}

func epochOfLastCopy(r *Record) uint64 { return r.Copied }

// anyEntry counts the copies of every entry.
func anyEntry(*Entry, uint64) bool { return true }

// ownEntry counts the copies of entries that were first written in the leader's own epoch (Raft, section 5.4.2).
func ownEntry(e *Entry, epoch uint64) bool { return e.Epoch == epoch }

// Timers.
const (
	electionTimer protocols.TimerID = iota + 1
	heartbeatTimer
)

type replica struct {
	config   protocols.Config
	number   func(*Record) uint64                 // of the history: the recovery rule
	counts   func(e *Entry, ownEpoch uint64) bool // whether a leader commits an entry because a majority holds it
	quorum   quorum.System
	disk     Record
	store    *kv.Store
	applied  int
	votes    quorum.Set   // of a candidate; of a leader, too
	copies   []quorum.Set // of a leader: who has copied its history up to each entry; nil of others
	election *election.Timer
	waiting  map[protocols.CommandID]bool // clients beside a leader

	out *protocols.Outbox
	in  *protocols.Input
}

func newReplica(c protocols.Config, number func(*Record) uint64, counts func(*Entry, uint64) bool) protocols.Node {
	return &replica{
		config: c, number: number, counts: counts, quorum: quorum.Majority(c.All()), store: kv.NewStore(), election: election.NewTimer(c, electionTimer),
		waiting: map[protocols.CommandID]bool{},
	}
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	r.in, r.out = in, out
	switch in.Kind {
	case protocols.InputRestore:
		if err := protocols.Decode(in.Data, &r.disk); err != nil {
			panic(fmt.Sprintf("recovery: a record that this driver did not write: %v", err))
		}
		return
	case protocols.InputStart:
		r.apply()
		r.election.Start(in.Now, out)
		if r.disk.Epoch == 0 && r.config.Leader == r.config.ID {
			r.stand()
		}
	case protocols.InputTimer:
		r.onTimer()
	case protocols.InputCommand:
		if r.leads() {
			r.waiting[in.Command] = true
			out.Mark(in.Command, protocols.MarkProposed)
			r.write(append(r.disk.History, &Entry{Epoch: r.disk.Epoch, Command: bytes.Clone(in.Data)}))
		}
	case protocols.InputMessage:
		var m Message
		if protocols.Decode(in.Data, &m) == nil {
			r.onMessage(&m)
		}
	}
}

func (r *replica) leads() bool { return r.copies != nil }

// promise begins an epoch, as a follower.
func (r *replica) promise(epoch uint64) {
	if r.leads() {
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.out.StopTimer(heartbeatTimer)
		r.election.Start(r.in.Now, r.out)
	}
	r.disk.Epoch, r.votes, r.copies = epoch, 0, nil
	r.out.Snapshot(&r.disk)
}

func (r *replica) onMessage(m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Elect:
		r.onElect(m.Epoch, kind.Elect)
		return
	case *Message_Vote:
		if m.Epoch == r.disk.Epoch && kind.Vote.Granted {
			r.onVote(r.in.From)
		}
	}
	if m.Epoch > r.disk.Epoch {
		r.promise(m.Epoch)
	}
	if m.Epoch < r.disk.Epoch {
		return
	}
	switch kind := m.Kind.(type) {
	case *Message_Copy:
		r.election.Heard(r.in.Now)
		if r.disk.Copied < m.Epoch || len(kind.Copy.History) > len(r.disk.History) { // else it came late, or twice
			r.disk.History, r.disk.Copied = kind.Copy.History, m.Epoch
			r.out.Snapshot(&r.disk)
		}
		r.send(r.in.From, &Message{Epoch: m.Epoch, Kind: &Message_Copied{Copied: &Copied{Length: uint64(len(r.disk.History))}}})
		r.commit(kind.Copy.Committed)
	case *Message_Copied:
		r.onCopied(r.in.From, int(kind.Copied.Length))
	case *Message_Heartbeat:
		r.election.Heard(r.in.Now)
		if r.disk.Copied == m.Epoch {
			r.commit(kind.Heartbeat.Committed)
		}
	}
}

func (r *replica) send(to protocols.NodeID, m *Message) { r.out.Send(to, m) }

func (r *replica) broadcast(m *Message) {
	m.Epoch = r.disk.Epoch
	r.out.Broadcast(r.config.ID, r.config.Members, m)
}

func (r *replica) onTimer() {
	switch {
	case r.in.Timer == heartbeatTimer:
		r.heartbeat()
	case !r.leads() && r.election.OnTimer(r.in.Now, r.out):
		r.stand()
	}
}

func (r *replica) stand() {
	r.promise(r.disk.Epoch + 1)
	r.election.Start(r.in.Now, r.out)
	r.broadcast(&Message{Kind: &Message_Elect{Elect: &Elect{Number: r.number(&r.disk), Length: uint64(len(r.disk.History))}}})
	r.onVote(r.config.ID)
}

func (r *replica) onElect(epoch uint64, m *Elect) {
	recent := cmp.Or(cmp.Compare(m.Number, r.number(&r.disk)), cmp.Compare(m.Length, uint64(len(r.disk.History)))) >= 0
	granted := epoch > r.disk.Epoch && recent
	if epoch > r.disk.Epoch {
		r.promise(epoch)
	}
	if granted {
		r.election.Heard(r.in.Now)
	}
	r.send(r.in.From, &Message{Epoch: r.disk.Epoch, Kind: &Message_Vote{Vote: &Vote{Granted: granted}}})
}

func (r *replica) onVote(from protocols.NodeID) {
	r.votes.Add(int32(from))
	if !r.leads() && r.quorum.IsQuorum(r.votes) {
		r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
		r.copies = []quorum.Set{}
		r.write(r.disk.History) // the recovery
		r.out.SetTimer(heartbeatTimer, r.config.Delays.Heartbeat())
	}
}

// write makes a history that of the leader's epoch, and copies it.
func (r *replica) write(history []*Entry) {
	r.disk.History, r.disk.Copied = history, r.disk.Epoch
	r.out.Snapshot(&r.disk)
	for len(r.copies) < len(history) {
		r.copies = append(r.copies, 0)
	}
	r.copy()
	r.onCopied(r.config.ID, len(history))
}

func (r *replica) copy() {
	r.broadcast(&Message{Kind: &Message_Copy{Copy: &Copy{History: r.disk.History, Committed: r.disk.Committed}}})
}

// onCopied counts who holds each entry. An entry that a majority holds is committed if it counts, and all entries before
// it with it.
func (r *replica) onCopied(from protocols.NodeID, length int) {
	if !r.leads() {
		return
	}
	committed := r.disk.Committed
	for i := range min(length, len(r.copies)) {
		r.copies[i].Add(int32(from))
		if r.quorum.IsQuorum(r.copies[i]) && r.counts(r.disk.History[i], r.disk.Epoch) {
			committed = max(committed, uint64(i)+1)
		}
	}
	r.commit(committed)
}

// heartbeat is a copy as long as some follower lacks one.
func (r *replica) heartbeat() {
	if last := len(r.copies) - 1; last >= 0 && r.copies[last].Size() < r.config.Size() {
		r.copy()
	} else {
		r.broadcast(&Message{Kind: &Message_Heartbeat{Heartbeat: &Heartbeat{Committed: r.disk.Committed}}})
	}
	r.out.SetTimer(heartbeatTimer, r.config.Delays.Heartbeat())
}

func (r *replica) commit(committed uint64) {
	r.disk.Committed = max(r.disk.Committed, min(committed, uint64(len(r.disk.History))))
	r.apply()
}

func (r *replica) apply() {
	for r.applied < int(r.disk.Committed) {
		command := r.disk.History[r.applied].Command
		r.applied++
		id, result := r.store.Apply(command)
		r.out.Commit(protocols.Slot{Index: uint64(r.applied)}, id, command)
		if r.waiting[id] {
			delete(r.waiting, id)
			r.out.Mark(id, protocols.MarkCommitted)
			r.out.Answer(id, result)
		}
	}
}

func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	switch kind := m.Kind.(type) {
	case *Message_Elect:
		return fmt.Sprintf("Elect e%d history %d long, number %d", m.Epoch, kind.Elect.Length, kind.Elect.Number)
	case *Message_Vote:
		if kind.Vote.Granted {
			return fmt.Sprintf("Vote e%d granted", m.Epoch)
		}
		return fmt.Sprintf("Vote e%d refused", m.Epoch)
	case *Message_Copy:
		name := fmt.Sprintf("Copy e%d", m.Epoch)
		for _, e := range kind.Copy.History {
			name += fmt.Sprintf(" %s@%d", kv.Describe(e.Command), e.Epoch)
		}
		return name
	case *Message_Copied:
		return fmt.Sprintf("Copied e%d ..%d", m.Epoch, kind.Copied.Length)
	case *Message_Heartbeat:
		return fmt.Sprintf("Heartbeat e%d committed ..%d", m.Epoch, kind.Heartbeat.Committed)
	}
	return ""
}
