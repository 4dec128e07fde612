package etcdraft

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/snapshot"
)

// persist persists what a Ready asks to be durable before its messages leave. A commit index alone is not
// persisted: the leader tells it again.
func (r *replica) persist(ready *raft.Ready) {
	record := &Record{Entries: encodeAll(ready.Entries)}
	if !raft.IsEmptyHardState(ready.HardState) {
		if ready.HardState.GetTerm() != r.hard.GetTerm() {
			r.receiver = snapshot.Receiver{} // the snapshot of another leader may be another
		}
		r.hard = ready.HardState
		must(r.storage.SetHardState(r.hard))
		record.HardState = encode(r.hard)
	}
	switch {
	case !raft.IsEmptySnap(ready.Snapshot): // one record with the entries after it, so that a crash leaves both or neither
		record.Snapshot, record.HardState = encode(ready.Snapshot), encode(r.hard)
		r.out.Snapshot(record)
	case ready.MustSync:
		r.out.Persist(record)
	}
}

// restore takes a record that an earlier incarnation has persisted.
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
