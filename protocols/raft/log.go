package raft

import (
	"slices"
	"sort"

	"quorumbench/protocols/flow"
)

// entryLog is a replica's log. Entries are counted from 1. Those up to the base have been removed:
// they are committed, and a snapshot covers them. Index 0 stands for the beginning, which every log
// has in common and which has term 0; it is the first base.
type entryLog struct {
	base     uint64
	baseTerm uint64
	entries  []*Entry // from base+1 on
}

func (l *entryLog) last() uint64 { return l.base + uint64(len(l.entries)) }

// at returns the entry at base < index ≤ last.
func (l *entryLog) at(index uint64) *Entry { return l.entries[index-l.base-1] }

// term is 0 at the beginning, beyond the end, and before the base, where it is not known any more.
func (l *entryLog) term(index uint64) uint64 {
	switch {
	case index == l.base:
		return l.baseTerm
	case index < l.base || index > l.last():
		return 0
	}
	return l.at(index).Term
}

// holds tells whether there is an entry of that term at index. It is then the same entry in
// every log that has one, and so are all before it: the log matching property. What has been removed
// is committed, so that every leader has it too.
func (l *entryLog) holds(index, term uint64) bool {
	return index < l.base || index <= l.last() && l.term(index) == term
}

// from returns the entries from index on that fit into one message of so many bytes of commands; none if
// the first has been removed.
func (l *entryLog) from(index uint64, most int) []*Entry {
	if index <= l.base || index > l.last() {
		return nil
	}
	return flow.BatchWithin(most, l.entries[index-l.base-1:], func(e *Entry) int { return len(e.Command) })
}

// replace puts entries in the place of everything from index on, which is behind the base.
func (l *entryLog) replace(index uint64, entries []*Entry) {
	l.entries = append(l.entries[:index-l.base-1], entries...)
}

// compact removes the entries up to index and their memory.
func (l *entryLog) compact(index uint64) {
	l.baseTerm, l.entries = l.term(index), slices.Clone(l.entries[index-l.base:])
	l.base = index
}

// outdates tells whether a log that ends with an entry of that index and term lacks entries of
// this one that may have been committed (section 5.4.1).
func (l *entryLog) outdates(index, term uint64) bool {
	mine := l.term(l.last())
	return term < mine || term == mine && index < l.last()
}

// firstOf returns the index of the first entry of a term that has not been removed, or where it
// would be.
func (l *entryLog) firstOf(term uint64) uint64 {
	return l.base + 1 + uint64(sort.Search(len(l.entries), func(i int) bool { return l.entries[i].Term >= term }))
}
