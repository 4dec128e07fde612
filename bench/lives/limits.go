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
	SnapshotEvery uint64       // commands, or records, between two snapshots
	SnapshotStep  int          // bytes of a snapshot that are encoded in one step; 0: as in every experiment
	Quorums       quorum.Roles // nil: the driver's own
}

// change sets the limits in the configuration of a replica.
func (l *limits) change(c *protocols.Config) {
	c.Limits, c.SnapshotEvery, c.SnapshotStep = l.Messages, l.SnapshotEvery, l.SnapshotStep
	for role, system := range l.Quorums {
		c.Quorums[role] = system
	}
}

// describe writes the limits that are not as by default, one a line.
func (l *limits) describe(b *strings.Builder) {
	if l.Messages != (flow.Limits{}) {
		fmt.Fprintf(b, "messages of %d to %d bytes of commands\n", l.Messages.Min(), l.Messages.Max())
	}
	if l.SnapshotEvery != usualSnapshots {
		fmt.Fprintf(b, "a snapshot every %d entries\n", l.SnapshotEvery)
	}
	if l.SnapshotStep > 0 {
		fmt.Fprintf(b, "%d bytes of a snapshot are encoded in one step\n", l.SnapshotStep)
	}
	for _, role := range l.Quorums.Names() {
		fmt.Fprintf(b, "quorums for %s: %v\n", role, l.Quorums[role])
	}
}

// usualSnapshots is the interval between two snapshots in most lives. A life has some 200 commands, so that logs are
// truncated, and replicas need snapshots.
const usualSnapshots = 100

// snapshots draws how many steps a snapshot takes. The state of a life has up to some kilobytes.
func (d drawer) snapshots(l *Life) {
	l.Limits.SnapshotEvery, l.Limits.SnapshotStep = usualSnapshots, int(d.one(0, 64, 512))
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

// quorumSystems draws quorum systems of other kinds than sizes: of each role the same or its dual, as far as those meet
// that must. No replica is a quorum alone: with a client in a closed loop beside it, all would happen at one time.
func (d drawer) quorumSystems(l *Life) {
	config, n := l.config(0), len(l.Experiment.Replicas)
	for range 50 {
		drawn := d.quorumSystem(n, 2)
		roles, both := quorum.Roles{}, []quorum.System{drawn, quorum.Dual(drawn)}
		for _, role := range config.Quorums.Names() {
			roles[role] = both[d.IntN(2)]
		}
		if !anyAlone(roles, n) && roles.Check(l.Driver.Meeting...) == nil {
			l.Limits.Quorums = roles
			return
		}
	}
}

// anyAlone tells whether one of n replicas is a quorum of a role alone.
func anyAlone(roles quorum.Roles, n int) bool {
	for _, system := range roles {
		for i := range n {
			if system.IsQuorum(quorum.Of(int32(i))) {
				return true
			}
		}
	}
	return false
}

// quorumSystem draws a system of n replicas, of systems up to so deep in one another. Some replicas may be in no quorum, or in
// several parts.
func (d drawer) quorumSystem(n, depth int) quorum.System {
	subset := func() (s quorum.Set) {
		for s == 0 {
			s = quorum.Set(d.Uint64()) & quorum.First(n)
		}
		return s
	}
	switch kind := d.IntN(4); {
	case depth == 0:
		return quorum.Majority(subset())
	case kind == 0: // with weights
		var parts []quorum.Part
		for i := range n {
			parts = append(parts, quorum.Part{System: quorum.One(int32(i)), Weight: 1 + d.IntN(3)})
		}
		return quorum.MajorityOf(parts...)
	case kind == 1:
		return quorum.Joint(subset(), subset())
	case kind == 2:
		return quorum.Grid(subset(), subset())
	default: // hierarchical
		return quorum.MajorityOf(quorum.Parts(d.quorumSystem(n, depth-1), d.quorumSystem(n, depth-1), d.quorumSystem(n, depth-1))...)
	}
}

// config returns the configuration of a replica.
func (l *Life) config(id protocols.NodeID) protocols.Config {
	e := &l.Experiment
	replicas := 0
	if e.Changes() {
		replicas = len(e.Replicas)
	}
	c := l.Driver.MustComplete(protocols.Config{
		ID: id, Members: protocols.Members(len(e.FirstMembers())), Replicas: replicas, Options: e.Protocols[0].Options, Delays: l.betweenReplicas(),
		Leader: protocols.NodeID(slices.Index(e.Replicas, e.Protocols[0].Leader)), Witnesses: l.witnessSet(),
	})
	l.Limits.change(&c)
	return c
}
