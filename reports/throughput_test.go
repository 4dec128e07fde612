package reports

import (
	"slices"
	"testing"
	"time"

	"quorumbench/bench/result"
)

func TestTheKneeIsTheLastPointThatKeepsUp(t *testing.T) {
	want := []string{
		"quick keeps up with every load up to 2,400 writes/s; its knee lies beyond.",
		"led has its knee at 1,200 writes/s (load.rate 400/s); at 800/s, 1,200 of 2,400/s are answered; what limits it is the machine.",
		"slow is beyond its knee at the least load: 300 of 600/s are answered; what limits it is the machine.",
	}
	r := overloaded()
	if got := sweepOf(r).throughputLines(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for i := range r.Runs { // now led answers more than is offered, which came before
		if run := &r.Runs[i]; run.Protocol == "led" && run.Point == "800/s" {
			for j := range run.Regions {
				run.Regions[j].Completed = run.Regions[j].Offered * 2
			}
		}
	}
	if got, want := sweepOf(r).throughputLines()[1], "led has its knee at 1,200 writes/s (load.rate 400/s); at 800/s, 4,800 of 2,400/s are answered, with what had waited since the warm-up; what limits it is the machine."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for i := range r.Runs { // now p99 of quick more than doubles at the last point, from one region
		if run := &r.Runs[i]; run.Protocol == "quick" && run.Point == "800/s" {
			run.Regions[1].Response.P99, run.Regions[1].Service.P99 = 200*time.Millisecond, 200*time.Millisecond
		}
	}
	if got, want := sweepOf(r).throughputLines()[0], "quick has its knee at 1,200 writes/s (load.rate 400/s); at 800/s, p99 from eu-west-1 is 2.74× what it is at the least load."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A load at which something else was in the way is not the knee, if more is kept up with.
func TestALoadBelowTheKneeWasDisturbed(t *testing.T) {
	r := overloaded()
	for i := range r.Runs {
		if run := &r.Runs[i]; run.Protocol == "quick" && run.Point == "400/s" {
			run.Regions[1].Response.P99, run.Regions[1].Service.P99 = 200*time.Millisecond, 200*time.Millisecond
		}
	}
	want := []string{
		"quick keeps up with every load up to 2,400 writes/s; its knee lies beyond.",
		"quick was disturbed at 400/s, since it keeps up with more: p99 from eu-west-1 is 2.74× what it is at the least load.",
	}
	if got := sweepOf(r).throughputLines()[:2]; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A load that is answered while all latencies are withheld is told beside the knee, which may be lower.
func TestALoadWhoseLatencyIsWithheldIsTold(t *testing.T) {
	r := overloaded()
	for i := range r.Runs {
		if run := &r.Runs[i]; run.Protocol == "quick" && run.Point != "200/s" {
			for j := range run.Regions {
				run.Regions[j].Late = result.Percentiles{P50: time.Second, P90: time.Second, P99: time.Second, P999: time.Second, P9999: time.Second}
			}
		}
	}
	want := []string{
		"quick keeps up with every load up to 2,400 writes/s; its knee lies beyond.",
		"quick answers what is offered at 400/s and 800/s, but how long it takes is withheld there, so that its knee may be lower.",
	}
	if got := sweepOf(r).throughputLines()[:2]; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// What was saturated in a sweep over the load is a finding, and no reason not to believe the others.
func TestSaturationIsAFindingOfASweepOverTheLoad(t *testing.T) {
	r := overloaded()
	if reasons := r.Invalid(); len(reasons) > 0 {
		t.Errorf("invalid: %q", reasons)
	}
	r.Experiment.Sweep.Path = "load.keys.conflicts"
	if reasons := r.Invalid(); len(reasons) != 4 {
		t.Errorf("of another sweep, %d reasons, want 4: %q", len(reasons), reasons)
	}
}

func TestACurveOverThroughputStandsWhereItsPointsAre(t *testing.T) {
	picture := drawn(t, overloaded())["throughput.png"]
	area := below(picture, headerPixels)
	quick, n := extent(picture, area, protocolColor(0)) // up to 2,400/s
	led, m := extent(picture, area, protocolColor(1))   // up to 1,200/s, and as many with another 1,200 at most
	if n < 1000 || m < 1000 || quick.Max.X <= led.Max.X {
		t.Errorf("the lines are %v and %v, want the second to end before its saturated point", quick, led)
	}
}
