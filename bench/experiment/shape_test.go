package experiment_test

import (
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

const regions = "topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\n"

func TestMistakesInShapesAreToldWithTheirPlace(t *testing.T) {
	for _, test := range []struct{ load, want string }{
		{"{peak: 3}", "3:14: found it with arrivals: poisson; accepted: with arrivals: ramp, step, burst, day"},
		{"{arrivals: ramp, steps: 3}", "found it with arrivals: ramp; accepted: with arrivals: step"},
		{"{arrivals: ramp, peak: 0.5}", "found 0.5; accepted: a factor from 1 to 10000"},
		{"{arrivals: step, steps: 1}", "found 1; accepted: 2 to 1000"},
		{"{arrivals: burst, every: 1s, burst: 2s}", "found 2s; accepted: more than 0s, up to load.every, 1s"},
		{"{arrivals: ramp, rate: 5000/s, peak: 11}", "found 11, which makes 55000/s in us-east-1; accepted: up to 50000/s in each region"},
		{"{arrivals: day, hours: {nowhere: 3}}", `found "nowhere"; accepted: us-east-1, eu-west-1, ap-northeast-1`},
		{"{arrivals: day, hours: {eu-west-1: 30}}", "found 30; accepted: hours before or after the midnight of the run, -12 to 14"},
	} {
		_, err := experiment.Parse("e.yaml", []byte(regions+"load: "+test.load+"\n"), registry.Drivers)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.load, err, test.want)
		}
	}
}

func TestAChangingRateHasItsDefaults(t *testing.T) {
	plan, err := experiment.Parse("e.yaml", []byte(regions+"load: {arrivals: burst, duration: 50s}\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	l := &plan.Experiment.Load
	if l.Peak != 10 || l.Every != 10*time.Second || l.Burst != time.Second {
		t.Errorf("a peak of %g, bursts of %v every %v", l.Peak, l.Burst, l.Every)
	}
	if mean := l.MeanFactor(); mean < 1.89 || mean > 1.91 {
		t.Errorf("mean factor %g, want 1.9", mean)
	}
}
