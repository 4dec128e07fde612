// Package primarybackup is primary-backup replication: a command is answered when all replicas have it on disk.
//
//  1. A command goes to the primary, the leader, which appends it to its log and copies it to the backups.
//  2. A backup appends what continues its own log, and tells the primary how much it has.
//  3. What all have is committed. All apply it, and the replica whose client gave the command answers it.
//  4. At every tick a backup sends its clients' commands again and asks for what it lacks.
package primarybackup

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
		return c.Delays.RoundTrip(c.ID, c.Leader) + c.Delays.QuorumRoundTrip(c.Leader, quorum.Size(c.Size(), c.All()))
	},
}

type replica struct {
	protocols.Config
	store        *kv.Store
	log, waiting [][]byte // all commands in their order; those of this replica's clients that are not applied
	applied      int      // how many commands of the log are
	has          []int    // the primary's: how many commands each replica has
}

// Step implements protocols.Node.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	m, leads, peer := &Message{}, r.ID == r.Leader, r.IsPeer(in.From)
	switch {
	case in.Kind == protocols.InputCommand: // rule 1
		m.Commands = [][]byte{bytes.Clone(in.Data)}
		r.waiting = append(r.waiting, m.Commands...)
		if leads {
			r.lead(r.ID, m, out)
		} else {
			out.Send(r.Leader, m)
		}
	case protocols.Decode(in.Data, m) != nil || in.Kind == protocols.InputMessage && !peer: // not ours
	case in.Kind == protocols.InputRestore:
		r.log = append(r.log, m.Commands...)
	case in.Kind == protocols.InputMessage && leads:
		r.lead(in.From, m, out)
	case in.Kind == protocols.InputMessage:
		r.follow(m, out)
	case leads: // InputStart
		out.Mark(protocols.CommandID{}, protocols.MarkLeading)
		r.lead(r.ID, m, out)
	default: // InputStart or InputTimer: rule 4
		out.Send(r.Leader, &Message{Commands: r.waiting, Has: uint64(len(r.log)), Committed: uint64(r.applied), Ask: true})
		out.SetTimer(1, protocols.Retry(r.Delays.MaxRoundTrip()))
	}
}

// lead appends a replica's commands to the log, commits what all have, and tells the backups (rules 1 and 3).
func (r *replica) lead(from protocols.NodeID, m *Message, out *protocols.Outbox) {
	had, applied := len(r.log), r.applied
	for _, c := range m.Commands {
		if !slices.ContainsFunc(r.log[r.applied:], func(known []byte) bool { return bytes.Equal(c, known) }) {
			r.append(out, c, protocols.MarkProposed)
		}
	}
	r.has[from], r.has[r.ID] = max(r.has[from], int(m.Has)), len(r.log)
	r.apply(slices.Min(r.has), out)
	if m.Ask { // rule 4
		had, applied = r.has[from], min(applied, int(m.Committed))
	}
	if len(r.log) > had || r.applied > applied {
		out.Broadcast(r.ID, r.Members, &Message{Behind: uint64(had), Commands: r.log[had:], Committed: uint64(r.applied)})
	}
}

// follow appends what continues the log, and applies what is committed (rules 2 and 3).
func (r *replica) follow(m *Message, out *protocols.Outbox) {
	for i := len(r.log) - int(m.Behind); i >= 0 && i < len(m.Commands); i++ {
		r.append(out, m.Commands[i], protocols.MarkAccepted)
	}
	r.apply(min(int(m.Committed), len(r.log)), out)
	out.Send(r.Leader, &Message{Has: uint64(len(r.log))})
}

// append adds a command to the log, on disk, too. The messages of the same step wait for that.
func (r *replica) append(out *protocols.Outbox, command []byte, mark string) {
	r.log = append(r.log, command)
	out.Persist(&Message{Commands: [][]byte{command}})
	id, _ := kv.ID(command)
	out.Mark(id, mark)
}

// apply applies the first commands of the log, up to a number, and answers this replica's clients (rule 3).
func (r *replica) apply(to int, out *protocols.Outbox) {
	for ; r.applied < to; r.applied++ {
		command := r.log[r.applied]
		id, result := r.store.Apply(command)
		out.Commit(protocols.Slot{Index: uint64(r.applied) + 1}, id, command)
		out.Mark(id, protocols.MarkCommitted)
		waiting := len(r.waiting)
		r.waiting = slices.DeleteFunc(r.waiting, func(c []byte) bool { return bytes.Equal(c, command) })
		if len(r.waiting) < waiting && result != nil { // nil: the client wants no answer any more
			out.Mark(id, protocols.MarkApplied)
			out.Answer(id, result)
		}
	}
}
