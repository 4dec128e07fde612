package async

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
)

const ms = time.Millisecond

var regions = protocols.Delays{
	{0, 33 * ms, 77 * ms},
	{34 * ms, 0, 110 * ms},
	{79 * ms, 107 * ms, 0},
}

func newCluster(t *testing.T) *prototest.Cluster {
	return prototest.NewCluster(t, Driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
}

// values returns the value of a key at each replica.
func values(c *prototest.Cluster, of string) (all []string) {
	for _, r := range c.Replicas {
		value := ""
		if k := r.Node.(*replica).keys[of]; k != nil {
			value = string(k.value)
		}
		all = append(all, value)
	}
	return all
}

func expect(t *testing.T, c *prototest.Cluster, of string, want ...string) {
	t.Helper()
	if got := values(c, of); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("at %v the values of %s are %q, want %q", c.Now(), of, got, want)
	}
}

// Rules 1 and 6: a write is answered at once, and another replica knows of it as soon as a message has arrived.
func TestAWriteIsAnsweredBeforeAnybodyElseKnows(t *testing.T) {
	c := newCluster(t)
	id := c.Put(0, 1, "k", "v")
	c.Run(c.Now())
	if got := c.Answers[id]; got.Count != 1 || got.Latency != 0 {
		t.Errorf("the answer is %+v, want one after no time", got)
	}
	stale := c.Get(2, 2, "k")
	c.Run(76 * ms)
	expect(t, c, "k", "v", "v", "")
	c.Run(77 * ms)
	expect(t, c, "k", "v", "v", "v")
	if v := c.Answers[stale].Result.GetVersion(); v != 0 {
		t.Errorf("a read elsewhere, at the time of the write, finds version %d", v)
	}
}

// Rules 3 and 4: of two writes that have not seen each other the later one wins everywhere, and the replica of the other counts it as
// lost. A write that has seen the one it overwrites loses nothing.
func TestTheLastWriterWinsAndTheLostUpdateIsCounted(t *testing.T) {
	c := newCluster(t)
	c.Run(time.Second)
	c.Put(0, 1, "k", "early")
	c.Run(c.Now() + 10*ms)
	c.Put(1, 2, "k", "late")
	c.Run(c.Now() + time.Second)
	expect(t, c, "k", "late", "late", "late")
	for at, want := range map[protocols.NodeID][2]int{0: {1, 1}, 1: {1, 0}, 2: {0, 0}} {
		if conflicts, lost := c.Marked(measureConflict, at), c.Marked(measureLost, at); [2]int{conflicts, lost} != want {
			t.Errorf("replica %d has counted %d conflicts and %d lost updates, want %v", at, conflicts, lost, want)
		}
	}
	c.Put(2, 3, "k", "after both")
	c.Run(c.Now() + time.Second)
	expect(t, c, "k", "after both", "after both", "after both")
	if lost := c.Marked(measureLost); lost != 1 {
		t.Errorf("%d lost updates are counted after a write that has seen the others, want 1 as before", lost)
	}
}

// Rule 5: what was lost on the way is sent again, by anybody who has it; then all is quiet and nothing is held.
func TestWhatWasLostIsSentAgainByWhoeverHasIt(t *testing.T) {
	c := newCluster(t)
	c.Network.Drop = func(from, to protocols.NodeID, _ []byte) bool { return from == 0 && to == 2 }
	for i := range 300 {
		c.At(time.Duration(i)*5*ms, func() { c.Put(0, 1, fmt.Sprint("k", i%7), fmt.Sprint(i)) })
	}
	c.Run(2 * time.Second)
	c.Crash(0) // for good; replica 1 has all that it wrote
	c.Network.Drop = nil
	c.Run(10 * time.Second)
	if a, b := c.Replicas[1].Node.(*replica), c.Replicas[2].Node.(*replica); a.applied[0] != 300 || b.applied[0] != 300 {
		t.Errorf("of the 300 writes of the dead replica, replica 1 has applied %d and replica 2 %d", a.applied[0], b.applied[0])
	}
	c.Restart(0)
	c.Run(20 * time.Second)
	messages := 0
	c.Network.Drop = func(protocols.NodeID, protocols.NodeID, []byte) bool { messages++; return false }
	c.Run(60 * time.Second)
	if messages > 0 {
		t.Errorf("%d messages were sent in 40 s without a write", messages)
	}
	for id, r := range c.Replicas {
		if held := len(r.Node.(*replica).streams[0].held); held > 0 {
			t.Errorf("replica %d holds %d writes that all have", id, held)
		}
	}
	c.CheckConverged()
}

// What a replica has answered and told nobody is lost with it: that is what is not promised.
func TestWhatNobodyWasToldIsLostWithTheReplica(t *testing.T) {
	c := newCluster(t)
	c.Network.Drop = func(from, _ protocols.NodeID, _ []byte) bool { return from == 0 }
	id := c.Put(0, 1, "k", "v")
	c.Run(time.Second)
	c.Crash(0)
	c.Network.Drop = nil
	c.Run(10 * time.Second)
	if c.Answers[id].Count != 1 {
		t.Error("the write was not answered")
	}
	for _, at := range []int{1, 2} {
		if k := c.Replicas[at].Node.(*replica).keys["k"]; k != nil {
			t.Errorf("replica %d has the key", at)
		}
	}
}
