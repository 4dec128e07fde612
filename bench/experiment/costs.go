package experiment

import (
	"fmt"
	"time"
)

// nearby is the one-way delay between the replicas of a run for costs.
const nearby = 100 * time.Microsecond

// ForCosts is the plan of a short live run that tells what the machine takes for commands, messages and bytes; see package
// costs. It has the protocols, commands, transport and number of replicas of the experiment, and clients beside each replica
// in a closed loop that keep the processors busy: no faults, no losses, and hardly any distance.
func (p *Plan) ForCosts(durability Durability, size Size, clients int) *Plan {
	one := *p
	one.points, one.Point = nil, ""
	e := &one.Experiment
	e.Transport.Mode = e.StreamMode() // of the network that the experiment has
	e.Name = fmt.Sprintf("%s, %v, %v, %d clients", e.Name, durability, size, clients)
	e.Regions, e.Clients = e.Replicas, e.Replicas
	e.World, e.Durability, e.Repeats = Live, durability, 1
	e.Network, e.Simulation, e.Thresholds = Network{}, Simulation{}, Thresholds{}
	e.Faults, e.Sweep = nil, nil
	of := &p.Experiment.Load
	e.Load = Load{
		Arrivals: Closed, Clients: clients, ValueSize: size, Ask: AskNearest, Warmup: 500 * time.Millisecond, Duration: 1500 * time.Millisecond,
		Timeout: of.Timeout, Reads: of.Reads, Versions: of.Versions, Keys: of.Keys,
	}
	n := len(e.Replicas)
	one.Places = p.Places[:n]
	one.Topology.OneWay, one.jitter = nil, nil
	for from := range n {
		delays := make([]time.Duration, n)
		for to := range delays {
			if to != from {
				delays[to] = nearby
			}
		}
		one.Topology.OneWay = append(one.Topology.OneWay, delays)
		one.jitter = append(one.jitter, make([]time.Duration, n))
	}
	return &one
}
