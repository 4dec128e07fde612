package protocols

import (
	"slices"
	"time"
)

// Floors returns the least time that a write can take for a client beside each replica of a cluster;
// see Driver.Floor. Of the configuration everything counts but the ID.
func (d *Driver) Floors(c Config) []time.Duration {
	floors := make([]time.Duration, c.Size())
	for i := range floors {
		c.ID = NodeID(i)
		floors[i] = d.Floor(c)
	}
	return floors
}

// BestLeader returns the leader under which the mean of the cluster's floors is least; among several,
// the one under which the greatest floor is least, and then the first. Of the configuration everything
// counts but the ID and the leader.
func (d *Driver) BestLeader(c Config) NodeID {
	best, leastMean, leastWorst := NodeID(0), time.Duration(0), time.Duration(0)
	for leader := range NodeID(c.Size()) {
		c.Leader = leader
		var sum time.Duration
		floors := d.Floors(c)
		for _, floor := range floors {
			sum += floor
		}
		mean, worst := sum/time.Duration(c.Size()), slices.Max(floors)
		if leader == 0 || mean < leastMean || mean == leastMean && worst < leastWorst {
			best, leastMean, leastWorst = leader, mean, worst
		}
	}
	return best
}
