package forward

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Floor is QuorumFloor for a leader that needs a majority. A driver without quorums of other kinds can use
// it as its Floor.
func Floor(c protocols.Config) time.Duration {
	return QuorumFloor(c.Delays, quorum.Majority(c.All()), c.Leader, c.ID)
}

// QuorumFloor is the shortest time that a write can take under a leader that needs one round trip to a
// quorum: from the client's replica to the leader, from the leader to its nearest quorum and back, and
// from the leader back to the client's replica.
func QuorumFloor(d protocols.Delays, s quorum.System, leader, in protocols.NodeID) time.Duration {
	floor := d.QuorumRoundTrip(leader, s)
	if in != leader {
		floor += d.RoundTrip(in, leader)
	}
	return floor
}
