package system

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Promise is what a system promises about the answers to its clients. It decides which checks judge a run.
type Promise string

// The promises.
const (
	// Linearizable: reads and writes take effect in one order that agrees with real time.
	Linearizable Promise = "linearizable"
	// Sequential: writes take effect in one order that agrees with real time; a read may be answered from an older state.
	Sequential Promise = "sequential"
	// Nothing: answered writes may be lost.
	Nothing Promise = "nothing"
)

// Description says what a system is, without running it.
type Description struct {
	Name    string // what an experiment calls it
	Summary string // in one line, what it does and what a write costs
	// FloorOf is the name of the driver whose messages the system's writes take: its floor is the system's, and it tells
	// whether there is a leader.
	FloorOf string
	Promise Promise
	// NoFailover says that the node that leads does so for good, and alone serves clients: they ask it and no other, whatever
	// load.ask says, and while it is down nothing is answered.
	NoFailover bool
	// Most is how many replicas there may be; 0: as many as the driver FloorOf can have.
	Most int
}

// Known are the systems that an experiment may name, in the order in which reports list them. A program that has no adapter
// of a system can check and plan its experiments, and not run them.
var Known = Descriptions{
	{
		Name: "etcd", FloorOf: "raft", Promise: Linearizable,
		Summary: "etcd as it is released: Raft, bbolt, gRPC; the round trip to the leader, and the leader's to its nearest quorum",
	},
	{
		Name: "nats", FloorOf: "raft", Promise: Sequential, Most: 5,
		Summary: "NATS JetStream as it is released: a stream by Raft; the round trip to the leader, and the leader's to its nearest quorum",
	},
	{
		Name: "redis", FloorOf: "raft", Promise: Nothing, NoFailover: true,
		Summary: "Redis as it is released: a primary, SET and WAIT; the round trip to the primary, and the primary's to its nearest majority",
	},
	{
		Name: "postgres", FloorOf: "raft", Promise: Linearizable, NoFailover: true,
		Summary: "PostgreSQL as it is installed: synchronous streaming replication; the round trip to the primary, and the primary's to its nearest standbys",
	},
	{
		Name: "zookeeper", FloorOf: "zab", Promise: Sequential,
		Summary: "ZooKeeper as it is installed: Zab, Java; the round trip to the leader, and the leader's to its nearest quorum; reads by the server that is asked",
	},
}

// Descriptions are those of several systems.
type Descriptions []*Description

// Names returns the systems' names, in order.
func (all Descriptions) Names() []string {
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = d.Name
	}
	return names
}

// Names are the names of all systems that an experiment may name, the one that it describes itself included.
func Names() []string { return append(Known.Names(), CommandName) }

// Find returns the description of that name, or nil.
func (all Descriptions) Find(name string) *Description {
	if i := slices.IndexFunc(all, func(d *Description) bool { return d.Name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// Driver returns a driver that stands for the system in plans: it has the floor and the leader of the driver FloorOf, of
// the given ones, with their default options, and cannot be run. It is nil if that driver is not among them.
func (d *Description) Driver(drivers protocols.Drivers) *protocols.Driver {
	like := drivers.Find(d.FloorOf)
	if like == nil {
		return nil
	}
	with := func(c protocols.Config) protocols.Config {
		c.Options, c.Quorums = nil, nil
		return like.MustComplete(c)
	}
	stands := &protocols.Driver{
		Name: d.Name, Summary: d.Summary, HasLeader: like.HasLeader, PromisesNothing: d.Promise == Nothing,
		Validate: func(c protocols.Config) error {
			c.Options, c.Quorums = nil, nil
			if n := len(c.Members); d.Most > 0 && n > d.Most {
				return &protocols.FieldError{Field: protocols.FieldMembers, Err: fmt.Errorf("%s works with 1 to %d replicas, not %d", d.Name, d.Most, n)}
			}
			_, err := like.Complete(c)
			return err
		},
	}
	if like.Quorums != nil {
		stands.Quorums = func(c protocols.Config) quorum.Roles { return with(c).Quorums }
	}
	stands.Floor = func(c protocols.Config) time.Duration { return like.Floor(with(c)) }
	if like.ClientFloor != nil {
		stands.ClientFloor = func(c protocols.Config, there, back []time.Duration) time.Duration {
			return like.ClientFloor(with(c), there, back)
		}
	}
	return stands
}
