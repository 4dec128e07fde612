package reports

import (
	"testing"
	"time"

	"quorumbench/bench/result"
)

// A heat map has all operations, each in a cell of its time and its latency.
func TestAHeatMapHasAllOperationsInTheirPlaces(t *testing.T) {
	var intervals []result.Interval
	for i := range 120 {
		h := result.NewHistogram()
		for range 10 {
			if err := h.RecordValue(int64(i+1) * int64(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		}
		intervals = append(intervals, result.Interval{Start: time.Duration(i) * time.Second, Length: time.Second, Response: result.PackHistogram(h)})
	}
	region := result.RegionRun{Operations: result.Operations{Intervals: intervals}}
	m := heatMap{heat: heatOf(&series{RegionRun: region, runs: []result.Run{{Regions: []result.RegionRun{region}}}}, 0)}
	low, high, ok := m.extent()
	if !ok || low > 1 || low < 0.99 || high < 119 || high > 120 {
		t.Errorf("the heat map goes from %v to %v ms, want 1 to 120", low, high)
	}
	m.grid(low, high)
	count, columns := int64(0), map[float64]bool{}
	for _, c := range m.cells {
		count += c.count
		columns[c.from] = true
		// In the seconds from n to n+2 are latencies of n+1 and n+2 ms. A row is 17 % high.
		if c.high < (c.from+1)*0.99 || c.low > (c.to)*1.01 {
			t.Errorf("from %v to %v s there are latencies of %v to %v ms", c.from, c.to, c.low, c.high)
		}
	}
	if count != 1200 || len(columns) != heatColumns {
		t.Errorf("%d operations in %d columns, want 1200 in %d", count, len(columns), heatColumns)
	}
}

func TestATrustPanelShowsTheWorstRunOfEachProtocol(t *testing.T) {
	w := threeRegions()
	w.repeats = 2
	r := w.result()
	r.Experiment.World = "live"
	last := &r.Runs[len(r.Runs)-1] // of slow
	last.Regions[1].Lag = result.Summary{Count: 1, P50: time.Millisecond, P99: 3 * time.Millisecond}
	last.Network.Lateness = result.Summary{Count: 1, P50: 2 * time.Millisecond, P99: 5 * time.Millisecond}
	last.Regions[0].Completed /= 2
	if f := trustFigure(r); len(f.panels) != 4 {
		t.Errorf("without systems there are %d panels, want 4", len(f.panels))
	}
	last.System = &result.System{Certificate: &result.Certificate{Links: []result.CertifiedLink{
		{Intended: 10 * time.Millisecond, Received: 1, P50: 11 * time.Millisecond, P99: 12 * time.Millisecond},
		{Intended: 20 * time.Millisecond, Received: 1, P50: 20 * time.Millisecond, P99: 24 * time.Millisecond},
		{Intended: 30 * time.Millisecond}, // which has lost all
	}}}
	all := trustOf(r)
	if got := all[2]; !got.probed || got.probes.P50 != time.Millisecond || got.probes.P99 != 4*time.Millisecond || all[0].probed {
		t.Errorf("the probes of slow were late by %+v; those of quick: %v", got.probes, all[0].probed)
	}
	if f := trustFigure(r); len(f.panels) != 5 {
		t.Errorf("with a system there are %d panels, want 5", len(f.panels))
	}
	if got := all[2]; got.lag.P99 != 3*time.Millisecond || got.lateness.P99 != 5*time.Millisecond || got.share() > 84 || got.share() < 83 {
		t.Errorf("the worst of slow is %+v", got)
	}
	if got := all[0]; got.lag.P99 != 0 || got.share() != 100 {
		t.Errorf("the worst of quick is %+v", got)
	}
	if _, ok := drawn(t, r)["trust.png"]; !ok {
		t.Error("a live result has no trust.png")
	}
	r.Experiment.World = "sim"
	for _, f := range figuresOf(r) {
		if f.name == "trust" {
			t.Error("a simulated result has a trust panel")
		}
	}
}
