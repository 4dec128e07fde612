package stepwise_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/stepwise"
	"quorumbench/protocols/registry"
)

func executed(t *testing.T, text string) (*experiment.Plan, *stepwise.Told, map[string]time.Duration) {
	t.Helper()
	plan, err := experiment.Parse("calm.yaml", []byte(text), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	found, err := bench.Execute(t.Context(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	greatest := map[string]time.Duration{}
	for _, run := range found.Runs {
		for _, region := range run.Regions {
			if run.Point == "" || run.Point == plan.Points()[0].Point {
				greatest[run.Protocol+" "+region.Region] = region.Response.Max
			}
		}
	}
	told, err := stepwise.OfResult(t.Context(), plan, found)
	if err != nil {
		t.Fatal(err)
	}
	return plan, told, greatest
}

func TestTheWritesOfAResultAreItsOwn(t *testing.T) {
	for name, text := range map[string]string{"alone": calm, "the first point of a sweep": calm + "sweep: {network.loss: [2%, 0%]}\n"} {
		t.Run(name, func(t *testing.T) {
			plan, told, greatest := executed(t, text)
			if e := &plan.Experiment; len(told.Writes) != 2*len(e.Protocols)*len(e.Clients) || !told.Exact {
				t.Fatalf("%d writes, exact %t; want two of each of %d protocols and %d regions, exact", len(told.Writes), told.Exact, len(e.Protocols), len(e.Clients))
			}
			for _, w := range told.Writes {
				if want := greatest[w.Protocol+" "+w.Region]; w.Pick == stepwise.Slowest && w.Response != want {
					t.Errorf("the slowest write of %s in %s took %v, run.json has %v", w.Protocol, w.Region, w.Response, want)
				}
			}
			data, err := json.Marshal(told)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := stepwise.Parse(data); err != nil || !reflect.DeepEqual(again, told) {
				t.Errorf("what was written reads otherwise: %v", err)
			}
		})
	}
}

func TestALongRunIsCutShortAndSaysSo(t *testing.T) {
	plan, told, _ := executed(t, strings.NewReplacer("20/s", "2000/s", "world: sim", "world: sim\nprotocols: [paxos]").Replace(calm))
	if told.Exact || told.Length >= plan.Experiment.Load.Duration || told.Length <= 0 || len(told.Writes) != 6 {
		t.Errorf("exact %t, %v of %v, %d writes; want a part of the time, and two writes of three regions", told.Exact, told.Length, plan.Experiment.Load.Duration, len(told.Writes))
	}
}

func TestParseRefusesWhatCannotBeDrawn(t *testing.T) {
	for text, want := range map[string]string{
		`{"writes": [null]}`: "accepted: a write",
		`{"writes": [{"places": [{"region": "a"}], "messages": [{"from": 0, "to": 1}]}]}`: "accepted: 0 to 0",
		`{"writes": 3}`: "reading writes",
	} {
		if _, err := stepwise.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", text, err, want)
		}
	}
}

// In virtual time, clients of a closed loop that a write costs nothing go on for ever, and others issue many more commands than in
// the live run.
func TestClosedLoopsOfLiveRunsAreToldInPart(t *testing.T) {
	for _, test := range []struct {
		roundTrip string
		told      bool
	}{{"0s", false}, {"10us", true}, {"100ms", true}} {
		plan, err := experiment.Parse("closed.yaml", []byte("topology: {rtt: {a-b: "+test.roundTrip+", a-c: "+test.roundTrip+", b-c: "+test.roundTrip+"}}\n"+
			"protocols: [raft]\nload: {arrivals: closed, clients: 100, duration: 5s, warmup: 0s}\n"), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		run := result.Run{Protocol: "raft", Measured: 5 * time.Second, Network: result.NetworkRun{Messages: 1_000_000}}
		for _, region := range plan.Experiment.Clients {
			one := result.RegionRun{Region: region}
			one.Service.P50 = 3 * time.Millisecond
			run.Regions = append(run.Regions, one)
		}
		told, err := stepwise.OfResult(t.Context(), plan, &result.Result{Experiment: plan.Experiment, Runs: []result.Run{run}})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(told.Writes) > 0; got != test.told {
			t.Errorf("round trips of %s: %d writes", test.roundTrip, len(told.Writes))
		}
		if test.told && (told.Exact || told.Length > time.Second) {
			t.Errorf("round trips of %s: %v of 5s are played", test.roundTrip, told.Length)
		}
	}
}
