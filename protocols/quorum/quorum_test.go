package quorum_test

import (
	"fmt"
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

// weighted is a system of the kind that this package does not know: a set whose weights sum up to the
// threshold.
type weighted struct {
	weights   []int
	threshold int
}

func (w weighted) Members() quorum.Set { return first(len(w.weights)) }

func (w weighted) IsQuorum(of quorum.Set) bool {
	sum := 0
	for i, weight := range w.weights {
		if of.Has(int32(i)) {
			sum += weight
		}
	}
	return sum >= w.threshold
}

func (w weighted) Text(quorum.Namer) string { return fmt.Sprint(w.weights, w.threshold) }
func (w weighted) String() string           { return w.Text(nil) }

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

// The closed form and the enumeration are held against every choice of sets, for pairs and triples of
// systems of up to five replicas whose members need not be the same.
func TestApartIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		n := 1 + random.IntN(5)
		systems := make([]quorum.System, 1+random.IntN(3))
		bySize := random.IntN(2) == 0
		for i := range systems {
			if bySize || random.IntN(4) == 0 {
				members := quorum.Set(random.Uint64()) & first(n)
				systems[i] = quorum.Size(random.IntN(n+2), members)
				continue
			}
			w := weighted{threshold: 1 + random.IntN(2*n)}
			for range n {
				w.weights = append(w.weights, random.IntN(4))
			}
			systems[i] = w
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

func TestApartEnumeratesTwentyReplicasAndRefusesMore(t *testing.T) {
	even := func(n, threshold int) weighted {
		w := weighted{threshold: threshold}
		for range n {
			w.weights = append(w.weights, 1)
		}
		return w
	}
	if apart, err := quorum.Apart(even(20, 14), even(20, 14), even(20, 13)); err != nil || apart != nil { // they leave out 6, 6 and 7 of 20
		t.Errorf("found %v, %v", apart, err)
	}
	apart, err := quorum.Apart(even(20, 14), even(20, 13), even(20, 13))
	if err != nil || len(apart) != 3 || apart[0]&apart[1]&apart[2] != 0 || apart[0].Size() != 14 || apart[1].Size() != 13 || apart[2].Size() != 13 {
		t.Errorf("found %v, %v", apart, err)
	}
	if _, err := quorum.Apart(even(21, 11), even(21, 11)); err == nil || !strings.Contains(err.Error(), "accepted: up to 20") {
		t.Errorf("of 21 replicas found %v", err)
	}
}

func TestReachedIsTheHighestValueOfAQuorum(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		n := 1 + random.IntN(6)
		values := make([]uint64, n)
		w := weighted{threshold: 1 + random.IntN(2*n)}
		for i := range values {
			values[i] = random.Uint64N(5)
			w.weights = append(w.weights, random.IntN(4))
		}
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
