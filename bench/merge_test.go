package bench_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/shard"
)

// sharded runs an experiment in shards, each of which comes back from a folder of its own.
func sharded(t *testing.T, plan *experiment.Plan, count int) []bench.Part {
	t.Helper()
	var parts []bench.Part
	for i := range count {
		s := shard.Shard{Index: i + 1, Count: count}
		found, err := bench.Execute(t.Context(), plan, bench.Options{Shard: &s})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, bench.Part{Name: fmt.Sprint("folder of ", s), Result: restored(t, found)})
	}
	return parts
}

// What shards have found, merged in any order, are the bytes that one process writes. A shard that was run twice counts once.
func TestMergedShardsAreWhatOneProcessFinds(t *testing.T) {
	for name, text := range map[string]string{"sweep": swept, "searches": twoSearches} {
		t.Run(name, func(t *testing.T) {
			plan := parse(t, text)
			want, err := bench.Execute(t.Context(), plan, bench.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, count := range []int{1, 3, 4} {
				parts := sharded(t, plan, count)
				runs := 0
				for _, p := range parts {
					runs += len(p.Result.Runs)
				}
				if runs != len(want.Runs) {
					t.Errorf("%d shards have %d runs; one process has %d", count, runs, len(want.Runs))
				}
				again := sharded(t, plan, count)[count-1]
				parts = append([]bench.Part{again}, parts...)
				merged, err := bench.Merge(plan, parts, false)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(files(t, merged), files(t, want)) {
					d, _ := result.FirstDifference(merged, want)
					t.Errorf("%d shards: not the bytes of one process: %v", count, d)
				}
			}
		})
	}
}

// A shard that was interrupted goes on where it was.
func TestAShardIsResumed(t *testing.T) {
	plan := parse(t, swept)
	options := bench.Options{Shard: &shard.Shard{Index: 2, Count: 2}}
	options.Resume = interruptedAt(t, plan, options, 1)
	if err := bench.CanResume(plan, bench.Options{Resume: options.Resume}); err == nil || !strings.Contains(err.Error(), "found the result of shard 2/2; accepted: one of the whole experiment") {
		t.Errorf("as the whole: %v", err)
	}
	ran := 0
	watched := options
	watched.Watch = func(s bench.Status) {
		if s.Runs != 4 {
			t.Errorf("%d runs, want 4", s.Runs)
		}
		ran = max(ran, s.Run)
		if s.Run < 1 {
			t.Error("a run that was whole ran again")
		}
	}
	found, err := bench.Execute(t.Context(), plan, watched)
	if err != nil || ran == 0 {
		t.Fatal(err, ran)
	}
	parts := sharded(t, plan, 2)
	merged, err := bench.Merge(plan, []bench.Part{parts[0], {Name: "resumed", Result: restored(t, found)}}, false)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := bench.Merge(plan, parts, false)
	if err != nil || !bytes.Equal(files(t, merged), files(t, whole)) {
		t.Error("not the bytes of shards that were not interrupted", err)
	}
}

// What is missing is named; on request it is left out, and the result can be resumed.
func TestMergeNamesWhatIsMissing(t *testing.T) {
	plan := parse(t, swept)
	parts := sharded(t, plan, 4)
	begun := bench.Part{Name: "begun", Result: interruptedAt(t, plan, bench.Options{Shard: parts[2].Result.Shard}, 1)}
	given := []bench.Part{begun, parts[1]}
	_, err := bench.Merge(plan, given, false)
	var missing *bench.MissingError
	if !errors.As(err, &missing) || len(missing.Shards) != 2 ||
		err.Error() != "found no result of shard 1/4, 4/4; shard 3/4 in begun was interrupted, with 1 runs that are whole; accepted: all shards, each as a whole" {
		t.Fatalf("found %v", err)
	}
	partial, err := bench.Merge(plan, given, true)
	if err != nil || !partial.Partial || partial.Shard != nil || len(partial.Runs) != 3 {
		t.Fatalf("%v: partial %t, shard %v, %d runs; want a partial result of 3 runs", err, partial.Partial, partial.Shard, len(partial.Runs))
	}
	resumed, err := bench.Execute(t.Context(), plan, bench.Options{Resume: restored(t, partial)})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := bench.Execute(t.Context(), plan, bench.Options{})
	if err != nil || !bytes.Equal(files(t, resumed), files(t, whole)) {
		t.Error("resumed, it does not have the bytes of one process", err)
	}
	if _, err := bench.Merge(plan, append(given, parts...), false); err != nil {
		t.Errorf("with one that is whole beside the one that was interrupted: %v", err)
	}
}

func TestMergeRefusesWhatDoesNotBelongTogether(t *testing.T) {
	plan := parse(t, swept)
	parts := sharded(t, plan, 2)
	changed := func(change func(r *result.Result)) bench.Part {
		one := *parts[1].Result
		one.Runs = append([]result.Run(nil), one.Runs...)
		change(&one)
		return bench.Part{Name: "other", Result: &one}
	}
	for _, c := range []struct {
		other bench.Part
		want  string
	}{
		{changed(func(r *result.Result) { r.Experiment.Seed = 7 }), "other: found a shard of another experiment: experiment.seed is 7 in it and 1 in folder of 1/2"},
		{changed(func(r *result.Result) { r.Shard = nil }), "other: found a result that is no shard; accepted: results of run --shard"},
		{changed(func(r *result.Result) { r.Shard = &shard.Shard{Index: 2, Count: 3} }), "other: found shard 2/3, and shard 1/2 in folder of 1/2; accepted: shards of the same number"},
		{changed(func(r *result.Result) { r.Machine.Tool = "v0.1.0" }), "other: found a result of quorumbench v0.1.0; accepted: one of this version"},
		{changed(func(r *result.Result) { r.Machine.Go = "go1.0" }), "other: found a result of a program built with go1.0"},
		{changed(func(r *result.Result) { r.Runs[0].Network.Messages++ }), "folder of 2/2 and other are both shard 2/2, and differ: runs[0].network.messages is "},
	} {
		_, err := bench.Merge(plan, append(parts[:2:2], c.other), false)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("found %v, want %s", err, c.want)
		}
	}
	if _, err := bench.Merge(plan, nil, false); err == nil {
		t.Error("nothing is merged without an error")
	}
	live := changed(func(r *result.Result) { r.Experiment.World, r.Machine.CPUs = experiment.Live, 99 })
	other := bench.Part{Name: "live", Result: changed(func(r *result.Result) { r.Experiment.World = experiment.Live }).Result}
	if _, err := bench.Merge(plan, []bench.Part{live, other}, false); err == nil || !strings.Contains(err.Error(), "found a live result of") {
		t.Errorf("live results of two machines: %v", err)
	}
	if err := bench.CheckShard(plan, shard.Shard{Index: 9, Count: 9}); err == nil || err.Error() != "found 9 shards; accepted: 1 to 8, as many as the experiment has runs" {
		t.Errorf("more shards than runs: %v", err)
	}
	if err := bench.CheckShard(parse(t, twoSearches), shard.Shard{Index: 5, Count: 5}); err == nil || err.Error() != "found 5 shards; accepted: 1 to 4, as many as the experiment has searches" {
		t.Errorf("more shards than searches: %v", err)
	}
}

// The forecasts of all shards have the runs and the commands of the whole.
func TestShardsShareTheForecast(t *testing.T) {
	for _, text := range []string{swept, twoSearches} {
		plan := parse(t, text)
		whole, runs, commands := bench.ForecastOf(plan, bench.ForecastOptions{}), 0, 0.0
		for i := range 3 {
			s := shard.Shard{Index: i + 1, Count: 3}
			f := bench.ForecastOf(plan, bench.ForecastOptions{Shard: &s})
			runs, commands = runs+f.Runs, commands+f.Commands
			if f.Runs != bench.RunsOf(plan, &s) {
				t.Errorf("shard %v: %d runs; RunsOf says %d", s, f.Runs, bench.RunsOf(plan, &s))
			}
		}
		if runs != whole.Runs || commands < 0.999*whole.Commands || commands > 1.001*whole.Commands {
			t.Errorf("shards have %d runs and %.0f commands; the whole has %d and %.0f", runs, commands, whole.Runs, whole.Commands)
		}
	}
}
