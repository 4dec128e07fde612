package lives

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/quorum"
)

// This file draws limits that runs never meet otherwise.

// limits are the limits of a life that are not those of an experiment.
type limits struct {
	Messages      flow.Limits
	SnapshotEvery uint64       // 0: as the driver has it
	Quorums       quorum.Roles // nil: the driver's own
}

// change sets the limits in the configuration of a replica.
func (l *limits) change(c *protocols.Config) {
	c.Limits, c.SnapshotEvery = l.Messages, l.SnapshotEvery
	for role, system := range l.Quorums {
		c.Quorums[role] = system
	}
}

// describe writes the limits that are not as by default, one a line.
func (l *limits) describe(b *strings.Builder) {
	if l.Messages != (flow.Limits{}) {
		fmt.Fprintf(b, "messages of %d to %d bytes of commands\n", l.Messages.Min(), l.Messages.Max())
	}
	if l.SnapshotEvery > 0 {
		fmt.Fprintf(b, "a snapshot every %d entries\n", l.SnapshotEvery)
	}
	for _, role := range l.Quorums.Names() {
		fmt.Fprintf(b, "quorums for %s: %v\n", role, l.Quorums[role])
	}
}

// smallPieces makes messages and pieces of snapshots small, and the sizes of values differ: some do not fit into
// one message with others, and some into no message.
func (d drawer) smallPieces(l *Life) {
	least := int(d.one(128, 256, 512))
	l.Limits.Messages = flow.Limits{MinBytes: least, MaxBytes: least << d.IntN(2)}
	l.ValueSizes = []int{12, 40, 120, 300}
	l.Experiment.Load.Keys.Count = min(l.Experiment.Load.Keys.Count, 20) // so that a snapshot has dozens of pieces, not hundreds
}

// quorumSizes draws the number of members of the quorums of each role, in a random order of the roles: any that lets
// those meet that must.
func (d drawer) quorumSizes(l *Life) {
	config, n := l.config(0), len(l.Experiment.Replicas)
	roles, names := quorum.Roles{}, config.Quorums.Names()
	for _, role := range names {
		roles[role] = quorum.Size(n, config.All())
	}
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i, role := range names {
		var meet []quorum.System
		for size := 1; size <= n; size++ {
			roles[role] = quorum.Size(size, config.All())
			if roles.Check(l.Driver.Meeting...) == nil {
				meet = append(meet, roles[role])
			}
		}
		if roles[role] = meet[0]; i < len(names)-1 { // the last one is as small as can be
			roles[role] = meet[d.IntN(len(meet))]
		}
	}
	l.Limits.Quorums = roles
}

// config returns the configuration of a replica.
func (l *Life) config(id protocols.NodeID) protocols.Config {
	e := &l.Experiment
	c := l.Driver.MustComplete(protocols.Config{
		ID: id, Members: protocols.Members(len(e.Replicas)), Options: e.Protocols[0].Options, Delays: l.betweenReplicas(),
		Leader: protocols.NodeID(slices.Index(e.Replicas, e.Protocols[0].Leader)),
	})
	l.Limits.change(&c)
	return c
}
