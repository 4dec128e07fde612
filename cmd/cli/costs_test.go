package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

// pretended writes a simulated result as if it had been live, with work in which a command costs 4 µs, a batch 25 µs, a
// message 500 ns and a byte 3 ns.
func pretended(t *testing.T, change func(r *result.Result)) (folder string) {
	t.Helper()
	plan, err := experiment.Parse("e.yaml", []byte(`topology: aws-2020-06-05
protocols: [paxos, raft, mmp3]
world: sim
load: {rate: 20/s, duration: 1s, warmup: 0s}
sweep: {load.value_size: [16B, 1KiB, 4KiB]}
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Execute(t.Context(), plan, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Experiment.World, r.Fingerprint = experiment.Live, ""
	for i := range r.Runs {
		run := &r.Runs[i]
		w := result.Work{
			Time: time.Second, Commands: 1000, Batches: 100 + int64(i*i%7)*150, Messages: 2000 + int64(i%4)*3000,
			Bytes: 1000 * int64(run.Network.Bytes/run.Network.Messages), Syncs: 0,
		}
		w.Processors = time.Duration(4000*w.Commands + 25_000*w.Batches + 500*w.Messages + 3*w.Bytes)
		run.Usage, run.Work = &result.Usage{Own: 0.8}, &w
	}
	if change != nil {
		change(r)
	}
	folder = filepath.Join(t.TempDir(), "result")
	if err := result.Write(r, folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

func ran(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(t.Context(), registry.Drivers, args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func TestCostsAreComputedFromAResult(t *testing.T) {
	folder, file := pretended(t, nil), filepath.Join(t.TempDir(), "costs.yaml")
	code, out, errs := ran(t, "costs", folder, "--write", file)
	written, err := os.ReadFile(file)
	if code != exitFine || err != nil {
		t.Fatalf("code %d, %v\n%s", code, err, errs)
	}
	for _, want := range []string{
		"│ paxos, load.value_size 16B ", "The fit is off by 0 % (root mean square), 0 % at worst.", "│ simulation.batch_cost   │ 25µs ",
		"│ simulation.sync_cost    │ – ", "no run had any", string(written), "written: " + file,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, want := range []string{"  command_cost: 4µs\n", "  message_cost: 500ns\n", "  byte_cost: 3ns\n", "  # sync_cost: no run had any\n"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("no %q in\n%s", want, written)
		}
	}
	if code, _, errs := ran(t, "costs", folder, "--write", file); code != exitUsage || !strings.Contains(errs, "which is there already") {
		t.Errorf("writing again: code %d, %s", code, errs)
	}
	if code, out, _ := ran(t, "costs", folder, folder, "--protocols", "raft,mmp3"); code != exitFine || strings.Contains(out, "│ paxos") || !strings.Contains(out, "Fitted by quorumbench costs to raft, mmp3 in ") {
		t.Errorf("of two protocols: code %d\n%s", code, out)
	}
	if code, _, errs := ran(t, "costs", folder, "--protocols", "zab"); code != exitUsage || !strings.Contains(errs, `--protocols: found "zab"; accepted: mmp3, paxos, raft`) {
		t.Errorf("of an unknown protocol: code %d\n%s", code, errs)
	}
	code, out, errs = ran(t, "costs", folder, folder, "--format", "json")
	var said struct {
		Terms      []struct{ Key string }
		Points     []any
		Simulation experiment.Simulation
	}
	if err := json.Unmarshal([]byte(out), &said); code != exitFine || err != nil || len(said.Points) != 18 || len(said.Terms) != 5 || said.Simulation.BatchCost != 25*time.Microsecond {
		t.Errorf("code %d, %v, %+v\n%s%s", code, err, said, out, errs)
	}
}

func TestCostsSaysWhatItCannotTell(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *result.Result)
		code   int
		want   string
	}{
		{"too few", func(r *result.Result) { r.Runs = r.Runs[:3]; r.Partial = true }, exitError, "costs: found 3 runs of which the work is known, too few to tell 4 costs apart"},
		{"alike", func(r *result.Result) {
			for i := range r.Runs {
				r.Runs[i].Work = r.Runs[0].Work
			}
		}, exitError, "too much alike"},
		{"simulated", func(r *result.Result) { r.Experiment.World = experiment.Simulated }, exitUsage, "which is simulated; accepted: results of live runs"},
		{"of an earlier version", func(r *result.Result) {
			for i := range r.Runs {
				r.Runs[i].Work = nil
			}
		}, exitUsage, "found no run in"},
	} {
		if code, out, errs := ran(t, "costs", pretended(t, c.change)); code != c.code || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%s: code %d\n%s%s\nwant %d and %q", c.name, code, out, errs, c.code, c.want)
		}
	}
}
