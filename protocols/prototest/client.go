package prototest

import (
	"cmp"
	"slices"
	"time"

	"quorumbench/protocols"
	standard "quorumbench/protocols/client"
	"quorumbench/protocols/host"
)

// client is the client node of a place. It implements host.World.
type client struct {
	cluster *Cluster
	id      protocols.NodeID
	host    *host.Host

	nearest   protocols.NodeID // replica
	roundTrip time.Duration    // to it
}

// newClient makes and starts the client node of a place: the driver's own, or the standard one.
func (c *Cluster) newClient(place int) *client {
	n := &client{cluster: c, id: protocols.NodeID(len(c.Replicas) + place)}
	config := protocols.ClientConfig{ID: n.id, Retry: c.Network.Retry, Options: c.config(0).Options, Seed: c.seed<<16 + uint64(n.id)<<8}
	for id := range c.Replicas {
		if !c.Network.Witnesses.Has(int32(id)) {
			config.Replicas = append(config.Replicas, protocols.NodeID(id))
		}
		config.RoundTrips = append(config.RoundTrips, c.Network.Delays[place][id]+c.Network.Delays[id][place])
	}
	slices.SortStableFunc(config.Replicas, func(a, b protocols.NodeID) int {
		return cmp.Compare(config.RoundTrips[a], config.RoundTrips[b])
	})
	n.nearest = config.Replicas[0]
	n.roundTrip = config.RoundTrips[n.nearest]
	made := standard.New
	if c.driver.Client != nil {
		made = c.driver.Client
	}
	n.host = host.New(host.Config{World: n, Client: true, New: func(uint64) protocols.Node { return made(config) }})
	n.host.Restore()
	n.host.Start()
	n.host.Release()
	return n
}

func (n *client) receive(from protocols.NodeID, data []byte) {
	n.host.Message(from, data, n.Now())
	n.host.Release()
}

// Now implements host.World.
func (n *client) Now() time.Duration { return n.cluster.Now() }

// Send implements host.World.
func (n *client) Send(messages []protocols.Send) {
	for _, m := range messages {
		n.cluster.transmit(n.id, m.To, m.Data)
	}
}

// Wake implements host.World.
func (n *client) Wake(at time.Duration, timer protocols.TimerID, setting uint64) {
	n.cluster.At(at, func() {
		n.host.Fire(timer, setting, n.Now())
		n.host.Release()
	})
}

// Commit implements host.World: a client applies nothing.
func (n *client) Commit(protocols.Commit) {}

// Mark implements host.World.
func (n *client) Mark(protocols.Mark, time.Duration) {}

// Answer implements host.World: the load has its answer.
func (n *client) Answer(_ protocols.NodeID, a protocols.Answer) { n.cluster.answer(a) }
