package experiment_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/configs"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

// An experiment and its topology, as run.json has them, make the same plan as the file: the same settings at each point,
// links, replicas and clients.
func TestShippedExperimentsAreRestoredFromTheirResult(t *testing.T) {
	texts := map[string]string{
		"mixes":    "sweep: {load.mix: [ycsb-a, ycsb-f]}",
		"sizes":    "load: {sizes: {distribution: lognormal, median: 100B}, keys: {distribution: hotspot, hot_keys: 7, hot_share: 33%}}",
		"arrivals": "sweep: {load.arrivals: [poisson, burst, closed]}",
		"a search": "load: {arrivals: saturate, slo: {p99: 300ms}}",
		"a day":    "load: {arrivals: day, hours: {us-east-1: -5}, rate: {us-east-1: 1/s, eu-west-1: 100/min, ap-northeast-1: 7/h}}\nnetwork: {jitter: true, local: measured}",
	}
	for _, name := range configs.Experiments() {
		text, err := configs.Experiment(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	for name, text := range texts {
		if !strings.Contains(text, "topology:") {
			text = "topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\n" + text + "\n"
		}
		plan, err := experiment.Parse(name+".yaml", []byte(text), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		restored := restore(t, plan)
		points, again := plan.Points(), restored.Points()
		if len(points) != len(again) {
			t.Fatalf("%s: %d points, and %d restored", name, len(points), len(again))
		}
		for i := range points {
			if what := difference(points[i], again[i]); what != "" {
				t.Errorf("%s, point %q: %s", name, points[i].Point, what)
			}
		}
	}
}

// A share that takes more than six digits is the same share in the result.
func TestSharesAndFactorsAreStoredToTheLastBit(t *testing.T) {
	for text, stored := range map[string]string{"1.23456789%": "1.23456789%", "0.1%": "0.1%", "33.333333333333336%": "33.333333333333336%", "7%": "7%",
		"0.000012%": "1.2e-05%"} {
		var share experiment.Share
		if err := share.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := share.MarshalText(); err != nil || string(got) != stored {
			t.Errorf("%s is stored as %s (%v), want %s", text, got, err, stored)
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		var share, again experiment.Share
		_ = share.UnmarshalText(fmt.Appendf(nil, "%v%%", random.Float64()*100))
		text, _ := share.MarshalText()
		if err := again.UnmarshalText(text); err != nil || again != share {
			t.Fatalf("%v is stored as %s and read as %v (%v)", float64(share), text, float64(again), err)
		}
	}
	var factor, again experiment.Factor
	_ = factor.UnmarshalText([]byte("123.456789%"))
	text, _ := factor.MarshalText()
	if err := again.UnmarshalText(text); err != nil || again != factor {
		t.Errorf("%v is stored as %s and read as %v (%v)", float64(factor), text, float64(again), err)
	}
}

// What no file may say is refused with what was found, before a run divides by it or waits for ever.
func TestAnExperimentThatNoFileMayHaveIsNotRestored(test *testing.T) {
	type (
		e = *experiment.Experiment
		t = *experiment.Topology
	)
	for _, c := range []struct {
		want   string
		change func(e, t)
	}{
		{"found -1/s; accepted: 1/h to 50000/s in each region", func(e e, _ t) { e.Sweep.Points[1].Load.Rate = -1 }},
		{"found the rate 0/s in eu-west-1; accepted: 1/h", func(e e, _ t) { e.Sweep.Points[1].Load.Rates = map[string]experiment.Rate{"us-east-1": 1} }},
		{"found 0; accepted: 1 to 1000000000", func(e e, _ t) { e.Sweep.Points[0].Load.Keys.Count = 0 }},
		{`found "sometimes"; accepted: poisson`, func(e e, _ t) { e.Sweep.Points[0].Load.Arrivals = "sometimes" }},
		{`found "mars"; accepted: us-east-1`, func(e e, _ t) { e.Faults = []experiment.Fault{{Crash: "mars"}} }},
		{"found 1 rows of one-way delays", func(_ e, t t) { t.OneWay = t.OneWay[:1] }},
		{"found the settings of 0 points of the sweep over load.rate; expected 2: results of earlier editions have none", func(e e, _ t) { e.Sweep.Points = nil }},
		{`found the protocol "rafd"; this program has .*; did you mean raft\?`, func(e e, _ t) { e.Protocols[0].Name = "rafd" }},
		{`found the leader "mars" of raft`, func(e e, _ t) { e.Protocols[0].Leader = "mars" }},
		{"found 0 options of raft; this program has", func(e e, _ t) { e.Protocols[0].Options = nil }},
		{"found 1001; accepted: 1 to 1000", func(e e, _ t) { e.Repeats = 1001 }},
	} {
		plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\nprotocols: [raft]\nsweep: {load.rate: [10/s, 20/s]}\n"), registry.Drivers)
		if err != nil {
			test.Fatal(err)
		}
		c.change(&plan.Experiment, &plan.Topology)
		if _, err := experiment.Restore(plan.Experiment, plan.Topology, registry.Drivers); err == nil || !regexp.MustCompile("^"+c.want).MatchString(err.Error()) {
			test.Errorf("found %v\nwant %s", err, c.want)
		}
	}
}

// restore writes what a plan's run.json has as JSON, and restores the plan from it.
func restore(t *testing.T, plan *experiment.Plan) *experiment.Plan {
	t.Helper()
	var stored struct {
		Experiment experiment.Experiment
		Topology   experiment.Topology
	}
	stored.Experiment, stored.Topology = plan.Experiment, plan.Topology
	data, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	stored.Experiment, stored.Topology = experiment.Experiment{}, experiment.Topology{}
	if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	restored, err := experiment.Restore(stored.Experiment, stored.Topology, registry.Drivers)
	if err != nil {
		t.Fatalf("%s: %v", plan.Experiment.Name, err)
	}
	return restored
}

// difference says in what two plans of one point differ that a run depends on; empty if in nothing.
func difference(a, b *experiment.Plan) string {
	if a.Point != b.Point || !reflect.DeepEqual(a.Experiment.Load, b.Experiment.Load) || !reflect.DeepEqual(a.Experiment.Network, b.Experiment.Network) ||
		a.Experiment.Simulation != b.Experiment.Simulation || a.Experiment.Durability != b.Experiment.Durability || a.Experiment.Transport != b.Experiment.Transport {
		return "settings"
	}
	if !reflect.DeepEqual(a.Experiment.Faults, b.Experiment.Faults) || !slices.EqualFunc(a.Experiment.Protocols, b.Experiment.Protocols, sameProtocol) ||
		!reflect.DeepEqual(a.Experiment.Regions, b.Experiment.Regions) || a.Experiment.Seed != b.Experiment.Seed {
		return "faults, protocols, regions or seed"
	}
	for from := range a.Experiment.Regions {
		for to := range a.Experiment.Regions {
			if a.Link(from, to) != b.Link(from, to) {
				return "links"
			}
		}
	}
	for _, p := range a.Experiment.Protocols {
		for id := range protocols.Members(len(a.Experiment.Replicas)) {
			if !reflect.DeepEqual(a.ReplicaConfig(p, protocols.NodeID(id)), b.ReplicaConfig(p, protocols.NodeID(id))) {
				return "replicas of " + p.Label
			}
		}
		for client := range a.Experiment.Clients {
			if !reflect.DeepEqual(a.ClientConfig(p, client), b.ClientConfig(p, client)) {
				return "clients of " + p.Label
			}
		}
	}
	return ""
}

// sameProtocol compares two protocols; no options and an empty map of them are the same.
func sameProtocol(a, b experiment.Protocol) bool {
	return a.Name == b.Name && a.Leader == b.Leader && a.Label == b.Label && maps.Equal(a.Options, b.Options)
}
