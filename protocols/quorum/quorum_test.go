package quorum_test

import (
	"testing"

	"quorumbench/protocols/quorum"
)

func TestAnyTwoMajoritiesMeet(t *testing.T) {
	for n := 1; n <= 64; n++ {
		if q := quorum.Majority(n); 2*q <= n || 2*(q-1) > n {
			t.Errorf("a majority of %d is not %d", n, q)
		}
	}
}

func TestASetMeetsAllOfTheOtherSize(t *testing.T) {
	for n := 1; n <= 10; n++ {
		for size := 1; size <= n; size++ {
			other := quorum.Meeting(n, size)
			for a := quorum.Votes(0); a < 1<<n; a++ {
				for b := quorum.Votes(0); b < 1<<n; b++ {
					if a.Count() == size && b.Count() == other && a&b == 0 {
						t.Fatalf("of %d replicas, %b and %b do not meet", n, a, b)
					}
				}
			}
			if size+other-1 > n {
				t.Errorf("of %d replicas, sets of %d and of %d must meet, and %d would do", n, size, other, other-1)
			}
		}
	}
}

func TestAVoteCountsOnce(t *testing.T) {
	var v quorum.Votes
	v.Add(63)
	v.Add(0)
	v.Add(63)
	if v.Count() != 2 || !v.Has(63) || !v.Has(0) || v.Has(1) {
		t.Errorf("votes of 63, 0 and 63 again: %d", v.Count())
	}
}
