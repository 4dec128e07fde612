package reports

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

func only(r *result.Result, label string) *result.Result {
	r.Runs = r.RunsOf(label)
	for _, p := range r.Experiment.Protocols {
		if p.Label == label {
			r.Experiment.Protocols = []experiment.Protocol{p}
		}
	}
	return r
}

func otherWorkload() *result.Result {
	r := threeRegions().result()
	r.Experiment.Load.Duration, r.Experiment.Load.ValueSize = 20*time.Second, 1024
	r.Experiment.World, r.Experiment.Transport = experiment.Live, oneStream()
	r.Topology.Name = "elsewhere"
	return r
}

func TestComparisonIsWhatTheGoldenFileShows(t *testing.T) {
	for _, c := range []struct {
		name    string
		results []*result.Result
		names   []string
		opts    CompareOptions
	}{
		{"compare_protocols", []*result.Result{withRepeats(threeRegions(), 6)}, []string{"a"}, CompareOptions{Protocols: []string{"slow", "quick"}}},
		{"compare_ten_repeats", []*result.Result{withRepeats(threeRegions(), 10)}, []string{"a"}, CompareOptions{Protocols: []string{"quick", "led", "slow"}}},
		{"compare_results", []*result.Result{threeRegions().result(), threeRegions().result()}, []string{"a", "b"}, CompareOptions{}},
		{"compare_unlike_protocols", []*result.Result{only(threeRegions().result(), "quick"), only(threeRegions().result(), "led")}, []string{"a", "b"}, CompareOptions{}},
		{"compare_forced", []*result.Result{threeRegions().result(), otherWorkload()}, []string{"a", "b"}, CompareOptions{Force: true, Protocols: []string{"quick"}}},
		{"compare_reads", []*result.Result{withReads(threeRegions().result()), withReads(threeRegions().result())}, []string{"a", "b"}, CompareOptions{Protocols: []string{"quick"}}},
		{"compare_sweep", []*result.Result{swept()}, []string{"a"}, CompareOptions{}},
		{"compare_sweeps", []*result.Result{swept(), swept()}, []string{"a", "b"}, CompareOptions{Protocols: []string{"slow"}}},
		{"compare_interrupted", []*result.Result{interrupted()}, []string{"a"}, CompareOptions{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Compare(&out, c.results, c.names, c.opts); err != nil {
				t.Fatal(err)
			}
			matchGolden(t, c.name, out.Bytes())
		})
	}
}

func TestUnlikeResultsAreRefusedWithEachDifference(t *testing.T) {
	var out bytes.Buffer
	err := Compare(&out, []*result.Result{threeRegions().result(), otherWorkload()}, []string{"a", "b"}, CompareOptions{})
	if err == nil {
		t.Fatal("results of different conditions were compared")
	}
	for _, want := range []string{
		"topology: nowhere in a, elsewhere in b",
		"load.duration: 10s in a, 20s in b",
		"load.value_size: 0B in a, 1KiB in b",
		"transport.mode: stream-per-batch in a, one-stream in b",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if out.Len() > 0 {
		t.Errorf("something was written all the same: %s", out.String())
	}
}

// The links of an experiment's own file have its name, and are compared by their delays. The costs of a simulation are compared where both
// results are simulated, and faults are told as they are written.
func TestConditionsAreComparedByWhatTheyAre(t *testing.T) {
	own := func(name string, cost time.Duration, faults ...experiment.Fault) *result.Result {
		r := threeRegions().result()
		r.Experiment.World = experiment.Simulated
		r.Experiment.Name, r.Topology.Name, r.Experiment.Simulation.MessageCost, r.Experiment.Faults = name, name, cost, faults
		return r
	}
	a, b := own("a", 0), own("b", time.Millisecond, experiment.Fault{At: time.Second, Crash: "us-east-1"})
	if found := differences(a, own("c", 0), "a", "c"); len(found) > 0 {
		t.Errorf("the same links in two files: %v", found)
	}
	found := strings.Join(differences(a, b, "a", "b"), "; ")
	for _, want := range []string{"simulation.message_cost: 0s in a, 1ms in b", "faults: none in a, crash us-east-1 at 1s in b"} {
		if !strings.Contains(found, want) {
			t.Errorf("found %s, want %s", found, want)
		}
	}
	b.Experiment.World = experiment.Live
	if found := strings.Join(differences(a, b, "a", "b"), "; "); strings.Contains(found, "simulation.") {
		t.Errorf("a live result is compared by costs of a simulation: %s", found)
	}
}

func TestOtherPointsAreAnotherExperiment(t *testing.T) {
	a, b := swept(), swept()
	b.Experiment.Sweep = &experiment.Sweep{Path: "load.keys.conflicts", Values: []string{"0%", "10%"}}
	results, names := []*result.Result{a, b}, []string{"a", "b"}
	err := Compare(&bytes.Buffer{}, results, names, CompareOptions{})
	if want := "sweep: load.keys.conflicts: 0%, 10%, 100% in a, load.keys.conflicts: 0%, 10% in b"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
	for _, other := range []*result.Result{b, threeRegions().result()} {
		if err := Compare(&bytes.Buffer{}, []*result.Result{a, other}, names, CompareOptions{Force: true}); err == nil || !strings.Contains(err.Error(), "even by force") {
			t.Errorf("by force: got %v", err)
		}
	}
}

func TestWhatIsComparedMayDiffer(t *testing.T) {
	a, b := threeRegions().result(), threeRegions().result()
	b.Experiment.Name, b.Experiment.Seed, b.Experiment.Repeats = "other", 8, 3
	b.Experiment.Protocols[1].Leader = "eu-west-1"
	b.Experiment.Thresholds.P50AboveFloor = time.Millisecond
	if err := Compare(&bytes.Buffer{}, []*result.Result{a, b}, []string{"a", "b"}, CompareOptions{}); err != nil {
		t.Error(err)
	}
}

// auto is compared as the mode that it stands for, and two simulated results have no transport.
func TestTransportModesAreComparedAsTheyWereUsed(t *testing.T) {
	names := []string{"a", "b"}
	for _, c := range []struct {
		mode           experiment.Mode
		worldA, worldB experiment.World
		refuse         bool
	}{
		{experiment.OneStream, experiment.Live, experiment.Live, false},
		{experiment.StreamPerBatch, experiment.Live, experiment.Live, true},
		{experiment.OneStream, experiment.Live, experiment.Simulated, false},
		{experiment.StreamPerBatch, experiment.Live, experiment.Simulated, true},
		{experiment.StreamPerBatch, experiment.Simulated, experiment.Simulated, false},
	} {
		a, b := threeRegions().result(), threeRegions().result()
		a.Experiment.Transport.Mode, a.Experiment.World = experiment.Auto, c.worldA
		b.Experiment.Transport.Mode, b.Experiment.World = c.mode, c.worldB
		if err := Compare(&bytes.Buffer{}, []*result.Result{a, b}, names, CompareOptions{}); (err != nil) != c.refuse {
			t.Errorf("auto, %s, beside %s, %s: %v", c.worldA, c.mode, c.worldB, err)
		}
	}
}

func TestOtherDelaysAreAnotherTopologyWhateverItsName(t *testing.T) {
	a, b := threeRegions().result(), threeRegions().result()
	a.Topology.OneWay = [][]time.Duration{{0, time.Millisecond}}
	b.Topology.OneWay = [][]time.Duration{{0, 2 * time.Millisecond}}
	err := Compare(&bytes.Buffer{}, []*result.Result{a, b}, []string{"a", "b"}, CompareOptions{})
	if err == nil || !strings.Contains(err.Error(), "one-way delays from region 1: [0s 1ms] in a, [0s 2ms] in b") {
		t.Errorf("got %v, want the delays of both", err)
	}
}

func TestComparisonsThatMakeNoSenseAreRefused(t *testing.T) {
	r := threeRegions().result()
	fewer := world{regions: []string{"a"}, quorums: []time.Duration{0}, protocols: []invented{{"quick", "", []float64{1}}}, writes: 100}.result()
	for _, c := range []struct {
		name    string
		results []*result.Result
		names   []string
		opts    CompareOptions
		want    string
	}{
		{"nothing", nil, nil, CompareOptions{}, "accepted: one result or more"},
		{"a result without a name", []*result.Result{r, r}, []string{"a"}, CompareOptions{}, "2 results with 1 name"},
		{"an unknown protocol", []*result.Result{r}, []string{"a"}, CompareOptions{Protocols: []string{"swift", "quick"}}, `a has no protocol "swift"; accepted: quick, led, slow`},
		{"one protocol with nothing", []*result.Result{r}, []string{"a"}, CompareOptions{Protocols: []string{"quick"}}, "accepted: two or more of quick, led, slow"},
		{"other numbers of regions, by force", []*result.Result{r, fewer}, []string{"a", "b"}, CompareOptions{Force: true}, "even by force"},
		{"no common protocol", []*result.Result{r, only(threeRegions().result(), "quick"), only(threeRegions().result(), "led")}, []string{"a", "b", "c"}, CompareOptions{}, "no protocol in common"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Compare(&bytes.Buffer{}, c.results, c.names, c.opts)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if DrawCompare(filepath.Join(t.TempDir(), "compare.png"), c.results, c.names, c.opts, FigureOptions{}) == nil {
				t.Error("a figure was drawn of it")
			}
		})
	}
}
