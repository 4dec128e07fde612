package prototest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
)

// CatchesUpSlowly runs a cluster of three of which one, over links of 300 kB/s, comes back to a state of 5
// MB while others write. It must get level at about the pace of its links: whatever is sent in vain, or
// keeps heartbeats waiting until somebody stands, costs much more than that.
func CatchesUpSlowly(t *testing.T, driver protocols.Driver) {
	CatchesUpSlowlyWith(t, driver, 6000) // more than a log that is kept for the one that is down
}

// CatchesUpSlowlyWith is CatchesUpSlowly for a replica that has missed so many writes of 5 kB.
func CatchesUpSlowlyWith(t *testing.T, driver protocols.Driver, missed int) {
	const (
		rate  = 300_000 // bytes a second
		large = 100 << 10
		state = 50 * large
	)
	delays := protocols.Delays{{0, 20 * ms, 50 * ms}, {20 * ms, 0, 50 * ms}, {50 * ms, 50 * ms, 0}}
	c := NewCluster(t, driver, Network{Delays: delays}, 0, 1)
	c.Run(time.Second)
	for i := range 50 {
		c.Put(0, 1, fmt.Sprint("large ", i), strings.Repeat("x", large))
	}
	c.Run(5 * time.Second)
	c.Crash(2)
	for i := range missed {
		c.At(c.Now()+time.Duration(i)*3*ms, func() { c.Put(0, 1, fmt.Sprint(i%20), strings.Repeat("v", 5000)) })
	}
	c.Run(25 * time.Second)
	c.Restart(2)
	began := c.Now()
	for i := range 9000 {
		c.At(began+time.Duration(i)*20*ms, func() { c.Put(0, 1, fmt.Sprint(i%20), "v") })
	}
	c.Network.Rate = func(from, to protocols.NodeID) int {
		if from == 2 || to == 2 {
			return rate
		}
		return 0
	}
	sent := 0
	c.Network.Drop = func(_, to protocols.NodeID, message []byte) bool {
		if to == 2 {
			sent += len(message)
		}
		return false
	}
	leaderships := c.Marked(protocols.MarkLeading)
	const needs = state * time.Second / rate
	for !c.level(2) && c.Now() < began+5*needs {
		c.Run(c.Now() + 200*ms)
	}
	if !c.level(2) || sent > 4*state || c.Marked(protocols.MarkLeading) > leaderships {
		t.Errorf("level: %t, after %v, where the state needs %v; it was sent %d bytes; the leader changed %d times",
			c.level(2), c.Now()-began, needs, sent, c.Marked(protocols.MarkLeading)-leaderships)
	}
}

// level tells whether a replica is at most a few commands behind the first.
func (c *Cluster) level(id protocols.NodeID) bool {
	end := func(id protocols.NodeID) uint64 {
		commits := c.Replicas[id].Commits
		if len(commits) == 0 {
			return 0
		}
		return commits[len(commits)-1].Slot.Index
	}
	return end(id)+100 > end(0)
}
