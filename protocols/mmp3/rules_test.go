package mmp3

import (
	"fmt"
	"strings"
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

// write hands a replica count writes of size bytes each, one every gap.
func write(c *prototest.Cluster, to protocols.NodeID, count int, gap time.Duration, size int) {
	for i := range count {
		c.At(c.Now()+time.Duration(i)*gap, func() {
			c.Put(to, uint64(to)+1, fmt.Sprintf("%d of %d", i%50, to), strings.Repeat("x", size))
		})
	}
}

// count counts by kind the messages sent from now on.
func count(c *prototest.Cluster) map[string]int {
	counts := map[string]int{}
	c.Network.Drop = func(_, _ protocols.NodeID, message []byte) bool {
		kind, _, _ := strings.Cut(describe(message), " ")
		counts[kind]++
		return false
	}
	return counts
}

func TestWithoutLossNothingIsRetriedOrRecovered(t *testing.T) {
	for _, jitter := range []time.Duration{0, 30 * ms} {
		c := prototest.NewCluster(t, Driver, prototest.Network{Delays: regions, Jitter: jitter}, protocols.Nobody, 1)
		for to := range protocols.NodeID(replicas) {
			write(c, to, 1000, 7*ms, 20)
		}
		c.Run(60 * time.Second)
		for _, event := range []string{protocols.MarkRetried, measureSecond, protocols.MeasureRecovered, protocols.MeasureInstalled} {
			if n := c.Marked(event); n > 0 {
				t.Errorf("with a jitter of %v, %d times: %s", jitter, n, event)
			}
		}
		c.CheckConverged()
	}
}

func TestAClusterWithNothingToDoIsQuiet(t *testing.T) {
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
	write(c, 0, 20, 10*ms, 20)
	write(c, 2, 20, 10*ms, 20)
	c.Run(10 * time.Second)
	counts := count(c)
	c.Run(c.Now() + time.Minute)
	if len(counts) > 0 {
		t.Errorf("sent in a minute without commands: %v", counts)
	}
	c.CheckConverged()
}

func TestWhatAllHaveAppliedIsTruncated(t *testing.T) {
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
	for to := range protocols.NodeID(replicas) {
		write(c, to, 2000, 5*ms, 20)
	}
	c.Run(30 * time.Second)
	for i, host := range c.Replicas {
		r := host.Node.(*replica)
		for k := range r.columns {
			if held := len(r.columns[k].held); held > 0 {
				t.Errorf("replica %d holds %d instances of column %d that all have applied", i, held, k)
			}
		}
		if len(r.requests)+len(r.proposed)+len(r.batch) > 0 {
			t.Errorf("replica %d still has %d requests, %d of them proposed, and %d in a batch", i, len(r.requests), len(r.proposed), len(r.batch))
		}
		if most := prototest.SnapshotEvery + 10; len(host.Disk.Kept) > most {
			t.Errorf("replica %d has %d records on its disk; %d are enough", i, len(host.Disk.Kept), most)
		}
	}
}

// What a replica keeps for one that is down is bounded by the option kept, and in bytes.
func TestWhatOneHasNotAppliedIsTruncatedInTheEnd(t *testing.T) {
	keptAfter := func(writes, size int) (kept, bytes int) {
		c := prototest.NewCluster(t, prototest.With(Driver, protocols.Choices{"kept": "1024"}), prototest.Network{Delays: regions}, protocols.Nobody, 1)
		c.Crash(2)
		write(c, 0, writes, 5*ms, size)
		c.Run(30 * time.Second)
		column := &c.Replicas[1].Node.(*replica).columns[0]
		for _, x := range column.held {
			bytes += x.size()
		}
		if bytes != column.recent.bytes {
			t.Errorf("replica 1 keeps %d bytes, and counts %d", bytes, column.recent.bytes)
		}
		return len(column.held), bytes
	}
	if kept, _ := keptAfter(3000, 20); kept != 1024 {
		t.Errorf("while replica 2 is down, replica 1 keeps %d instances for it, not 1024", kept)
	}
	const size = maxKeptBytes / 50
	if kept, bytes := keptAfter(100, size); bytes > maxKeptBytes || bytes < maxKeptBytes-2*size {
		t.Errorf("while replica 2 is down, replica 1 keeps %d bytes for it, in %d instances, not about %d", bytes, kept, maxKeptBytes)
	}
}

// An instance that is larger than all that may be kept is not kept, and the next one is.
func TestAnInstanceOfAnySizeMayBeApplied(t *testing.T) {
	var c column
	for lsn, size := range []int{100, 5000, 100} {
		x := &instance{at: position{0, uint64(lsn)}, commands: [][]byte{make([]byte, size)}}
		c.held = append(c.held, x)
		c.keep(x, 1024, 1000)
	}
	if want := (recent{2, c.held[2].size()}); c.recent != want {
		t.Errorf("kept are %+v, want %+v", c.recent, want)
	}
}

// The open instances of a dead replica are recovered together, however many there are.
func TestManyOpenInstancesAreRecoveredTogether(t *testing.T) {
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
	const open = 600
	write(c, 0, open, 10*time.Microsecond, 1)
	c.Network.Drop = func(_, to protocols.NodeID, message []byte) bool {
		return to == 0 // it gets no answers: all stay open
	}
	c.Run(regions.MaxRoundTrip())
	c.Crash(0)
	c.Network.Drop = nil
	r := c.Replicas[1].Node.(*replica)
	if r.applied[0] > 0 {
		t.Fatalf("%d of %d are applied at replica 1 before the crash", r.applied[0], open)
	}
	longest := r.longestTimeout()
	c.Run(c.Now() + 2*2*longest + 2*regions.MaxRoundTrip()) // recovery waits twice, two timeouts at most: to ask, and to propose
	if r.applied[0] < open {
		t.Errorf("%d of %d open instances are applied at replica 1", r.applied[0], open)
	}
}

// A replica that was down has caught up after one round trip, and one more for each further message of maxBytes.
func TestCatchingUpTakesARoundTrip(t *testing.T) {
	for _, test := range []struct {
		name         string
		writes, size int
		kept         string
		answer       string
	}{
		{"a few instances", 100, 20, "1024", "Committed"},
		{"more than a message holds", 500, 5000, "1024", "Committed"},
		{"more than is kept", 2000, 20, "1024", "Piece"},
		{"more bytes than are kept", 1100, 50_000, "16384", "Piece"},
	} {
		t.Run(test.name, func(t *testing.T) {
			driver := prototest.With(Driver, protocols.Choices{"kept": test.kept})
			c := prototest.NewCluster(t, driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
			write(c, 2, 1, 0, 20)
			c.Run(3 * time.Second)
			c.Crash(2)
			write(c, 0, test.writes, ms, test.size)
			c.Run(c.Now() + 20*time.Second)
			counts := count(c)
			c.Restart(2)
			trips := time.Duration(1 + test.writes*test.size/maxBytes)
			c.Run(c.Now() + trips*regions.MaxRoundTrip())
			if got, want := c.Replicas[2].Node.(*replica).slots, c.Replicas[0].Node.(*replica).slots; got != want {
				t.Errorf("replica 2 has applied %d of %d", got, want)
			}
			if counts[test.answer] == 0 || counts["Propose"] > 0 {
				t.Errorf("it came by %v, where %s was due, and no proposals", counts, test.answer)
			}
			c.Run(c.Now() + 10*time.Second)
			c.CheckConverged()
		})
	}
}

// When links become far slower than any timeout, answers come too late only until timeouts have grown.
func TestTimeoutsGrowWithTheRoundTrip(t *testing.T) {
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
	slow := protocols.Delays{{0, 2 * time.Second, 2 * time.Second}, {2 * time.Second, 0, 2 * time.Second}, {2 * time.Second, 2 * time.Second, 0}}
	c.Network.Delays = slow
	write(c, 0, 200, 500*ms, 20)
	c.Run(150 * time.Second)
	c.CheckConverged()
	late := 0
	for _, m := range c.Replicas[0].Marks {
		if m.Event == protocols.MarkRetried && m.At > 50*time.Second {
			late++
		}
	}
	if late > 0 {
		t.Errorf("after 50s with a round trip of 4s there were still %d retries", late)
	}
}

func TestMarksTellWhereAWriteSpendsItsTime(t *testing.T) {
	c := prototest.NewCluster(t, Driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
	id := c.Put(0, 1, "k", "v")
	c.Run(5 * time.Second)
	for _, want := range []struct {
		at    time.Duration
		where protocols.NodeID
		event string
	}{
		{0, 0, protocols.MarkProposed},
		{33 * ms, 1, protocols.MarkAccepted},
		{67 * ms, 0, protocols.MarkCommitted},
		{67 * ms, 0, protocols.MarkApplied},
	} {
		found := 0
		for i, r := range c.Replicas {
			for _, m := range r.Marks {
				if m.ID == id && m.Event == want.event {
					found++
					if m.At != want.at || protocols.NodeID(i) != want.where {
						t.Errorf("%s by replica %d at %v, not by %d at %v", m.Event, i, m.At, want.where, want.at)
					}
				}
			}
		}
		if found != 1 {
			t.Errorf("%s %d times", want.event, found)
		}
	}
}

// An instance fits into a message, however large the values and long the batch delay; a larger command is alone in
// its instance.
func TestABatchIsBoundedInBytes(t *testing.T) {
	driver := prototest.With(Driver, protocols.Choices{"batch": "20ms"})
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: regions}, protocols.Nobody, 1)
	longest := 0
	c.Network.Drop = func(_, _ protocols.NodeID, message []byte) bool {
		longest = max(longest, len(message))
		return false
	}
	for i := range 20 {
		c.Put(0, uint64(i)+1, "k", strings.Repeat("v", maxBytes/3))
	}
	c.Put(0, 99, "k", strings.Repeat("v", 2*maxBytes)) // alone
	c.RunUntilAnswered(10 * time.Second)
	if longest < 2*maxBytes || longest > 2*maxBytes+1000 {
		t.Errorf("the longest message has %d bytes; the largest command alone has %d", longest, 2*maxBytes)
	}
}
