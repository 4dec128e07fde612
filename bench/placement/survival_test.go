package placement_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/placement"
	"quorumbench/bench/result"
	"quorumbench/protocols/quorum"
)

// parse reads a system whose replicas are r1, r2, …
func parse(t *testing.T, text string) quorum.System {
	t.Helper()
	s, err := quorum.Parse(text, func(name string) (int32, bool) {
		var n int32
		_, err := fmt.Sscanf(name, "r%d", &n)
		return n - 1, err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func forAll(s quorum.System) quorum.Roles {
	return quorum.Roles{quorum.Election: s, quorum.Write: s}
}

// Four replicas in three places: majorities do not survive the place that has two, a joint system survives any.
func TestAPlaceFailsWithAllReplicasInIt(t *testing.T) {
	n := line()
	n.Places = []string{"a", "a", "c", "d"}
	all := drivers("raft", "raft")
	all[1].Label, all[1].Quorums = "joint", forAll(parse(t, "joint({r1,r3,r4},{r2,r3,r4})"))
	placements, err := placement.Of(n, all, []int{0, 1, 2, 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := placement.Survive(n, placements, placement.Failures{Replica: 0.25, Region: 0.5}); err != nil {
		t.Fatal(err)
	}
	table := placement.Table(n, placements, nil, result.ByMean)
	for _, p := range table.Ranked {
		want := result.Survival{Replicas: 1, Regions: 0, FatalReplicas: []string{"c", "d"}, FatalRegions: []string{"a", "b"}}
		// Each place is up with 1/2, then each replica with 3/4. Three of four: all, or all but one.
		q := 0.5 * 0.75 // a place of one replica
		two, one := 0.5*9.0/16, 0.5*6.0/16
		want.Availability = two*(1-(1-q)*(1-q)) + one*q*q
		if p.Protocol == "joint" {
			// c and d; or one of them with both of a's place.
			want.Regions, want.FatalRegions = 1, []string{"a", "b", "c"}
			want.Availability = q*q + 2*q*(1-q)*two
		}
		got := *p.Survival
		if math.Abs(got.Availability-want.Availability) > 1e-12 {
			t.Errorf("%s led from %s is available with %v, want %v", p.Protocol, p.Leader, got.Availability, want.Availability)
		}
		got.Availability, want.Availability = 0, 0
		slices.Sort(got.FatalReplicas) // any two stop a majority
		if got.Replicas != want.Replicas || got.Regions != want.Regions || len(got.FatalReplicas) != 2 || !slices.Equal(got.FatalRegions, want.FatalRegions) {
			t.Errorf("%s: found %+v, want %+v", p.Protocol, got, want)
		}
	}
}

// Where quorums treat replicas differently, a set of regions is tried in every order that makes a difference.
func TestRegionsAreChosenForTheirPartInAQuorum(t *testing.T) {
	n := line()
	all := drivers("raft")
	all[0].Quorums = forAll(parse(t, "all(r1,any(r2,r3))")) // r1 is in every quorum
	best, compared, err := placement.Choose(context.Background(), n, all, placement.Search{Size: 3, Among: 4, Clients: []placement.Client{{Region: 1, Weight: 1}}, Aim: result.ByMean, Top: 100})
	if err != nil {
		t.Fatal(err)
	}
	if want := 4 * 3 * 3; compared != want { // sets, regions that may be r1, leaders
		t.Errorf("%d placements compared, want %d", compared, want)
	}
	for _, p := range best {
		// The client in b writes through the leader there, which hears from r1 and one other.
		if p.Leader == 1 && p.Replicas[0] == 3 && p.Floors[0].Floor != 40*ms {
			t.Errorf("%v led from b: %v", p.Replicas, p.Floors)
		}
	}
	if p := best[0]; p.Floors[0].Floor != 20*ms {
		t.Errorf("the best is %v led from %d with %v", p.Replicas, p.Leader, p.Floors)
	}
	all[0].Quorums = forAll(parse(t, "majority(r1,r2,r3)"))
	if _, compared, _ = placement.Choose(context.Background(), n, all, placement.Search{Size: 3, Among: 4, Aim: result.ByMean, Top: 1}); compared != 4*3 {
		t.Errorf("%d placements of majorities compared, want each set once", compared)
	}
	nine := make([]string, 9)
	for i := range nine {
		nine[i] = fmt.Sprintf("r%d", i+1)
	}
	wide := &placement.Network{}
	for range 9 {
		wide.Regions = append(wide.Regions, fmt.Sprint(len(wide.Regions)))
		wide.OneWay = append(wide.OneWay, slices.Repeat(line().OneWay[0][1:2], 9))
	}
	all[0].Quorums = forAll(parse(t, "majority("+strings.Join(nine, ",")+")"))
	if _, _, err := placement.Choose(context.Background(), wide, all, placement.Search{Size: 9, Among: 9, Aim: result.ByMean, Top: 1}); err == nil || !strings.Contains(err.Error(), "accepted: up to 8") {
		t.Errorf("nine replicas in orders: %v", err)
	}
}

func TestAvailabilityOverFailuresIsThatOfThePlacements(t *testing.T) {
	n := line()
	placements, err := placement.Of(n, drivers("raft"), []int{0, 1, 2}, nil) // a placement for each of three leaders
	if err != nil {
		t.Fatal(err)
	}
	over, err := placement.AvailabilityOver(n, placements, placement.Failures{Replica: 0.25, Region: 0.5})
	if err != nil || len(over.Systems) != 1 {
		t.Fatalf("%d systems, %v", len(over.Systems), err)
	}
	for _, p := range over.Systems[0].OverRegion {
		up := (1 - p.Fails) * 0.75 // each replica is alone in its region
		if want := 1 - up*up*(3-2*up); math.Abs(p.Without-want) > 1e-12 {
			t.Errorf("regions fail with %v: %v, want %v", p.Fails, p.Without, want)
		}
	}
	for _, p := range over.Systems[0].OverReplica {
		up := (1 - p.Fails) * 0.5
		if want := 1 - up*up*(3-2*up); math.Abs(p.Without-want) > 1e-12 {
			t.Errorf("replicas fail with %v: %v, want %v", p.Fails, p.Without, want)
		}
	}
}
