package sharded

import (
	"fmt"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/raft"
)

// Driver is a group for each region.
var Driver = protocols.Driver{
	Name:     "sharded",
	Summary:  "a Raft group for each region, which leads its keys: one round trip for a key of the region, and one to the key's home for another's",
	Baseline: true, // by its default a hash tells a key's home, so that most keys are of other regions
	Options:  func(int) any { return &Options{Protocol: onRaft} },
	Quorums: func(c protocols.Config) quorum.Roles {
		majority := quorum.Majority(c.All())
		return quorum.Roles{quorum.Election: majority, quorum.Write: majority}
	},
	New:      newReplica,
	Home:     home,
	Describe: describe,
	// Floor is that of a key whose home is this replica.
	Floor: func(c protocols.Config) time.Duration {
		return c.Delays.QuorumRoundTrip(c.ID, c.Quorums[quorum.Write])
	},
	Invariants: invariants,
}

// replica is the member of all groups at one place.
type replica struct {
	config protocols.Config
	of     *protocols.Driver // the groups'
	groups []*group

	in      Message
	message Message
	record  Record
	command kv.Command
}

// group is the member of one group.
type group struct {
	id    int
	order string // the key of its slots
	node  protocols.Node
	out   protocols.Outbox
	disk  [][]byte // its records on disk, oldest first; empty if nobody will read them
}

func newReplica(c protocols.Config) protocols.Node {
	r := &replica{config: c, of: groupDriver(&c)}
	for id := range c.Size() {
		r.groups = append(r.groups, &group{
			id: id, order: protocols.OrderOf(protocols.NodeID(id)), node: r.of.New(groupConfig(c, r.of, id)),
		})
	}
	return r
}

// groupDriver returns the driver of the groups.
func groupDriver(c *protocols.Config) *protocols.Driver {
	if c.Options.(*Options).Protocol == onMultipaxos {
		return &multipaxos.Driver
	}
	return &raft.Driver
}

// groupConfig returns the configuration of this replica in a group, which replica id leads (rule 1).
func groupConfig(c protocols.Config, of *protocols.Driver, id int) protocols.Config {
	one := c
	one.Leader, one.Options, one.Quorums = protocols.NodeID(id), nil, nil
	if of == &multipaxos.Driver {
		one.Options = protocols.Choices{"preferred": "on"} // raft hands over by default
	}
	one.Seed = c.Seed + uint64(id)<<56 // streams of their own; incarnations and replicas differ in the lower bits
	return of.MustComplete(one)
}

// Step implements protocols.Node: it gives the input to the group that it is for, or to all.
func (r *replica) Step(in *protocols.Input, out *protocols.Outbox) {
	n := uint64(len(r.groups))
	switch in.Kind {
	case protocols.InputRestore:
		r.restore(in, out)
	case protocols.InputStart:
		for _, g := range r.groups {
			r.step(g, *in, out)
		}
	case protocols.InputMessage:
		r.onMessage(in, out)
	case protocols.InputTimer:
		one := *in
		one.Timer = protocols.TimerID(uint64(in.Timer) / n)
		r.step(r.groups[uint64(in.Timer)%n], one, out)
	case protocols.InputDurable:
		one := *in
		one.Notice = in.Notice / n
		r.step(r.groups[in.Notice%n], one, out)
	case protocols.InputCommand:
		r.command.Reset()
		if err := r.command.UnmarshalVTUnsafe(in.Data); err != nil {
			panic(fmt.Sprintf("sharded: command %v is not a kv.Command: %v", in.Command, err)) // the host encodes commands: a programming error
		}
		r.step(r.groups[home(r.config, r.command.Key)], *in, out) // rule 3
	}
}

// onMessage gives a message to its group, unless no replica of this driver has sent it.
func (r *replica) onMessage(in *protocols.Input, out *protocols.Outbox) {
	m := &r.in
	m.Reset()
	if m.UnmarshalVTUnsafe(in.Data) != nil || m.Group >= uint32(len(r.groups)) {
		return
	}
	one := *in
	switch inside := m.Protocol.(type) {
	case *Message_Raft:
		if r.of != &raft.Driver {
			return
		}
		one.Data = inside.Raft
	case *Message_Multipaxos:
		if r.of != &multipaxos.Driver {
			return
		}
		one.Data = inside.Multipaxos
	default:
		return
	}
	r.step(r.groups[m.Group], one, out)
}

// step gives a group an input, and takes over what it wants, in its order, with the name of the group (rule 4).
func (r *replica) step(g *group, in protocols.Input, out *protocols.Outbox) {
	g.out.Reset()
	g.out.Unread = out.Unread
	g.node.Step(&in, &g.out)
	n := uint64(len(r.groups))
	for i := range g.out.Records {
		r.persist(g, &g.out.Records[i], out)
	}
	for _, notice := range g.out.Notices {
		out.WhenDurable(notice*n + uint64(g.id))
	}
	for _, c := range g.out.Commits {
		c.Slot.Key = g.order
		out.Commits = append(out.Commits, c)
	}
	out.Answers = append(out.Answers, g.out.Answers...)
	for _, m := range g.out.Marks {
		if m.Event != protocols.MarkLeading && m.Event != protocols.MarkDeposed { // which tell who leads all
			out.Marks = append(out.Marks, m)
		}
	}
	for _, t := range g.out.Timers {
		t.ID = protocols.TimerID(uint64(t.ID)*n + uint64(g.id))
		out.Timers = append(out.Timers, t)
	}
	r.send(g, out)
}

// send sends the messages of a group. One that goes to several replicas is encoded once.
func (r *replica) send(g *group, out *protocols.Outbox) {
	var last []byte // of the group
	for _, s := range g.out.Sends {
		if len(last) > 0 && len(s.Data) > 0 && &last[0] == &s.Data[0] {
			again := out.Sends[len(out.Sends)-1]
			again.To, again.Now = s.To, s.Now
			out.Sends = append(out.Sends, again)
			continue
		}
		last = s.Data
		m := &r.message
		m.Group = uint32(g.id)
		if r.of == &raft.Driver {
			m.Protocol = &Message_Raft{Raft: s.Data}
		} else {
			m.Protocol = &Message_Multipaxos{Multipaxos: s.Data}
		}
		if s.Now {
			out.SendNow(s.To, m)
		} else {
			out.Send(s.To, m)
		}
	}
}
