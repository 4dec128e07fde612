package keypaxos

import (
	"testing"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// What was measured of a replica does not count once it lets a message go unanswered, until it answers another one.
func TestWhatWasMeasuredOfASilentReplicaDoesNotCount(t *testing.T) {
	const far, late = 50 * time.Millisecond, 10 * time.Second
	c := protocols.Config{
		ID: 0, Members: protocols.Members(3), Seed: 1,
		Delays: protocols.Delays{{0, far, far}, {far, 0, far}, {far, far, 0}},
	}
	all := quorum.Size(3, c.All())
	configured := protocols.Retry(2 * far)
	r := New(c, all, nil)
	r.roundTrips[2].Sample(late)
	expect := func(what string, doublings int, want time.Duration) {
		t.Helper()
		if got := r.quorumTimeout(all, doublings); got != want {
			t.Errorf("%s, the timeout of all is %v, want %v", what, got, want)
		}
	}
	measured := r.roundTrips[2].Timeout()
	expect("after late answers", 0, measured)
	r.NoteSilent(quorum.Of(protocols.NodeID(2)))
	expect("when the late one does not answer", 0, configured)
	expect("and two timeouts", 2, 4*configured)
	r.Awaited(1, &Register{}, &Message{}, Preparing)
	expect("when another one answers", 0, configured)
	r.Awaited(2, &Register{}, &Message{}, Preparing)
	expect("when it answers", 0, measured)
}

// A back-off is bounded by the configured delays, or by a few times what was measured. Round trips that were measured while a
// disk was overloaded must not make a replica wait for minutes: it measures nothing while it waits.
func TestTheBoundOfABackOff(t *testing.T) {
	const far, many = 50 * time.Millisecond, 2000
	c := protocols.Config{
		ID: 0, Members: protocols.Members(3), Seed: 1,
		Delays: protocols.Delays{{0, far, far}, {far, 0, far}, {far, far, 0}},
	}
	majority := quorum.Majority(c.All())
	configured := protocols.Retry(2 * far)
	for _, test := range []struct {
		name     string
		measured time.Duration // the round trip, zero: none
		refused  int
		bound    func(measured time.Duration) time.Duration
	}{
		{"at first", 0, 1, func(time.Duration) time.Duration { return configured }},
		{"after many refusals", 0, 50, func(time.Duration) time.Duration { return 16 * configured }},
		{"measured a little longer", 3 * far, 50, func(time.Duration) time.Duration { return 16 * configured }},
		{"measured under an overload", 10 * time.Second, 50, func(m time.Duration) time.Duration { return 4 * m }},
	} {
		r := New(c, majority, nil)
		for to := range r.roundTrips {
			for i := 0; i < 20 && test.measured > 0; i++ {
				r.roundTrips[to].Sample(test.measured)
			}
		}
		bound := test.bound(r.quorumTimeout(majority, 0))
		var longest time.Duration
		for range many {
			longest = max(longest, r.backoff(test.refused))
		}
		if longest >= bound || longest < bound*9/10 {
			t.Errorf("%s: the longest of %d back-offs is %v, want nearly %v", test.name, many, longest, bound)
		}
	}
}
