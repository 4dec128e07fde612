package etcdraft

import (
	"math"
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// The snapshots of rule 5.
const (
	snapshotEvery = 128 // entries applied, or as many as there are keys, so that its cost per entry is constant
	snapshotTail  = 64  // entries before it that are kept
	// mostKept bounds what is kept for followers before the tail: half a minute of a thousand writes a
	// second of a kilobyte each. Whoever is farther behind gets the state instead.
	mostKept  = 32 << 20
	entrySize = 128 // that an entry takes besides its command, about
)

// carryOut does what the library wants, as long as it wants something (rule 1).
func (r *replica) carryOut() {
	for r.node.HasReady() {
		ready := r.node.Ready()
		r.persist(&ready)
		if !raft.IsEmptySnap(ready.Snapshot) {
			r.adopt(ready.Snapshot)
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
	r.forwarder.Lead(leader, r.now, r.out)
	if r.leading {
		for _, c := range r.forwarder.Waiting() {
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
	r.forwarder.OnApplied(id, result, r.out)
}

// snapshot keeps rule 5.
func (r *replica) snapshot() {
	if r.applied < r.kept+max(snapshotEvery, uint64(r.store.Len())) {
		return
	}
	r.kept = r.applied
	s, err := r.storage.CreateSnapshot(r.applied, r.voters, r.store.Snapshot())
	must(err)
	first, end := r.bounds()
	if index := r.needless(); index >= first {
		must(r.storage.Compact(index))
	}
	record := &Record{Snapshot: encode(s), HardState: encode(r.hard)}
	if end > r.applied {
		entries, err := r.storage.Entries(r.applied+1, end+1, 1<<62)
		must(err)
		record.Entries = encodeAll(entries)
	}
	r.out.Snapshot(record)
}

// needless is the entry up to which the log may be cut off when a snapshot has been taken.
func (r *replica) needless() uint64 {
	tail := r.applied - min(r.applied, snapshotTail)
	if !r.leading {
		return tail
	}
	index := tail
	r.node.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) {
		// The library's RecentActive is for ever: it is taken back by its CheckQuorum only.
		if peer := replicaOf(id); peer == r.config.ID || r.now-r.streams[peer].heard >= r.config.Delays.ElectionTimeout() {
			return
		}
		if p.State == tracker.StateSnapshot {
			index = min(index, p.PendingSnapshot) // it needs what is behind the snapshot under way
		} else {
			index = min(index, p.Match)
		}
	})
	return r.affordable(index, tail)
}

// affordable is the least index from index to tail behind which at most mostKept bytes stand before the
// tail.
func (r *replica) affordable(index, tail uint64) uint64 {
	first, _ := r.bounds()
	if index+1 < first {
		index = first - 1
	}
	if index >= tail {
		return tail
	}
	entries, err := r.storage.Entries(index+1, tail+1, math.MaxUint64)
	must(err)
	size := 0
	for _, e := range slices.Backward(entries) {
		if size += entrySize + len(e.GetData()); size > mostKept {
			return e.GetIndex()
		}
	}
	return index
}

// adopt puts a snapshot in the place of log and state.
func (r *replica) adopt(s *raftpb.Snapshot) {
	must(r.storage.ApplySnapshot(s))
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
