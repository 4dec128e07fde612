package keypaxos_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/registry"
)

// farAway is a key that a client at replica 0 writes all the time, one write after the other. All replicas but the last are near.
type farAway struct {
	*prototest.Cluster
	far    protocols.NodeID
	asked  int // prepares and the like that the far replica has sent since it was asked
	writes int // answered
	last   protocols.CommandID
}

const farRoundTrip = 300 * ms

// withAFarReplica runs a test with each of the drivers, of as many replicas as let the near ones decide alone.
func withAFarReplica(t *testing.T, test func(t *testing.T, c *farAway)) {
	for _, driver := range []struct {
		name     string
		replicas int
	}{{"paxos", 5}, {"paxos1", 3}, {"fastpaxos", 5}} {
		t.Run(driver.name, func(t *testing.T) {
			n := driver.replicas
			delays := make(protocols.Delays, n)
			for i := range n {
				for j := range n {
					delay := 5 * ms
					switch {
					case i == j:
						delay = 0
					case i == n-1 || j == n-1:
						delay = farRoundTrip / 2
					}
					delays[i] = append(delays[i], delay)
				}
			}
			d := *registry.Drivers.Find(driver.name)
			c := &farAway{far: protocols.NodeID(n - 1)}
			begins := []string{"Prepare", "Propose", "Accept"}
			c.Cluster = prototest.NewCluster(t, d, prototest.Network{Delays: delays, Drop: func(from, _ protocols.NodeID, m []byte) bool {
				if kind, _, _ := strings.Cut(d.Describe(m), " "); from == c.far && slices.Contains(begins, kind) {
					c.asked++
				}
				return false
			}}, protocols.Nobody, 1)
			c.write()
			c.writeUntil(time.Second)
			c.asked = 0
			test(t, c)
			c.Check()
		})
	}
}

func (c *farAway) write() { c.last = c.Put(0, 1, "key", "value") }

// writeUntil plays until the given time, while the client at replica 0 writes.
func (c *farAway) writeUntil(end time.Duration) {
	for c.Now() < end {
		c.Run(c.Now() + ms)
		if _, done := c.Answers[c.last]; done {
			c.writes++
			c.write()
		}
	}
}

// A write from afar loses one version after the other. After a few times it waits for the answers to what it has sent before it sends
// something else, so that what it costs follows from the round trip and not from how often others write (rule 16).
func TestAWriteThatIsOutrunAgainAndAgainWaitsForItsAnswers(t *testing.T) {
	withAFarReplica(t, func(t *testing.T, c *farAway) {
		const during = 10 * time.Second
		before := c.writes
		id := c.Put(c.far, 2, "key", "from afar")
		c.writeUntil(c.Now() + during)
		most := (10 + int(during/farRoundTrip)) * int(c.far)
		if c.asked > most {
			t.Errorf("it has sent %d messages in %v, while %d writes were answered; want %d at most", c.asked, during, c.writes-before, most)
		}
		c.RunUntilAnswered(10 * time.Second) // the writer has stopped
		if _, done := c.Answers[id]; !done {
			t.Error("the write is not answered when nobody else writes any more")
		}
	})
}

// A read from afar of a key that is written all the time is answered after one round trip, and the time that the version takes to
// come which it has been told of (rule 17).
func TestAReadFromAfarOfAKeyThatIsWrittenAllTheTimeIsAnswered(t *testing.T) {
	withAFarReplica(t, func(t *testing.T, c *farAway) {
		for i := range 20 {
			id := c.Get(c.far, uint64(2+i), "key")
			c.writeUntil(c.Now() + farRoundTrip + 50*ms + time.Duration(i)*ms)
			if _, done := c.Answers[id]; !done {
				t.Errorf("read %d is not answered after a round trip and 50 ms", i)
				c.writeUntil(c.Now() + 5*time.Second)
			}
		}
		t.Logf("it has sent %d messages for 20 reads", c.asked)
	})
}
