package prototest

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
	"quorumbench/protocols/options"
)

var seeds = flag.Uint64("seeds", 20, "how many random lives each of the suite's random tests plays")

const ms = time.Millisecond

// Three and five regions, round trips in the order of those between continents, each way
// different: a driver that confuses a direction, or halves a round trip, misses its floor.
var (
	threeRegions = protocols.Delays{
		{0, 33 * ms, 77 * ms},
		{34 * ms, 0, 110 * ms},
		{79 * ms, 107 * ms, 0},
	}
	fiveRegions = protocols.Delays{
		{0, 31 * ms, 70 * ms, 105 * ms, 58 * ms},
		{33 * ms, 0, 38 * ms, 89 * ms, 93 * ms},
		{71 * ms, 40 * ms, 0, 108 * ms, 110 * ms},
		{101 * ms, 90 * ms, 107 * ms, 0, 137 * ms},
		{61 * ms, 90 * ms, 112 * ms, 133 * ms, 0},
	}
	oneReplica = protocols.Delays{{0}}
)

// With returns the driver as it is with other defaults of its options.
func With(driver protocols.Driver, chosen protocols.Choices) protocols.Driver {
	for name := range chosen {
		if !slices.Contains(driver.OptionNames(), name) {
			panic(fmt.Sprintf("prototest: %s has no option %q", driver.Name, name))
		}
	}
	made := driver
	made.Options = func(replicas int) any {
		defaults := driver.Options(replicas)
		for _, f := range options.Fields(defaults) {
			if text, is := chosen[f.Name]; is && !f.Set(text) {
				panic(fmt.Sprintf("prototest: the option %s cannot be %q", f.Name, text))
			}
		}
		return defaults
	}
	return made
}

// Conformance runs the suite that every driver has to pass, in virtual time. Tests of faults that the driver
// does not promise to survive (Driver.NotSurvived) are skipped, each by name. More random lives:
//
//	go test ./protocols/raft -run Conformance -args -seeds 1000
func Conformance(t *testing.T, driver protocols.Driver) {
	t.Run("description", func(t *testing.T) { describes(t, driver) })
	if driver.CheckReplicas(3) == nil {
		t.Run("clients elsewhere", func(t *testing.T) {
			t.Run("a write alone takes its floor and the way to the nearest replica", func(t *testing.T) { meetsFloorElsewhere(t, driver) })
			t.Run("lost requests and lost answers do no harm", func(t *testing.T) { servesElsewhere(t, driver) })
		})
	}
	t.Run("witnesses", func(t *testing.T) { worksWithWitnesses(t, driver) })
	for _, delays := range []protocols.Delays{oneReplica, threeRegions, fiveRegions} {
		n := len(delays)
		if driver.CheckReplicas(n) != nil {
			continue
		}
		t.Run(fmt.Sprintf("%d replicas", n), func(t *testing.T) {
			t.Run("a write alone takes its floor", func(t *testing.T) { meetsFloor(t, driver, delays) })
			if driver.HasLeader {
				t.Run("a leader marks that it leads", func(t *testing.T) { marksItsLeader(t, driver, delays) })
			}
			if driver.HasLeader && n >= 3 {
				t.Run("a leader marks that it is deposed", func(t *testing.T) {
					promised(t, driver, protocols.Faults{DeadMinority: true, Loss: true})
					marksWhenItIsDeposed(t, driver, delays)
				})
			}
			t.Run("all writes of a busy cluster are answered", func(t *testing.T) { answersAll(t, driver, delays) })
			t.Run("one seed gives one run", func(t *testing.T) { isDeterministic(t, driver, delays) })
			t.Run("a command handed over twice takes effect once", func(t *testing.T) { appliesOnce(t, driver, delays) })
			t.Run("a command given up has no effect", func(t *testing.T) { forgetsGivenUp(t, driver, delays) })
			if !driver.PromisesNothing && !options.AreSequential(driver.MustComplete(protocols.Config{Members: protocols.Members(n)}).Options) {
				t.Run("a read sees the write before it", func(t *testing.T) { readsLatest(t, driver, delays) })
			}
			t.Run("doubled and overtaking messages do no harm", func(t *testing.T) { survivesNetwork(t, driver, delays, 0) })
			t.Run("lost, doubled and overtaking messages do no harm", func(t *testing.T) {
				promised(t, driver, protocols.Faults{Loss: true})
				survivesNetwork(t, driver, delays, 0.1)
			})
			if n > 1 {
				t.Run("with a fifth of all messages lost a write takes what the links and timeouts say", func(t *testing.T) {
					promised(t, driver, protocols.Faults{Loss: true})
					survivesLossQuickly(t, driver, delays)
				})
				t.Run("a replica that was cut off catches up, though no replica restarts", func(t *testing.T) {
					promised(t, driver, protocols.Faults{Loss: true})
					catchesUpWithoutRestarts(t, driver, delays)
				})
			}
			t.Run("a dead minority stops nobody else", func(t *testing.T) {
				promised(t, driver, protocols.Faults{DeadMinority: true})
				survivesDeadMinority(t, driver, delays)
			})
			t.Run("crashes lose nothing that was answered", func(t *testing.T) {
				promised(t, driver, protocols.Faults{Restarts: true})
				survivesCrashes(t, driver, delays, 0)
			})
			t.Run("crashes while records are being written lose nothing that was answered", func(t *testing.T) {
				promised(t, driver, protocols.Faults{Restarts: true})
				survivesCrashes(t, driver, delays, 30*ms)
			})
			t.Run("a blackout of all loses nothing that was answered", func(t *testing.T) {
				promised(t, driver, protocols.Faults{Restarts: true})
				survivesBlackouts(t, driver, delays)
			})
		})
	}
}

// promised skips a test of a fault that the driver does not promise to survive.
func promised(t *testing.T, driver protocols.Driver, needs protocols.Faults) {
	t.Helper()
	not := driver.NotSurvived
	missing := protocols.Faults{
		DeadMinority: needs.DeadMinority && not.DeadMinority,
		Restarts:     needs.Restarts && not.Restarts,
		Loss:         needs.Loss && not.Loss,
	}
	if missing != (protocols.Faults{}) {
		t.Skipf("%s does not promise to survive %v (Driver.NotSurvived)", driver.Name, missing)
	}
}

// loss is a share of messages to lose, none if the driver does not promise to survive that.
func loss(driver protocols.Driver, share float64) float64 {
	if driver.NotSurvived.Loss {
		return 0
	}
	return share
}

func describes(t *testing.T, driver protocols.Driver) {
	if driver.Name == "" || driver.Name != strings.ToLower(driver.Name) || strings.ContainsAny(driver.Name, " .,") {
		t.Errorf("the name %q should be one lower-case word: it stands in files and in histogram tags", driver.Name)
	}
	if driver.Summary == "" || strings.Contains(driver.Summary, "\n") {
		t.Errorf("the summary %q should be one line", driver.Summary)
	}
	var refused []error
	for _, n := range []int{1, 3, 5} {
		if err := driver.CheckReplicas(n); err != nil {
			refused = append(refused, err)
		} else if driver.Options != nil {
			if err := options.Check(driver.Options(n), n); err != nil {
				t.Errorf("with %d replicas: %v", n, err)
			}
		}
	}
	if len(refused) == 3 {
		t.Errorf("clusters of one, three and five replicas are all refused, so that nothing is tested: %v", errors.Join(refused...))
	}
	if err := driver.CheckReplicas(0); err == nil {
		t.Error("a cluster without replicas is accepted")
	}
}

// leaders are the places to try: every replica, or none.
func leaders(driver protocols.Driver, delays protocols.Delays) []protocols.NodeID {
	if !driver.HasLeader {
		return []protocols.NodeID{protocols.Nobody}
	}
	all := make([]protocols.NodeID, len(delays))
	for i := range all {
		all[i] = protocols.NodeID(i)
	}
	return all
}

func meetsFloor(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	for _, leader := range leaders(driver, delays) {
		c := NewCluster(t, driver, Network{Delays: delays}, leader, 1)
		for in := range delays {
			at := protocols.NodeID(in)
			c.Run(c.Now() + 5*time.Second) // until a leader is settled, and nothing is on its way
			id := c.Put(at, 7, c.keyOf(at, fmt.Sprintf("key of %d", in)), "value")
			c.RunUntilAnswered(5 * time.Second)
			if got, want := c.Answers[id].Latency, c.driver.Floor(c.config(at)); got != want {
				t.Errorf("leader %d, client at %d: a write takes %v, the floor is %v", leader, in, got, want)
			}
		}
		c.Check()
	}
}

// meetsFloorElsewhere has replicas at three of five places. Clients at the others write, and, if the driver says
// what they need by ClientFloor, those beside replicas, too.
func meetsFloorElsewhere(t *testing.T, driver protocols.Driver) {
	for _, leader := range leaders(driver, threeRegions) {
		c := NewCluster(t, driver, Network{Delays: fiveRegions, Replicas: 3}, leader, 1)
		for place := range fiveRegions {
			if place < 3 && driver.ClientFloor == nil {
				continue
			}
			c.Run(c.Now() + 5*time.Second)
			id := c.Put(protocols.NodeID(place), 7, c.keyOf(c.clients[place].nearest, fmt.Sprintf("key of %d", place)), "value")
			c.RunUntilAnswered(5 * time.Second)
			there, back := fiveRegions[place][:3], []time.Duration{fiveRegions[0][place], fiveRegions[1][place], fiveRegions[2][place]}
			nearest := c.clients[place].nearest
			want := c.driver.FloorAt(c.config(nearest), nearest, there, back)
			if got := c.Answers[id].Latency; got != want {
				hint := ""
				if driver.Client != nil && driver.ClientFloor == nil {
					hint = " (a driver with a Client of its own may need a ClientFloor)"
				}
				t.Errorf("leader %d, client at %d, nearest replica %d: a write takes %v, the floor is %v%s", leader, place, nearest, got, want, hint)
			}
		}
		c.Check()
	}
}

// keyOf returns a name or, of a driver whose keys have homes, one that begins with it and has its home at a replica, for which
// floors are.
func (c *Cluster) keyOf(at protocols.NodeID, name string) string {
	if c.driver.Home == nil {
		return name
	}
	for i := 0; ; i++ {
		key := fmt.Sprintf("%s, %d", name, i)
		if c.driver.Home(c.config(at), []byte(key)) == at {
			return key
		}
	}
}

// servesElsewhere has clients that are beside no replica, and links that lose and double what they send
// and what they are answered. They hand their commands over again, here and there.
func servesElsewhere(t *testing.T, driver protocols.Driver) {
	for seed := range *seeds {
		c := NewCluster(t, driver, Network{
			Delays: fiveRegions, Replicas: 3, Retry: 700 * ms, Jitter: 20 * ms, Loss: loss(driver, 0.1), Duplicate: 0.1,
		}, 0, seed)
		load(c, 20, 151*ms, 6*len(fiveRegions))
		c.RunUntilAnswered(120 * time.Second)
		c.Run(c.Now() + 30*time.Second)
		c.Check()
		if got, want := len(c.Answers), 20*len(fiveRegions); got != want {
			t.Errorf("seed %d: %d answers, want %d", seed, got, want)
		}
	}
}

// load issues writes, and some reads, from every place: count each, spaced by gap, to few keys.
func load(c *Cluster, count int, gap time.Duration, keys int) {
	for i := range count {
		for to := range c.clients {
			at := c.Now() + time.Duration(i)*gap + time.Duration(to)*gap/7
			c.At(at, func() {
				key := fmt.Sprintf("key %d", c.random.IntN(keys))
				if to < len(c.Replicas) && !c.Replicas[to].Alive {
					return
				}
				if c.random.IntN(5) == 0 {
					c.Get(protocols.NodeID(to), uint64(to)+1, key)
				} else {
					c.Put(protocols.NodeID(to), uint64(to)+1, key, fmt.Sprintf("%d by %d", i, to))
				}
			})
		}
	}
	c.Run(c.Now() + time.Duration(count+1)*gap)
}

func answersAll(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	for _, leader := range leaders(driver, delays) {
		c := NewCluster(t, driver, Network{Delays: delays}, leader, 2)
		c.Run(3 * time.Second)
		load(c, 100, 13*ms, 1000)
		c.RunUntilAnswered(60 * time.Second)
		c.Run(c.Now() + 10*time.Second)
		c.CheckConverged()
		if got, want := len(c.Answers), 100*len(delays); got != want {
			t.Errorf("%d answers, want %d", got, want)
		}
	}
}

func isDeterministic(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	run := func(seed uint64) string {
		c := NewCluster(t, driver, Network{Delays: delays, Jitter: 20 * ms, Loss: 0.05, Duplicate: 0.05}, 0, seed)
		load(c, 40, 13*ms, 5)
		c.Run(c.Now() + 10*time.Second)
		return c.TraceHash()
	}
	if first, second := run(3), run(3); first != second {
		t.Errorf("the same seed gave two runs: %s and %s", first, second)
	}
	if len(delays) > 1 && run(3) == run(4) {
		t.Error("two seeds gave the same run: the trace does not see what happens")
	}
}

func appliesOnce(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	last := protocols.NodeID(len(delays) - 1)
	for name, pause := range map[string]time.Duration{"at once": 0, "while under way": 20 * ms, "after the answer": 5 * time.Second} {
		c := NewCluster(t, driver, Network{Delays: delays}, 0, 5)
		c.Run(3 * time.Second)
		id := protocols.CommandID{Client: 9, Seq: 1}
		command := &kv.Command{Op: kv.Op_PUT, Key: []byte("k"), Value: []byte("v")}
		c.Hand(0, id, command)
		c.Run(c.Now() + pause)
		c.Hand(0, id, command)
		c.Hand(last, id, command)
		c.RunUntilAnswered(20 * time.Second)
		c.seqs[9] = 1
		c.Run(c.Now() + 20*time.Second)
		read := c.Get(last, 9, "k")
		c.RunUntilAnswered(20 * time.Second)
		if v := c.Answers[read].Result.GetVersion(); v != 1 {
			t.Errorf("handed over again %s: one write has made version %d", name, v)
		}
		c.Check()
	}
}

// forgetsGivenUp has a client give up its first command, and a replica get it all the same, when the
// client's second has been applied. It must have no effect, and nobody may go on trying.
func forgetsGivenUp(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	before, after := givesUp(t, driver, delays, time.Minute)
	// What replicas send in rounds, such as heartbeats, is not in step with the minutes: a round more may fall into
	// one. In ten minutes that counts less.
	if after > before+before/100+2 {
		before, after = givesUp(t, driver, delays, 10*time.Minute)
	}
	if after > before+before/100+2 {
		t.Errorf("%d messages in ten minutes before, and %d long after: somebody goes on trying", before, after)
	}
}

// givesUp returns how many messages are sent in a span before the first command is handed over, and in one long
// after.
func givesUp(t *testing.T, driver protocols.Driver, delays protocols.Delays, span time.Duration) (before, after int) {
	messages := 0
	c := NewCluster(t, driver, Network{Delays: delays, Drop: func(_, _ protocols.NodeID, _ []byte) bool { messages++; return false }}, 0, 7)
	first, second := protocols.CommandID{Client: 9, Seq: 1}, protocols.CommandID{Client: 9, Seq: 2}
	c.Run(5 * time.Second)
	c.Hand(protocols.NodeID(len(delays)-1), second, &kv.Command{Op: kv.Op_PUT, Key: []byte("k"), Value: []byte("second"), Acked: second.Seq})
	c.RunUntilAnswered(20 * time.Second)
	c.seqs[9] = second.Seq
	c.Run(c.Now() + 20*time.Second)
	quiet := func() int {
		messages = 0
		c.Run(c.Now() + span)
		return messages
	}
	before = quiet()
	c.Hand(0, first, &kv.Command{Op: kv.Op_PUT, Key: []byte("k"), Value: []byte("first")})
	c.Run(c.Now() + 20*time.Second)
	after = quiet()
	delete(c.Answers, first) // an answer means nothing: nobody waits for it
	read := c.Get(0, 9, "k")
	c.Run(c.Now() + 20*time.Second)
	if r := c.Answers[read].Result; r.GetVersion() != 1 || string(r.GetValue()) != "second" {
		t.Errorf("the key has version %d, value %q", r.GetVersion(), r.GetValue())
	}
	c.Check()
	return before, after
}

func readsLatest(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	c := NewCluster(t, driver, Network{Delays: delays}, 0, 6)
	c.Run(3 * time.Second)
	last := protocols.NodeID(len(delays) - 1)
	absent := c.Get(last, 1, "k")
	c.RunUntilAnswered(20 * time.Second)
	if r := c.Answers[absent].Result; r.GetVersion() != 0 || len(r.GetValue()) != 0 {
		t.Errorf("a read of a key never written finds version %d, value %q", r.GetVersion(), r.GetValue())
	}
	for i := range 5 {
		value := fmt.Sprint("value ", i)
		c.Put(0, 2, "k", value)
		c.RunUntilAnswered(20 * time.Second)
		for at := range delays {
			id := c.Get(protocols.NodeID(at), 3, "k")
			c.RunUntilAnswered(20 * time.Second)
			if r := c.Answers[id].Result; r.GetVersion() != uint64(i+1) || string(r.GetValue()) != value {
				t.Errorf("a read at %d after version %d was written finds version %d, value %q", at, i+1, r.GetVersion(), r.GetValue())
			}
		}
	}
	c.Check()
}

func survivesNetwork(t *testing.T, driver protocols.Driver, delays protocols.Delays, loss float64) {
	for seed := range *seeds {
		c := NewCluster(t, driver, Network{Delays: delays, Jitter: 60 * ms, Loss: loss, Duplicate: 0.1}, 0, seed)
		load(c, 30, 151*ms, 6*len(delays)) // few enough at once for the check to decide
		c.RunUntilAnswered(120 * time.Second)
		c.Run(c.Now() + 30*time.Second) // an answer may come before the command is applied
		c.Check()
	}
}

// catchesUpWithoutRestarts tells the replicas that nothing on their disks will be read, cuts the last one off for
// longer than logs reach back, and lets it back in.
func catchesUpWithoutRestarts(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	last := protocols.NodeID(len(delays) - 1)
	var c *Cluster
	cut := func(from, to protocols.NodeID, _ []byte) bool { // c is nil while the replicas start
		return c != nil && (from == last) != (to == last) && c.Now() > 2*time.Second && c.Now() < 12*time.Second
	}
	c = NewCluster(t, driver, Network{Delays: delays, NeverRestarts: true, Drop: cut}, 0, 1)
	load(c, 250, 53*ms, 300) // few operations a key: the check of long histories of one key takes for ever
	c.RunUntilAnswered(120 * time.Second)
	c.Run(c.Now() + 30*time.Second)
	c.Check()
	for id := range delays {
		if end := c.Replicas[id].at[""]; end != c.Replicas[0].at[""] { // 0 where each key has an order of its own
			t.Errorf("replica %d has applied %d entries of the log, replica 0 %d", id, end, c.Replicas[0].at[""])
		}
	}
}

// survivesDeadMinority has some replicas die under load, as many as leave a majority, in every second life
// the configured leader among them. They stay dead; the clients of all others are answered.
func survivesDeadMinority(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	n := len(delays)
	for seed := range *seeds {
		c := NewCluster(t, driver, Network{Delays: delays, Jitter: 20 * ms}, 0, seed)
		for i := range (n - 1) / 2 {
			id := protocols.NodeID((i + int(seed)%2) % n)
			c.At(4*time.Second+time.Duration(c.random.IntN(1000))*ms, func() { c.Crash(id) })
		}
		load(c, 40, 101*ms*time.Duration(n), 8)
		c.RunUntilAnswered(120 * time.Second)
		c.Run(c.Now() + 30*time.Second)
		c.Check()
	}
}

func survivesCrashes(t *testing.T, driver protocols.Driver, delays protocols.Delays, persist time.Duration) {
	for seed := range *seeds {
		c := NewCluster(t, driver, Network{Delays: delays, Jitter: 30 * ms, Loss: loss(driver, 0.02), Persist: persist}, 0, seed)
		// One replica after the other is down for a while, so that a majority is always up
		// where there is more than one.
		for i := range delays {
			down := time.Duration(i)*4*time.Second + time.Duration(c.random.IntN(2000))*ms
			id := protocols.NodeID((i + int(seed)) % len(delays))
			c.At(down, func() { c.Crash(id) })
			c.At(down+2*time.Second, func() { c.Restart(id) })
		}
		load(c, 40, 101*ms*time.Duration(len(delays)), 8)
		c.Run(c.Now() + time.Duration(len(delays))*4*time.Second)
		c.RunUntilAnswered(120 * time.Second)
		c.Run(c.Now() + 30*time.Second) // an answer may come before the command is applied
		c.Check()
	}
}

// survivesBlackouts takes all replicas down at once, several times: what they told each other is
// on their disks, or nowhere.
func survivesBlackouts(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	for seed := range *seeds {
		c := NewCluster(t, driver, Network{Delays: delays, Jitter: 30 * ms, Loss: loss(driver, 0.05)}, 0, seed)
		c.Run(3 * time.Second)
		c.Network.Persist = time.Duration(seed%3) * 10 * ms
		for range 2 {
			load(c, 2, 70*ms, 3)
			c.Run(c.Now() + time.Duration(c.random.IntN(200))*ms)
			for id := range c.Replicas {
				c.Crash(protocols.NodeID(id))
			}
			c.Run(c.Now() + 300*ms) // messages under way arrive nowhere
			for id := range c.Replicas {
				c.Restart(protocols.NodeID(id))
			}
		}
		for key := range 3 {
			c.Get(0, 99, fmt.Sprintf("key %d", key))
		}
		c.RunUntilAnswered(120 * time.Second)
		c.Run(c.Now() + 30*time.Second)
		c.Check()
	}
}
