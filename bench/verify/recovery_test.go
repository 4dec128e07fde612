package verify

import (
	"testing"
	"time"

	"quorumbench/bench/result"
	"quorumbench/protocols"
)

// Replica 0 leads from the first second until it crashes at five seconds.
func TestANewLeaderIsTimedFromTheCrashOfTheLastOne(t *testing.T) {
	const s, never = time.Second, result.Never
	for _, test := range []struct {
		name       string
		leaderless bool
		crashed    int
		again      time.Duration // when replica 0 leads again; 0: never
		others     []Leadership  // of replica 1
		want       time.Duration // never: nobody leads
		none       bool          // there was no leader to replace
	}{
		{name: "another leads", others: []Leadership{{7 * s, never}}, want: 2 * s},
		{name: "another leads for a while", others: []Leadership{{6 * s, 7 * s}, {8 * s, never}}, want: s},
		{name: "nobody leads", want: never},
		{name: "another led before", others: []Leadership{{0, s}}, want: never},
		{name: "one that was deposed has not heard of it", others: []Leadership{{0, never}}, want: never},
		{name: "another had taken over", others: []Leadership{{4 * s, never}}, want: 0},
		{name: "another had taken over and lost it again", others: []Leadership{{2 * s, 3 * s}}, want: never},
		{name: "the same leads again", again: 8 * s, want: 3 * s},
		{name: "the same leads again, later than another", again: 8 * s, others: []Leadership{{7 * s, 8 * s}}, want: 2 * s},
		{name: "the replica that crashed did not lead", crashed: 2, others: []Leadership{{7 * s, never}}, none: true},
		{name: "no leader in the protocol", leaderless: true, others: []Leadership{{7 * s, never}}, none: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := tell(3)
			r.Plan.Driver(r.Protocol).HasLeader = !test.leaderless
			one := r.Replicas[0]
			one.Begin(0)
			one.Leads(s)
			r.Replicas[2].Begin(0)
			r.Replicas[test.crashed].End(5 * s)
			if test.again > 0 {
				one.Begin(6 * s)
				one.Leads(test.again)
			}
			r.Replicas[1].Leaderships = test.others
			crashes := r.crashes(nil)
			if len(crashes) != 1 {
				t.Fatalf("found %d crashes, want 1", len(crashes))
			}
			switch got := crashes[0].NewLeader; {
			case test.none && got != nil:
				t.Errorf("a leader was replaced after %v, want nothing", *got)
			case !test.none && got == nil:
				t.Errorf("found nothing, want %v", test.want)
			case !test.none && *got != test.want:
				t.Errorf("found %v, want %v", *got, test.want)
			}
		})
	}
}

func TestALeadershipEndsWithTheMarkTheCrashOrTheNextTerm(t *testing.T) {
	r := &Replica{Node: protocols.Node(&idle{})}
	r.Begin(0)
	r.Leads(1)
	r.Leads(2)
	r.Deposed(3)
	r.Deposed(4) // of nothing
	r.Leads(5)
	r.End(6)
	want := []Leadership{{1, 2}, {2, 3}, {5, 6}}
	if len(r.Leaderships) != len(want) {
		t.Fatalf("found %v, want %v", r.Leaderships, want)
	}
	for i, l := range r.Leaderships {
		if l != want[i] {
			t.Errorf("found %v, want %v", l, want[i])
		}
	}
}
