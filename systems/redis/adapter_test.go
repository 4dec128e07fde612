package redis_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/bench/result"
	"quorumbench/systems/internal/trial"
	"quorumbench/systems/redis"
)

func TestMain(m *testing.M) { trial.Main(m) }

// TestAnExperiment runs Redis, a primary and two replicas, and looks at the settings. Region d has no replica, and its
// clients ask the primary as well.
func TestAnExperiment(t *testing.T) {
	r := trial.Execute(t, `topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 130ms, d-a: 10ms, d-b: 50ms, d-c: 60ms}}
replicas: [a, b, c]
clients: [a, b, c, d]
protocols: [{system: redis, leader: b}]
durability: fsync
load: {rate: 20/s, duration: 3s, warmup: 500ms, timeout: 20s, reads: 30%, keys: {count: 10}}
`, redis.Adapter{})
	settings := trial.Settings(r)
	if settings["appendfsync"] != "always" || settings["version"] == "" || !strings.HasPrefix(settings["writes"], "SET, WAIT") {
		t.Errorf("settings: %v", settings)
	}
	if !r.System.NoFailover {
		t.Error("the result does not say that there is no failover")
	}
}

// TestThePrimaryIsKilled kills the primary and starts it again. Meanwhile nobody leads; it comes back with its data, and is led from
// where it was.
func TestThePrimaryIsKilled(t *testing.T) {
	found, err := trial.Try(t, `topology: {rtt: {a-b: 20ms, a-c: 30ms, b-c: 40ms}}
protocols: [{system: redis, leader: a}]
load: {rate: 20/s, duration: 6s, warmup: 500ms, timeout: 8s, reads: 30%, keys: {count: 10}}
faults: [{at: 1s, crash: leader, for: 2s}]
`, redis.Adapter{})
	if err != nil {
		t.Fatal(err)
	}
	r := &found.Runs[0]
	if r.Checks[0].Verdict != result.Passed {
		t.Errorf("checks: %+v", r.Checks)
	}
	if len(r.Crashes) != 1 || r.Crashes[0].Region != "a" || r.Crashes[0].NewLeader == nil {
		t.Fatalf("crashes: %+v", r.Crashes)
	}
	if led := *r.Crashes[0].NewLeader; led >= 0 && led < 2*time.Second {
		t.Errorf("somebody led %v after the crash, when the primary was down", led)
	}
}
