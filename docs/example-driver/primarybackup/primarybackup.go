// Package primarybackup is primary-backup replication, as small as it can be: one replica, the primary,
// orders all commands, and a command is answered when all replicas have it on their disks.
//
//  1. A command goes to the primary, which is the configured leader.
//  2. The primary appends it to its log, which is the order of all, and copies it to the backups.
//  3. A backup appends what continues its own log, and tells the primary how much it has.
//  4. What all have is committed. All apply it, and the replica whose client gave the command answers it.
//  5. At every tick a backup sends its clients' commands again and asks for what it lacks.
package primarybackup

//go:generate go tool protogen primarybackup/primarybackup.proto

import (
	"bytes"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/quorum"
)

// Driver is primary-backup replication. While any replica is down, nothing is answered.
var Driver = protocols.Driver{
	Name:        "primarybackup",
	Summary:     "primary-backup: to the primary and back, and its round trip to the farthest backup",
	HasLeader:   true,
	NotSurvived: protocols.Faults{DeadMinority: true},
	Describe:    describe,
	New: func(c protocols.Config) protocols.Node {
		return &replica{Config: c, store: kv.NewStore(), has: make([]int, c.Size())}
	},
	Floor: func(c protocols.Config) time.Duration {
		all := quorum.Size(c.Size(), c.All())
		return c.Delays.RoundTrip(c.ID, c.Leader) + c.Delays.QuorumRoundTrip(c.Leader, all)
	},
}

const tick protocols.TimerID = 1

type replica struct {
	protocols.Config
	store   *kv.Store
	log     [][]byte
	applied int      // how many commands of the log are
	waiting [][]byte // commands of this replica's clients
	has     []int    // the primary's: how many commands each replica has
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	m, leads := &Message{}, r.ID == r.Leader
	switch in.Kind {
	case protocols.InputRestore:
		if protocols.Decode(in.Data, m) == nil {
			r.log = append(r.log, m.Commands...)
		}
	case protocols.InputCommand: // rule 1
		command := bytes.Clone(in.Data)
		r.waiting = append(r.waiting, command)
		if leads {
			r.order(out, command)
		} else {
			out.Send(r.Leader, &Message{Commands: [][]byte{command}})
		}
	case protocols.InputMessage:
		switch known := protocols.Decode(in.Data, m) == nil && r.IsPeer(in.From); {
		case known && leads:
			r.lead(in.From, m, out)
		case known:
			r.follow(m, out)
		}
	case protocols.InputStart, protocols.InputTimer: // rule 5
		if leads && in.Kind == protocols.InputStart {
			out.Mark(protocols.CommandID{}, protocols.MarkLeading)
			r.order(out)
		} else if !leads {
			out.Send(r.Leader, &Message{Commands: r.waiting, Has: uint64(len(r.log)), Committed: uint64(r.applied), Ask: true})
			out.SetTimer(tick, r.Delays.ElectionTimeout())
		}
	}
}

// lead handles a backup's message.
func (r *replica) lead(from protocols.NodeID, m *Message, out *protocols.Outbox) {
	r.has[from] = max(r.has[from], int(m.Has))
	r.order(out, m.Commands...)
	if has := r.has[from]; m.Ask && (has < len(r.log) || int(m.Committed) < r.applied) { // rule 5
		out.Send(from, &Message{Behind: uint64(has), Commands: r.log[has:], Committed: uint64(r.applied)})
	}
}

// order appends commands to the primary's log, commits what all have, and tells the backups (rules 2 and 4).
func (r *replica) order(out *protocols.Outbox, commands ...[]byte) {
	had, applied := len(r.log), r.applied
	for _, c := range commands {
		if !slices.ContainsFunc(r.log[r.applied:], func(known []byte) bool { return bytes.Equal(c, known) }) {
			r.append(out, protocols.MarkProposed, c)
		}
	}
	r.has[r.ID] = len(r.log)
	r.apply(slices.Min(r.has), out)
	if len(r.log) > had || r.applied > applied {
		out.Broadcast(r.ID, r.Members, &Message{Behind: uint64(had), Commands: r.log[had:], Committed: uint64(r.applied)})
	}
}

// follow appends what continues a backup's log, and applies what is committed (rules 3 and 4).
func (r *replica) follow(m *Message, out *protocols.Outbox) {
	if known := len(r.log) - int(m.Behind); known >= 0 && known < len(m.Commands) {
		r.append(out, protocols.MarkAccepted, m.Commands[known:]...)
	}
	r.apply(min(int(m.Committed), len(r.log)), out)
	if len(m.Commands) > 0 {
		out.Send(r.Leader, &Message{Has: uint64(len(r.log))})
	}
}

// append adds commands to the log, on disk, too. The messages of the same step wait for that.
func (r *replica) append(out *protocols.Outbox, event string, commands ...[]byte) {
	r.log = append(r.log, commands...)
	out.Persist(&Message{Commands: commands})
	for _, c := range commands {
		if id, err := kv.ID(c); err == nil {
			out.Mark(id, event)
		}
	}
}

// apply applies the first commands of the log, up to a number, and answers this replica's clients (rule 4).
func (r *replica) apply(to int, out *protocols.Outbox) {
	for ; r.applied < to; r.applied++ {
		command := r.log[r.applied]
		id, result := r.store.Apply(command)
		out.Commit(protocols.Slot{Index: uint64(r.applied) + 1}, id, command)
		if r.ID == r.Leader {
			out.Mark(id, protocols.MarkCommitted)
		}
		waiting := len(r.waiting)
		r.waiting = slices.DeleteFunc(r.waiting, func(c []byte) bool { return bytes.Equal(c, command) })
		if len(r.waiting) < waiting && result != nil { // nil: the client wants no answer any more
			out.Mark(id, protocols.MarkApplied)
			out.Answer(id, result)
		}
	}
}
