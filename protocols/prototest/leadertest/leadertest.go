package leadertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/prototest"
)

const ms = time.Millisecond

// Conformance runs the suite, in virtual time, for a driver whose leader is elected in one round trip, and is known to the
// others by its next message.
func Conformance(t *testing.T, driver protocols.Driver) { ConformanceOf(t, driver, 7) }

// ConformanceOf is Conformance for a driver of which a follower can answer the first write after so many one-way delays:
// election, first sign of the leader, forward, write, reply.
func ConformanceOf(t *testing.T, driver protocols.Driver, firstAnswer int) {
	t.Run("the configured leader leads from the start", func(t *testing.T) { leadsAtOnce(t, driver, firstAnswer) })
	t.Run("without loss nothing is repeated and nobody else stands", func(t *testing.T) { staysCalm(t, driver) })
	t.Run("an idle leader sends heartbeats only", func(t *testing.T) { idles(t, driver) })
	t.Run("a new leader finishes what a dead one began", func(t *testing.T) { finishes(t, driver) })
	t.Run("a leader cut off decides nothing and joins the next", func(t *testing.T) { returns(t, driver) })
	t.Run("a replica that hears nobody does not stop the others", func(t *testing.T) { endures(t, driver) })
	t.Run("a large backlog is recovered in several messages", func(t *testing.T) { recoversBacklog(t, driver) })
	t.Run("a whole cluster comes back from its disks", func(t *testing.T) { comesBack(t, driver) })
	t.Run("replicas that all stand at once get a leader", func(t *testing.T) { resolvesDuels(t, driver) })
	t.Run("random lives keep every promise", func(t *testing.T) { livesAtRandom(t, driver) })
}

// Even returns the delays of n replicas that are all equally far from each other.
func Even(n int, oneWay time.Duration) protocols.Delays {
	d := make(protocols.Delays, n)
	for i := range d {
		d[i] = slices.Repeat([]time.Duration{oneWay}, n)
		d[i][i] = 0
	}
	return d
}

// leader is the replica that came to lead last.
func leader(c *prototest.Cluster) protocols.NodeID {
	latest, since := protocols.Nobody, time.Duration(-1)
	for id, r := range c.Replicas {
		for _, m := range r.Marks {
			if m.Event == protocols.MarkLeading && m.At > since {
				latest, since = protocols.NodeID(id), m.At
			}
		}
	}
	return latest
}

// only returns a Drop function that loses every message except those among the given replicas.
func only(ids ...protocols.NodeID) func(from, to protocols.NodeID, _ []byte) bool {
	return func(from, to protocols.NodeID, _ []byte) bool {
		return !slices.Contains(ids, from) || !slices.Contains(ids, to)
	}
}

// holds returns true if a replica has committed a command in its present incarnation, or has adopted a state
// in which the command has taken effect.
func holds(c *prototest.Cluster, at protocols.NodeID, id protocols.CommandID) bool {
	place := slices.IndexFunc(c.Order(""), func(command []byte) bool {
		found, err := kv.ID(command)
		return err == nil && found == id
	})
	commits := c.Replicas[at].Commits
	return place >= 0 && len(commits) > 0 && commits[len(commits)-1].Slot.Index > uint64(place)
}

func leadsAtOnce(t *testing.T, driver protocols.Driver, firstAnswer int) {
	for n := 1; n <= 9; n++ {
		for l := range protocols.NodeID(n) {
			c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(n, 30*ms)}, l, 1)
			c.Put((l+1)%protocols.NodeID(n), 1, "k", "before there is a leader")
			c.RunUntilAnswered(time.Duration(firstAnswer) * 30 * ms)
			if got := leader(c); got != l {
				t.Errorf("of %d replicas, replica %d leads, not %d", n, got, l)
			}
		}
	}
}

func staysCalm(t *testing.T, driver protocols.Driver) {
	for _, oneWay := range []time.Duration{0, ms, 40 * ms, 300 * ms} {
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(5, oneWay)}, 2, 1)
		for i := range 300 {
			c.At(time.Duration(i)*101*ms, func() { c.Put(protocols.NodeID(i%5), uint64(i%5), fmt.Sprint(i), "v") })
		}
		c.Run(60 * time.Second)
		c.RunUntilAnswered(0)
		c.CheckConverged()
		for id := range c.Replicas {
			at := protocols.NodeID(id)
			if c.Marked(protocols.MarkRetried, at) > 0 || c.Marked(protocols.MarkDeposed, at) > 0 {
				t.Errorf("delay %v: replica %d marked %v", oneWay, id, c.Replicas[id].Marks)
			}
			if at != 2 && c.Marked(protocols.MarkLeading, at) > 0 {
				t.Errorf("delay %v: replica %d came to lead", oneWay, id)
			}
		}
	}
}

func idles(t *testing.T, driver protocols.Driver) {
	delays := Even(3, 100*ms)
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: delays}, 0, 1)
	c.Run(2 * time.Second)
	sent := map[protocols.NodeID]int{}
	c.Network.Drop = func(from, _ protocols.NodeID, _ []byte) bool { sent[from]++; return false }
	beats := 50
	c.Run(c.Now() + time.Duration(beats)*delays.Heartbeat())
	if sent[0] != 2*beats {
		t.Errorf("in the time of %d heartbeats an idle leader sends %d messages to two followers", beats, sent[0])
	}
	if sent[1] > beats || sent[2] > beats {
		t.Errorf("in the time of %d heartbeats the followers send %d and %d messages", beats, sent[1], sent[2])
	}
}

func finishes(t *testing.T, driver protocols.Driver) {
	for seed := range uint64(10) {
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(5, 30*ms)}, 0, seed)
		c.Put(1, 1, "k", "decided by all")
		c.Run(2 * time.Second)

		c.Network.Drop = only(0, 3)
		begun := c.Put(0, 2, "k", "accepted by 0 and 3")
		c.Run(c.Now() + 100*ms)
		c.Crash(0)
		c.Crash(4)
		c.Network.Drop = nil // the only majority left has to ask replica 3
		next := c.Put(1, 1, "k", "for the next leader")
		read := c.Get(1, 1, "k")
		c.RunUntilAnswered(20 * time.Second)
		c.Run(c.Now() + 5*time.Second)
		c.CheckConverged()
		if !holds(c, 1, begun) || !holds(c, 1, next) {
			t.Errorf("seed %d: what stood on a replica of the new majority is lost", seed)
		}
		if got := c.Answers[read].Result; got.GetVersion() != 3 || string(got.GetValue()) != "for the next leader" {
			t.Errorf("seed %d: a read behind the new leader's first write finds %q, version %d, not 3", seed, got.GetValue(), got.GetVersion())
		}
	}
}

func returns(t *testing.T, driver protocols.Driver) {
	for seed := range uint64(10) {
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(5, 30*ms)}, 0, seed)
		c.Run(2 * time.Second)
		c.Network.Drop = only(1, 2, 3, 4)
		c.Put(0, 1, "k", "by the leader that is cut off")
		alone := c.Get(0, 1, "k")
		c.Run(c.Now() + 10*time.Second)
		if len(c.Answers) > 0 {
			t.Fatalf("seed %d: a leader without followers has answered a client", seed)
		}
		for i := range 5 {
			c.Put(protocols.NodeID(1+i%4), 2+uint64(i%4), fmt.Sprint("key ", i), "by the others")
		}
		c.Run(c.Now() + 2*time.Second)
		second := leader(c)
		if second == 0 || len(c.Answers) != 5 {
			t.Fatalf("seed %d: replica %d leads, %d of 5 writes are answered", seed, second, len(c.Answers))
		}
		c.Network.Drop = nil
		c.RunUntilAnswered(20 * time.Second) // the old leader's clients too
		c.Run(c.Now() + 5*time.Second)
		c.CheckConverged()
		if got := c.Marked(protocols.MarkDeposed, 0); got != 1 {
			t.Errorf("seed %d: the old leader was deposed %d times", seed, got)
		}
		if v := c.Answers[alone].Result.GetVersion(); v != 1 {
			t.Errorf("seed %d: the old leader's read finds version %d where it wrote once", seed, v)
		}
	}
}

// endures checks that the others get a leader although one replica, which receives nothing and is received,
// becomes a candidate again and again.
func endures(t *testing.T, driver protocols.Driver) {
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(3, 20*ms)}, 0, 1)
	c.Run(5 * time.Second)
	c.Network.Drop = func(_, to protocols.NodeID, _ []byte) bool { return to == 2 }
	const writes = 600
	var ids []protocols.CommandID
	for i := range writes {
		c.At(c.Now()+time.Duration(i)*100*ms, func() { ids = append(ids, c.Put(protocols.NodeID(i%2), 1, fmt.Sprint("key ", i%20), "v")) })
	}
	c.Run(c.Now() + (writes+100)*100*ms)
	late := 0 // answers to the second half
	for _, id := range ids[writes/2:] {
		if _, answered := c.Answers[id]; answered {
			late++
		}
	}
	if late < writes/4 {
		t.Errorf("of the last %d writes, %d are answered", writes/2, late)
	}
	c.Check()
}

func recoversBacklog(t *testing.T, driver protocols.Driver) {
	c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(5, 30*ms)}, 0, 1)
	c.Run(2 * time.Second)
	large := strings.Repeat("x", flow.MaxBytes*2/5) // two make a message
	c.Network.Drop = only(0, 3)
	var begun []protocols.CommandID
	for i := range 5 {
		begun = append(begun, c.Put(0, 1, fmt.Sprint("key ", i), large))
	}
	c.Run(c.Now() + 500*ms)
	c.Crash(0)
	c.Crash(4)
	c.Network.Drop = nil
	for i := range 5 {
		begun = append(begun, c.Put(2, 2, fmt.Sprint("key ", i), large)) // waits for the next leader
	}
	c.RunUntilAnswered(20 * time.Second)
	c.Restart(0)
	c.Restart(4)
	c.Run(c.Now() + 20*time.Second)
	c.CheckConverged()
	for _, id := range begun {
		if !holds(c, 4, id) {
			t.Errorf("%v is lost", id)
		}
	}
}

func comesBack(t *testing.T, driver protocols.Driver) {
	for _, n := range []int{1, 3, 4} {
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(n, 30*ms)}, 0, 1)
		var written []protocols.CommandID
		for i := range 10 {
			written = append(written, c.Put(protocols.NodeID(i%n), uint64(i%n), fmt.Sprint("key ", i), "v"))
		}
		c.RunUntilAnswered(5 * time.Second)
		for id := range protocols.NodeID(n) {
			c.Crash(id)
		}
		c.Run(c.Now() + time.Second)
		for id := range protocols.NodeID(n) {
			c.Restart(id)
		}
		c.Put(0, 99, "key 0", "after")
		c.RunUntilAnswered(20 * time.Second)
		c.Run(c.Now() + 5*time.Second)
		c.CheckConverged()
		for _, id := range written {
			if !holds(c, 0, id) {
				t.Errorf("of %d replicas, none knows %v any more", n, id)
			}
		}
	}
}

func resolvesDuels(t *testing.T, driver protocols.Driver) {
	for seed := range uint64(50) {
		c := prototest.NewCluster(t, driver, prototest.Network{Delays: Even(5, 300*ms)}, protocols.Nobody, seed)
		c.Put(0, 1, "k", "v")
		c.RunUntilAnswered(60 * time.Second)
		c.Check()
	}
}

// livesAtRandom crashes and restarts replicas at random under load, in a network that loses,
// doubles and reorders, and never takes more than a minority away.
func livesAtRandom(t *testing.T, driver protocols.Driver) {
	seeds := uint64(200)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 7))
		n := 3 + 2*random.IntN(2)
		network := prototest.Network{
			Delays: Even(n, 5*ms+time.Duration(random.IntN(80))*ms), Jitter: 1 + time.Duration(random.IntN(100))*ms,
			Loss: 0.2 * random.Float64(), Duplicate: 0.2 * random.Float64(),
		}
		c := prototest.NewCluster(t, driver, network, 0, seed)
		for c.Now() < 40*time.Second {
			switch random.IntN(12) {
			case 0:
				id := protocols.NodeID(random.IntN(n))
				if random.IntN(2) == 0 && leader(c) != protocols.Nobody {
					id = leader(c)
				}
				if c.Replicas[id].Alive && alive(c) > n/2+1 {
					c.Crash(id)
				}
			case 1:
				for id, r := range c.Replicas {
					if !r.Alive {
						c.Restart(protocols.NodeID(id))
						break
					}
				}
			case 2:
				cut := protocols.NodeID(random.IntN(n))
				c.Network.Drop = func(from, to protocols.NodeID, _ []byte) bool { return from == cut || to == cut }
			case 3:
				c.Network.Drop = nil
			default:
				if at := protocols.NodeID(random.IntN(n)); c.Replicas[at].Alive {
					key := fmt.Sprint("key ", random.IntN(4))
					c.Put(at, uint64(at)+1, key, fmt.Sprint("at ", c.Now()))
					c.Get(at, uint64(at)+1, key)
				}
			}
			c.Run(c.Now() + time.Duration(random.IntN(600))*ms)
		}
		c.Network.Drop, c.Network.Loss = nil, 0
		for id, r := range c.Replicas {
			if !r.Alive {
				c.Restart(protocols.NodeID(id))
			}
		}
		c.RunUntilAnswered(60 * time.Second)
		c.Run(c.Now() + 20*time.Second)
		c.CheckConverged()
		checkAnswers(t, c, seed)
		if t.Failed() {
			return
		}
	}
}

func alive(c *prototest.Cluster) int {
	n := 0
	for _, r := range c.Replicas {
		if r.Alive {
			n++
		}
	}
	return n
}

// checkAnswers compares the answers with those of a state machine that applies the log from its beginning.
func checkAnswers(t *testing.T, c *prototest.Cluster, seed uint64) {
	t.Helper()
	store := kv.NewStore()
	results := map[protocols.CommandID]*kv.Result{}
	for _, command := range c.Order("") {
		id, encoded := store.Apply(command)
		result := &kv.Result{}
		if err := proto.Unmarshal(encoded, result); err != nil {
			t.Fatalf("seed %d: decoding the result of %v: %v", seed, id, err)
		}
		results[id] = result
	}
	for id, answer := range c.Answers {
		if !proto.Equal(answer.Result, results[id]) {
			t.Errorf("seed %d: %v was answered with %v; the log says %v", seed, id, answer.Result, results[id])
		}
	}
}
