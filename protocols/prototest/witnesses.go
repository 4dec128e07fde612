package prototest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// worksWithWitnesses holds a driver that has witnesses against what they are for: they vote, and hold no commands. A dead leader
// may leave a command of which nobody else has a copy, so that no minority but the witnesses themselves dies for good here.
func worksWithWitnesses(t *testing.T, driver protocols.Driver) {
	if driver.Witnesses == "" {
		if _, err := driver.Complete(protocols.Config{Members: protocols.Members(3), Witnesses: quorum.Of[int32](2)}); err == nil {
			t.Errorf("%s has no witnesses, and accepts one", driver.Name)
		}
		return
	}
	for _, c := range []struct {
		delays    protocols.Delays
		witnesses quorum.Set
	}{
		{threeRegions, quorum.Of[int32](2)},
		{threeRegions, quorum.Of[int32](0)},
		{fiveRegions, quorum.Of[int32](1, 4)},
	} {
		if _, err := driver.Complete(protocols.Config{Members: protocols.Members(len(c.delays)), Witnesses: c.witnesses}); err != nil {
			continue // with its quorums, witnesses alone might decide
		}
		network := Network{Delays: c.delays, Witnesses: c.witnesses}
		first := protocols.Nobody // the first that can lead
		for id := protocols.NodeID(len(c.delays)) - 1; id >= 0; id-- {
			if !c.witnesses.Has(int32(id)) {
				first = id
			}
		}
		t.Run(fmt.Sprintf("%v of %d replicas", c.witnesses, len(c.delays)), func(t *testing.T) {
			t.Run("a write alone takes its floor", func(t *testing.T) { meetsFloorWithWitnesses(t, driver, network) })
			t.Run("one seed gives one run", func(t *testing.T) { isDeterministicWithWitnesses(t, driver, network, first) })
			t.Run("a witness has no commands, and never leads", func(t *testing.T) { keepsCommandsFromWitnesses(t, driver, network, first) })
			t.Run("dead witnesses stop nobody", func(t *testing.T) { survivesDeadWitnesses(t, driver, network, first) })
			t.Run("crashes and a bad network lose nothing that was answered", func(t *testing.T) { survivesCrashesWithWitnesses(t, driver, network, first) })
		})
	}
}

func meetsFloorWithWitnesses(t *testing.T, driver protocols.Driver, network Network) {
	for leader := range network.Delays {
		if network.Witnesses.Has(int32(leader)) {
			continue
		}
		c := NewCluster(t, driver, network, protocols.NodeID(leader), 1)
		for place := range network.Delays {
			c.Run(c.Now() + 5*time.Second)
			id := c.Put(protocols.NodeID(place), 7, fmt.Sprintf("key of %d", place), "value")
			c.RunUntilAnswered(5 * time.Second)
			there, back := network.Delays[place], make([]time.Duration, len(network.Delays))
			for replica := range back {
				back[replica] = network.Delays[replica][place]
			}
			nearest := c.clients[place].nearest
			if got, want := c.Answers[id].Latency, driver.FloorAt(c.config(nearest), nearest, there, back); got != want {
				t.Errorf("leader %d, client at %d, nearest replica %d: a write takes %v, the floor is %v", leader, place, nearest, got, want)
			}
		}
		c.Run(c.Now() + 5*time.Second)
		c.CheckConverged()
	}
}

func isDeterministicWithWitnesses(t *testing.T, driver protocols.Driver, network Network, leader protocols.NodeID) {
	network.Jitter, network.Loss, network.Duplicate = 20*ms, loss(driver, 0.05), 0.05
	run := func(seed uint64) string {
		c := NewCluster(t, driver, network, leader, seed)
		load(c, 40, 13*ms, 5)
		c.Run(c.Now() + 10*time.Second)
		return c.TraceHash()
	}
	if first, second := run(3), run(3); first != second {
		t.Errorf("the same seed gave two runs: %s and %s", first, second)
	}
}

// keepsCommandsFromWitnesses looks for what clients write in the messages to witnesses and on their disks, while leaders change.
func keepsCommandsFromWitnesses(t *testing.T, driver protocols.Driver, network Network, leader protocols.NodeID) {
	value := []byte("what a client writes")
	network.Drop = func(from, to protocols.NodeID, message []byte) bool {
		if int(to) < len(network.Delays) && network.Witnesses.Has(int32(to)) && bytes.Contains(message, value) {
			t.Errorf("node %d sends a command to the witness %d", from, to)
		}
		return false
	}
	network.Retry = 700 * ms          // clients beside a witness ask another replica, which may crash
	network.Loss = loss(driver, 0.02) // what is lost is sent again, to a witness without the command, too
	c := NewCluster(t, driver, network, leader, 4)
	for round := range 4 {
		for i := range 100 {
			c.At(c.Now()+time.Duration(i)*17*ms, func() {
				if at := protocols.NodeID(i % len(c.clients)); c.Replicas[at].Alive {
					c.Put(at, uint64(at)+1, fmt.Sprint("key ", i%20), string(value)+fmt.Sprint(round, i))
				}
			})
		}
		c.Run(c.Now() + 3*time.Second)
		c.Crash(leader)
		c.Run(c.Now() + 10*time.Second)
		c.Restart(leader)
		c.Run(c.Now() + 10*time.Second)
	}
	c.RunUntilAnswered(time.Minute)
	c.CheckConverged()
	for id := range network.Witnesses.All() {
		r := c.Replicas[id]
		for _, record := range r.Disk.Records() {
			if bytes.Contains(record, value) {
				t.Errorf("on the disk of the witness %d is a command", id)
			}
		}
		if len(r.Commits) > 0 || c.Marked(protocols.MarkLeading, r.id) > 0 {
			t.Errorf("the witness %d has committed %d commands and come to lead %d times", id, len(r.Commits), c.Marked(protocols.MarkLeading, r.id))
		}
		if n := len(r.Disk.Records()); n > SnapshotEvery+20 {
			t.Errorf("on the disk of the witness %d are %d records", id, n)
		}
	}
}

func survivesDeadWitnesses(t *testing.T, driver protocols.Driver, network Network, leader protocols.NodeID) {
	promised(t, driver, protocols.Faults{DeadMinority: true})
	for seed := range *seeds {
		network.Jitter, network.Retry = 20*ms, 700*ms
		c := NewCluster(t, driver, network, leader, seed)
		for id := range network.Witnesses.All() {
			c.At(4*time.Second+time.Duration(c.random.IntN(1000))*ms, func() { c.Crash(protocols.NodeID(id)) })
		}
		load(c, 40, 101*ms*time.Duration(len(network.Delays)), 8)
		c.RunUntilAnswered(120 * time.Second)
		c.Run(c.Now() + 30*time.Second)
		c.CheckConverged()
	}
}

// survivesCrashesWithWitnesses takes each replica down for a while, one after the other, then all at once.
func survivesCrashesWithWitnesses(t *testing.T, driver protocols.Driver, network Network, leader protocols.NodeID) {
	promised(t, driver, protocols.Faults{Restarts: true, Loss: true})
	for seed := range *seeds {
		network.Jitter, network.Loss, network.Duplicate, network.Retry = 30*ms, 0.02, 0.05, 700*ms
		network.Persist = time.Duration(seed%3) * 15 * ms
		c := NewCluster(t, driver, network, leader, seed)
		for i := range network.Delays {
			down := time.Duration(i)*4*time.Second + time.Duration(c.random.IntN(2000))*ms
			id := protocols.NodeID((i + int(seed)) % len(network.Delays))
			c.At(down, func() { c.Crash(id) })
			c.At(down+2*time.Second, func() { c.Restart(id) })
		}
		load(c, 40, 101*ms*time.Duration(len(network.Delays)), 8)
		c.Run(c.Now() + time.Duration(len(network.Delays))*4*time.Second)
		c.RunUntilAnswered(120 * time.Second)
		load(c, 2, 70*ms, 3)
		for id := range c.Replicas {
			c.Crash(protocols.NodeID(id))
		}
		for id := range c.Replicas {
			c.Restart(protocols.NodeID(id))
		}
		c.RunUntilAnswered(120 * time.Second)
		c.Run(c.Now() + 30*time.Second)
		c.CheckConverged()
	}
}
