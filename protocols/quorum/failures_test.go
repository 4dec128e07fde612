package quorum_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"quorumbench/protocols/quorum"
)

// alone are groups of one replica each.
func alone(n int) (groups []quorum.Set) {
	for i := range n {
		groups = append(groups, quorum.Of(int32(i)))
	}
	return groups
}

// up tells whether each system has a quorum among the replicas that are up.
func up(systems []quorum.System, replicas quorum.Set) bool {
	for _, s := range systems {
		if !s.IsQuorum(replicas) {
			return false
		}
	}
	return true
}

// Nine replicas in three regions: any four crashes are survived by a majority of all, but only three by a hierarchical system, of
// which two replicas in two regions must be up; one region's failure is survived by both.
func TestHierarchyIsForCorrelatedFailures(t *testing.T) {
	var parts []quorum.Part
	var regions []quorum.Set
	for i := range 3 {
		regions = append(regions, first(3)<<(3*i))
		parts = append(parts, quorum.Part{System: quorum.Majority(regions[i]), Weight: 1})
	}
	hierarchical, majority := quorum.MajorityOf(parts...), quorum.Majority(first(9))
	for _, c := range []struct {
		system  quorum.System
		groups  []quorum.Set
		survive int
	}{{majority, alone(9), 4}, {hierarchical, alone(9), 3}, {majority, regions, 1}, {hierarchical, regions, 1}} {
		survive, choice, err := quorum.Survived(c.groups, c.system)
		if err != nil || survive != c.survive || len(choice) != survive+1 {
			t.Errorf("%v survives %d failures, want %d; %v, %v", c.system, survive, c.survive, choice, err)
		}
	}
	// With a region gone, a majority of all survives one crash more, whichever; the hierarchical system one in each region.
	gone := regions[0]
	if rest := first(9).Without(gone | quorum.Of[int32](3, 4)); majority.IsQuorum(rest) {
		t.Error("a majority survives two more")
	}
	if rest := first(9).Without(gone | quorum.Of[int32](3, 6)); !hierarchical.IsQuorum(rest) {
		t.Error("the hierarchical system does not survive a crash in each region")
	}
}

func TestFailuresAreExact(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 400 {
		n := 1 + random.IntN(6)
		systems := make([]quorum.System, 1+random.IntN(2))
		for i := range systems {
			systems[i] = drawn(random, n, 2)
		}
		groups := make([]quorum.Group, 1+random.IntN(n)) // some may be empty
		for i := range groups {
			groups[i].Fails = float64(random.IntN(5)) / 4
		}
		fails := make([]float64, n)
		for i := range n {
			fails[i] = float64(random.IntN(5)) / 4
			if g := random.IntN(len(groups) + 1); g < len(groups) {
				groups[g].Replicas.Add(int32(i))
			}
		}
		var sets []quorum.Set
		for _, g := range groups {
			sets = append(sets, g.Replicas)
		}

		least, available := len(groups)+1, 0.0
		for down := range quorum.First(len(groups)) + 1 { // of groups
			out, share := quorum.Set(0), 1.0
			for i, g := range groups {
				if down.Has(int32(i)) {
					out, share = out|g.Replicas, share*g.Fails
				} else {
					share *= 1 - g.Fails
				}
			}
			if !up(systems, first(n).Without(out)) {
				least = min(least, down.Size())
			}
			for single := range first(n) + 1 {
				both := share
				for i := range n {
					if single.Has(int32(i)) {
						both *= fails[i]
					} else {
						both *= 1 - fails[i]
					}
				}
				if up(systems, first(n).Without(out|single)) {
					available += both
				}
			}
		}
		survive, choice, err := quorum.Survived(sets, systems...)
		if err != nil || survive != least-1 {
			t.Fatalf("%v in %v: survive %d failures, want %d; %v", systems, sets, survive, least-1, err)
		}
		if choice != nil {
			out := quorum.Set(0)
			for _, g := range choice {
				out |= g
			}
			if len(choice) != least || up(systems, first(n).Without(out)) {
				t.Errorf("%v in %v: the failure of %v is survived", systems, sets, choice)
			}
		}
		got, err := quorum.Availability(groups, func(i int32) float64 { return fails[i] }, systems...)
		if err != nil || math.Abs(got-available) > 1e-12 {
			t.Fatalf("%v: available with %v, want %v; %v", systems, got, available, err)
		}
	}
}

func TestAvailabilityOfMany(t *testing.T) {
	// Binomial: of 64 that are each down with 1/2, at least 33 are up with (1 - C(64,32)/2^64)/2.
	got, err := quorum.Availability(nil, func(int32) float64 { return 0.5 }, quorum.Majority(first(64)))
	choose := 1.0
	for i := range 32 {
		choose = choose * float64(64-i) / float64(i+1)
	}
	if want := (1 - choose/math.Pow(2, 64)) / 2; err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("found %v, want %v; %v", got, want, err)
	}
}
