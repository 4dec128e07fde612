package experiment_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/configs"
	"quorumbench/protocols/registry"
)

func TestEveryShippedExperimentIsFine(t *testing.T) {
	if len(configs.Experiments()) == 0 {
		t.Fatal("no experiments are shipped")
	}
	for _, name := range configs.Experiments() {
		data, err := configs.Experiment(name)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := experiment.Parse(name+".yaml", data, registry.Drivers)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if plan.Experiment.Name != name {
			t.Errorf("%s.yaml calls itself %s", name, plan.Experiment.Name)
		}
	}
}

// drivers is how many there are that work with three replicas, baselines aside.
var drivers = func() (n int) {
	for _, d := range registry.Drivers {
		if d.CheckReplicas(3) == nil && !d.Baseline {
			n++
		}
	}
	return n
}()

func TestATopologyIsAllAnExperimentMustName(t *testing.T) {
	plan, err := experiment.Parse("mine.yaml", []byte("topology: aws-2020-06-05\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	e := plan.Experiment
	if e.Name != "mine" || len(e.Regions) != 3 || len(e.Protocols) != drivers || e.Load.Rate != 50 ||
		e.Load.Duration != 10*time.Second || e.World != experiment.Live || e.Repeats != 1 {
		t.Errorf("the defaults are %+v", e)
	}
	for _, p := range e.Protocols {
		if p.Label == "" {
			t.Errorf("%s has no label", p.Name)
		}
	}
}

func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	const aws = "topology: aws-2020-06-05\n"
	for _, c := range []struct{ name, file, want string }{
		{"no topology", "name: x\n", `e.yaml:1:1: found no key "topology"`},
		{"unknown topology", "topology: aws-2020\n", `e.yaml:1:11: found "aws-2020"; accepted: aws-2020-06-05, gcp-2020, or the path of a topology file`},
		{"missing topology file", "topology: ./none.yaml\n", `e.yaml:1:11: found "./none.yaml", which cannot be read`},
		{"unknown key", aws + "laod: {}\n", `e.yaml:2:1: found the unknown key "laod"`},
		{"unknown key, meant", aws + "laod: {}\n", `did you mean load?`},
		{"unknown region", aws + "regions: [us-east-1, eu-west-11]\n", `e.yaml:2:22: found the unknown region "eu-west-11"`},
		{"no regions", aws + "regions: []\n", `e.yaml:2:10: found an empty list`},
		{"unknown protocol", aws + "protocols: [raft, paxoss]\n", `e.yaml:2:19: found "paxoss"; accepted: ` + strings.Join(registry.Drivers.Names(), ", ") + `; did you mean paxos?`},
		{"leader of the leaderless", aws + "protocols: [{name: paxos, leader: us-east-1}]\n", `e.yaml:2:35: found a leader for paxos, which has none`},
		{"leader elsewhere", aws + "regions: [us-east-1]\nprotocols: [{name: raft, leader: us-west-1}]\n", `e.yaml:3:34: found "us-west-1"; accepted: auto, or a region with a replica, us-east-1`},
		{"mmp3 with five", aws + "regions: [us-east-1, us-east-2, us-west-1, us-west-2, eu-west-1]\nprotocols: [mmp3]\n", `e.yaml:3:13: found 5 replicas for mmp3: mmp3 works with exactly 3 replicas, not 5`},
		{"unknown option", aws + "protocols: [{name: raft, options: {prevot: on}}]\n", `e.yaml:2:36: found the option "prevot"; accepted for raft: prevote, checkquorum, revert, reads, transfer; did you mean prevote?`},
		{"option that another has", aws + "protocols: [{name: paxos1, options: {reads: log}}]\n", `e.yaml:2:38: found the option "reads"; accepted for paxos1: revert`},
		{"switch that is neither", aws + "protocols: [{name: raft, options: {prevote: yes}}]\n", `e.yaml:2:45: found prevote: "yes"; accepted for raft with 3 replicas: on, off`},
		{"option of another word", aws + "protocols: [{name: raft, options: {reads: leases}}]\n", `e.yaml:2:43: found reads: "leases"; accepted for raft with 3 replicas: log, index, lease`},
		{"duration of an option without unit", aws + "protocols: [{name: mmp3, options: {batch: 7}}]\n", `e.yaml:2:43: found batch: "7"; accepted for mmp3 with 3 replicas: a duration from 0s to 1m, off`},
		{"duration of an option too long", aws + "protocols: [{name: mmp3, options: {batch: 61s}}]\n", `e.yaml:2:43: found batch: "1m1s"; accepted`},
		{"count out of range", aws + "protocols: [{name: multipaxos, options: {phase2: 4}}]\n", `e.yaml:2:50: found phase2: "4"; accepted for multipaxos with 3 replicas: 1 to 3 replicas`},
		{"option that is a list", aws + "protocols: [{name: raft, options: {reads: [log]}}]\n", `e.yaml:2:43: found a list`},
		{"quorums that miss each other", aws + "regions: [us-east-1, us-east-2, us-west-1, us-west-2, eu-west-1]\nprotocols: [{name: multipaxos, options: {phase2: 2, phase1: 2}}]\n",
			`e.yaml:3:61: found quorums for phase1 2 of (us-east-1,us-east-2,us-west-1,us-west-2,eu-west-1) and for phase2 2 of ` +
				`(us-east-1,us-east-2,us-west-1,us-west-2,eu-west-1), which need not meet: (us-east-1,us-east-2) and (us-west-1,us-west-2) have no replica in common`},
		{"twice the same", aws + "protocols: [raft, raft]\n", `e.yaml:2:19: found raft@af-south-1 a second time`},
		{"rate without unit", aws + "load: {rate: 50}\n", `e.yaml:2:14: found`},
		{"rate of zero", aws + "load: {rate: 0/s}\n", `accepted: a rate above zero with its unit`},
		{"rate too high", aws + "load: {rate: 1000000/s}\n", `e.yaml:2:14: found 1e+06/s; accepted: 1/h to 50000/s`},
		{"duration without unit", aws + "load: {duration: 10}\n", `e.yaml:2:18: found`},
		{"duration too short", aws + "load: {duration: 1ms}\n", `accepted: 100ms to 24h`},
		{"unknown arrivals", aws + "load: {arrivals: poison}\n", `found "poison"; accepted: poisson, constant, closed, ramp, step, burst, day, saturate, trace; did you mean poisson?`},
		{"rate of a closed loop", aws + "load: {arrivals: closed, rate: 5/s}\n", `e.yaml:2:32: found a rate in a closed loop`},
		{"clients of an open loop", aws + "load: {clients: 5}\n", `found clients in an open loop`},
		{"exponent of uniform keys", aws + "load: {keys: {exponent: 1.2}}\n", `e.yaml:2:25: found it with keys of distribution: uniform; accepted: with distribution: zipf, latest`},
		{"exponent of zero", aws + "load: {keys: {distribution: zipf, exponent: 0}}\n", `accepted: above 0`},
		{"foreign keys of one region", aws + "regions: [us-east-1]\nload: {keys: {foreign: 5%}}\n", `e.yaml:3:24: found 5%; accepted: 0%, since no other region has clients`},
		{"loss without percent", aws + "network: {loss: 1}\n", `accepted: a share from 0% to 100%`},
		{"loss of all", aws + "network: {loss: 100%}\n", `accepted: 0% to 90%`},
		{"queue without rate", aws + "network: {queue: 1kB}\n", `accepted: with a rate only`},
		{"reorder without jitter", aws + "network: {reorder: true}\n", `accepted: with jitter: true only`},
		{"unknown transport", aws + "transport: {kind: tcp}\n", `found "tcp"; accepted: quic`},
		{"unknown mode", aws + "transport: {mode: streams}\n", `e.yaml:2:19: found`},
		{"unknown world", aws + "world: real\n", `found "real"; accepted: live, sim`},
		{"repeats of zero", aws + "repeats: 0\n", `e.yaml:2:10: found 0; accepted: 1 to 1000`},
		{"name with a slash", aws + "name: a/b\n", `accepted: a name that can be a folder's`},
		{"syntax", aws + "load: {rate: 50/s\n", `e.yaml:`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := experiment.Parse("e.yaml", []byte(c.file), registry.Drivers)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("found    %s\nexpected %s", err, c.want)
			}
		})
	}
}

func TestOptionsAreReadByTheirTypes(t *testing.T) {
	for _, c := range []struct{ protocol, label, options string }{
		{"raft", "raft", "map[checkquorum:off prevote:off reads:log revert:off transfer:on]"},
		{"{name: raft, options: {prevote: on}}", "raft+prevote", "map[checkquorum:off prevote:on reads:log revert:off transfer:on]"},
		{"{name: raft, options: {prevote: true, transfer: false}}", "raft+prevote+transferoff", "map[checkquorum:off prevote:on reads:log revert:off transfer:off]"},
		{"{name: raft, options: {prevote: off}}", "raft", "map[checkquorum:off prevote:off reads:log revert:off transfer:on]"},
		{"{name: mmp3, options: {batch: 7ms, kept: 300}}", "mmp3+batch7ms+kept300", "map[batch:7ms kept:300 reads:log]"},
		{"{name: mmp3, options: {batch: 0s}}", "mmp3", "map[batch:off kept:1024 reads:log]"},
		{"{name: multipaxos, options: {phase2: 2}}", "multipaxos", "map[phase1:auto phase2:2 preferred:off revert:off]"},
		{`{name: multipaxos, options: {phase2: "3"}}`, "multipaxos+phase23", "map[phase1:auto phase2:3 preferred:off revert:off]"},
		{"{name: multipaxos, options: {phase1: 3, phase2: 1}}", "multipaxos+phase13+phase21", "map[phase1:3 phase2:1 preferred:off revert:off]"},
	} {
		plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nprotocols: ["+c.protocol+"]\n"), registry.Drivers)
		if err != nil {
			t.Errorf("%s: %v", c.protocol, err)
			continue
		}
		if p := plan.Experiment.Protocols[0]; p.Label != c.label || fmt.Sprint(p.Options) != c.options {
			t.Errorf("%s: found %s with %v, want %s with %s", c.protocol, p.Label, p.Options, c.label, c.options)
		}
	}
}

func TestTheSameProtocolUnderTwoLeadersHasTwoLabels(t *testing.T) {
	plan, err := experiment.Parse("e.yaml", []byte(`topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [{name: raft, leader: us-east-1}, {name: raft, leader: eu-west-1}, paxos]
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, p := range plan.Experiment.Protocols {
		labels = append(labels, p.Label)
	}
	if got := strings.Join(labels, " "); got != "raft@us-east-1 raft@eu-west-1 paxos" {
		t.Errorf("labels %s", got)
	}
}

func TestARegionMayStandSeveralTimes(t *testing.T) {
	plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nregions: [us-east-1, us-east-1]\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(plan.Experiment.Regions, " "); got != "us-east-1 us-east-1#2" {
		t.Errorf("regions %s", got)
	}
	if d := plan.Topology.OneWay[0][1]; d != 132*time.Microsecond {
		t.Errorf("within the region it takes %v one way, half of 0.264 ms is 132 µs", d)
	}
}

// A region that shares its place is called by its own name, as a leader, too.
func TestARegionThatSharesItsPlaceMayLead(t *testing.T) {
	plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nregions: [us-east-1, us-east-1, eu-west-1]\n"+
		"protocols: [{name: raft, leader: us-east-1#2}]\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	if leader := plan.ReplicaConfig(plan.Experiment.Protocols[0], 0).Leader; leader != 1 {
		t.Errorf("replica %d leads, want 1", leader)
	}
	for i, name := range plan.Experiment.Regions {
		place, err := experiment.Place(plan.AllRegions, name)
		if err != nil || place != plan.Places[i] || place != []string{"us-east-1", "us-east-1", "eu-west-1"}[i] {
			t.Errorf("%s is in %s (%v), the plan says in %s", name, place, err, plan.Places[i])
		}
	}
	for _, name := range []string{"us-east-1#1", "us-east-1#x", "us-east-7#2", "#2", "us-east-1#2#2"} {
		if place, err := experiment.Place(plan.AllRegions, name); err == nil {
			t.Errorf("%s is found in %s", name, place)
		}
	}
}

func TestATopologyFileIsFoundBesideTheExperiment(t *testing.T) {
	folder := t.TempDir()
	topology := `name: two
description: two places
source: made up
measured: 2026-01-01
regions: [here, there]
links:
  - {from: here, to: there, min: 9ms, avg: 10ms, max: 11ms, mdev: 1ms}
  - {from: there, to: here, min: 9ms, avg: 10ms, max: 11ms, mdev: 1ms, one_way: 7ms}
`
	if err := os.WriteFile(filepath.Join(folder, "two.yaml"), []byte(topology), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "e.yaml")
	if err := os.WriteFile(file, []byte("topology: two.yaml\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	plan, err := experiment.Read(file, registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	if way := plan.Topology.OneWay; way[0][1] != 5*time.Millisecond || way[1][0] != 7*time.Millisecond {
		t.Errorf("one-way delays %v", way)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range configs.Experiments() {
		data, err := configs.Experiment(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := experiment.Parse("fuzz.yaml", data, registry.Drivers)
		if err == nil && (len(plan.Experiment.Protocols) == 0 || len(plan.Topology.OneWay) != len(plan.Experiment.Regions)) {
			t.Errorf("accepted, but cannot run: %+v", plan.Experiment)
		}
	})
}

// The floors of Raft led from each of these regions are, on average, 144.8, 162.2 and 271.4 ms.
func TestALeaderIsPlacedWhereTheMeanFloorIsLeast(t *testing.T) {
	for _, regions := range []string{"us-east-1, eu-west-1, ap-northeast-1", "ap-northeast-1, eu-west-1, us-east-1"} {
		plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nregions: ["+regions+"]\n"+
			"protocols: [{name: raft, leader: auto}, {name: raft, leader: eu-west-1}, mmp3]\n"), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		protocols := plan.Experiment.Protocols
		if protocols[0].Leader != "us-east-1" || protocols[0].Label != "raft@us-east-1" || protocols[1].Label != "raft@eu-west-1" || protocols[2].Label != "mmp3" {
			t.Errorf("regions %s: %+v", regions, protocols)
		}
	}
}

// Without loss a stream for each batch saves nothing, and costs; with it, one stream holds up what is behind a loss.
func TestStreamModeFollowsFromTheLoss(t *testing.T) {
	for _, c := range []struct {
		text string
		want experiment.Mode
	}{
		{"", experiment.OneStream},
		{"network: {jitter: true, rate: 100Mbit/s}\n", experiment.OneStream},
		{"faults: [{at: 1s, crash: us-east-1}]\n", experiment.OneStream},
		{"network: {loss: 1%}\n", experiment.StreamPerBatch},
		{"network: {rate: 100Mbit/s, queue: 64KiB}\n", experiment.StreamPerBatch},
		{"faults: [{at: 1s, loss: 5%, for: 1s}]\n", experiment.StreamPerBatch},
		{"faults: [{at: 1s, cut: [us-east-1, us-east-2]}]\n", experiment.StreamPerBatch},
		{"faults: [{at: 1s, partition: [[us-east-1], [us-east-2]]}]\n", experiment.StreamPerBatch},
		{"network: {loss: 1%}\ntransport: {mode: one-stream}\n", experiment.OneStream},
		{"transport: {mode: stream-per-batch}\n", experiment.StreamPerBatch},
	} {
		plan, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nregions: [us-east-1, us-east-2, us-west-1]\n"+c.text), registry.Drivers)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := plan.Experiment.StreamMode(); got != c.want {
			t.Errorf("%q: found %s, want %s", c.text, got, c.want)
		}
	}
}
