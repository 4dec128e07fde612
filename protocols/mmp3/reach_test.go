package mmp3

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
)

// nearAndFar has replica 1 at a round trip of 20 ms from replica 0, and replica 2 at one of 80 ms.
var nearAndFar = protocols.Delays{
	{0, 10 * time.Millisecond, 40 * time.Millisecond},
	{10 * time.Millisecond, 0, 40 * time.Millisecond},
	{40 * time.Millisecond, 40 * time.Millisecond, 0},
}

// writesOf has replica 0 issue writes, one every second, and returns their latencies.
func writesOf(c *prototest.Cluster, count int) []time.Duration {
	var ids []protocols.CommandID
	for i := range count {
		c.At(c.Now()+time.Duration(i)*time.Second, func() { ids = append(ids, c.Put(0, 3, fmt.Sprint("key ", i), "v")) })
	}
	c.Run(c.Now() + time.Duration(count+1)*time.Second)
	var took []time.Duration
	for _, id := range ids {
		took = append(took, c.Answers[id].Latency)
	}
	return took
}

// The link from replica 0 to the nearer replica is cut in one direction, and that replica sends much: its messages
// must not make it count as reachable, or every write would first wait for it in vain.
func TestAOneWayCutDoesNotDelayEveryWrite(t *testing.T) {
	cut := true
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: nearAndFar, Drop: func(from, to protocols.NodeID, _ []byte) bool {
		return cut && from == 0 && to == 1
	}}, protocols.Nobody, 1)
	for i := range 3000 {
		c.At(time.Duration(i)*20*time.Millisecond, func() { c.Put(1, 2, "other", "x") })
	}
	late := 0
	for _, took := range writesOf(c, 20) {
		if took > 80*time.Millisecond {
			late++
		}
	}
	// The first one, and those by which the nearer replica is tried again after 1, 2, 4 and 8 seconds.
	if late == 0 || late > 5 {
		t.Errorf("%d of 20 writes waited for the replica that cannot be reached; want 1 to 5", late)
	}
	cut = false
	took := writesOf(c, 20)
	if last := took[len(took)-1]; last != 20*time.Millisecond {
		t.Errorf("20 s after the link is restored a write takes %v, want the round trip to the nearer replica, 20ms", last)
	}
}

// A replica that restarts is asked again soon, though it sends nothing of its own.
func TestAReplicaThatComesBackIsAskedAgain(t *testing.T) {
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: nearAndFar}, protocols.Nobody, 1)
	c.Crash(1)
	writesOf(c, 3)
	c.Restart(1)
	took := writesOf(c, 5)
	if last := took[len(took)-1]; last != 20*time.Millisecond {
		t.Errorf("5 s after the nearer replica is back a write takes %v, want 20ms", last)
	}
}
