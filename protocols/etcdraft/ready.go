package etcdraft

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/snapshot"
)

// processReady carries out every Ready that the library has (rule 1), and begins or continues a snapshot.
func (r *replica) processReady() {
	for r.node.HasReady() {
		ready := r.node.Ready()
		r.persist(&ready)
		if !raft.IsEmptySnap(ready.Snapshot) {
			r.adopt(ready.Snapshot)
		}
		must(r.storage.Append(ready.Entries))
		r.markAccepted(ready.Entries)
		if ready.SoftState != nil {
			r.updateLeader(ready.SoftState)
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

// markAccepted marks the commands that a follower has written to its log.
func (r *replica) markAccepted(entries []*raftpb.Entry) {
	if r.leading {
		return
	}
	for _, e := range entries {
		if id, err := kv.ID(e.GetData()); err == nil && id.Seq > 0 {
			r.out.Mark(id, protocols.MarkAccepted)
		}
	}
}

// updateLeader takes the library's state: whether this replica leads, and else which does. A new leader
// proposes the commands that wait here.
func (r *replica) updateLeader(s *raft.SoftState) {
	led := r.leading
	r.leading = s.RaftState == raft.StateLeader
	switch {
	case r.leading && !led:
		r.out.Mark(protocols.CommandID{}, protocols.MarkLeading)
		r.out.SetTimer(heartbeatTimer, r.config.Delays.Heartbeat())
	case led && !r.leading:
		r.out.Mark(protocols.CommandID{}, protocols.MarkDeposed)
		r.out.StopTimer(heartbeatTimer)
		r.sender = snapshot.Sender{}
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

// apply applies a committed entry. An entry without data is the no-op that begins a term.
func (r *replica) apply(e *raftpb.Entry) {
	r.applied = e.GetIndex()
	id, result := r.store.Apply(e.GetData())
	r.appliedBytes += len(e.GetData())
	r.out.Commit(protocols.Slot{Index: r.applied - birth}, id, e.GetData())
	if r.leading && len(e.GetData()) > 0 {
		r.out.Mark(id, protocols.MarkCommitted)
		r.out.Mark(id, protocols.MarkApplied)
	}
	r.forwarder.OnApplied(id, result, r.out)
}
