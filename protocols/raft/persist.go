package raft

import (
	"fmt"

	"quorumbench/protocols"
)

// pair is a term and the vote in it.
type pair struct {
	term     uint64
	votedFor protocols.NodeID // Nobody: the vote has not been given
}

// state is the part of a replica's persistent state that elections change, and all of a witness's.
type state struct {
	pair
	stood    uint64   // the highest term in which it was ever a candidate
	accepted position // of a witness: the end of the log that it has accepted (rule 35)
}

func (s state) message() *State {
	return &State{Term: s.term, VotedFor: int32(s.votedFor), Stood: s.stood, AcceptedIndex: s.accepted.index, AcceptedTerm: s.accepted.term}
}

func stateOf(m *State) state {
	return state{pair{m.GetTerm(), protocols.NodeID(m.GetVotedFor())}, m.GetStood(), position{m.GetAcceptedTerm(), m.GetAcceptedIndex()}}
}

// persistEntries replaces the log from index first on, in memory and on disk.
func (r *replica) persistEntries(first uint64, entries []*Entry) {
	r.log.replace(first, entries)
	r.out.Persist(r.scratch.entriesRecord(first, entries))
	r.followMembership()
}

// persistState persists term and vote if this step has changed them (rule 4). From time to time, the record of a witness takes
// the place of all before it.
func (r *replica) persistState() {
	if r.persisted == r.state {
		return
	}
	r.persisted = r.state
	record := &Record{Kind: &Record_State{State: r.state.message()}}
	if r.records++; r.witness && r.config.SnapshotDue(r.records, 0, 0) {
		r.records = 0
		r.out.Snapshot(record)
		return
	}
	r.out.Persist(record)
}

// persistSnapshot replaces everything on disk by the snapshot, the entries that it does not cover, and term
// and vote.
func (r *replica) persistSnapshot() {
	r.persisted = r.state
	r.out.Snapshot(&Record{Kind: &Record_Snapshot{Snapshot: &Snapshot{
		State: r.state.message(),
		Index: r.snapshot.index, Term: r.snapshot.term, Data: r.snapshot.data,
		Base: r.log.base, BaseTerm: r.log.baseTerm, Entries: new(entryMessages).of(r.log.entries),
		Membership: r.log.memberships.At(r.log.base).Message(),
	}}})
}

// restore takes a record that an earlier incarnation has persisted. The commit index is not persisted: what
// a snapshot covers is committed, and the next leader tells of the rest.
func (r *replica) restore(data []byte) {
	var record Record
	if err := protocols.Decode(data, &record); err != nil {
		panic(fmt.Sprintf("raft: a record of %d bytes that this driver did not write: %v", len(data), err))
	}
	switch kind := record.Kind.(type) {
	case *Record_State:
		r.state = stateOf(kind.State)
	case *Record_Entries:
		r.log.replace(kind.Entries.First, kind.Entries.Entries)
	case *Record_Snapshot:
		s := kind.Snapshot
		r.state = stateOf(s.State)
		base, err := r.log.memberships.Read(s.Membership)
		if err != nil {
			panic(fmt.Sprintf("raft: a snapshot with a membership that this driver did not write: %v", err))
		}
		r.log = r.log.after(s.Base, s.BaseTerm, base)
		r.log.replace(s.Base+1, s.Entries)
		if !r.adopt(storedSnapshot{index: s.Index, term: s.Term, data: s.Data}) {
			panic(fmt.Sprintf("raft: a snapshot of %d bytes that this driver did not write", len(s.Data)))
		}
	}
	r.persisted = r.state
	r.followMembership()
}
