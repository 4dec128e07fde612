package raft

import (
	"fmt"

	"quorumbench/protocols"
)

// The disk: what is persisted before anybody hears of it (rule 4), and how a life begins from it.

// pair is a point in the virtual time of elections.
type pair struct {
	term     uint64
	votedFor protocols.NodeID // in that term; Nobody: its vote is free
}

// state is what a replica has promised about elections.
type state struct {
	pair
	stood uint64 // the highest term in which it was ever a candidate
}

func (s state) message() *State {
	return &State{Term: s.term, VotedFor: int32(s.votedFor), Stood: s.stood}
}

func stateOf(m *State) state {
	return state{pair{m.GetTerm(), protocols.NodeID(m.GetVotedFor())}, m.GetStood()}
}

// write replaces the log from first on, in memory and on disk.
func (r *replica) write(first uint64, entries []*Entry) {
	r.log.replace(first, entries)
	r.out.Persist(&Record{Kind: &Record_Entries{Entries: &Entries{First: first, Entries: entries}}})
}

// save persists term and vote if this step has changed them.
func (r *replica) save() {
	if r.saved == r.state {
		return
	}
	r.saved = r.state
	r.out.Persist(&Record{Kind: &Record_State{State: r.state.message()}})
}

// saveSnapshot replaces everything on disk by the snapshot and what it does not cover.
func (r *replica) saveSnapshot() {
	r.saved = r.state
	r.out.Snapshot(&Record{Kind: &Record_Snapshot{Snapshot: &Snapshot{
		State: r.state.message(),
		Index: r.snapshot.index, Term: r.snapshot.term, Data: r.snapshot.data,
		Base: r.log.base, BaseTerm: r.log.baseTerm, Entries: r.log.entries,
	}}})
}

// restore takes back what an earlier life has persisted. The commit index is not among it, but
// what a snapshot covers is committed; of the rest the next leader tells.
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
		r.log = entryLog{base: s.Base, baseTerm: s.BaseTerm, entries: s.Entries}
		if !r.adopt(storedSnapshot{index: s.Index, term: s.Term, data: s.Data}) {
			panic(fmt.Sprintf("raft: a snapshot of %d bytes that this driver did not write", len(s.Data)))
		}
	}
	r.saved = r.state
}
