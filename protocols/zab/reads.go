package zab

import (
	"bytes"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
	"quorumbench/protocols/kv"
)

// syncRead is a read that waits at the leader for a no-op to be committed (rule 15).
type syncRead struct {
	id    protocols.CommandID
	key   []byte
	from  protocols.NodeID // the replica that its client has asked
	index uint64           // of the no-op
}

// due is a read that is answered when everything up to an index is applied: that of its no-op, which is committed.
type due struct {
	id    protocols.CommandID
	index uint64
}

// waitingRead is a read that waits at the replica that its client has asked (rule 15).
type waitingRead struct {
	key []byte
	due bool // it is in reading.due, and the forwarder does not have it any more
}

// local is a read that waits at the replica that its client has asked (rule 16).
type local struct {
	id   protocols.CommandID
	key  []byte
	seen uint64 // what its client has seen is the history up to here
}

// reading is what a replica knows of the reads of its clients that wait (rules 15 and 16).
type reading struct {
	waiting map[protocols.CommandID]waitingRead
	due     []due // those whose no-op is committed, and not applied here yet, in the order of their no-ops

	locals   []local
	localIDs map[protocols.CommandID]struct{} // of locals
}

// isSyncRead returns true for a command that is answered behind a no-op and not written to the history: a read of the
// latest version, with the option reads: sync.
func (r *replica) isSyncRead(c *forward.Command) bool {
	return r.reads == readsSync && readsLatest(c.Data, &kv.Command{})
}

// readsLatest decodes a command, and returns true for a read of the latest version.
func readsLatest(data []byte, c *kv.Command) bool {
	return protocols.Decode(data, c) == nil && c.Op == kv.Op_GET && c.Version == 0
}

// keyOf returns the key of a command, which has been decoded before.
func keyOf(c *forward.Command) []byte {
	var command kv.Command
	_ = protocols.Decode(c.Data, &command)
	return command.Key
}

// noteRead notes a read of a client of this replica, which waits for the leader's word.
func (r *replica) noteRead(c *forward.Command) { r.waiting[c.ID()] = waitingRead{key: keyOf(c)} }

// beginSync notes a read that waits for the no-op that the leader appends next.
func (r *replica) beginSync(from protocols.NodeID, c *forward.Command) {
	r.syncs = append(r.syncs, syncRead{c.ID(), bytes.Clone(keyOf(c)), from, r.history.last() + 1})
}

// serveSyncs tells the replicas that clients have asked that their reads' no-op is committed. It answers those that wait at
// the leader.
func (r *replica) serveSyncs() {
	for len(r.syncs) > 0 && r.syncs[0].index <= r.commit {
		s := r.syncs[0]
		r.syncs = r.syncs[1:]
		r.out.Mark(s.id, protocols.MarkCommitted)
		r.answer(s.id, r.store.Read(s.key))
		if s.from != r.config.ID {
			r.out.SendNow(s.from, r.scratch.message(r.accepted, &Message_Synced{Synced: &Synced{
				Client: s.id.Client, Seq: s.id.Seq, Index: s.index,
			}}))
		}
	}
}

// onSynced answers a read when everything up to the no-op is applied here (rule 15). Until then the read is not forwarded again,
// whoever leads: its no-op is committed, and another would only be one more to apply.
func (r *replica) onSynced(m *Synced) {
	id := protocols.CommandID{Client: m.Client, Seq: m.Seq}
	read, waits := r.waiting[id]
	switch {
	case !waits || read.due: // it is answered, or told before
	case m.Index <= r.commit:
		r.answer(id, r.store.Read(read.key))
	default:
		read.due = true
		r.waiting[id] = read
		r.forwarder.Release(id)
		at := len(r.due)
		for at > 0 && r.due[at-1].index > m.Index { // rarely: messages overtake each other
			at--
		}
		r.due = slices.Insert(r.due, at, due{id, m.Index})
	}
}

// serveReads answers the reads that are due.
func (r *replica) serveReads() {
	for len(r.due) > 0 && r.due[0].index <= r.commit {
		id := r.due[0].id
		r.due = r.due[1:]
		r.out.Answer(id, r.store.Read(r.waiting[id].key))
		r.out.Mark(id, protocols.MarkApplied)
		delete(r.waiting, id)
	}
}

// readLocally takes a read of the latest version, which this replica answers from its own state (rule 16). It returns false for any other command.
func (r *replica) readLocally(in *protocols.Input) bool {
	var c kv.Command
	if !readsLatest(in.Data, &c) {
		return false
	}
	if _, waits := r.localIDs[in.Command]; !waits {
		r.localIDs[in.Command] = struct{}{}
		r.locals = append(r.locals, local{in.Command, bytes.Clone(c.Key), c.Seen})
	}
	return true
}

// serveLocal answers the reads whose clients have seen no more than this replica has applied, if it knows a leader that broadcasts (rule 16).
func (r *replica) serveLocal() {
	if len(r.locals) == 0 || r.forwarder.Leader() == protocols.Nobody {
		return
	}
	r.locals = slices.DeleteFunc(r.locals, func(l local) bool {
		if l.seen > r.commit {
			return false
		}
		r.out.Answer(l.id, r.stamped(r.store.Read(l.key)))
		r.out.Mark(l.id, protocols.MarkApplied)
		delete(r.localIDs, l.id)
		return true
	})
}

// stamped returns a result that tells, with reads: local, up to where this replica has applied the history (rule 16).
func (r *replica) stamped(result []byte) []byte {
	if r.reads != readsLocal {
		return result
	}
	return kv.WithResultSeen(result, r.commit)
}
