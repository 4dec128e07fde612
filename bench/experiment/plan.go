package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"quorumbench/netem"
	"quorumbench/protocols"
)

// Plan is an experiment that has been checked and can be run: the experiment, its topology, and
// the links between its regions.
type Plan struct {
	Experiment Experiment
	Topology   Topology
	AllRegions *netem.Topology // of the topology, those of the experiment among them
	// Places are the topology's names of the experiment's regions. Regions that share a place have
	// names of their own: us-east-1 and us-east-1#2 are both in us-east-1.
	Places []string
	// Point is the value of the sweep at which this plan runs, empty without a sweep.
	Point string

	drivers protocols.Drivers
	jitter  [][]time.Duration // standard deviation of the one-way delays
	points  []*Plan           // of a sweep; see Points
}

// NewPlan makes a plan for the simulated world from an experiment that was put together by a
// program, for a driver that need not be registered, with one-way delays, and standard deviations
// of these, of its own. The experiment has one protocol, and must be such as a file could say.
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
	complete, err := driver.Complete(protocols.Config{Members: protocols.Members(len(e.Replicas)), Options: e.Protocols[0].Options})
	if err != nil {
		return nil, fmt.Errorf("making a plan for %s: %w", driver.Name, err)
	}
	e.Protocols[0].Options = protocols.Texts(complete.Options)
	return &Plan{
		Experiment: e, Topology: Topology{Name: "drawn", OneWay: oneWay}, Places: e.Regions,
		drivers: protocols.Drivers{driver}, jitter: jitter,
	}, nil
}

// Driver returns a protocol's driver.
func (p *Plan) Driver(protocol Protocol) *protocols.Driver { return p.drivers.Find(protocol.Name) }

// Replica returns what a replica knows under a protocol when it is made, its seed left aside.
func (p *Plan) Replica(protocol Protocol, id protocols.NodeID) protocols.Config {
	leader := protocols.Nobody
	if protocol.Leader != "" {
		leader = protocols.NodeID(p.Region(protocol.Leader))
	}
	return p.Driver(protocol).MustComplete(protocols.Config{
		ID: id, Members: protocols.Members(len(p.Experiment.Replicas)), Leader: leader,
		Delays: p.betweenReplicas(), Options: protocol.Options,
	})
}

// betweenReplicas are the delays between the regions that have replicas, which come first.
func (p *Plan) betweenReplicas() protocols.Delays {
	n := len(p.Experiment.Replicas)
	delays := make(protocols.Delays, n)
	for i := range delays {
		delays[i] = p.Topology.OneWay[i][:n]
	}
	return delays
}

// Client returns what the client node of a region of Experiment.Clients knows under a protocol when it is
// made, its seed left aside. Its number follows those of the replicas.
func (p *Plan) Client(protocol Protocol, client int) protocols.ClientConfig {
	load, n := &p.Experiment.Load, len(p.Experiment.Replicas)
	c := protocols.ClientConfig{
		ID: protocols.NodeID(n + client), Replicas: protocols.Members(n), Options: p.Replica(protocol, 0).Options,
		Retry: load.Retry, GiveUp: load.Timeout,
	}
	at := p.ClientRegion(client)
	for replica := range n {
		c.RoundTrips = append(c.RoundTrips, p.Topology.OneWay[at][replica]+p.Topology.OneWay[replica][at])
	}
	first := protocols.NodeID(at) // the replica beside it, if there is one
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
	if c.Retry == 0 && at >= n {
		c.Retry = protocols.Retry(p.floor(protocol, &c))
	}
	return c
}

// ClientRegion is the number of the region, among all regions, of a client node.
func (p *Plan) ClientRegion(client int) int { return p.Region(p.Experiment.Clients[client]) }

// Floor is the least time that a write of a client node's region can take under a protocol: the way to the
// replica that it asks and back, and what that replica needs.
func (p *Plan) Floor(protocol Protocol, client int) time.Duration {
	c := p.Client(protocol, client)
	return p.floor(protocol, &c)
}

func (p *Plan) floor(protocol Protocol, c *protocols.ClientConfig) time.Duration {
	asked := c.Replicas[0]
	return c.RoundTrips[asked] + p.Driver(protocol).Floor(p.Replica(protocol, asked))
}

// Quorum is the round trip from a client node's region to the nearest majority of the replicas, that in the
// region included: one round trip over the wide area.
func (p *Plan) Quorum(client int) time.Duration {
	n, at := len(p.Experiment.Replicas), p.ClientRegion(client)
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

// Region is the number of the region of that name, -1 if there is none.
func (p *Plan) Region(name string) int { return slices.Index(p.Experiment.Regions, name) }

// Link is the configuration of the link from one region to another, without faults.
func (p *Plan) Link(from, to int) netem.LinkConfig {
	n := &p.Experiment.Network
	return netem.LinkConfig{
		Delay: p.Topology.OneWay[from][to], Jitter: p.jitter[from][to],
		Loss: float64(n.Loss), Rate: int64(n.Rate), Queue: int(n.Queue), Reorder: n.Reorder,
	}
}

// Points returns the plan at each point of its sweep; without a sweep, the plan itself.
func (p *Plan) Points() []*Plan {
	if len(p.points) == 0 {
		return []*Plan{p}
	}
	var all []*Plan
	for _, point := range p.points {
		one := *p // with what was changed since it was read
		sweptOf(&point.Experiment).into(&one.Experiment)
		one.jitter, one.Point = point.jitter, point.Point
		all = append(all, &one)
	}
	return all
}

// Runs is how many runs the experiment takes.
func (p *Plan) Runs() int {
	return p.Experiment.Repeats * len(p.Experiment.Protocols) * max(1, len(p.points))
}

// Length is how long they take together, draining left out.
func (p *Plan) Length() time.Duration {
	return time.Duration(p.Runs()) * (p.Experiment.Load.Warmup + p.Experiment.Load.Duration)
}
