package raft

import "bytes"

// Bounds on the appends that a follower holds because entries before them are missing. What is beyond is asked
// for again when the missing entries have arrived.
const (
	maxEarly         = 1024 // appends
	maxEarlyMessages = 8    // as many bytes of commands as these messages have at most
)

// earlyAppends are appends of this term that overtook the one before them (rule 10). The zero value is empty.
type earlyAppends struct {
	appends map[uint64]*AppendEntries // by PrevIndex
	bytes   int                       // of commands in them
}

// add holds an append, in place of another one with the same PrevIndex, if it has entries and there is room:
// for maxEarly appends with maxBytes of commands. It returns true if it has done so and there was no other.
func (e *earlyAppends) add(m *AppendEntries, maxBytes int) (added bool) {
	if len(m.Entries) == 0 {
		return false
	}
	other, size := e.take(m.PrevIndex), m.bytes()
	if len(e.appends) == maxEarly || e.bytes+size > maxBytes {
		return false
	}
	if e.appends == nil {
		e.appends = map[uint64]*AppendEntries{}
	}
	e.appends[m.PrevIndex] = m.clone()
	e.bytes += size
	return other == nil
}

// take removes and returns the append whose PrevIndex is prev, nil if there is none.
func (e *earlyAppends) take(prev uint64) *AppendEntries {
	m := e.appends[prev]
	if m != nil {
		delete(e.appends, prev)
		e.bytes -= m.bytes()
	}
	return m
}

// dropBefore removes the appends whose PrevIndex is lower than the given index.
func (e *earlyAppends) dropBefore(before uint64) {
	for prev := range e.appends {
		if prev < before {
			e.take(prev)
		}
	}
}

// bytes returns the total size of the append's commands.
func (m *AppendEntries) bytes() (total int) {
	for _, e := range m.Entries {
		total += len(e.Command)
	}
	return total
}

// clone returns a copy that shares no memory with the append.
func (m *AppendEntries) clone() *AppendEntries {
	c := &AppendEntries{PrevIndex: m.PrevIndex, PrevTerm: m.PrevTerm, Commit: m.Commit}
	for _, e := range m.Entries {
		c.Entries = append(c.Entries, &Entry{Term: e.Term, Command: bytes.Clone(e.Command), Membership: bytes.Clone(e.Membership)})
	}
	return c
}
