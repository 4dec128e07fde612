package protocols_test

import (
	"testing"
	"time"

	"quorumbench/protocols"
)

func TestTheNearestThatAnswersIsAsked(t *testing.T) {
	const s = time.Second
	r := protocols.NewReach([]protocols.NodeID{2, 0})
	expect := func(now time.Duration, want protocols.NodeID) {
		t.Helper()
		if got := r.Nearest(now); got != want {
			t.Errorf("at %v %d is asked, want %d", now, got, want)
		}
	}
	expect(0, 2)
	r.Unanswered(2, 0)
	expect(0, 0)
	r.Answered(2)
	expect(0, 2)

	// A silent one is given one request after a second, and then after twice the time.
	r.Unanswered(2, 10*s)
	for _, at := range []time.Duration{11 * s, 13 * s, 17 * s, 25 * s, 41 * s, 57 * s} {
		expect(at-1, 0)
		expect(at, 2)
		expect(at, 0)
		r.Unanswered(2, at)
	}
	r.Answered(2)
	expect(57*s, 2)

	// If all are silent, all are asked again.
	r.Unanswered(2, 60*s)
	r.Unanswered(0, 60*s)
	expect(60*s, 2)
	expect(60*s, 2)
	r.Unanswered(2, 60*s)
	expect(60*s, 0)
}
