package costs_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/costs"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

// real are made-up costs in nanoseconds.
type real struct{ command, batch, message, bytes, sync float64 }

// run is a made-up run of 10,000 commands, of which each takes so many batches, messages, bytes and syncs, and off by a factor
// the time that these cost.
func (c real) run(batches, messages, bytes, syncs, off float64) costs.Point {
	const n = 10_000
	each := c.command + batches*c.batch + messages*c.message + bytes*c.bytes + syncs*c.sync
	return costs.Point{Name: "made up", Busy: 0.9, Work: result.Work{
		Time: time.Second, Processors: time.Duration(n * each * off), Commands: n, Batches: int64(n * batches), Messages: int64(n * messages),
		Bytes: int64(n * bytes), Syncs: int64(n * syncs), Syncing: time.Duration(n*syncs) * time.Millisecond,
	}}
}

// runs are of three protocols with small and large values, in large and in small batches, each off by another factor.
func (c real) runs(off ...float64) (points []costs.Point) {
	for i, messages := range []float64{8, 10, 20} {
		for j, bytes := range []float64{100, 10_000} {
			for k, batches := range []float64{0.1, 0.5, 2} {
				f := off[(i+2*j+k)%len(off)]
				points = append(points, c.run(batches, messages, bytes+messages*30, 0, f))
			}
		}
	}
	return points
}

func TestTheFitFindsTheCosts(t *testing.T) {
	want := real{command: 3000, batch: 30_000, message: 400, bytes: 3, sync: 200_000}
	exact := append(want.runs(1), want.run(0.5, 10, 500, 0.25, 1), want.run(0.1, 20, 900, 0.1, 1))
	for _, c := range []struct {
		name   string
		points []costs.Point
		off    float64 // how far a cost may be off
	}{{"exact", exact, 1e-3}, {"disturbed", append(want.runs(0.93, 1.06, 1, 1.02, 0.99), exact[18:]...), 0.4}} {
		fit, err := costs.Of(c.points)
		if err != nil {
			t.Fatal(err)
		}
		for i, one := range []float64{want.command, want.batch, want.message, want.bytes, want.sync} {
			if term := fit.Terms[i]; math.Abs(term.Cost/one-1) > c.off || term.Doubt != "" || math.Abs(term.Cost-one) > 4*term.Error+1e-3*one {
				t.Errorf("%s: %s is %.4g ± %.2g %s, want %.4g", c.name, term.Key, term.Cost, term.Error, term.Doubt, one)
			}
		}
		if c.name == "exact" && (fit.Typical > 1e-3 || fit.Worst > 1e-3) || c.name == "disturbed" && (fit.Typical < 0.01 || fit.Worst < 0.03 || fit.Worst > 0.09) {
			t.Errorf("%s: off by %v, %v at worst", c.name, fit.Typical, fit.Worst)
		}
		if fit.Persist != time.Millisecond {
			t.Errorf("%s: a write took %v, want 1ms", c.name, fit.Persist)
		}
	}
}

func TestNoCostIsNegative(t *testing.T) {
	with := real{command: 3000, batch: 30_000, message: 400, bytes: -0.1}
	fit, err := costs.Of(with.runs(1))
	if err != nil {
		t.Fatal(err)
	}
	if bytes := fit.Terms[3]; bytes.Cost != 0 || bytes.Doubt != "not told apart from zero: the fit would be negative" {
		t.Errorf("a byte costs %v (%s)", bytes.Cost, bytes.Doubt)
	}
	if sync := fit.Terms[4]; sync.Cost != 0 || sync.Doubt != "no run had any" {
		t.Errorf("a sync costs %v (%s)", sync.Cost, sync.Doubt)
	}
	for _, term := range fit.Terms[:3] {
		if term.Cost < 0 {
			t.Errorf("%s is %v", term.Key, term.Cost)
		}
	}
}

func TestTooLittleIsSaidToBeTooLittle(t *testing.T) {
	with := real{command: 3000, batch: 30_000, message: 400, bytes: 3}
	var same []costs.Point
	for i := range 10 {
		same = append(same, with.run(0.5, 10, 1000, 0, 1+0.01*float64(i)))
	}
	idle := with.runs(1)
	for i := range idle[3:] {
		idle[i+3].Busy = 0.3
	}
	for _, c := range []struct {
		name   string
		points []costs.Point
		want   string
	}{
		{"none", nil, "found 0 runs of which the work is known, too few"},
		{"few", with.runs(1)[:6], "found 6 runs of which the work is known, too few to tell 4 costs apart; accepted: 7 or more"},
		{"alike", same, "the 10 runs are too much alike to tell command_cost, batch_cost, message_cost, byte_cost apart"},
		{"idle", idle, "found 3 runs of which the work is known, too few to tell 4 costs apart; accepted: 7 or more live runs of different protocols, value sizes and numbers of clients; 15 more are left out, since less than 60 % of the processors were in use"},
	} {
		if fit, err := costs.Of(c.points); fit != nil || err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A protocol that does more for each message than the others is named.
func TestAProtocolWithWorkOfItsOwnStandsApart(t *testing.T) {
	with := real{command: 3000, batch: 30_000, message: 400, bytes: 3}
	points := with.runs(0.97, 1.03, 1)
	for i := range points {
		points[i].Protocol = []string{"a", "b", "c"}[i/6]
	}
	if fit, err := costs.Of(points); err != nil || len(fit.Apart) > 0 {
		t.Errorf("%v: %+v stand apart, want none", err, fit.Apart)
	}
	for _, p := range with.runs(2) {
		p.Protocol = "d"
		points = append(points, p)
	}
	fit, err := costs.Of(points)
	if err != nil || !slices.ContainsFunc(fit.Apart, func(a costs.Apart) bool { return a.Protocol == "d" && a.Times > 1.2 && a.Times < 2 }) {
		t.Errorf("%v: %+v stand apart, want d among them", err, fit.Apart)
	}
}

func TestACostThatMayBeAnythingIsDoubted(t *testing.T) {
	with := real{command: 300, batch: 30_000, message: 400, bytes: 3} // a command costs hardly anything
	fit, err := costs.Of(with.runs(0.8, 1.2, 0.9, 1.1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if c := fit.Terms[0]; c.Cost > 0 && !strings.HasPrefix(c.Doubt, "uncertain: the standard error is ") || c.Cost == 0 && c.Doubt == "" {
		t.Errorf("a command costs %.0f ± %.0f ns (%q)", c.Cost, c.Error, c.Doubt)
	}
}

// The lines that are printed are those of an experiment, and give it the costs.
func TestTheLinesCanBePasted(t *testing.T) {
	with := real{command: 3000, batch: 30_000, message: 400, bytes: 3.25}
	fit, err := costs.Of(with.runs(1))
	if err != nil {
		t.Fatal(err)
	}
	yaml := "topology: aws-2020-06-05\nworld: sim\n" + fit.YAML(2, "runs that were made up")
	plan, err := experiment.Parse("e.yaml", []byte(yaml), registry.Drivers)
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	if got, want := plan.Experiment.Simulation, fit.Simulation(2); got != want || got.ByteCost != 3250 || got.BatchCost != 30*time.Microsecond {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestRunsForCostsKeepTheProcessorsBusy(t *testing.T) {
	plan, err := experiment.Parse("e.yaml", []byte(`topology: aws-2020-06-05
replicas: [us-east-1, eu-west-1, ap-northeast-1]
clients: [sa-east-1]
protocols: [raft, mmp3]
durability: fsync
network: {loss: 1%, jitter: true}
sweep: {load.rate: [10/s, 20/s]}
faults: [{at: 1s, crash: random, for: 1s}]
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	plans := costs.Plans(plan)
	if len(plans) != 12 {
		t.Fatalf("%d plans, want 2 durabilities, 2 sizes of values and 3 numbers of clients", len(plans))
	}
	for _, one := range plans {
		e := &one.Experiment
		if e.IsSimulated() || !e.Load.IsClosed() || len(e.Faults) > 0 || one.Runs() != 2 || len(one.Points()) != 1 || e.Network.Loss > 0 ||
			len(e.Clients) != 3 || one.ClientRegion(2) != 2 || e.StreamMode() != experiment.StreamPerBatch {
			t.Errorf("%s: %+v", e.Name, e)
		}
		if link := one.Link(0, 2); link.Delay > time.Millisecond || link.Jitter > 0 || link.Loss > 0 {
			t.Errorf("%s: a link of %+v", e.Name, link)
		}
	}
}
