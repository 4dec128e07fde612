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

func TestAVoteCountsOnce(t *testing.T) {
	var v quorum.Votes
	v.Add(63)
	v.Add(0)
	v.Add(63)
	if v.Count() != 2 || !v.Has(63) || !v.Has(0) || v.Has(1) {
		t.Errorf("votes of 63, 0 and 63 again: %d", v.Count())
	}
}
