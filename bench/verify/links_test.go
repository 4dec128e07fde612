package verify

import (
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

func TestLinksThatAreNotWhatWasMeasuredAreTold(t *testing.T) {
	const us = time.Microsecond
	found := func(least, mdev time.Duration) result.RoundTrips {
		return result.RoundTrips{Probes: 20, Min: least, P50: least, Mean: least, P99: least, Max: least, Mdev: mdev}
	}
	for _, c := range []struct {
		name                  string
		whole                 time.Duration // the round trip that the link is to have
		joined, before, after result.RoundTrips
		want                  string // a part of the reason; empty for none
	}{
		{"the same", 20 * ms, found(20*ms, 0), found(20*ms, 0), found(20*ms, 0), ""},
		{"slower afterwards", 20 * ms, found(20*ms, 0), found(20*ms, 0), found(25*ms, 0), "was 20ms when the sites joined, 20ms before this run and 25ms after it; accepted: within 1ms"},
		{"faster before", 20 * ms, found(20*ms, 0), found(15*ms, 0), found(20*ms, 0), "15ms before this run"},
		{"within the share", 20 * ms, found(20*ms, 0), found(20*ms+900*us, 0), found(20*ms, 0), ""},
		{"it varies by as much", 20 * ms, found(20*ms, 0), found(20*ms, 0), found(25*ms, 6*ms), ""},
		{"a short link, by little", 300 * us, found(300*us, 10*us), found(300*us, 10*us), found(450*us, 10*us), ""},
		{"a short link, by much", 300 * us, found(300*us, 10*us), found(300*us, 10*us), found(600*us, 10*us), "600µs after it"},
		{"below an emulated link, by little", 80 * ms, found(300*us, 10*us), found(300*us, 10*us), found(3*ms, 10*us), ""},
		{"below an emulated link, by much", 80 * ms, found(300*us, 10*us), found(300*us, 10*us), found(9*ms, 10*us), "9ms after it"},
		{"not measured afterwards", 20 * ms, found(20*ms, 0), found(20*ms, 0), result.RoundTrips{}, ""},
		{"all were lost afterwards", 20 * ms, found(20*ms, 0), found(20*ms, 0), result.RoundTrips{Probes: 20, Lost: 20}, ""},
	} {
		plan := &experiment.Plan{Experiment: experiment.Experiment{Regions: []string{"a", "b"}}}
		plan.Topology.OneWay = [][]time.Duration{{0, c.whole / 2}, {c.whole / 2, 0}}
		r := &Record{Plan: plan, Links: []result.Link{{From: "a", To: "b", Joined: c.joined.Min, Before: c.before, After: c.after}}}
		var run result.Run
		r.judgeLinks(func(format string, args ...any) { addReason(&run, format, args...) })
		reasons := strings.Join(run.Invalid, "; ")
		if (reasons == "") != (c.want == "") || !strings.Contains(reasons, c.want) || c.want != "" && !strings.HasPrefix(reasons, "the real link from a to b is not what was measured") {
			t.Errorf("%s: found %q, want %q", c.name, reasons, c.want)
		}
	}
}
