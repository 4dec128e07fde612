package etcd_test

import (
	"testing"

	"quorumbench/systems/etcd"
	"quorumbench/systems/internal/trial"
)

func TestMain(m *testing.M) {
	etcd.BeMember()
	trial.Main(m)
}

// TestAnExperiment runs etcd, with three members as processes, and looks at the settings.
func TestAnExperiment(t *testing.T) {
	r := trial.Execute(t, `topology: {rtt: {a-b: 20ms, a-c: 60ms, b-c: 130ms}}
protocols: [{system: etcd, leader: b}]
load: {rate: 20/s, duration: 3s, warmup: 500ms, timeout: 20s, reads: 30%, keys: {count: 10}}
`, etcd.Adapter{})
	settings := trial.Settings(r)
	if settings["heartbeat-interval"] != "130ms" || settings["election-timeout"] != "1300ms" || settings["unsafe-no-fsync"] != "true" || settings["version"] == "" {
		t.Errorf("settings: %v", settings)
	}
}
