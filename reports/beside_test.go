package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// liveAndSimulated are a live sweep, saturated at the last point under led, and a simulated one in which nothing is, and where
// each response takes 10 % longer.
func liveAndSimulated() (live, simulated *result.Result) {
	live, simulated = overloaded(), overloaded()
	live.Experiment.World, simulated.Experiment.World = experiment.Live, experiment.Simulated
	for i := range simulated.Runs {
		run := &simulated.Runs[i]
		run.Saturated, run.Limit, run.Overload = false, "", nil
		for j := range run.Regions {
			r := &run.Regions[j]
			r.Completed = r.Offered
			for _, s := range []*result.Summary{&r.Response, &r.Service} {
				s.P50, s.P99 = s.P50*11/10, s.P99*11/10
			}
		}
	}
	return live, simulated
}

func TestTwoSweepsOfALoadArePutSideBySide(t *testing.T) {
	live, simulated := liveAndSimulated()
	var out bytes.Buffer
	if err := Beside(&out, live, simulated, Output{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"│ protocol │ load.rate │            live, answered/s │ simulated, answered/s │ p50, simulated ÷ live │ p99, simulated ÷ live │\n",
		"│ quick    │ 200/s     │                         600 │                   600 │                 1.10× │                 1.10× │\n",
		"│          │ 800/s     │ 1,200 of 2,400, saturated │                 2,400 │                     – │                     – │\n",
		"led: live has its knee at 1,200/s, limited by the machine; simulated has no knee up to 2,400/s.\n",
		"slow: live is beyond its knee at the least load; simulated has no knee up to 2,400/s.\n",
	} {
		if squeezed := strings.Join(strings.Fields(want), " "); !strings.Contains(strings.Join(strings.Fields(out.String()), " "), squeezed) {
			t.Errorf("no %s in\n%s", want, &out)
		}
	}
}

func TestWhatCannotBePutSideBySideIsSaid(t *testing.T) {
	for _, c := range []struct {
		change func(r *result.Result)
		want   string
	}{
		{func(r *result.Result) { r.Experiment.Sweep = nil }, "without a sweep over the load; accepted: two results of sweeps over load.rate or load.clients"},
		{func(r *result.Result) { r.Experiment.Sweep.Path = "load.clients" }, "found two results that differ in what they sweep over: load.rate and load.clients"},
		{func(r *result.Result) { r.Experiment.Clients = r.Experiment.Clients[:1] }, "found two results that differ in their regions"},
		{func(r *result.Result) { r.Experiment.Protocols = r.Experiment.Protocols[:1] }, "found two results that differ in their protocols"},
		{func(r *result.Result) { r.Experiment.Sweep.Values = []string{"1/s"} }, "without a load in common"},
	} {
		live, other := liveAndSimulated()
		c.change(other)
		if err := Beside(&bytes.Buffer{}, live, other, Output{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		if _, err := DrawBeside(t.TempDir(), live, other, FigureOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("drawing: %v, want %q", err, c.want)
		}
	}
}

// The curve of led ends live at 1,200 writes/s, where it is saturated by more; beside it, it goes on to 2,400.
func TestTheOtherCurvesAreDrawnBesideTheirs(t *testing.T) {
	live, simulated := liveAndSimulated()
	alone := drawn(t, live)["throughput.png"]
	dir := t.TempDir()
	paths, err := DrawBeside(dir, live, simulated, FigureOptions{})
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	both := decoded(t, paths[0])
	_, without := extent(alone, below(alone, headerPixels), protocolColor(1))
	_, with := extent(both, below(both, headerPixels), protocolColor(1))
	if with < without+300 {
		t.Errorf("led is drawn with %d pixels alone and %d beside the other", without, with)
	}
	data, err := os.ReadFile(filepath.Join(dir, "throughput-both.csv"))
	if err != nil || !strings.HasPrefix(string(data), "result,load.rate,region,") || strings.Count(string(data), "\nlive,") != 27 || strings.Count(string(data), "\nsimulated,") != 27 {
		t.Errorf("the data beside the figure: %v\n%s", err, data)
	}
}

func TestWhatHoldsForAllEmulatorsIsSaidOnce(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{[]string{"", ""}, ""},
		{[]string{"threads, kept awake", "threads, kept awake"}, ", by threads, kept awake"},
		{[]string{"threads, kept awake", "threads, kept awake, until it was full"}, ", by threads, kept awake, in some runs until it was full"},
		{[]string{"timers", "threads"}, ", by timers, in other runs by threads"},
	} {
		r := &result.Result{}
		for _, text := range c.texts {
			r.Runs = append(r.Runs, result.Run{Network: result.NetworkRun{Emulator: text}})
		}
		if got := emulators(r); got != c.want {
			t.Errorf("%q: %q, want %q", c.texts, got, c.want)
		}
	}
}
