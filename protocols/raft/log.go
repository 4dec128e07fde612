package raft

import (
	"sort"

	"quorumbench/protocols/relay"
)

// entryLog is a replica's log. Entries are counted from 1; index 0 stands for the beginning,
// which every log has in common and which has term 0.
type entryLog struct {
	entries []*Entry
}

func (l *entryLog) last() uint64 { return uint64(len(l.entries)) }

func (l *entryLog) at(index uint64) *Entry { return l.entries[index-1] }

// term is 0 at the beginning and beyond the end.
func (l *entryLog) term(index uint64) uint64 {
	if index == 0 || index > l.last() {
		return 0
	}
	return l.at(index).Term
}

// holds tells whether there is an entry of that term at index. It is then the same entry in
// every log that has one, and so are all before it: the log matching property.
func (l *entryLog) holds(index, term uint64) bool {
	return index <= l.last() && l.term(index) == term
}

// from returns the entries from index on that fit into one message.
func (l *entryLog) from(index uint64) []*Entry {
	if index > l.last() {
		return nil
	}
	return relay.Batch(l.entries[index-1:], func(e *Entry) int { return len(e.Command) })
}

// replace puts entries in the place of everything from index on.
func (l *entryLog) replace(index uint64, entries []*Entry) {
	l.entries = append(l.entries[:index-1], entries...)
}

// outdates tells whether a log that ends with an entry of that index and term lacks entries of
// this one that may have been committed (section 5.4.1).
func (l *entryLog) outdates(index, term uint64) bool {
	mine := l.term(l.last())
	return term < mine || term == mine && index < l.last()
}

// firstOf returns the index of the first entry of a term, or where it would be.
func (l *entryLog) firstOf(term uint64) uint64 {
	return 1 + uint64(sort.Search(len(l.entries), func(i int) bool { return l.entries[i].Term >= term }))
}
