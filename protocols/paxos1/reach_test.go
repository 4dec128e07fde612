package paxos1_test

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/paxos1"
	"quorumbench/protocols/prototest"
)

const ms = time.Millisecond

// The link from replica 0 to the nearer replica is cut in one direction, and that replica sends much: its messages
// must not make it count as reachable.
func TestAOneWayCutCostsARetryAtTheOther(t *testing.T) {
	delays := protocols.Delays{{0, 10 * ms, 40 * ms}, {10 * ms, 0, 40 * ms}, {40 * ms, 40 * ms, 0}}
	c := prototest.NewCluster(t, paxos1.Driver, prototest.Network{Delays: delays}, protocols.Nobody, 1)
	c.Network.Drop = func(from, to protocols.NodeID, _ []byte) bool { return from == 0 && to == 1 }
	for i := range 1000 {
		c.At(time.Duration(i)*20*ms, func() { c.Put(1, 2, "other", "x") })
	}
	var ids []protocols.CommandID
	for i := range 20 {
		c.At(time.Duration(i)*time.Second, func() { ids = append(ids, c.Put(0, 3, fmt.Sprint("key ", i), "v")) })
	}
	c.Run(60 * time.Second)
	for i, id := range ids {
		if answer, answered := c.Answers[id]; !answered || answer.Latency > time.Second {
			t.Errorf("write %d: answered %t after %v, though a majority could be reached", i, answered, answer.Latency)
		}
	}
}
