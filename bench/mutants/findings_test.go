package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/bench/shard"
)

// toy are mutants that were drawn, and what becomes of each.
func toy() (o options, all []mutant, fate func(i int) verdict) {
	for i := range 7 {
		all = append(all, mutant{ID: i + 1, Rule: ruleBoundary, Place: "toy.go:" + string(rune('1'+i)), Function: "f", Change: "a < b → a <= b"})
	}
	return options{of: "toy", seeds: 300, seed: 1, tests: true}, all, func(i int) verdict {
		v := verdict{mutant: all[i], Lives: 300}
		switch {
		case i%3 == 0:
			v.Driver, v.Seed, v.By, v.Lives = "toy", uint64(10+i), "linearizable", uint64(10+i)
		case i%3 == 1:
			v.Driver, v.By = "toy", "died: panic"
		case i == 5:
			v.Test = "TestToy"
		}
		return v
	}
}

// search plays the mutants of a shard, up to most of them, into a folder.
func search(t *testing.T, place string, s *shard.Shard, resumed bool, most int) (played int) {
	t.Helper()
	o, all, fate := toy()
	o.shard = s
	k, err := openKeeper(newFindings(o, 9, all, "sources"), place, resumed)
	if err != nil {
		t.Fatal(err)
	}
	defer k.folder.Release()
	for _, i := range dealt(all, s) {
		if k.before(i) != nil {
			continue
		}
		if played == most {
			return played
		}
		v := fate(i)
		if err := k.keep(i, &v); err != nil {
			t.Fatal(err)
		}
		played++
	}
	if err := k.end(); err != nil {
		t.Fatal(err)
	}
	return played
}

func content(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, findingsFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What shards have found, merged, is what one process finds and prints, byte for byte, also if one was interrupted and one was run twice.
func TestShardsMergedAreOneSearch(t *testing.T) {
	one, shards, again, merged := t.TempDir(), t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "merged")
	search(t, one, nil, false, 99)
	if played := search(t, shards, &shard.Shard{Index: 1, Count: 3}, false, 1); played != 1 {
		t.Fatalf("played %d", played)
	}
	search(t, shards, &shard.Shard{Index: 3, Count: 3}, true, 99)
	err := mergeAll(options{merge: shards, out: merged}, &bytes.Buffer{})
	if want := "found no mutants of shard 1/3 (interrupted, in " + filepath.Join(shards, "shard-1-of-3") + "), 2/3; accepted: all shards"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("found %v; want %s", err, want)
	}
	if played := search(t, shards, &shard.Shard{Index: 1, Count: 3}, true, 99); played != 2 {
		t.Errorf("gone on with %d mutants; want 2", played)
	}
	search(t, shards, &shard.Shard{Index: 2, Count: 3}, false, 99)
	search(t, again, &shard.Shard{Index: 2, Count: 3}, false, 99)
	var printed, want bytes.Buffer
	if err := mergeAll(options{merge: shards + "," + again, out: merged}, &printed); err != nil {
		t.Fatal(err)
	}
	if got := content(t, merged); got != content(t, one) {
		t.Errorf("merged:\n%s\none process:\n%s", got, content(t, one))
	}
	f, err := readFindings(one)
	if err != nil {
		t.Fatal(err)
	}
	report(&want, f.options(), f.Total, f.verdicts())
	if printed.String() != want.String() || !strings.Contains(want.String(), "toy: 5 of 7 mutants caught (of 9; sample 0, seed 1, 300 lives): 3 in lives, 0 in scenarios, 2 died") {
		t.Errorf("merged:\n%s\none process:\n%s", &printed, &want)
	}
}

func TestWhatDoesNotBelongTogetherIsRefused(t *testing.T) {
	half := &shard.Shard{Index: 1, Count: 2}
	o, all, _ := toy()
	o.shard = half
	for want, change := range map[string]func(o *options, all *[]mutant, sources *string){
		"found -seeds 5; accepted: 300":     func(o *options, _ *[]mutant, _ *string) { o.seeds = 5 },
		"found -tests false":                func(o *options, _ *[]mutant, _ *string) { o.tests = false },
		"found mutants of other sources":    func(_ *options, _ *[]mutant, sources *string) { *sources = "others" },
		"of another Go (":                   func(_ *options, all *[]mutant, _ *string) { *all = (*all)[1:] },
		"found shard 2/3, and shard 1/2":    func(o *options, _ *[]mutant, _ *string) { o.shard = &shard.Shard{Index: 2, Count: 3} },
		"found findings of no shard":        func(o *options, _ *[]mutant, _ *string) { o.shard = nil },
		"are both shard 1/2, and differ":    nil,
		"found no mutants of shard 2/2; ac": func(*options, *[]mutant, *string) {},
	} {
		first, other := t.TempDir(), t.TempDir()
		search(t, first, half, false, 99)
		changed, some, sources := o, all, "sources"
		if change != nil {
			change(&changed, &some, &sources)
		}
		k, err := openKeeper(newFindings(changed, 9, some, sources), other, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range dealt(some, changed.shard) {
			v := verdict{mutant: some[i], Lives: 1} // another fate than in the first
			if strings.Contains(want, "no mutants of shard 2/2") {
				_, _, fate := toy()
				v = fate(i)
			}
			if err := k.keep(i, &v); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.end(); err != nil {
			t.Fatal(err)
		}
		k.folder.Release()
		if err := mergeAll(options{merge: first + "," + other}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %v; want %s", err, want)
		}
	}
	if err := mergeAll(options{merge: t.TempDir()}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "found no mutants.json in it and none directly below") {
		t.Errorf("an empty folder: %v", err)
	}
}
