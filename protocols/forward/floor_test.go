package forward_test

import (
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/forward"
)

func floor(d protocols.Delays, leader, in protocols.NodeID) time.Duration {
	return forward.Floor(protocols.Config{ID: in, Members: protocols.Members(len(d)), Leader: leader, Delays: d})
}

// The round trips and the latencies, in ms, of figure 4 of the EPaxos paper (Moraru et al.,
// SOSP'13): medians read off the figure.
func TestFloorAgreesWithTheEPaxosPaper(t *testing.T) {
	const ca, va, eu = 0, 1, 2
	roundTrips := [3][3]float64{ca: {va: 85, eu: 156}, va: {ca: 85, eu: 90}, eu: {ca: 156, va: 90}}
	d := make(protocols.Delays, 3)
	for i, row := range roundTrips {
		for _, rtt := range row {
			d[i] = append(d[i], time.Duration(rtt*float64(ms)/2))
		}
	}
	for _, c := range []struct {
		in       protocols.NodeID
		measured float64
	}{{ca, 87}, {va, 174}, {eu, 253}} {
		floor := float64(floor(d, ca, c.in)) / float64(ms)
		if floor < 0.94*c.measured || floor > c.measured {
			t.Errorf("client at %d: the floor is %.0f ms, measured were %.0f", c.in, floor, c.measured)
		}
	}
}

func TestFloorTakesEachDirectionOfALink(t *testing.T) {
	d := protocols.Delays{{0, 1 * ms, 20 * ms}, {4 * ms, 0, 50 * ms}, {30 * ms, 9 * ms, 0}}
	for _, c := range []struct {
		leader, in protocols.NodeID
		want       time.Duration
	}{{0, 0, 5 * ms}, {0, 1, (4 + 5 + 1) * ms}, {0, 2, (30 + 5 + 20) * ms}, {2, 2, 50 * ms}, {2, 1, (50 + 50 + 9) * ms}} {
		if got := floor(d, c.leader, c.in); got != c.want {
			t.Errorf("leader %d, client at %d: %v, want %v", c.leader, c.in, got, c.want)
		}
	}
	if got := floor(protocols.Delays{{0}}, 0, 0); got != 0 {
		t.Errorf("one replica alone: %v, want 0", got)
	}
}
