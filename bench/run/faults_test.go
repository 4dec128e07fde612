package run_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/protocols"
)

// The tests of this file look at the network and the replicas through a driver that does nothing
// but send a number to everybody every 10 ms, and note what comes in.

const (
	ms   = time.Millisecond
	beat = 10 * ms
	way  = 20 * ms // one way, on every link
)

// arrival is a beat that a replica has received.
type arrival struct {
	from, to protocols.NodeID
	sent, at time.Duration // by the clocks of sender and receiver
}

// observer is what all replicas of a run have seen.
type observer struct {
	arrivals []arrival
	starts   []start
}

// start is the beginning of a replica's life, and how many records it found.
type start struct {
	at      time.Duration
	replica protocols.NodeID
	records int
}

func (w *observer) driver() *protocols.Driver {
	return &protocols.Driver{Name: "beating", New: func(c protocols.Config) protocols.Node {
		return &beating{config: c, observer: w}
	}}
}

type beating struct {
	config   protocols.Config
	observer *observer
	records  int
}

func (r *beating) Step(in *protocols.Input, out *protocols.Outbox) {
	switch in.Kind {
	case protocols.InputRestore:
		r.records++
	case protocols.InputStart:
		if r.config.ID == 0 {
			out.Mark(protocols.CommandID{}, protocols.MarkLeading)
		}
		r.observer.starts = append(r.observer.starts, start{in.Now, r.config.ID, r.records})
		out.SetTimer(1, beat)
	case protocols.InputTimer:
		out.Persist(wrapperspb.UInt64(uint64(in.Now)))
		out.Broadcast(r.config.ID, r.config.Members, wrapperspb.UInt64(uint64(in.Now)))
		out.SetTimer(1, beat)
	case protocols.InputMessage:
		var sent wrapperspb.UInt64Value
		if err := proto.Unmarshal(in.Data, &sent); err != nil {
			panic(err)
		}
		r.observer.arrivals = append(r.observer.arrivals, arrival{in.From, r.config.ID, time.Duration(sent.Value), in.Now})
	}
}

// beats plays three seconds of three replicas under the given faults.
func beats(t *testing.T, doubled experiment.Share, faults ...experiment.Fault) *observer {
	t.Helper()
	w := &observer{}
	driver := w.driver()
	plan, err := experiment.NewPlan(driver, experiment.Experiment{
		World: experiment.Simulated, Repeats: 1, Seed: 1, Regions: []string{"r0", "r1", "r2"},
		Protocols:  []experiment.Protocol{{Name: driver.Name, Label: driver.Name}},
		Load:       experiment.Load{Arrivals: experiment.Constant, Rate: 1, Duration: 3 * time.Second, Timeout: ms, Keys: experiment.Keys{Count: 1}},
		Simulation: experiment.Simulation{Doubled: doubled}, Faults: faults,
	}, [][]time.Duration{{0, way, way}, {way, 0, way}, {way, way, 0}}, [][]time.Duration{make([]time.Duration, 3), make([]time.Duration, 3), make([]time.Duration, 3)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Play(context.Background(), run.Config{Plan: plan, Protocol: plan.Experiment.Protocols[0]}); err != nil {
		t.Fatal(err)
	}
	return w
}

// between counts the beats that one replica sent another in a time, and returns how long the
// fastest and the slowest took.
func (w *observer) between(from, to protocols.NodeID, since, until time.Duration) (n int, fastest, slowest time.Duration) {
	fastest = time.Hour
	for _, a := range w.arrivals {
		if a.from == from && a.to == to && a.sent >= since && a.sent < until {
			n++
			fastest, slowest = min(fastest, a.at-a.sent), max(slowest, a.at-a.sent)
		}
	}
	return n, fastest, slowest
}

// link is what is expected of one direction of a link, or of all.
type link struct {
	least, most      int // of 100 beats in a second
	fastest, slowest time.Duration
}

var (
	fine    = link{99, 101, way, way}
	dead    = link{0, 0, time.Hour, 0}
	ofEvery = [][2]protocols.NodeID{{0, 1}, {0, 2}, {1, 0}, {1, 2}, {2, 0}, {2, 1}}
)

func TestFaultsHappenAndAreUndone(t *testing.T) {
	const second = time.Second
	all := func(l link) map[[2]protocols.NodeID]link {
		links := map[[2]protocols.NodeID]link{}
		for _, pair := range ofEvery {
			links[pair] = l
		}
		return links
	}
	but := func(links map[[2]protocols.NodeID]link, l link, pairs ...[2]protocols.NodeID) map[[2]protocols.NodeID]link {
		for _, pair := range pairs {
			links[pair] = l
		}
		return links
	}
	for _, test := range []struct {
		name   string
		faults []experiment.Fault
		want   map[[2]protocols.NodeID]link // from the first second to the second
	}{
		{"none", nil, all(fine)},
		{"a crash", []experiment.Fault{{At: second, For: second, Crash: "r1"}},
			but(all(fine), dead, [][2]protocols.NodeID{{0, 1}, {1, 0}, {1, 2}, {2, 1}}...)},
		{"a crash of the leader", []experiment.Fault{{At: second, For: second, Crash: "leader"}},
			but(all(fine), dead, [][2]protocols.NodeID{{0, 1}, {0, 2}, {1, 0}, {2, 0}}...)},
		{"a crash and a restart", []experiment.Fault{{At: second, Crash: "r1"}, {At: 2 * second, Restart: "r1"}},
			but(all(fine), dead, [][2]protocols.NodeID{{0, 1}, {1, 0}, {1, 2}, {2, 1}}...)},
		{"a crash of all and a restart of all", []experiment.Fault{{At: second, Crash: "r0"}, {At: second, Crash: "r1"},
			{At: second, Crash: "r2"}, {At: 2 * second, Restart: "all"}}, all(dead)},
		{"a partition", []experiment.Fault{{At: second, For: second, Partition: [][]string{{"r0"}, {"r1", "r2"}}}},
			but(all(fine), dead, [][2]protocols.NodeID{{0, 1}, {0, 2}, {1, 0}, {2, 0}}...)},
		{"a partition that leaves one out", []experiment.Fault{{At: second, For: second, Partition: [][]string{{"r1", "r2"}}}},
			but(all(fine), dead, [][2]protocols.NodeID{{0, 1}, {0, 2}, {1, 0}, {2, 0}}...)},
		{"a cut", []experiment.Fault{{At: second, For: second, Cut: []string{"r0", "r1"}}},
			but(all(fine), dead, [2]protocols.NodeID{0, 1})},
		{"two cuts, the second undone first", []experiment.Fault{{At: second, For: second, Cut: []string{"r0", "r1"}},
			{At: second, For: ms, Cut: []string{"r2", "r1"}}},
			but(all(fine), dead, [2]protocols.NodeID{0, 1})},
		{"a region isolated", []experiment.Fault{{At: second, For: second, Isolate: "r1"}},
			but(all(fine), dead, [][2]protocols.NodeID{{0, 1}, {1, 0}, {1, 2}, {2, 1}}...)},
		{"the leader isolated, another crashed for ever until its restart", []experiment.Fault{{At: second, For: second, Isolate: "leader"},
			{At: second, Crash: "r1"}, {At: second + 2*ms, For: ms, Crash: "r1"}, {At: 2 * second, Restart: "r1"}}, all(dead)},
		{"a cut and a heal", []experiment.Fault{{At: second, Cut: []string{"r2", "r1"}}, {At: 2 * second, Heal: true}},
			but(all(fine), dead, [2]protocols.NodeID{2, 1})},
		{"loss", []experiment.Fault{{At: second, For: second, Loss: 0.5}}, all(link{25, 75, way, way})},
		{"delay", []experiment.Fault{{At: second, For: second, Delay: 30 * ms}}, all(link{99, 101, way + 30*ms, way + 30*ms})},
		{"a pause", []experiment.Fault{{At: second, For: second, Pause: "r1"}},
			but(but(all(fine), dead, [][2]protocols.NodeID{{1, 0}, {1, 2}}...),
				link{99, 101, way, second}, [][2]protocols.NodeID{{0, 1}, {2, 1}}...)}, // which it receives afterwards
		{"a slow replica", []experiment.Fault{{At: second, For: second, Slow: &experiment.Slow{Region: "r1", By: ms}}},
			but(but(all(fine), link{80, 101, way + ms, way + 5*ms}, [][2]protocols.NodeID{{1, 0}, {1, 2}}...),
				link{99, 101, way, way + 5*ms}, [][2]protocols.NodeID{{0, 1}, {2, 1}}...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := beats(t, 0, test.faults...)
			for _, pair := range ofEvery {
				from, to := pair[0], pair[1]
				const margin = 60 * ms // what was on its way, or waits, when a fault begins or ends
				check := func(since, until time.Duration, want link) {
					n, fastest, slowest := w.between(from, to, since+margin, until-margin)
					n = n * int(second) / int(until-since-2*margin)
					if n < want.least || n > want.most || fastest != want.fastest && fastest < want.fastest || slowest > want.slowest {
						t.Errorf("%d → %d, %v to %v: %d beats a second in %v to %v, want %+v", from, to, since, until, n, fastest, slowest, want)
					}
				}
				check(0, second, fine)
				check(second, 2*second, test.want[pair])
				check(2*second, 3*second, fine)
			}
		})
	}
}

func TestARandomCrashMeansOneReplica(t *testing.T) {
	w := beats(t, 0, experiment.Fault{At: time.Second, Crash: "random"})
	silent := 0
	for from := range protocols.NodeID(3) {
		if n, _, _ := w.between(from, (from+1)%3, 1500*ms, 2*time.Second); n == 0 {
			silent++
		}
	}
	if silent != 2 { // the one that crashed, and the one before it, whose next does not hear it
		t.Errorf("%d of three replicas do not reach the next", silent)
	}
}

func TestAReplicaComesBackWithItsRecords(t *testing.T) {
	w := beats(t, 0, experiment.Fault{At: time.Second, For: 500 * ms, Crash: "r1"})
	if len(w.starts) != 4 {
		t.Fatalf("%d starts of three replicas, one of which has crashed once", len(w.starts))
	}
	last := w.starts[3]
	if last.replica != 1 || last.at != 1500*ms || last.records < 99 || last.records > 100 {
		t.Errorf("the fourth start is %+v, want replica 1 with the records of a second", last)
	}
}

func TestAWrongClockBeatsAtItsOwnRate(t *testing.T) {
	for _, test := range []struct {
		rate        experiment.Factor
		least, most int
	}{{0.5, 198, 202}, {2, 49, 51}} {
		w := beats(t, 0, experiment.Fault{At: time.Second, For: time.Second, Skew: &experiment.Skew{Region: "r1", Rate: test.rate}})
		count := func(from protocols.NodeID, since, until time.Duration) (n int) {
			for _, a := range w.arrivals { // by the clock of replica 2, which is right
				if a.from == from && a.to == 2 && a.at >= since+way && a.at < until+way {
					n++
				}
			}
			return n
		}
		if n := count(1, time.Second, 2*time.Second); n < test.least || n > test.most {
			t.Errorf("at %v, %d beats in a second", test.rate, n)
		}
		if n := count(1, 2100*ms, 2900*ms); n < 79 || n > 81 {
			t.Errorf("after %v, %d beats in 0.8 s", test.rate, n)
		}
		if n := count(0, time.Second, 2*time.Second); n < 99 || n > 101 {
			t.Errorf("beside a clock at %v, %d beats in a second", test.rate, n)
		}
	}
}

func TestDoubledMessagesArriveTwice(t *testing.T) {
	w := beats(t, 0.5)
	times := map[arrival]int{}
	var late time.Duration
	for _, a := range w.arrivals {
		late = max(late, a.at-a.sent)
		times[arrival{from: a.from, to: a.to, sent: a.sent}]++
	}
	twice := 0
	for a, n := range times {
		switch {
		case n > 2:
			t.Fatalf("%+v arrived %d times", a, n)
		case n == 2:
			twice++
		}
	}
	if share := float64(twice) / float64(len(times)); share < 0.45 || share > 0.55 {
		t.Errorf("%.0f %% arrived twice, want half", 100*share)
	}
	if late <= 2*way || late > 11*way {
		t.Errorf("the latest took %v, want more than twice, at most eleven times the delay", late)
	}
}
