package keypaxos_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/keypaxos"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/registry"
)

const ms = time.Millisecond

var delays = protocols.Delays{
	{0, 10 * ms, 20 * ms},
	{10 * ms, 0, 30 * ms},
	{20 * ms, 30 * ms, 0},
}

// withEach runs a test with a cluster of each of the drivers.
func withEach(t *testing.T, delays protocols.Delays, test func(t *testing.T, c *prototest.Cluster)) {
	for _, driver := range []protocols.Driver{*registry.Drivers.Find("paxos"), *registry.Drivers.Find("paxos1")} {
		t.Run(driver.Name, func(t *testing.T) {
			test(t, prototest.NewCluster(t, driver, prototest.Network{Delays: delays}, protocols.Nobody, 1))
		})
	}
}

func TestTheDiskHoldsLatestVersionsOnly(t *testing.T) {
	const keys, writes = 5, 400
	withEach(t, delays, func(t *testing.T, c *prototest.Cluster) {
		for i := range writes {
			c.Put(protocols.NodeID(i%3), uint64(i%3)+1, fmt.Sprint("key ", i%keys), fmt.Sprint("value ", i))
			c.RunUntilAnswered(5 * time.Second)
		}
		c.Run(c.Now() + time.Second)
		for id := range c.Replicas {
			if n := len(c.Replicas[id].Disk.Kept); n > 200 {
				t.Errorf("after %d writes of %d keys the disk of %d has %d records", writes, keys, id, n)
			}
			c.Crash(protocols.NodeID(id))
		}
		for id := range c.Replicas {
			c.Restart(protocols.NodeID(id))
		}
		for key := range keys {
			read := c.Get(protocols.NodeID(key%3), 9, fmt.Sprint("key ", key))
			c.RunUntilAnswered(5 * time.Second)
			r := c.Answers[read].Result
			if want := fmt.Sprint("value ", writes-keys+key); string(r.Value) != want || r.Version != writes/keys {
				t.Errorf("key %d is %q in version %d, want %q in version %d", key, r.Value, r.Version, want, writes/keys)
			}
		}
		c.Check()
	})
}

// With the option revert, promises to reads that found nothing are taken back. Only the reader keeps records of such
// keys: which of its ballots it has abandoned.
func TestTheDiskHoldsNothingOfKeysNeverWritten(t *testing.T) {
	const reader, reads = 0, 400
	driver := prototest.With(*registry.Drivers.Find("paxos"), protocols.Choices{"revert": "on"})
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: delays}, protocols.Nobody, 1)
	read := func(i int) *kv.Result {
		id := c.Get(reader, 1, fmt.Sprint("key ", i))
		c.RunUntilAnswered(5 * time.Second)
		return c.Answers[id].Result
	}
	for i := range reads {
		if r := read(i); r.Version != 0 {
			t.Fatalf("key %d, which was never written, is found in version %d", i, r.Version)
		}
	}
	c.Run(c.Now() + time.Second)
	for id := range c.Replicas {
		if n := len(c.Replicas[id].Disk.Kept); id != reader && n > 80 {
			t.Errorf("after reads of %d keys never written the disk of %d has %d records", reads, id, n)
		}
	}
	c.Put(1, 2, "key 7", "value") // the keys can be used all the same
	c.RunUntilAnswered(5 * time.Second)
	if r := read(7); r.Version != 1 || string(r.Value) != "value" {
		t.Errorf("a key written after it was read as absent is %q in version %d", r.Value, r.Version)
	}
	c.Check()
}

// The invariants report two values accepted under one ballot, and for paxos1 a third acceptor under one ballot.
func TestInvariantsReportWhatReplicasMustNotHold(t *testing.T) {
	for _, test := range []struct {
		driver string
		kind   keypaxos.Kind
		values []string // accepted by one replica each, under one ballot
		wrong  bool
	}{
		{"paxos", keypaxos.Kind_ACCEPT, []string{"a", "a", "a"}, false},
		{"paxos", keypaxos.Kind_ACCEPT, []string{"a", "a", "b"}, true},
		{"paxos1", keypaxos.Kind_PROPOSE, []string{"a", "a"}, false},
		{"paxos1", keypaxos.Kind_PROPOSE, []string{"a", "b"}, true},
		{"paxos1", keypaxos.Kind_PROPOSE, []string{"a", "a", "a"}, true},
	} {
		driver := registry.Drivers.Find(test.driver)
		nodes := make([]protocols.Node, len(delays)) // those without a value are down
		for id, value := range test.values {
			nodes[id] = driver.New(driver.MustComplete(protocols.Config{ID: protocols.NodeID(id), Members: protocols.Members(len(delays)), Delays: delays, Leader: protocols.Nobody}))
			data, err := protocols.Append(nil, &keypaxos.Message{
				Kind: test.kind, Key: []byte("key"), Version: 1, Ballot: uint64(protocols.NewBallot(1, 0)), Value: []byte(value)})
			if err != nil {
				t.Fatal(err)
			}
			nodes[id].Step(&protocols.Input{Kind: protocols.InputMessage, From: 0, Data: data}, &protocols.Outbox{})
		}
		if err := driver.Invariants(nodes); (err != nil) != test.wrong {
			t.Errorf("%s: %q accepted under one ballot: %v, want an error: %t", test.driver, test.values, err, test.wrong)
		}
	}
}

func TestConflictsCanBeMeasured(t *testing.T) {
	withEach(t, delays, func(t *testing.T, c *prototest.Cluster) {
		count := func() map[string]int {
			n := map[string]int{}
			for _, r := range c.Replicas {
				for _, m := range r.Marks {
					n[m.Event]++
				}
			}
			return n
		}
		for id := range delays {
			c.Put(protocols.NodeID(id), uint64(id)+1, fmt.Sprint("key of ", id), "value")
		}
		c.RunUntilAnswered(20 * time.Second)
		if n := count(); n["refused"]+n["version lost"]+n[protocols.MarkRetried] > 0 {
			t.Errorf("writes of three keys are reported in conflict: %v", n)
		}
		for id := range delays {
			c.Put(protocols.NodeID(id), uint64(id)+1, "key", "value")
		}
		c.RunUntilAnswered(20 * time.Second)
		if n := count(); n["refused"] == 0 || n["version lost"] == 0 || n[protocols.MarkRetried] == 0 {
			t.Errorf("three writes of one key at once are not reported in conflict: %v", n)
		}
	})
}

// On links twenty times slower than configured, the first attempts time out; later ones have measured the links.
func TestTimeoutsGrowWithTheRoundTrip(t *testing.T) {
	withEach(t, delays, func(t *testing.T, c *prototest.Cluster) {
		slow := protocols.Delays{}
		for _, row := range delays {
			slow = append(slow, nil)
			for _, d := range row {
				slow[len(slow)-1] = append(slow[len(slow)-1], 20*d)
			}
		}
		c.Network.Delays = slow
		for i := range 20 {
			c.Put(0, 1, fmt.Sprint("key ", i), "value")
			c.RunUntilAnswered(time.Minute)
		}
		late := 0
		for _, m := range c.Replicas[0].Marks {
			if m.Event == protocols.MarkRetried {
				late++
			}
		}
		if late == 0 || late > 15 {
			t.Errorf("20 writes one after the other were put forward again %d times: want some at first, until the delays are known", late)
		}
	})
}

// During a fault round trips take 3 s, and are measured; then nothing arrives for a minute. What a replica waits for before it asks
// again follows from what was measured, which is up to three times the longest round trip, and is not doubled in addition: who
// waits longer measures nothing that would correct it.
func TestATimeoutMeasuredDuringAFaultIsNotDoubled(t *testing.T) {
	const slow = 1500 * ms
	withEach(t, delays, func(t *testing.T, c *prototest.Cluster) {
		for i := range 10 {
			c.Put(0, 1, fmt.Sprint("before ", i), "value")
			c.RunUntilAnswered(time.Minute)
		}
		c.Network.Delays = protocols.Delays{{0, slow, slow}, {slow, 0, slow}, {slow, slow, 0}}
		for i := range 4 {
			c.Put(0, 1, fmt.Sprint("slow ", i), "value")
			c.RunUntilAnswered(time.Minute)
		}
		c.Network.Delays = delays
		cut, end := c.Now(), c.Now()+time.Minute
		c.Network.Drop = func(_, _ protocols.NodeID, _ []byte) bool { return c.Now() < end }
		id := c.Put(0, 1, "cut off", "value")
		c.Run(end + time.Minute)
		answer, answered := c.Answers[id]
		asked, longest := cut, time.Duration(0)
		for _, m := range c.Replicas[0].Marks {
			if m.Event == protocols.MarkRetried && m.At > cut {
				asked, longest = m.At, max(longest, m.At-asked)
			}
		}
		if most := 3*2*slow + 100*ms; longest > most || !answered || answer.At > end+most {
			t.Errorf("asked again after up to %v, want %v at most; the write was answered at %v, the links were whole at %v", longest, most, answer.At, end)
		}
	})
}

// A write succeeds with the far replica when the near one is down.
func TestAWriteSucceedsWhenTheNearReplicaIsDown(t *testing.T) {
	far := protocols.Delays{
		{0, 1 * ms, 300 * ms},
		{1 * ms, 0, 300 * ms},
		{300 * ms, 300 * ms, 0},
	}
	withEach(t, far, func(t *testing.T, c *prototest.Cluster) {
		c.Crash(1)
		c.Put(0, 1, "key", "value")
		c.RunUntilAnswered(20 * time.Second)
	})
}

// With a fifth of all messages lost and one replica down, what was lost is soon sent again: nobody is in the way, so
// that nothing is to be waited for.
func TestLossIsNoReasonToWaitLong(t *testing.T) {
	withEach(t, delays, func(t *testing.T, c *prototest.Cluster) {
		random := rand.New(rand.NewPCG(1, 1))
		c.Network.Drop = func(_, _ protocols.NodeID, _ []byte) bool { return random.IntN(5) == 0 }
		c.Crash(1)
		var ids []protocols.CommandID
		for i := range 500 {
			c.At(time.Duration(i)*100*ms, func() {
				ids = append(ids, c.Put(protocols.NodeID(i%2*2), uint64(i%2)+1, fmt.Sprint("key ", i), "value"))
			})
		}
		c.Run(2 * time.Minute)
		var longest time.Duration
		for i, id := range ids {
			answer, answered := c.Answers[id]
			if longest = max(longest, answer.Latency); !answered {
				t.Errorf("write %d has no answer", i)
			}
		}
		t.Logf("the longest wait: %v", longest)
		if longest > 5*time.Second {
			t.Errorf("a write has waited %v, on links of 20 ms", longest)
		}
	})
}

// The requests of a key are served in the order in which they came: the oldest is proposed first.
func TestTheOldestRequestOfAKeyIsServedFirst(t *testing.T) {
	withEach(t, delays, func(t *testing.T, c *prototest.Cluster) {
		var ids []protocols.CommandID
		for i := range 5 {
			c.At(time.Duration(i)*ms, func() { ids = append(ids, c.Put(0, 1, "key", fmt.Sprint(i))) })
		}
		c.Run(time.Second)
		var applied []protocols.CommandID
		for _, commit := range c.Replicas[1].Commits {
			applied = append(applied, commit.ID)
		}
		if !slices.Equal(applied, ids) {
			t.Errorf("commands came in the order %v and took effect in the order %v", ids, applied)
		}
	})
}
