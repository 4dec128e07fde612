package bench

import (
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/protocols/registry"
)

// The time left of a simulated experiment is real time: five hours of virtual time of which half took a second take one more.
func TestTheTimeLeftOfASimulatedExperimentIsReal(t *testing.T) {
	const half = 150 * time.Minute
	if got := realLeft(time.Second, half, half); got != time.Second {
		t.Errorf("half of it took a second: got %v left", got)
	}
	if got := realLeft(time.Millisecond, time.Second, half); got != Unknown {
		t.Errorf("after a millisecond: got %v left, which is a guess", got)
	}
}

// A live experiment takes longer than its load, since what was recorded is checked, and the time left tells that: a first run of
// 10 s of which all took 100 s is followed by one that takes as long.
func TestTheTimeLeftOfALiveExperimentIsMoreThanItsLoad(t *testing.T) {
	plan, err := experiment.Parse("live.yaml", []byte("topology: aws-2020-06-05\nregions: [us-east-1]\nprotocols: [paxos, raft]\nload: {rate: 10/s, warmup: 1s, duration: 9s}\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	var left time.Duration
	x := &execution{plan: plan, since: time.Now().Add(-100 * time.Second), options: Options{Watch: func(s Status) { left = s.Left }}}
	x.watcher(plan, Status{Run: 1})(run.Progress{Response: result.NewHistogram()})
	if left < 100*time.Second {
		t.Errorf("after a run that took 100 s, it says %v for another", left)
	}
	x.since = time.Now()
	x.watcher(plan, Status{Run: 1})(run.Progress{Response: result.NewHistogram()})
	if left != 10*time.Second {
		t.Errorf("before it is known how long a run takes, it says %v, want the 10 s of its load", left)
	}
}
