package nats_test

import (
	"testing"

	"quorumbench/bench/result"
	"quorumbench/systems/internal/trial"
	"quorumbench/systems/nats"
)

func TestMain(m *testing.M) {
	nats.BeMember()
	trial.Main(m)
}

// TestAnExperiment runs JetStream, with three nodes as processes, and looks at the settings.
func TestAnExperiment(t *testing.T) {
	r := trial.Execute(t, `topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 70ms}}
protocols: [{system: nats, leader: b}]
durability: fsync
load: {rate: 20/s, duration: 3s, warmup: 500ms, timeout: 20s, reads: 30%, keys: {count: 10}}
`, nats.Adapter{})
	if settings := trial.Settings(r); settings["sync_interval"] != "always" || settings["version"] == "" {
		t.Errorf("settings: %v", settings)
	}
}

// TestALeaderIsKilled kills the stream's leader. Another node leads after JetStream's election timeout, of 4 to 9 s.
func TestALeaderIsKilled(t *testing.T) {
	found, err := trial.Try(t, `topology: {rtt: {a-b: 20ms, a-c: 30ms, b-c: 40ms}}
protocols: [{system: nats, leader: a}]
load: {rate: 10/s, duration: 4s, warmup: 500ms, timeout: 25s, reads: 30%, keys: {count: 10}}
faults: [{at: 1s, crash: leader}]
`, nats.Adapter{})
	if err != nil {
		t.Fatal(err)
	}
	r := &found.Runs[0]
	if r.Checks[0].Verdict != result.Passed {
		t.Errorf("checks: %+v", r.Checks)
	}
	if len(r.Crashes) != 1 || r.Crashes[0].Region != "a" || r.Crashes[0].NewLeader == nil || *r.Crashes[0].NewLeader < 0 {
		t.Errorf("crashes: %+v", r.Crashes)
	}
}
