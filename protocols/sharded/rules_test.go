package sharded

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

// Rule 2.
func TestTheHomeOfAKeyFollowsFromItsNameAlone(t *testing.T) {
	config := func(partition int) protocols.Config {
		return protocols.Config{Members: protocols.Members(3), Options: &Options{Protocol: onRaft, Partition: partition}}
	}
	for _, test := range []struct {
		partition int
		key       string
		home      protocols.NodeID
	}{
		{1000, "key-0", 0}, {1000, "key-999", 0}, {1000, "key-1000", 1}, {1000, "key-2999", 2}, {1000, "key-3000", 0},
		{1, "a4", 1}, {1, "4", 1}, {1, "9999999999999999999", 0}, {2, "x-00005", 2},
	} {
		if got := home(config(test.partition), []byte(test.key)); got != test.home {
			t.Errorf("partitions of %d: the home of %s is %d, want %d", test.partition, test.key, got, test.home)
		}
	}
	var counts [3]int
	for i := range 3000 {
		byHash := home(config(0), fmt.Append(nil, "key-", i))
		counts[byHash]++
		if name := fmt.Append(nil, i, "-key"); home(config(0), name) != home(config(7), name) {
			t.Fatalf("%s has no number at its end, and its home is not that of the hash", name)
		}
	}
	for id, n := range counts {
		if n < 900 || n > 1100 {
			t.Errorf("of 3000 keys, %d have their home at %d by the hash", n, id)
		}
	}
}

// Rules 1 and 3: a write takes a round trip from the home of its key, and the way there.
func TestAWriteOfAForeignKeyTakesTheWayToItsHomeInAddition(t *testing.T) {
	for _, protocol := range []string{onRaft, onMultipaxos} {
		driver := prototest.With(Driver, protocols.Choices{"protocol": protocol, "partition": "1"})
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
		c.Run(5 * time.Second)
		for at := range protocols.NodeID(3) {
			for of := range protocols.NodeID(3) {
				id := c.Put(at, 1, fmt.Sprint("key ", of), "v")
				c.RunUntilAnswered(5 * time.Second)
				want := min(regions.RoundTrip(of, (of+1)%3), regions.RoundTrip(of, (of+2)%3))
				if at != of {
					want += regions.RoundTrip(at, of)
				}
				if got := c.Answers[id].Latency; got != want {
					t.Errorf("%s: a write at %d of a key of %d takes %v, want %v", protocol, at, of, got, want)
				}
			}
		}
	}
}

// Rule 1: while a region is down another one leads its keys, and gives them back.
func TestTheKeysOfARegionAreLedFromThereAgain(t *testing.T) {
	for _, protocol := range []string{onRaft, onMultipaxos} {
		driver := prototest.With(Driver, protocols.Choices{"protocol": protocol, "partition": "1"})
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
		c.Run(5 * time.Second)
		c.Crash(1)
		meanwhile := c.Put(0, 1, "key 1", "while it is down")
		c.RunUntilAnswered(30 * time.Second)
		c.Restart(1)
		c.Run(c.Now() + 30*time.Second)
		again := c.Put(1, 2, "key 1", "v")
		c.RunUntilAnswered(5 * time.Second)
		if got, want := c.Answers[again].Latency, regions.RoundTrip(1, 0); got != want {
			t.Errorf("%s: a write in the region takes %v after it has come back, want %v", protocol, got, want)
		}
		if c.Answers[meanwhile].Count != 1 {
			t.Errorf("%s: a write of a key whose home was down was answered %d times", protocol, c.Answers[meanwhile].Count)
		}
		c.Run(c.Now() + 5*time.Second)
		c.CheckConverged()
	}
}

// Rule 4: the snapshot of a busy group leaves the records of a quiet one.
func TestASnapshotOfOneGroupKeepsTheRecordsOfTheOthers(t *testing.T) {
	driver := prototest.With(Driver, protocols.Choices{"partition": "1"})
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
	c.Run(3 * time.Second)
	c.Put(0, 1, "key 2", "quiet")
	for i := range 2 * prototest.SnapshotEvery {
		c.At(c.Now()+time.Duration(i)*5*ms, func() { c.Put(0, 2, "key 0", "busy") })
	}
	c.Run(c.Now() + 10*time.Second)
	if kept := len(c.Replicas[0].Disk.Kept); kept > 2*prototest.SnapshotEvery {
		t.Errorf("the disk holds %d records, so that no snapshot was written", kept)
	}
	for range 2 { // also what was restored is in the next snapshot
		for id := range protocols.NodeID(3) {
			c.Crash(id)
		}
		for id := range protocols.NodeID(3) {
			c.Restart(id)
		}
		c.Run(c.Now() + 10*time.Second)
		for range 2 * prototest.SnapshotEvery {
			c.Put(0, 2, "key 0", "busy")
		}
		c.Run(c.Now() + 10*time.Second)
	}
	read := c.Get(1, 3, "key 2")
	c.RunUntilAnswered(10 * time.Second)
	if got := string(c.Answers[read].Result.GetValue()); got != "quiet" {
		t.Errorf("after all have restarted the key of the quiet group is %q", got)
	}
	c.Run(c.Now() + 5*time.Second)
	c.CheckConverged()
}
