package quorum_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"quorumbench/protocols/quorum"
)

var first = quorum.First

func TestAnyTwoMajoritiesMeet(t *testing.T) {
	for n := 1; n <= 64; n++ {
		m := quorum.Majority(first(n))
		if apart, err := quorum.Apart(m, m); apart != nil || err != nil {
			t.Errorf("of %d replicas, the majorities %v do not meet, %v", n, apart, err)
		}
		smaller := quorum.Size(quorum.MajoritySize(n)-1, first(n))
		if apart, _ := quorum.Apart(smaller, smaller); apart == nil {
			t.Errorf("of %d replicas, one less than a majority would do", n)
		}
	}
}

func TestSizesMeetFromTheMeetingSizeOn(t *testing.T) {
	for n := 1; n <= 64; n++ {
		for size := 1; size <= n; size++ {
			other := quorum.MeetingSize(n, size)
			if apart, _ := quorum.Apart(quorum.Size(size, first(n)), quorum.Size(other, first(n))); apart != nil {
				t.Fatalf("of %d replicas, %v do not meet", n, apart)
			}
			if apart, _ := quorum.Apart(quorum.Size(size, first(n)), quorum.Size(other-1, first(n))); apart == nil {
				t.Fatalf("of %d replicas, sets of %d and of %d must meet, and %d would do", n, size, other, other-1)
			}
		}
	}
}

func TestAMemberCountsOnce(t *testing.T) {
	var s quorum.Set
	s.Add(63)
	s.Add(0)
	s.Add(63)
	if s.Size() != 2 || !s.Has(63) || !s.Has(0) || s.Has(1) || s != quorum.Of[int32](0, 63) {
		t.Errorf("the set of 63, 0 and 63 again is %v", s)
	}
}

func TestOthersDoNotCount(t *testing.T) {
	s := quorum.Size(2, quorum.Of[int32](1, 2, 3))
	if s.IsQuorum(quorum.Of[int32](0, 1, 4)) || !s.IsQuorum(quorum.Of[int32](0, 1, 3)) {
		t.Errorf("%v takes replicas for members that are none", s)
	}
}

func TestSystemsPrintThemselves(t *testing.T) {
	regions := []string{"ohio", "tokyo", "paris"}
	name := func(i int32) string { return regions[i] }
	for _, c := range []struct {
		system        quorum.System
		numbers, text string
	}{
		{quorum.Majority(first(3)), "majority(0,1,2)", "majority(ohio,tokyo,paris)"},
		{quorum.Size(2, first(3)), "2 of (0,1,2)", "2 of (ohio,tokyo,paris)"},
	} {
		if c.system.String() != c.numbers || c.system.Text(name) != c.text {
			t.Errorf("found %v and %s, want %s and %s", c.system, c.system.Text(name), c.numbers, c.text)
		}
	}
}

// weighted is the system of the sets whose weights, those of the replicas 0, 1, …, sum up to the threshold.
func weighted(weights []int, threshold int) quorum.System {
	var parts []quorum.Part
	for i, weight := range weights {
		if weight > 0 {
			parts = append(parts, quorum.Part{System: quorum.One(int32(i)), Weight: weight})
		}
	}
	return quorum.AtLeast(threshold, parts...)
}

// drawn is any system of n replicas: with weights, and with systems in one another that may share replicas.
func drawn(random *rand.Rand, n, depth int) quorum.System {
	switch kind := random.IntN(5); {
	case depth == 0:
		return quorum.One(random.Int32N(int32(n)))
	case kind == 0:
		members := quorum.Set(random.Uint64())&first(n) | 1
		return quorum.Size(1+random.IntN(members.Size()), members)
	case kind == 1:
		var sets []quorum.Set
		for range 1 + random.IntN(3) {
			sets = append(sets, quorum.Set(random.Uint64())&first(n)|quorum.Of(random.Int32N(int32(n))))
		}
		return []func(...quorum.Set) quorum.System{quorum.Joint, quorum.Rows, quorum.Columns, quorum.Grid}[random.IntN(4)](sets...)
	default:
		var parts []quorum.Part
		sum, alone := 0, quorum.Set(0)
		for range 1 + random.IntN(4) {
			p := quorum.Part{System: drawn(random, n, depth-1), Weight: 1 + random.IntN(2)}
			if members := p.System.Members(); members.Size() == 1 {
				if alone&members != 0 {
					continue // an expression has a replica once within the same brackets
				}
				alone |= members
			}
			sum += p.Weight
			parts = append(parts, p)
		}
		if kind == 2 {
			return quorum.MajorityOf(parts...)
		}
		return quorum.AtLeast(1+random.IntN(sum), parts...)
	}
}

// missing decides by trying every choice of sets.
func missing(systems []quorum.System, n int, common quorum.Set) bool {
	if len(systems) == 0 {
		return common == 0
	}
	for s := range first(n) + 1 {
		if systems[0].IsQuorum(s) && missing(systems[1:], n, common&s) {
			return true
		}
	}
	return false
}

// check holds what Apart says against trying everything, and its witnesses against what they must be.
func check(t *testing.T, n int, systems ...quorum.System) {
	t.Helper()
	apart, err := quorum.Apart(systems...)
	if err != nil {
		t.Fatal(err)
	}
	if want := missing(systems, n, first(n)); (apart != nil) != want {
		t.Fatalf("%v: found %v, want some quorums apart: %t", systems, apart, want)
	}
	if apart == nil {
		return
	}
	common := first(64)
	for i, q := range apart {
		common &= q
		if !systems[i].IsQuorum(q) {
			t.Errorf("%v: %v is no quorum of %v", systems, q, systems[i])
		}
		for id := range q.All() {
			if systems[i].IsQuorum(q.Without(quorum.Of(id))) {
				t.Errorf("%v: %v does not need %d", systems, q, id)
			}
		}
	}
	if len(apart) != len(systems) || common != 0 {
		t.Errorf("%v: %v meet at %v", systems, apart, common)
	}
}

// Apart is held against every choice of sets, for one to three systems of up to five replicas whose members need not be the
// same.
func TestApartIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		n := 1 + random.IntN(5)
		systems := make([]quorum.System, 1+random.IntN(3))
		for i := range systems {
			switch random.IntN(3) {
			case 0:
				systems[i] = quorum.Size(random.IntN(n+2), quorum.Set(random.Uint64())&first(n))
			case 1:
				var weights []int
				for range n {
					weights = append(weights, random.IntN(4))
				}
				systems[i] = weighted(weights, 1+random.IntN(2*n))
			default:
				systems[i] = drawn(random, n, 2)
			}
		}
		check(t, n, systems...)
	}
}

// Fast Paxos of n replicas: two fast quorums and a classic one must have a common member, so that with
// classic majorities a fast quorum of five is four, and not three (Lamport, 2006, section 2.2).
func TestAFastQuorumIsAConditionOnThree(t *testing.T) {
	classic, four, three := quorum.Majority(first(5)), quorum.Size(4, first(5)), quorum.Size(3, first(5))
	check(t, 5, classic, four, four)
	check(t, 5, classic, three, three)
	if apart, _ := quorum.Apart(classic, four, four); apart != nil {
		t.Errorf("four of five are no fast quorum: %v", apart)
	}
	if apart, _ := quorum.Apart(classic, three, three); apart == nil {
		t.Error("three of five are a fast quorum")
	}
}

// Of 64 replicas, in eight regions of eight: hierarchical majorities meet, and a half of the regions would not do.
func TestApartDecidesAboutManyReplicas(t *testing.T) {
	regions := func(n int) (parts []quorum.Part) {
		for i := range n {
			parts = append(parts, quorum.Part{System: quorum.Majority(first(8) << (8 * i)), Weight: 1})
		}
		return parts
	}
	hierarchical := quorum.MajorityOf(regions(8)...)
	if apart, err := quorum.Apart(hierarchical, hierarchical); apart != nil || err != nil {
		t.Errorf("found %v, %v", apart, err)
	}
	if apart, err := quorum.Apart(hierarchical, quorum.Majority(first(64))); apart == nil || err != nil {
		t.Errorf("25 of 64 miss no majority of 33: found %v, %v", apart, err)
	}
	half := quorum.AtLeast(4, regions(8)...)
	apart, err := quorum.Apart(half, hierarchical, half)
	if err != nil || len(apart) != 3 || apart[0]&apart[1]&apart[2] != 0 || !half.IsQuorum(apart[0]) || !hierarchical.IsQuorum(apart[1]) || !half.IsQuorum(apart[2]) {
		t.Errorf("found %v, %v", apart, err)
	}
	var weights []int
	for i := range 40 {
		weights = append(weights, 1+i%7)
	}
	sum := 0
	for _, w := range weights {
		sum += w
	}
	if apart, err := quorum.Apart(weighted(weights, sum/2+1), weighted(weights, sum/2+1)); apart != nil || err != nil {
		t.Errorf("of 40 replicas with weights found %v, %v", apart, err)
	}
	if apart, err := quorum.Apart(weighted(weights, sum/2), weighted(weights, sum/2)); sum%2 == 0 && apart == nil || err != nil {
		t.Errorf("halves of 40 replicas with weights must meet: found %v, %v", apart, err)
	}
}

func TestReachedIsTheHighestValueOfAQuorum(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		n := 1 + random.IntN(6)
		values := make([]uint64, n)
		for i := range values {
			values[i] = random.Uint64N(5)
		}
		w := drawn(random, n, 2)
		want := uint64(0)
		for _, candidate := range values {
			var reached quorum.Set
			for i, v := range values {
				if v >= candidate {
					reached.Add(int32(i))
				}
			}
			if w.IsQuorum(reached) {
				want = max(want, candidate)
			}
		}
		if got := quorum.Reached(w, values); got != want {
			t.Errorf("%v of %v: found %d, want %d", w, values, got, want)
		}
	}
	order := slices.Repeat([]uint64{7}, 64)
	if got := quorum.Reached(quorum.Majority(first(64)), order); got != 7 {
		t.Errorf("64 replicas at 7 have reached %d", got)
	}
}

func TestRolesTellWhichQuorumsMiss(t *testing.T) {
	five := first(5)
	regions := []string{"ohio", "tokyo", "paris", "milan", "delhi"}
	roles := quorum.Roles{quorum.Phase1: quorum.Size(2, five), quorum.Phase2: quorum.Size(2, five)}
	err := roles.Check(quorum.Meeting{quorum.Phase1, quorum.Phase2})
	apart, is := err.(*quorum.ApartError)
	if !is {
		t.Fatalf("found %v", err)
	}
	const want = "found quorums for phase1 2 of (ohio,tokyo,paris,milan,delhi) and for phase2 2 of (ohio,tokyo,paris,milan,delhi), " +
		"which need not meet: (ohio,tokyo) and (paris,milan) have no replica in common; accepted: quorums that always have one"
	if got := apart.Text(func(i int32) string { return regions[i] }); got != want {
		t.Errorf("found  %s\nwanted %s", got, want)
	}
	roles[quorum.Phase1] = quorum.Size(4, five)
	if err := roles.Check(quorum.Meeting{quorum.Phase1, quorum.Phase2}); err != nil {
		t.Error(err)
	}
	if err := roles.Check(quorum.Meeting{quorum.Phase2, quorum.Phase2}); err == nil {
		t.Error("two quorums of 2 of five always meet")
	}
	if err := roles.Check(quorum.Meeting{quorum.Phase2, quorum.Read}); err == nil || !strings.Contains(err.Error(), "no quorums for read") {
		t.Errorf("a role without quorums: found %v", err)
	}
}
