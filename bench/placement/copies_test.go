package placement_test

import (
	"slices"
	"testing"
	"time"

	"quorumbench/bench/placement"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
	"quorumbench/protocols/registry"
)

// Of three replicas the witness is the nearest to the one leader and the farthest from the other.
func TestPlansTellHowOftenTheDataStands(t *testing.T) {
	const ms = time.Millisecond
	n := &placement.Network{Regions: []string{"a", "b", "w"}, OneWay: protocols.Delays{{0, 20 * ms, 10 * ms}, {20 * ms, 0, 30 * ms}, {10 * ms, 30 * ms, 0}}}
	all := []placement.Protocol{{Label: "witness", Driver: registry.Drivers.Find("multipaxos"), Witnesses: quorum.Of[int32](2)}, {Label: "full", Driver: registry.Drivers.Find("multipaxos")}}
	placements, err := placement.Of(n, all, []int{0, 1, 2}, nil)
	if err == nil {
		err = placement.Survive(n, placements, placement.Failures{})
	}
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]result.Placement{}
	for _, p := range placement.Table(n, placements, nil, result.ByMean).Ranked {
		told[p.Protocol+" "+p.Leader] = p
	}
	if len(told) != 5 {
		t.Errorf("found %d placements; want 3 leaders without witnesses, and 2 with one", len(told))
	}
	for label, want := range map[string]struct {
		nearest int
		quorum  []string
	}{"witness a": {1, []string{"a", "w"}}, "witness b": {2, []string{"b", "a"}}} {
		c := told[label].Copies
		if c == nil || c.Fewest != 1 || c.Nearest != want.nearest || !slices.Equal(c.Quorum, want.quorum) || !slices.Equal(c.Witnesses, []string{"w"}) {
			t.Errorf("%s: found %+v; want %d copies, at least 1, in %v", label, c, want.nearest, want.quorum)
		}
		if s := told[label].Survival; s.Replicas != 0 || !slices.Equal(s.FatalReplicas, []string{"a"}) {
			t.Errorf("%s: survives %+v; want nothing, since a alone may have a command", label, s)
		}
	}
	if p := told["full a"]; p.Copies != nil || p.Survival.Replicas != 1 {
		t.Errorf("without witnesses: found %+v", p)
	}
}
