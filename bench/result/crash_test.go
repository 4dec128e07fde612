package result

import (
	"testing"
	"time"

	"quorumbench/bench/experiment"
)

func TestACrashIsOfTheLatestFaultThatFits(t *testing.T) {
	const s = time.Second
	r := &Result{Experiment: experiment.Experiment{Faults: []experiment.Fault{
		{At: 2 * s, Crash: "a"}, {At: 4 * s, Crash: "leader"}, {At: 4 * s, Crash: "a"}, {At: 6 * s, Crash: "b"}, {At: 8 * s, Crash: "random"}, {At: 9 * s, Loss: 1},
	}}}
	for _, test := range []struct {
		region string
		at     time.Duration
		want   string
	}{
		{"a", s, "a"}, // by no fault of the experiment
		{"b", s, "b"},
		{"a", 2 * s, "a"},
		{"b", 4 * s, "leader"},
		{"a", 4*s + time.Millisecond, "a"}, // named, which says more than the leader
		{"a", 6 * s, "a"},
		{"b", 7 * s, "b"},
		{"a", 9 * s, "random"},
	} {
		if got := r.CrashFault(Crash{Region: test.region, At: test.at}); got != test.want {
			t.Errorf("the crash of %s at %v is taken for that of %q, want %q", test.region, test.at, got, test.want)
		}
	}
}
