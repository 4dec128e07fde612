package multipaxos

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/relay"
)

// instance is one place of the log, as its acceptor and, at the leader, its proposer see it.
type instance struct {
	ballot  protocols.Ballot // that the command was accepted under; zero: nothing was
	command []byte

	id       protocols.CommandID // at the leader, for marks; zero for a no-op
	accepted quorum.Votes        // at the leader: who has accepted under its ballot
	proposed time.Duration       // at the leader: when
}

// instances is a log. Places are counted from 1.
type instances []instance

func (l instances) last() uint64 { return uint64(len(l)) }

// at returns the instance at index, one without a proposal beyond the end.
func (l instances) at(index uint64) instance {
	if index > l.last() {
		return instance{}
	}
	return l[index-1]
}

// set puts an instance in its place; the places before it that the log lacks become gaps.
func (l *instances) set(index uint64, i instance) {
	for l.last() < index {
		*l = append(*l, instance{})
	}
	(*l)[index-1] = i
}

// fitting returns the first of the instances, as many as fit into one message.
func (l instances) fitting() instances {
	return relay.Batch(l, func(i instance) int { return len(i.command) })
}

// commands returns the instances' commands.
func (l instances) commands() [][]byte {
	commands := make([][]byte, len(l))
	for i := range l {
		commands[i] = l[i].command
	}
	return commands
}
