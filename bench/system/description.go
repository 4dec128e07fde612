package system

import (
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
}

// Known are the systems that an experiment may name, in the order in which reports list them. A program that has no adapter
// of a system can check and plan its experiments, and not run them.
var Known = Descriptions{
	{
		Name: "etcd", FloorOf: "raft", Promise: Linearizable,
		Summary: "etcd as it is released: Raft, bbolt, gRPC; the round trip to the leader, and the leader's to its nearest quorum",
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
