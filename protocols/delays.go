package protocols

import (
	"slices"
	"time"

	"quorumbench/protocols/quorum"
)

// Delays holds the one-way delay from replica i to replica j at [i][j]. The diagonal is the
// delay between a client and the replica in the same place, one way, and is usually zero.
type Delays [][]time.Duration

// RoundTrip is the time from i to j and back.
func (d Delays) RoundTrip(i, j NodeID) time.Duration { return d[i][j] + d[j][i] }

// Nearest returns the other replicas, ordered by round trip from i, ties by number.
func (d Delays) Nearest(i NodeID) []NodeID {
	others := make([]NodeID, 0, len(d))
	for j := range d {
		if NodeID(j) != i {
			others = append(others, NodeID(j))
		}
	}
	slices.SortStableFunc(others, func(a, b NodeID) int {
		return int(d.RoundTrip(i, a) - d.RoundTrip(i, b))
	})
	return others
}

// QuorumRoundTrip is the time until replica i has heard from the nearest replicas that are a quorum
// together with it: the round trip to the farthest of them, and no time if it is one alone.
func (d Delays) QuorumRoundTrip(i NodeID, s quorum.System) time.Duration {
	heard, farthest := quorum.Of(i), time.Duration(0)
	for _, peer := range d.Nearest(i) {
		if s.IsQuorum(heard) {
			break
		}
		heard.Add(int32(peer))
		farthest = d.RoundTrip(i, peer)
	}
	return farthest
}

// MaxRoundTrip is the longest round trip between two replicas.
func (d Delays) MaxRoundTrip() time.Duration {
	var longest time.Duration
	for i := range d {
		for j := range d {
			if i != j {
				longest = max(longest, d.RoundTrip(NodeID(i), NodeID(j)))
			}
		}
	}
	return longest
}

// What a live run adds to a round trip without anything being wrong: scheduling, batching, a
// lost packet that QUIC sends again (its probe timeout is at least 25 ms above the round trip).
const slack = 100 * time.Millisecond

// Retry is how long to wait for an answer over a round trip before asking again: half as long
// again, and slack for processing and for the transport's own retransmission. Shorter only
// doubles messages; longer delays the repair of a real loss.
func Retry(roundTrip time.Duration) time.Duration { return roundTrip + roundTrip/2 + slack }

// Heartbeat is the interval at which a leader makes itself heard: the longest round trip, at
// least 50 ms.
func (d Delays) Heartbeat() time.Duration { return max(d.MaxRoundTrip(), 50*time.Millisecond) }

// ElectionTimeout is the least time a follower waits for its leader before it stands for
// election: five heartbeats and a second. Followers draw from one to two times this. Raft asks
// for broadcast time ≪ election timeout ≪ time between failures (Ongaro and Ousterhout, ATC'14,
// section 5.6); the second keeps a stalled machine from being taken for a dead leader.
func (d Delays) ElectionTimeout() time.Duration { return 5*d.Heartbeat() + time.Second }
