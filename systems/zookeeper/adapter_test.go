package zookeeper_test

import (
	"os"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/namespaces"
	"quorumbench/bench/result"
	"quorumbench/bench/system"
	"quorumbench/netem/wan"
	"quorumbench/protocols/registry"
	"quorumbench/systems/zookeeper"
)

// notHere says why there are no namespaces; nil if there are.
var notHere error

func TestMain(m *testing.M) {
	zookeeper.BeServer()
	in, code, err := wan.Inside()
	if notHere = err; !in && err == nil {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// play runs an experiment with ZooKeeper over three regions and returns its run.
func play(t *testing.T, more string) *result.Run {
	t.Helper()
	if notHere != nil {
		t.Skipf("SKIPPED: NO EMULATED WAN ON THIS SYSTEM: %v", notHere)
	}
	if err := (zookeeper.Adapter{}).Find(); err != nil {
		t.Skipf("SKIPPED: NO ZOOKEEPER ON THIS SYSTEM: %v", err)
	}
	plan, err := experiment.Parse("test.yaml", []byte(`topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 130ms}}
protocols: [{system: zookeeper, leader: b}]
load: {rate: 20/s, duration: 3s, warmup: 500ms, timeout: 5s, reads: 30%, keys: {count: 10}}
`+more), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	found, err := bench.Execute(t.Context(), plan, bench.Options{
		Scratch: scratch, Systems: []system.Adapter{zookeeper.Adapter{}}, OpenNetwork: namespaces.Open(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("the run has left %v behind, %v", left, err)
	}
	r := &found.Runs[0]
	if len(r.Checks) != 2 || r.Checks[0].Verdict != result.Passed || r.Checks[1].Verdict == result.Failed {
		t.Errorf("checks: %+v", r.Checks)
	}
	return r
}

// TestAnExperiment looks at the checks, the settings and that no write is faster than the links allow. How fast it was is the
// machine's affair.
func TestAnExperiment(t *testing.T) {
	r := play(t, "")
	for _, region := range r.Regions {
		if region.Answered == 0 || region.Response.Min < region.Floor {
			t.Errorf("%s: %d writes were answered, the fastest after %v; the floor is %v", region.Region, region.Answered, region.Response.Min, region.Floor)
		}
	}
	settings := map[string]string{}
	for _, s := range r.System.Settings {
		settings[s.Name] = s.Value
	}
	if settings["version"] == "" || settings["java"] == "" || settings["forceSync"] != "no" || r.System.Promise != system.Sequential {
		t.Errorf("the promise: %v, settings: %v", r.System.Promise, settings)
	}
}

// TestTheLeaderIsKilled kills the leader under load: another one is elected, and nothing is lost.
func TestTheLeaderIsKilled(t *testing.T) {
	r := play(t, "faults: [{at: 1s, crash: leader, for: 1s}]\n")
	if len(r.Crashes) != 1 || r.Crashes[0].Region != "b" {
		t.Fatalf("crashes: %+v", r.Crashes)
	}
	for _, region := range r.Regions {
		if region.Answered == 0 {
			t.Errorf("%s: nothing was answered", region.Region)
		}
	}
}
