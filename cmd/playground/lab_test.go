package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/stepwise"
	"quorumbench/protocols/registry"
)

const small = `
name: small
topology: {rtt: {here: {there: 10ms}}}
regions: [here, there]
protocols: [{name: raft, leader: here}]
load: {rate: 20/s, duration: 2s}
`

func TestAboutNamesWhatThereIs(t *testing.T) {
	l := lab{drivers: registry.Drivers}
	a, err := l.about()
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Protocols) != len(registry.Drivers) || len(a.Topologies) == 0 {
		t.Fatalf("%d protocols and %d topologies", len(a.Protocols), len(a.Topologies))
	}
	for _, one := range a.Topologies {
		if n := len(one.Regions); n == 0 || len(one.RoundTrips) != n || len(one.RoundTrips[n-1]) != n {
			t.Errorf("%s: %d regions, %d rows", one.Name, n, len(one.RoundTrips))
		}
	}
}

func TestARunIsThatOfTheCommandLine(t *testing.T) {
	l := lab{drivers: registry.Drivers}
	floors, err := l.plan(small)
	if err != nil {
		t.Fatal(err)
	}
	if got := floors.Protocols[0]; got.Label != "raft" || time.Duration(got.Floors[0]) != 10*time.Millisecond || time.Duration(got.Floors[1]) != 20*time.Millisecond {
		t.Errorf("the floors are %+v, want 10 and 20 ms", got)
	}
	shares := 0
	out, err := l.run(small, func(float64) { shares++ })
	if err != nil {
		t.Fatal(err)
	}
	var got result.Result
	if err := json.Unmarshal([]byte(out.RunJSON), &got); err != nil {
		t.Fatal(err)
	}
	plan, err := l.read(small)
	if err != nil {
		t.Fatal(err)
	}
	want, err := bench.Execute(t.Context(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Fingerprint != want.Fingerprint || plan.Experiment.World != experiment.Simulated {
		t.Errorf("fingerprint %s, want %s", got.Fingerprint, want.Fingerprint)
	}
	if shares < 10 {
		t.Errorf("progress was told %d times, want 10 or more", shares)
	}
	w, err := l.step(small, "raft", "there", string(stepwise.Typical))
	if err != nil {
		t.Fatal(err)
	}
	if w.Response != 20*time.Millisecond {
		t.Errorf("a typical write takes %v, want 20ms", w.Response)
	}
}

func TestTheLabRefuses(t *testing.T) {
	l := lab{drivers: registry.Drivers}
	run := func(yaml string) error {
		_, err := l.run(yaml, func(float64) {})
		return err
	}
	step := func(label, region, pick string) error {
		_, err := l.step(small, label, region, pick)
		return err
	}
	for name, one := range map[string]struct {
		err  error
		want string
	}{
		"a typing error":            {run("topologie: x"), `accepted`},
		"too many commands":         {run(strings.NewReplacer("20/s", "20000/s", "2s", "20s").Replace(small)), "accepted in a browser: up to 300000"},
		"a protocol that is not in": {step("mmp3", "there", "typical"), "accepted: those of the experiment"},
		"a region that is not in":   {step("raft", "nowhere", "typical"), "accepted: those of the experiment"},
		"a pick that is none":       {step("raft", "there", "best"), "accepted: [typical slow slowest]"},
	} {
		if one.err == nil || !strings.Contains(one.err.Error(), one.want) {
			t.Errorf("%s: %v, want an error with %q", name, one.err, one.want)
		}
	}
}
