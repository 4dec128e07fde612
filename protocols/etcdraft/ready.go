package etcdraft

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// The snapshots of rule 5.
const (
	snapshotEvery = 128 // entries applied, or as many as there are keys, so that its cost per entry is constant
	snapshotTail  = 64  // entries before it that are kept
)

// carryOut does what the library wants, as long as it wants something (rule 1).
func (r *replica) carryOut() {
	for r.node.HasReady() {
		ready := r.node.Ready()
		r.persist(&ready)
		if !raft.IsEmptySnap(ready.Snapshot) {
			r.install(ready.Snapshot)
		}
		must(r.storage.Append(ready.Entries))
		r.hold(ready.Entries)
		if ready.SoftState != nil {
			r.follow(ready.SoftState)
		}
		for _, m := range ready.Messages {
			r.send(m)
		}
		for _, e := range ready.CommittedEntries {
			r.apply(e)
		}
		r.node.Advance(ready)
	}
	r.snapshot()
}

// hold marks the commands that a follower has taken into its log.
func (r *replica) hold(entries []*raftpb.Entry) {
	if r.leading {
		return
	}
	for _, e := range entries {
		if id, err := kv.ID(e.GetData()); err == nil && id.Seq > 0 {
			r.out.Mark(id, protocols.MarkAccepted)
		}
	}
}

// follow takes note of who leads.
func (r *replica) follow(s *raft.SoftState) {
	led := r.leading
	r.leading = s.RaftState == raft.StateLeader
	switch {
	case r.leading && !led:
		r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
		r.out.SetTimer(heartbeatTimer, r.config.Delays.Heartbeat())
	case led && !r.leading:
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.out.StopTimer(heartbeatTimer)
		r.election.Start(r.now, r.out)
	}
	if s.Lead == r.leader && led == r.leading {
		return
	}
	r.leader = s.Lead
	leader := protocols.Nobody
	if s.Lead != raft.None {
		leader = replicaOf(s.Lead)
	}
	r.relay.Lead(leader, r.now, r.out)
	if r.leading {
		for _, c := range r.relay.Waiting() {
			r.propose(r.config.ID, c)
		}
	}
}

// apply executes a committed entry. One without data is the no-op that begins a term.
func (r *replica) apply(e *raftpb.Entry) {
	r.applied = e.GetIndex()
	id, result := r.store.Apply(e.GetData())
	r.out.Commit(protocols.Slot{Index: r.applied - birth}, id, e.GetData())
	if r.leading && len(e.GetData()) > 0 {
		r.out.Mark(id, protocols.MarkCommitted)
		r.out.Mark(id, protocols.MarkApplied)
	}
	r.relay.OnApplied(id, result, r.out)
}

// snapshot keeps rule 5.
func (r *replica) snapshot() {
	if r.applied < r.kept+max(snapshotEvery, uint64(r.store.Len())) {
		return
	}
	r.kept = r.applied
	s, err := r.storage.CreateSnapshot(r.applied, r.voters, r.store.Snapshot())
	must(err)
	if first := r.applied - min(r.applied, snapshotTail); first > birth {
		if known, err := r.storage.FirstIndex(); err == nil && first >= known {
			must(r.storage.Compact(first))
		}
	}
	record := &Record{Snapshot: encode(s), HardState: encode(r.hard)}
	end, err := r.storage.LastIndex()
	must(err)
	if end > r.applied {
		entries, err := r.storage.Entries(r.applied+1, end+1, 1<<62)
		must(err)
		record.Entries = encodeAll(entries)
	}
	r.out.Snapshot(record)
}

// install replaces everything by a leader's snapshot.
func (r *replica) install(s *raftpb.Snapshot) {
	must(r.storage.ApplySnapshot(s))
	r.adopt(s)
}

// adopt takes over the state of a snapshot.
func (r *replica) adopt(s *raftpb.Snapshot) {
	must(r.store.Restore(s.GetData()))
	r.applied = s.GetMetadata().GetIndex()
	r.kept = r.applied
	r.out.Adopt(protocols.Slot{Index: r.applied - birth})
}

// persist asks for what is to be durable before what the library sends is sent. The commit index
// alone needs no disk: a leader tells it again.
func (r *replica) persist(ready *raft.Ready) {
	record := &Record{Entries: encodeAll(ready.Entries)}
	if !raft.IsEmptyHardState(ready.HardState) {
		r.hard = ready.HardState
		must(r.storage.SetHardState(r.hard))
		record.HardState = encode(r.hard)
	}
	switch {
	case !raft.IsEmptySnap(ready.Snapshot): // one record, with the entries behind it: a crash leaves all of it or nothing
		record.Snapshot, record.HardState = encode(ready.Snapshot), encode(r.hard)
		r.out.Snapshot(record)
	case ready.MustSync:
		r.out.Persist(record)
	}
}

// restore takes back what an earlier life has persisted.
func (r *replica) restore(data []byte) {
	var record Record
	must(protocols.Decode(data, &record))
	if len(record.Snapshot) > 0 {
		s := &raftpb.Snapshot{}
		decode(record.Snapshot, s)
		must(r.storage.ApplySnapshot(s))
		r.adopt(s)
	}
	if len(record.HardState) > 0 {
		r.hard = &raftpb.HardState{}
		decode(record.HardState, r.hard)
		must(r.storage.SetHardState(r.hard))
	}
	var entries []*raftpb.Entry
	for _, encoded := range record.Entries {
		e := &raftpb.Entry{}
		decode(encoded, e)
		entries = append(entries, e)
	}
	must(r.storage.Append(entries))
}

func encode(m proto.Message) []byte {
	data, err := proto.Marshal(m)
	must(err)
	return data
}

func encodeAll(entries []*raftpb.Entry) [][]byte {
	var all [][]byte
	for _, e := range entries {
		all = append(all, encode(e))
	}
	return all
}

func decode(data []byte, m proto.Message) { must(proto.Unmarshal(data, m)) }
