package protocols

import "time"

// ClientConfig is what a client node knows when it is made. A client node plays the clients of one region:
// the load hands it their commands as InputCommand, and what it gives to Outbox.Answer goes back to them.
// Its numbers come behind those of the replicas.
//
// A driver without a Client of its own gets the standard one of package client, whose messages its replicas
// never see: their host turns them into InputCommand, and what they Answer into messages. A driver with a
// Client of its own gets plain messages on both sides.
type ClientConfig struct {
	ID NodeID
	// Replicas are those that may be asked, in the order in which they are to be: the nearest first, or the
	// leader, if the experiment says so.
	Replicas []NodeID
	// RoundTrips are the configured ones to the replicas, by NodeID.
	RoundTrips []time.Duration
	// Retry is how long to wait for an answer before another replica is asked. Zero: for ever.
	Retry time.Duration
	// GiveUp is after which time nobody waits for an answer any more. Zero: somebody always does.
	GiveUp  time.Duration
	Options any    // the driver's, as in Config
	Seed    uint64 // for the client's own randomness
}
