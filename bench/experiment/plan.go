package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"quorumbench/netem"
	"quorumbench/protocols"
)

// Plan is an experiment that has been checked and can be run: the experiment, its topology, and the links
// between its regions.
type Plan struct {
	Experiment Experiment
	Topology   Topology
	AllRegions *netem.Topology // the whole topology, with regions that the experiment does not use
	// Places holds the topology's name of each of the experiment's regions. A region that is listed twice has
	// two names in the experiment and one in the topology: us-east-1 and us-east-1#2 are both us-east-1.
	Places []string
	// Point is the value of the swept setting in this plan, empty without a sweep.
	Point string

	drivers    protocols.Drivers
	topologies map[string][]byte // topology files that were given with the experiment
	jitter     [][]time.Duration // standard deviation of the one-way delays
	points     []*Plan           // of a sweep; see Points
}

// NewPlan makes a plan for the simulated world from an experiment that a program has put together instead of a
// file. The driver need not be registered. The matrices hold the one-way delays between the regions and their
// standard deviations. The experiment must have exactly one protocol and values that a file could have.
func NewPlan(driver *protocols.Driver, e Experiment, oneWay, jitter [][]time.Duration) (plan *Plan, err error) {
	e.Complete()
	n := len(e.Regions)
	if len(oneWay) != n || len(jitter) != n || !e.IsSimulated() {
		return nil, fmt.Errorf("making a plan for %d regions in world %s with %d rows of delays and %d of jitter; accepted: sim, a row for each region",
			n, e.World, len(oneWay), len(jitter))
	}
	if len(e.Protocols) != 1 || e.Protocols[0].Name != driver.Name {
		return nil, fmt.Errorf("making a plan for the protocols %v; accepted: one, %s", e.Protocols, driver.Name)
	}
	e.Protocols = slices.Clone(e.Protocols)
	config := e.replicas()
	config.Options, config.Witnesses = e.Protocols[0].Options, e.witnesses(e.Protocols[0])
	complete, err := driver.Complete(config)
	if err != nil {
		return nil, fmt.Errorf("making a plan for %s: %w", driver.Name, err)
	}
	e.Protocols[0].Options = protocols.Texts(complete.Options)
	return &Plan{
		Experiment: e, Topology: Topology{Name: "drawn", OneWay: oneWay}, Places: e.Regions,
		drivers: protocols.Drivers{driver}, jitter: jitter,
	}, nil
}

// Driver returns a protocol's driver; of a system, one that stands for it and cannot be run.
func (p *Plan) Driver(protocol Protocol) *protocols.Driver {
	if described := protocol.Described(); described != nil {
		return described.Driver(p.drivers)
	}
	return p.drivers.Find(protocol.Name)
}

// ReplicaConfig returns the configuration of a replica under a protocol, without its seed.
func (p *Plan) ReplicaConfig(protocol Protocol, id protocols.NodeID) protocols.Config {
	leader := protocols.Nobody
	if protocol.Leader != "" {
		leader = protocols.NodeID(p.Region(protocol.Leader))
	}
	config := p.Experiment.replicas()
	config.ID, config.Leader, config.Delays = id, leader, p.betweenReplicas()
	config.Options, config.Quorums, config.Witnesses = protocol.Options, p.Quorums(protocol), p.Witnesses(protocol)
	return p.Driver(protocol).MustComplete(config)
}

// CheckEnds refuses an experiment in virtual time that would never end: a closed loop in which a command takes no time, so that its
// client issues the next one, and the next, at the same moment.
func (p *Plan) CheckEnds() error {
	e := &p.Experiment
	if !e.IsSimulated() || e.Load.Arrivals != Closed {
		return nil
	}
	for _, point := range p.Points() {
		at := &point.Experiment
		if at.Load.ThinkTime > 0 || at.Simulation.HasCosts() || at.Simulation.PersistCost > 0 {
			continue
		}
		for _, protocol := range at.Protocols {
			for client, region := range at.Clients {
				if point.Floor(protocol, client) == 0 {
					return fmt.Errorf("found a closed loop in virtual time in which a write from %s takes no time under %s, so that it would never end; accepted: round trips, load.think_time or simulation.command_cost above 0s, or world: live", region, protocol.Label)
				}
			}
		}
	}
	return nil
}

// betweenReplicas returns the delays between the regions that have replicas, which come first in Regions.
func (p *Plan) betweenReplicas() protocols.Delays {
	n := len(p.Experiment.Replicas)
	delays := make(protocols.Delays, n)
	for i := range delays {
		delays[i] = p.Topology.OneWay[i][:n]
	}
	return delays
}

// ClientConfig returns the configuration, without its seed, of the client node of region Experiment.Clients[client]
// under a protocol. Its replicas, all but witnesses, are in the order in which the client asks them; of a system without failover,
// the leader's alone. Client nodes have the numbers after the replicas'.
func (p *Plan) ClientConfig(protocol Protocol, client int) protocols.ClientConfig {
	load, n := &p.Experiment.Load, len(p.Experiment.Replicas)
	c := protocols.ClientConfig{
		ID: protocols.NodeID(n + client), Options: p.ReplicaConfig(protocol, 0).Options,
		Retry: load.Retry, GiveUp: load.Timeout,
	}
	at := p.ClientRegion(client)
	described := protocol.Described()
	leaderOnly := described != nil && described.NoFailover && protocol.Leader != ""
	for replica := range n {
		if !p.Witnesses(protocol).Has(int32(replica)) && (!leaderOnly || replica == p.Region(protocol.Leader)) {
			c.Replicas = append(c.Replicas, protocols.NodeID(replica))
		}
		c.RoundTrips = append(c.RoundTrips, p.Topology.OneWay[at][replica]+p.Topology.OneWay[replica][at])
	}
	first := protocols.NodeID(at) // the replica in the same region, if there is one
	if load.Ask == AskLeader && protocol.Leader != "" {
		first = protocols.NodeID(p.Region(protocol.Leader))
	}
	slices.SortStableFunc(c.Replicas, func(a, b protocols.NodeID) int {
		if (a == first) != (b == first) {
			if a == first {
				return -1
			}
			return 1
		}
		return cmp.Compare(c.RoundTrips[a], c.RoundTrips[b])
	})
	if c.Retry == 0 && !p.Beside(protocol, client) {
		c.Retry = protocols.Retry(p.floor(protocol, &c))
	}
	return c
}

// Beside tells whether a client node has a replica beside it that it may ask: one that is no witness.
func (p *Plan) Beside(protocol Protocol, client int) bool {
	at := p.ClientRegion(client)
	return at < len(p.Experiment.Replicas) && !p.Witnesses(protocol).Has(int32(at))
}

// ClientRegion is the index in Experiment.Regions of a client node's region.
func (p *Plan) ClientRegion(client int) int { return p.Region(p.Experiment.Clients[client]) }

// Floor is the least time that a write from a client node's region can take under a protocol: the round trip to
// the replica that it asks first, and the driver's floor at that replica; or the driver's ClientFloor.
func (p *Plan) Floor(protocol Protocol, client int) time.Duration {
	c := p.ClientConfig(protocol, client)
	return p.floor(protocol, &c)
}

func (p *Plan) floor(protocol Protocol, c *protocols.ClientConfig) time.Duration {
	n := len(p.Experiment.Replicas)
	asked, at := c.Replicas[0], p.ClientRegion(int(c.ID)-n)
	back := make([]time.Duration, n)
	for replica := range back {
		back[replica] = p.Topology.OneWay[replica][at]
	}
	return p.Driver(protocol).FloorAt(p.ReplicaConfig(protocol, asked), asked, p.Topology.OneWay[at][:len(back)], back)
}

// Hops is how many links one after the other a write from a client node's region passes at least: 2 for one round trip to
// a quorum, 4 by way of a leader elsewhere. It is the floor over links of equal delays.
func (p *Plan) Hops(protocol Protocol, client int) int {
	const unit = time.Millisecond
	c := p.ClientConfig(protocol, client) // asks whom it asks over the links as they are
	equal := *p
	equal.Topology.OneWay = nil
	for _, row := range p.Topology.OneWay {
		units := make([]time.Duration, len(row))
		for to, delay := range row {
			if delay > 0 {
				units[to] = unit
			}
		}
		equal.Topology.OneWay = append(equal.Topology.OneWay, units)
	}
	return int(equal.floor(protocol, &c) / unit)
}

// QuorumRoundTrip is the round trip from a client node's region to the nearest majority of the members; a
// replica in the region itself takes no time. Reports call it one wide-area round trip.
func (p *Plan) QuorumRoundTrip(client int) time.Duration {
	n, at := len(p.Experiment.FirstMembers()), p.ClientRegion(client)
	var roundTrips []time.Duration
	for replica := range n {
		if replica == at {
			roundTrips = append(roundTrips, 0)
		} else {
			roundTrips = append(roundTrips, p.Topology.OneWay[at][replica]+p.Topology.OneWay[replica][at])
		}
	}
	slices.Sort(roundTrips)
	return roundTrips[n/2]
}

// Region is the index in Experiment.Regions of a region, -1 if it is not there.
func (p *Plan) Region(name string) int { return slices.Index(p.Experiment.Regions, name) }

// Link is the configuration of the link from one region to another, before any faults.
func (p *Plan) Link(from, to int) netem.LinkConfig {
	n := &p.Experiment.Network
	return netem.LinkConfig{
		Delay: p.Topology.OneWay[from][to], Jitter: p.jitter[from][to],
		Loss: float64(n.Loss), Rate: int64(n.Rate), Queue: int(n.Queue), Reorder: n.Reorder,
	}
}

// OnLinks is the plan with one-way delays between its regions that were measured, by their numbers, in place of those of the topology. Delays
// within a region stay. Measured links have no jitter of their own in the plan: real links vary as they do.
func (p *Plan) OnLinks(delays [][]time.Duration) *Plan {
	measured := *p
	measured.Topology = Topology{Name: "measured links", Source: "measured between the sites", OneWay: onLinks(p.Topology.OneWay, delays)}
	measured.jitter = make([][]time.Duration, len(delays))
	for i := range measured.jitter {
		measured.jitter[i] = make([]time.Duration, len(delays))
	}
	measured.points = nil
	for _, point := range p.points {
		measured.points = append(measured.points, point.OnLinks(delays))
	}
	if s := p.Experiment.Sweep; s != nil {
		sweep := *s
		sweep.Points = slices.Clone(s.Points)
		for i := range sweep.Points {
			if sweep.Points[i].OneWay != nil {
				sweep.Points[i].OneWay = onLinks(sweep.Points[i].OneWay, delays)
			}
		}
		measured.Experiment.Sweep = &sweep
	}
	return &measured
}

// onLinks are measured delays with the diagonal of others.
func onLinks(others, delays [][]time.Duration) [][]time.Duration {
	all := make([][]time.Duration, len(delays))
	for i := range all {
		all[i] = slices.Clone(delays[i])
		all[i][i] = others[i][i]
	}
	return all
}

// Simulate makes it a plan for the simulated world, in which the links are those of its topology.
func (p *Plan) Simulate() {
	p.Experiment.World, p.Experiment.Network.Links = Simulated, Emulated
	for _, point := range p.points {
		point.Simulate()
	}
	if s := p.Experiment.Sweep; s != nil {
		for i := range s.Points {
			s.Points[i].Network.Links = Emulated
		}
	}
}

// Points returns the plan at each point of its sweep; without a sweep, the plan itself.
func (p *Plan) Points() []*Plan {
	if len(p.points) == 0 {
		return []*Plan{p}
	}
	var all []*Plan
	for _, point := range p.points {
		one := *p // with changes made since reading, such as flags of the command line
		sweptOf(&point.Experiment).into(&one.Experiment)
		one.Topology, one.jitter, one.Point = point.Topology, point.jitter, point.Point
		all = append(all, &one)
	}
	return all
}

// searchRuns is about how many runs a search for the highest rate takes: six that double the rate, and five that halve what is
// left of the last factor of two until it is 5 %.
const searchRuns = 11

// MaxRate is the highest rate of an open loop in a region, a second.
const MaxRate Rate = 50_000

// WithRate is the plan of one step of a search, at a rate, of which Point is the text. It measures for as long as it takes to
// show the percentiles of the objective, if that is more than load.duration: samples is how many commands that takes.
func (p *Plan) WithRate(rate Rate, samples int64) *Plan {
	one := *p
	one.Point = rate.String()
	load := &one.Experiment.Load
	load.Rate = rate
	share := 1 - float64(load.Reads) // writes, those of read-modify-writes included
	if needed := time.Duration(float64(samples) / (float64(rate) * share) * float64(time.Second)); share > 0 && needed > load.Duration {
		load.Duration = needed.Round(10 * time.Millisecond)
	}
	return &one
}

// Runs is how many runs the experiment takes.
func (p *Plan) Runs() int {
	if p.Experiment.Load.IsSearch() {
		return searchRuns * len(p.Experiment.Protocols) * p.Experiment.Repeats
	}
	return p.Experiment.Repeats * len(p.Experiment.Protocols) * max(1, len(p.points))
}

// Length is how long all runs take together, without the time to wait for the last answers.
func (p *Plan) Length() time.Duration {
	return time.Duration(p.Runs()) * (p.Experiment.Load.Warmup + p.Experiment.Load.Duration)
}
