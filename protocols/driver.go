package protocols

import (
	"fmt"
	"time"
)

// Driver is what a protocol package offers to the rest of the toolkit.
type Driver struct {
	// Name is what an experiment file calls the protocol.
	Name string
	// Summary says in one line what it does and what a write costs.
	Summary string
	// HasLeader is true if the protocol has a leader whose place matters.
	HasLeader bool
	// Replicas refuses, with an error that says what would do, a number of replicas that the
	// protocol cannot work with. Nil means that any number from 1 will do.
	Replicas func(n int) error
	// Options are what an experiment may choose about the protocol.
	Options []Option
	// New returns a replica that has not started yet.
	New func(Config) Node
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
	ID       NodeID
	Replicas int     // in the cluster; their IDs are 0 … Replicas-1
	Leader   NodeID  // who shall lead, Nobody for drivers without a leader
	Delays   Delays  // of the links, as configured; timeouts and the first choice of a peer follow from it
	Options  Options // settled
	Seed     uint64  // for the replica's own randomness: the same in a repeated run, a higher one in each later life
}

// Patience is how long an answer of another replica may take before it is asked for again, by the
// configured delays; see Retry.
func (c *Config) Patience(with NodeID) time.Duration { return Retry(c.Delays.RoundTrip(c.ID, with)) }

// IsPeer tells whether a number is that of another replica of the cluster.
func (c *Config) IsPeer(id NodeID) bool { return 0 <= id && int(id) < c.Replicas && id != c.ID }
