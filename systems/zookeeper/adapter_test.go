package zookeeper_test

import (
	"testing"

	"quorumbench/bench/result"
	"quorumbench/bench/system"
	"quorumbench/systems/internal/trial"
	"quorumbench/systems/zookeeper"
)

func TestMain(m *testing.M) {
	zookeeper.BeServer()
	trial.Main(m)
}

// calm is an experiment with ZooKeeper over three regions, without faults. The way through another region is never the shorter one: a
// client whose session is not there yet asks the next server, and is not to be faster than the floor.
const calm = `topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 70ms}}
protocols: [{system: zookeeper, leader: b}]
load: {rate: 20/s, duration: 3s, warmup: 500ms, timeout: 5s, reads: 30%, keys: {count: 10}}
`

// play runs the experiment with faults and returns its run.
func play(t *testing.T, faults string) *result.Run {
	t.Helper()
	found, err := trial.Try(t, calm+faults, zookeeper.Adapter{})
	if err != nil {
		t.Fatal(err)
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
	r := trial.Execute(t, calm, zookeeper.Adapter{})
	settings := trial.Settings(r)
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
