package protocols

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols/quorum"
)

// Driver is what a protocol package offers to the rest of the toolkit.
type Driver struct {
	// Name is what an experiment file calls the protocol.
	Name string
	// Summary says in one line what it does and what a write costs.
	Summary string
	// HasLeader is true if the protocol has a leader whose place matters.
	HasLeader bool
	// NotSurvived are the faults that the protocol does not promise to survive. Zero: it survives all.
	NotSurvived Faults
	// Replicas refuses, with an error that says what would do, a number of replicas that the
	// protocol cannot work with. Nil means that any number from 1 will do.
	Replicas func(n int) error
	// Options are what an experiment may choose about the protocol.
	Options []Option
	// New returns a replica that has not started yet.
	New func(Config) Node
	// Client returns a client node that has not started yet. Nil: the driver has the standard client.
	Client func(ClientConfig) Node
	// Floor is the least time a write can take for a client beside the replica of that Config,
	// from its arrival to its answer, with no processing time, no loss and no other writes.
	Floor func(Config) time.Duration
	// Describe names an encoded message for traces and diagrams, in one line: its kind first, then
	// the essentials, such as "Prepare k/1 2.0". Empty means that it is not a message of this
	// driver. Safe for use by several goroutines. Nil means that the driver does not tell.
	Describe func(message []byte) string
	// Invariants, if set, holds the states of a cluster's replicas against each other, and tells
	// what is wrong. Replicas that are down are nil. It is called between steps, changes nothing,
	// and is for checking runs, not for running.
	Invariants func(replicas []Node) error
}

// CheckReplicas is d.Replicas, and the check that holds for every driver.
func (d *Driver) CheckReplicas(n int) error {
	if n < 1 || n > MaxReplicas {
		return fmt.Errorf("%s works with 1 to %d replicas, not %d", d.Name, MaxReplicas, n)
	}
	if d.Replicas == nil {
		return nil
	}
	return d.Replicas(n)
}

// Config is what a replica knows when it is made.
type Config struct {
	ID      NodeID
	Members []NodeID // the replicas of the first membership: 0 … n-1, in that order. All replicas share the slice
	Leader  NodeID   // who shall lead, Nobody for drivers without a leader
	Delays  Delays   // of the links, as configured; timeouts and the first choice of a peer follow from it
	Options Options  // settled
	Seed    uint64   // for the replica's own randomness: the same in a repeated run, a higher one in each later life
}

// Members returns the first membership of a cluster of n replicas: 0 … n-1.
func Members(n int) []NodeID {
	members := make([]NodeID, n)
	for i := range members {
		members[i] = NodeID(i)
	}
	return members
}

// Size is the number of members.
func (c *Config) Size() int { return len(c.Members) }

// All is the set of the members.
func (c *Config) All() quorum.Set { return quorum.Of(c.Members...) }

// Patience is how long an answer of another replica may take before it is asked for again, by the
// configured delays; see Retry.
func (c *Config) Patience(with NodeID) time.Duration { return Retry(c.Delays.RoundTrip(c.ID, with)) }

// IsMember tells whether a number is that of a member.
func (c *Config) IsMember(id NodeID) bool { return slices.Contains(c.Members, id) }

// IsPeer tells whether a number is that of another member.
func (c *Config) IsPeer(id NodeID) bool { return id != c.ID && c.IsMember(id) }
