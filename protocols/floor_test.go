package protocols_test

import (
	"testing"
	"time"

	"quorumbench/protocols"
)

// The floor at a client is that of the replica it asks, whatever replica the configuration names, or the driver's own
// for clients.
func TestTheFloorAtAClient(t *testing.T) {
	const ms = time.Millisecond
	there, back := []time.Duration{1 * ms, 2 * ms, 3 * ms}, []time.Duration{10 * ms, 20 * ms, 30 * ms}
	ofID := protocols.Driver{Floor: func(c protocols.Config) time.Duration { return time.Duration(c.ID+1) * 100 * ms }}
	ofClient := protocols.Driver{ClientFloor: func(c protocols.Config, there, back []time.Duration) time.Duration {
		return time.Duration(c.ID)*ms + there[0] + back[2]
	}}
	for _, c := range []struct {
		driver protocols.Driver
		asked  protocols.NodeID
		want   time.Duration
	}{
		{ofID, 0, 111 * ms},
		{ofID, 2, 333 * ms},
		{ofClient, 2, 31*ms + time.Duration(protocols.Nobody)*ms},
	} {
		if got := c.driver.FloorAt(protocols.Config{ID: 1}, c.asked, there, back); got != c.want {
			t.Errorf("the floor of one who asks %d is %v, want %v", c.asked, got, c.want)
		}
	}
}
