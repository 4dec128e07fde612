package multipaxos

import (
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/quorum"
)

// instance is one place of the log, as its acceptor and, at the leader, its proposer see it.
type instance struct {
	ballot  protocols.Ballot // that the command was accepted under; zero: nothing was
	command []byte

	id       protocols.CommandID // at the leader, for marks; zero for a no-op
	accepted quorum.Set          // at the leader: who has accepted under its ballot
	proposed time.Duration       // at the leader: when
}

// instances is a log without its beginning. Places are counted from 1. The zero value is empty and
// lacks nothing.
type instances struct {
	truncated uint64 // places up to here are no more
	places    []instance
}

func (l *instances) last() uint64 { return l.truncated + uint64(len(l.places)) }

// at returns the instance at index, one without a proposal before the log and beyond its end.
func (l *instances) at(index uint64) instance {
	if index <= l.truncated || index > l.last() {
		return instance{}
	}
	return *l.place(index)
}

// place is where the instance at an index of the log stands.
func (l *instances) place(index uint64) *instance { return &l.places[index-l.truncated-1] }

// set puts an instance in its place; the places before it that the log lacks become gaps. What is
// before the log stays out of it.
func (l *instances) set(index uint64, i instance) {
	if index <= l.truncated {
		return
	}
	if last := l.last(); last < index {
		l.places = append(l.places, make([]instance, index-last)...)
	}
	*l.place(index) = i
}

// truncate takes away the places up to index, and their memory.
func (l *instances) truncate(index uint64) {
	if index <= l.truncated {
		return
	}
	l.places = slices.Clone(l.places[min(index, l.last())-l.truncated:])
	l.truncated = index
}

// fitting returns the instances from first to last, or as many of them as fit into one message.
func (l *instances) fitting(first, last uint64) []instance {
	if first <= l.truncated || first > min(last, l.last()) {
		return nil
	}
	return flow.Batch(l.places[first-l.truncated-1:min(last, l.last())-l.truncated], size)
}

func size(i instance) int { return len(i.command) }

// commands returns the instances' commands.
func commands(of []instance) [][]byte {
	all := make([][]byte, len(of))
	for i := range of {
		all[i] = of[i].command
	}
	return all
}
