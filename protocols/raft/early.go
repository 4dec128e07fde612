package raft

import "quorumbench/protocols/flow"

// The appends of this term that wait behind a gap at most: what is beyond is asked for again when the
// gap is closed.
const (
	mostEarly      = 1024
	mostEarlyBytes = 8 * flow.MaxBytes // of commands
)

// early are appends of this term that overtook the one before them (rule 10). The zero value is that
// of none.
type early struct {
	appends map[uint64]*AppendEntries // by PrevIndex
	bytes   int                       // of commands in them
}

// keep takes an append, if it has entries and there is room for it, in place of another of that
// PrevIndex. It tells whether it has done so, and there was no other.
func (e *early) keep(m *AppendEntries) (kept bool) {
	if len(m.Entries) == 0 {
		return false
	}
	other, size := e.take(m.PrevIndex), m.bytes()
	if len(e.appends) == mostEarly || e.bytes+size > mostEarlyBytes {
		return false
	}
	if e.appends == nil {
		e.appends = map[uint64]*AppendEntries{}
	}
	e.appends[m.PrevIndex] = m
	e.bytes += size
	return other == nil
}

// take returns the append behind an index, nil if there is none, and keeps it no longer.
func (e *early) take(prev uint64) *AppendEntries {
	m := e.appends[prev]
	if m != nil {
		delete(e.appends, prev)
		e.bytes -= m.bytes()
	}
	return m
}

// drop forgets the appends behind what is before an index.
func (e *early) drop(before uint64) {
	for prev := range e.appends {
		if prev < before {
			e.take(prev)
		}
	}
}

// bytes is the size of an append's commands.
func (m *AppendEntries) bytes() int { return bytesOf(m.Entries) }

func bytesOf(entries []*Entry) (total int) {
	for _, e := range entries {
		total += len(e.Command)
	}
	return total
}
