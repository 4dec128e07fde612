package lives_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"quorumbench/bench/lives"
	"quorumbench/bench/shard"
	"quorumbench/protocols/registry"
)

// searched are the findings of a search, of a shard if it is not nil, until a driver fails.
func searched(t *testing.T, generators []lives.Generator, from, seeds uint64, s *shard.Shard) *lives.Findings {
	t.Helper()
	f := lives.NewFindings(generators, from, seeds, s)
	first, count := f.Range()
	for _, g := range generators {
		found, tally, err := lives.Search(context.Background(), g, first, count, nil)
		if err != nil {
			t.Fatal(err)
		}
		f.Enter(g.Driver, tally, found)
		if found != nil {
			break
		}
	}
	return f
}

func text(t *testing.T, f *lives.Findings) []byte {
	t.Helper()
	content, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// What shards have found, merged, is what one process finds: without a life that fails; with lives that fail in the second
// driver, where the first in the order of seeds counts; and where one fails in the first driver already.
func TestMergedFindingsAreThoseOfOneProcess(t *testing.T) {
	raft := lives.Generator{Driver: registry.Drivers.Find("raft")}
	fragile, alone := lives.Generator{Driver: fragileDriver}, lives.Generator{Driver: aloneDriver}
	for name, generators := range map[string][]lives.Generator{
		"none": {raft}, "second": {raft, fragile}, "first": {alone, raft},
	} {
		one := searched(t, generators, 7, 20, nil)
		if (one.Failing() != nil) != (name != "none") || one.Partial {
			t.Fatalf("%s: found %s", name, text(t, one))
		}
		for _, count := range []int{1, 3, 4} {
			var parts []lives.Part
			for i := range count {
				s := shard.Shard{Index: i + 1, Count: count}
				parts = append(parts, lives.Part{Name: fmt.Sprint(s), Findings: searched(t, generators, 7, 20, &s)})
			}
			again := shard.Shard{Index: 1, Count: count}
			parts = append(parts, lives.Part{Name: "begun", Findings: lives.NewFindings(generators, 7, 20, &again)},
				lives.Part{Name: "again", Findings: searched(t, generators, 7, 20, &again)})
			merged, err := lives.Merge(parts)
			if err != nil {
				t.Fatal(name, err)
			}
			if !bytes.Equal(text(t, merged), text(t, one)) {
				t.Errorf("%s, %d shards: found %s\none process finds %s", name, count, text(t, merged), text(t, one))
			}
		}
	}
}

func TestMergeRefusesFindings(t *testing.T) {
	generators := []lives.Generator{{Driver: registry.Drivers.Find("raft")}}
	of := func(index int) lives.Part {
		s := shard.Shard{Index: index, Count: 2}
		return lives.Part{Name: s.String(), Findings: searched(t, generators, 1, 4, &s)}
	}
	first, second := of(1), of(2)
	changed := func(change func(f *lives.Findings)) lives.Part {
		f := *second.Findings
		f.Searches = append([]lives.Finding(nil), f.Searches...)
		change(&f)
		return lives.Part{Name: "other", Findings: &f}
	}
	for _, c := range []struct {
		other lives.Part
		want  string
	}{
		{changed(func(f *lives.Findings) { f.Shard = nil }), "other: found findings of no shard"},
		{changed(func(f *lives.Findings) { f.Shard = &shard.Shard{Index: 2, Count: 3} }), "other: found shard 2/3, and shard 1/2 in 1/2"},
		{changed(func(f *lives.Findings) { f.From = 9 }), "other: found another search: the first seed 9; accepted: 1, as in 1/2"},
		{changed(func(f *lives.Findings) { f.Tool = "v9" }), "other: found another search: quorumbench v9"},
		{changed(func(f *lives.Findings) { f.Habit = "loss" }), "other: found another search: the habit loss; accepted: none"},
		{changed(func(f *lives.Findings) { f.Searches[0].Messages++ }), "2/2 and other are both shard 2/2, and differ"},
	} {
		if _, err := lives.Merge([]lives.Part{first, second, c.other}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("found %v, want %s", err, c.want)
		}
	}
	begun := changed(func(f *lives.Findings) { f.Searches, f.Partial = nil, true })
	if _, err := lives.Merge([]lives.Part{first, begun}); err == nil || err.Error() != "found no lives of raft of shard 2/2 (interrupted, in other); accepted: all shards, each as a whole" {
		t.Errorf("an interrupted one: %v", err)
	}
	if _, err := lives.Merge(nil); err == nil {
		t.Error("nothing is merged without an error")
	}
}

// A search that goes on after the lives that Watch was told of finds what one search finds.
func TestASearchGoesOn(t *testing.T) {
	g := lives.Generator{Driver: registry.Drivers.Find("raft")}
	_, first, err := lives.Search(context.Background(), g, 5, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, err := lives.Search(context.Background(), g, 9, 6, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, whole := lives.NewFindings([]lives.Generator{g}, 5, 10, nil), searched(t, []lives.Generator{g}, 5, 10, nil)
	if f.Enter(g.Driver, first, nil); !f.Partial {
		t.Error("a part is taken for the whole")
	}
	if f.Enter(g.Driver, first.Plus(rest), nil); !bytes.Equal(text(t, f), text(t, whole)) {
		t.Errorf("found %s, want %s", text(t, f), text(t, whole))
	}
}
