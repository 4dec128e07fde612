package protocols

import "time"

// ClientConfig is the configuration of a client node. A client node plays the clients of one region: it gets their
// commands from the load as InputCommand, and its Outbox.Answer goes back to them. Client nodes have the numbers after
// the replicas'.
//
// A driver without a Client of its own gets the standard one of package client, whose messages its replicas
// never see: their host turns them into InputCommand, and what they Answer into messages. A driver with a
// Client of its own gets plain messages on both sides.
type ClientConfig struct {
	ID NodeID
	// Replicas are the replicas in the order in which they are asked: the nearest first or, if the experiment says
	// so, the leader first.
	Replicas []NodeID
	// RoundTrips are the configured round trips to the replicas, by NodeID.
	RoundTrips []time.Duration
	// Retry is the time to wait for an answer before another replica is asked. Zero: no other is asked.
	Retry time.Duration
	// GiveUp is the time after which the clients do not wait for an answer any more. Zero: they always wait.
	GiveUp  time.Duration
	Options any    // the driver's, as in Config
	Seed    uint64 // for the client's own randomness
}
