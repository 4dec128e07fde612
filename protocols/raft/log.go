package raft

import (
	"sort"

	"quorumbench/protocols/flow"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/slab"
)

// entryLog is a replica's log. Entries are numbered from 1. Those up to base have been removed: they are
// committed, and a snapshot covers them. Index 0 stands for the beginning of every log; its term is 0, and
// it is the first base.
type entryLog struct {
	base     uint64
	baseTerm uint64
	entries  []entry   // from base+1 on
	commands slab.Slab // holds the bytes of their commands

	memberships membership.Log // those of the entries (rule 28)
}

// entry is an entry of a log.
type entry struct {
	term    uint64
	command []byte // an encoded kv.Command; empty: a no-op

	membership *membership.Membership // nil: the entry does not change it
}

// last returns the index of the last entry.
func (l *entryLog) last() uint64 { return l.base + uint64(len(l.entries)) }

// at returns the entry at an index from base+1 to last.
func (l *entryLog) at(index uint64) entry { return l.entries[index-l.base-1] }

// term returns the term of the entry at an index, 0 for index 0, beyond the end, and before the base, where
// it is not known any more.
func (l *entryLog) term(index uint64) uint64 {
	switch {
	case index == l.base:
		return l.baseTerm
	case index < l.base || index > l.last():
		return 0
	}
	return l.at(index).term
}

// contains returns true if the log has an entry of that term at that index. By the log matching property,
// all logs with such an entry have the same entries up to it. An entry that has been removed is committed,
// so that every leader has it too.
func (l *entryLog) contains(index, term uint64) bool {
	return index < l.base || index <= l.last() && l.term(index) == term
}

// from returns the entries from index on that fit into one message of maxBytes of commands, and none if the
// first has been removed.
func (l *entryLog) from(index uint64, maxBytes int) []entry {
	if index <= l.base || index > l.last() {
		return nil
	}
	return flow.Batch(maxBytes, l.entries[index-l.base-1:], entry.size)
}

func (e entry) size() int {
	if e.membership != nil {
		return len(e.membership.Encoded())
	}
	return len(e.command)
}

// bytesOf returns the total size of the commands of entries.
func bytesOf(entries []entry) (total int) {
	for _, e := range entries {
		total += e.size()
	}
	return total
}

// replace replaces all entries from index on, by copies; index must be greater than base.
func (l *entryLog) replace(index uint64, entries []*Entry) {
	l.entries = l.entries[:index-l.base-1]
	l.memberships.RemoveFrom(index) // rule 28: they go with their entries
	for _, e := range entries {
		added := entry{term: e.Term, command: l.commands.Clone(e.Command)}
		if len(e.Membership) > 0 {
			added.membership, _ = l.memberships.Decode(e.Membership)
		}
		l.entries = append(l.entries, added)
		if added.membership != nil {
			l.memberships.Place(l.last(), added.membership)
		}
	}
}

// compact removes the entries up to index, and frees their memory.
func (l *entryLog) compact(index uint64) {
	l.baseTerm, l.entries = l.term(index), slab.DropFront(l.entries, int(index-l.base))
	l.base = index
	l.memberships.Compact(index)
}

// isMoreRecentThan returns true if this log is more recent than one whose last entry has the given index and
// term (section 5.4.1): its last entry has a higher term, or the same term and a higher index.
func (l *entryLog) isMoreRecentThan(index, term uint64) bool {
	mine := l.term(l.last())
	return term < mine || term == mine && index < l.last()
}

// firstIndexOf returns the index of the first entry of a term that has not been removed, or where it would
// be.
func (l *entryLog) firstIndexOf(term uint64) uint64 {
	return l.base + 1 + uint64(sort.Search(len(l.entries), func(i int) bool { return l.entries[i].term >= term }))
}
