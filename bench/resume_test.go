package bench_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

// swept has eight runs, of which the last interval of each is shorter than the others.
const swept = `
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [mmp3, {name: raft, leader: us-east-1}]
load: {rate: 20/s, duration: 1234567us, warmup: 100ms, reads: 20%}
network: {jitter: true, loss: 1.2345678%}
sweep: {network.reorder: [false, true]}
repeats: 2
world: sim
`

func parse(t *testing.T, yaml string) *experiment.Plan {
	t.Helper()
	plan, err := experiment.Parse("test.yaml", []byte(yaml), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// interruptedAt runs a plan until a run has begun, is interrupted then, and comes back from the result's folder.
func interruptedAt(t *testing.T, plan *experiment.Plan, options bench.Options, run int) *result.Result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	options.Watch = func(s bench.Status) {
		if s.Run == run && s.Phase != "warm-up" {
			cancel()
		}
	}
	partial, err := bench.Execute(ctx, plan, options)
	if err == nil || !partial.Partial {
		t.Fatalf("interrupted: %v, partial %t", err, partial.Partial)
	}
	return restored(t, partial)
}

// restored writes a result into a folder and reads it.
func restored(t *testing.T, r *result.Result) *result.Result {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "result")
	if err := result.Write(r, folder); err != nil {
		t.Fatal(err)
	}
	read, err := result.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// files are run.json, without the time of day, and latency.hlog.
func files(t *testing.T, r *result.Result) []byte {
	t.Helper()
	same := *r
	same.Started, same.Finished = time.Time{}, time.Time{}
	folder := filepath.Join(t.TempDir(), "result")
	if err := result.Write(&same, folder); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, name := range []string{"run.json", "latency.hlog", "summary.csv"} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// A simulated result that was interrupted, read from its folder and resumed, twice, has the same bytes as one that was not
// interrupted, and no run that was whole has run again.
func TestAResumedResultIsTheSameAsOneThatWasNotInterrupted(t *testing.T) {
	for name, yaml := range map[string]string{
		"a sweep with repeats": swept,
		"a search": `
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [mmp3, {name: raft, leader: us-east-1}]
load: {arrivals: saturate, rate: 100/s, slo: {p50: 300ms}, duration: 300ms, warmup: 100ms, precision: 50%}
simulation: {message_cost: 200us}
world: sim
`} {
		t.Run(name, func(t *testing.T) {
			whole, err := bench.Execute(t.Context(), parse(t, yaml), bench.Options{})
			if err != nil {
				t.Fatal(err)
			}
			first := interruptedAt(t, parse(t, yaml), bench.Options{}, 2)
			second := interruptedAt(t, parse(t, yaml), bench.Options{Resume: first}, len(whole.Runs)-2)
			played := map[int]bool{}
			last, err := bench.Execute(t.Context(), parse(t, yaml), bench.Options{Resume: second, Watch: func(s bench.Status) { played[s.Run] = true }})
			if err != nil {
				t.Fatal(err)
			}
			if len(first.Runs) >= len(second.Runs) || len(second.Runs) >= len(whole.Runs)+1 || len(played) > 2 || played[0] {
				t.Errorf("%d runs, then %d, of %d; in the end those of %v were played", len(first.Runs), len(second.Runs), len(whole.Runs), played)
			}
			if last.Partial || last.Fingerprint == "" || last.Fingerprint != whole.Fingerprint {
				t.Errorf("partial %t, fingerprint %s; uninterrupted %s", last.Partial, last.Fingerprint, whole.Fingerprint)
			}
			if !bytes.Equal(files(t, last), files(t, whole)) {
				d, _ := result.FirstDifference(last, whole)
				t.Errorf("the files differ: %v", d)
			}
			if d, runs := result.FirstDifference(first, last); d != nil || runs == 0 {
				t.Errorf("the %d runs that were kept differ: %v", runs, d)
			}
		})
	}
}

// What was stored when the process was killed, after the third run, is resumed.
func TestARunThatWasKilledIsResumed(t *testing.T) {
	whole, err := bench.Execute(t.Context(), parse(t, swept), bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := result.Reserve(filepath.Join(t.TempDir(), "result"))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Release()
	kept := 0
	keep := func(r *result.Result) {
		if kept++; kept <= 3 {
			if err := folder.Write(r); err != nil {
				t.Error(err)
			}
		}
	}
	again, err := bench.Execute(t.Context(), parse(t, swept), bench.Options{Keep: keep})
	if err != nil {
		t.Fatal(err)
	}
	if kept != len(whole.Runs)-1 || again.Partial || again.Fingerprint != whole.Fingerprint {
		t.Errorf("stored %d times in %d runs; then partial %t, fingerprint %s, want %s", kept, len(whole.Runs), again.Partial, again.Fingerprint, whole.Fingerprint)
	}
	stored, err := result.Read(folder.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !stored.Partial || stored.WholeRuns() != 3 || len(stored.Runs) != 3 {
		t.Errorf("stored are %d runs, %d of them whole, partial %t; want 3", len(stored.Runs), stored.WholeRuns(), stored.Partial)
	}
	least := len(whole.Runs)
	last, err := bench.Execute(t.Context(), parse(t, swept), bench.Options{Resume: stored, Keep: func(r *result.Result) { least = min(least, len(r.Runs)) }})
	if err != nil {
		t.Fatal(err)
	}
	if least != 4 { // what the folder has already is not stored again
		t.Errorf("the first that was stored of the resumed result has %d runs, want 4", least)
	}
	if !bytes.Equal(files(t, last), files(t, whole)) {
		d, _ := result.FirstDifference(last, whole)
		t.Errorf("the files differ: %v", d)
	}
}

// A result of another experiment, seed or program is not resumed.
func TestAnotherResultIsNotResumed(t *testing.T) {
	partial := interruptedAt(t, parse(t, swept), bench.Options{}, 2)
	for _, c := range []struct {
		want   string
		change func(p *experiment.Plan, r *result.Result)
	}{
		{`^found a result of another experiment: experiment\.seed is 1 in the result and 7 now; accepted: the same experiment with the same seed$`,
			func(p *experiment.Plan, _ *result.Result) { p.Experiment.Seed = 7 }},
		{`: experiment\.load\.value_size is "128B" in the result and "1KiB" now;`,
			func(p *experiment.Plan, _ *result.Result) { p.Experiment.Load.ValueSize = 1024 }},
		{`: experiment\.protocols\[1\] is \{"label":"raft".* in the result and nothing now;`,
			func(p *experiment.Plan, _ *result.Result) { p.Experiment.Protocols = p.Experiment.Protocols[:1] }},
		{`: topology\.one_way_ns\[0\]\[1\] is \d+ in the result and 5 now;`,
			func(p *experiment.Plan, _ *result.Result) { p.Topology.OneWay[0][1] = 5 }},
		{`^found a result of quorumbench v0\.1; accepted: one of this version, `, func(_ *experiment.Plan, r *result.Result) { r.Machine.Tool = "v0.1" }},
		{`^found a result of a program built with go1\.1; accepted: one built with go`, func(_ *experiment.Plan, r *result.Result) { r.Machine.Go = "go1.1" }},
		{`^found a result that is whole; accepted: a partial one`, func(_ *experiment.Plan, r *result.Result) { r.Partial = false }},
	} {
		plan, earlier := parse(t, swept), *partial
		c.change(plan, &earlier)
		found, err := bench.Execute(t.Context(), plan, bench.Options{Resume: &earlier})
		if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) || len(found.Runs) > 0 {
			t.Errorf("%v with %d runs, want %s", err, len(found.Runs), c.want)
		}
	}
}

// A live result is resumed only on the machine, and with the flags, that it has begun with.
func TestALiveResultOfAnotherMachineIsNotResumed(t *testing.T) {
	plan := parse(t, swept)
	plan.Experiment.World = experiment.Live
	options := bench.Options{Spin: time.Microsecond}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is measured
	for want, change := range map[string]func(r *result.Result){
		"^found a live result of .* with 1000 processors; accepted: one of this machine": func(r *result.Result) { r.Machine.CPUs = 1000 },
		"^found a result with --spin 1s and --realtime=false; accepted: the same flags":  func(r *result.Result) { r.Live.Spin = time.Second },
		"^context canceled$": func(*result.Result) {},
	} {
		earlier, _ := bench.Execute(ctx, plan, options)
		change(earlier)
		options.Resume = earlier
		if _, err := bench.Execute(ctx, plan, options); err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("found %v, want %s", err, want)
		}
		options.Resume = nil
	}
}
