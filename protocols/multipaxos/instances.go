package multipaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/membership"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/slab"
)

// instance is one instance of the log, as its acceptor sees it, and at the leader its proposer.
type instance struct {
	ballot  protocols.Ballot // under which the command was accepted; zero if nothing was
	command []byte           // an encoded kv.Command, empty for a no-op, or a membership (see valueOf)

	id       protocols.CommandID // at the leader, for marks; zero for a no-op
	accepted quorum.Set          // at the leader: who has accepted the command under the leader's ballot
	proposed time.Duration       // at the leader: when it proposed the command
}

// instanceLog is a log whose beginning may have been removed. Instances are numbered from 1. The zero value is
// an empty log of which nothing has been removed.
type instanceLog struct {
	truncated uint64 // the instances up to this index have been removed
	slots     []instance
	commands  slab.Slab // holds the bytes of their commands

	memberships membership.Log // those among the commands (rule 21)
}

// last returns the index of the last instance.
func (l *instanceLog) last() uint64 { return l.truncated + uint64(len(l.slots)) }

// at returns the instance at an index, and the zero value before the log and beyond its end.
func (l *instanceLog) at(index uint64) instance {
	if index <= l.truncated || index > l.last() {
		return instance{}
	}
	return *l.slot(index)
}

// slot returns a pointer to the instance at an index that the log has.
func (l *instanceLog) slot(index uint64) *instance { return &l.slots[index-l.truncated-1] }

// set puts an instance into the log, with a copy of its command. Missing instances before it become gaps. It does nothing if the log is
// truncated there.
func (l *instanceLog) set(index uint64, i instance) {
	if index <= l.truncated {
		return
	}
	if last := l.last(); last < index {
		l.slots = append(l.slots, make([]instance, index-last)...)
	}
	i.command = l.commands.Clone(i.command)
	*l.slot(index) = i
	if l.memberships.Changes() {
		l.place(index, i.command)
	}
}

// truncate removes the instances up to index, and frees their memory.
func (l *instanceLog) truncate(index uint64) {
	if index <= l.truncated {
		return
	}
	l.slots = slab.DropFront(l.slots, int(min(index, l.last())-l.truncated))
	l.truncated = index
	l.memberships.Compact(index)
}

// batch returns the instances from first to last, or as many of them as fit into one message of
// maxBytes.
func (l *instanceLog) batch(first, last uint64, maxBytes int) []instance {
	if first <= l.truncated || first > min(last, l.last()) {
		return nil
	}
	return flow.Batch(maxBytes, l.slots[first-l.truncated-1:min(last, l.last())-l.truncated], size)
}

func size(i instance) int { return len(i.command) }
