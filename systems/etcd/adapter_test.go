package etcd_test

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
	"quorumbench/systems/etcd"
)

// notHere says why there are no namespaces; nil if there are.
var notHere error

func TestMain(m *testing.M) {
	etcd.BeMember()
	in, code, err := wan.Inside()
	if notHere = err; !in && err == nil {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// TestAnExperiment runs etcd, with three members as processes, and looks at the checks, the settings and what is left behind. How
// fast it was is the machine's affair.
func TestAnExperiment(t *testing.T) {
	if notHere != nil {
		t.Skipf("SKIPPED: NO EMULATED WAN ON THIS SYSTEM: %v", notHere)
	}
	plan, err := experiment.Parse("test.yaml", []byte(`topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 130ms}}
protocols: [{system: etcd, leader: b}]
load: {rate: 20/s, duration: 3s, warmup: 500ms, timeout: 20s, reads: 30%, keys: {count: 10}}
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	found, err := bench.Execute(t.Context(), plan, bench.Options{
		Scratch: scratch, Systems: []system.Adapter{etcd.Adapter{}}, OpenNetwork: namespaces.Open(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &found.Runs[0]
	if len(r.Checks) != 2 || r.Checks[0].Verdict != result.Passed || r.Checks[1].Verdict == result.Failed {
		t.Errorf("checks: %+v", r.Checks)
	}
	for _, region := range r.Regions {
		if region.Answered == 0 || region.Response.Min < region.Floor {
			t.Errorf("%s: %d writes were answered, the fastest after %v; the floor is %v", region.Region, region.Answered, region.Response.Min, region.Floor)
		}
	}
	settings := map[string]string{}
	for _, s := range r.System.Settings {
		settings[s.Name] = s.Value
	}
	if settings["heartbeat-interval"] != "130ms" || settings["election-timeout"] != "1300ms" || settings["unsafe-no-fsync"] != "true" || settings["version"] == "" {
		t.Errorf("settings: %v", settings)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("the run has left %v behind, %v", left, err)
	}
}
