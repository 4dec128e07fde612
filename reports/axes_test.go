package reports

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"

	"quorumbench/bench/result"
)

func labelsOf(ticks []plot.Tick) []string {
	var labels []string
	for _, tick := range ticks {
		labels = append(labels, tick.Label)
	}
	return labels
}

func TestEachNineTakesTheSameRoom(t *testing.T) {
	for percentile, want := range map[float64]float64{0: 0, 90: 1, 99: 2, 99.9: 3, 99.99: 4} {
		if got := nines(percentile); math.Abs(got-want) > 1e-9 {
			t.Errorf("p%v stands at %v, want %v", percentile, got, want)
		}
		if got := percentileAt(want); math.Abs(got-percentile) > 1e-9 {
			t.Errorf("at %v stands p%v, want p%v", want, got, percentile)
		}
	}
}

func TestPercentileAxisIsLabelledInNines(t *testing.T) {
	for _, c := range []struct {
		end  float64
		want []string
	}{
		{nines(99), []string{"0", "50", "90", "99"}},
		{nines(99) - 0.01, []string{"0", "50", "90"}},
		{nines(99.99), []string{"0", "50", "90", "99", "99.9", "99.99"}},
	} {
		if got := labelsOf(ninesTicks{}.Ticks(0, c.end)); !slices.Equal(got, c.want) {
			t.Errorf("up to %v: got %q, want %q", c.end, got, c.want)
		}
	}
}

func TestLinearAxesAreLabelledAtRoundNumbers(t *testing.T) {
	for _, c := range []struct {
		high float64
		most int
		want []string
	}{
		{0.55, 6, []string{"0.0", "0.1", "0.2", "0.3", "0.4", "0.5"}},
		{320, 8, []string{"0", "50", "100", "150", "200", "250", "300"}},
		{10, 11, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}},
		{148, 7, []string{"0", "25", "50", "75", "100", "125"}},
		{0.09, 4, []string{"0.000", "0.025", "0.050", "0.075"}},
	} {
		if got := labelsOf(roundTicks{most: c.most}.Ticks(0, c.high)); !slices.Equal(got, c.want) {
			t.Errorf("0 to %v: got %q, want %q", c.high, got, c.want)
		}
	}
	for _, tick := range (roundTicks{most: 5, unlabelled: true}).Ticks(0, 10) {
		if tick.IsMinor() {
			t.Errorf("the unlabelled tick at %v has no grid line", tick.Value)
		}
	}
}

func TestTitlesBreakBetweenWords(t *testing.T) {
	atMost := func(n int) func(string) bool { return func(s string) bool { return len(s) <= n } }
	for _, c := range []struct {
		text string
		most int
		want []string
	}{
		{"", 10, nil},
		{"short", 10, []string{"short"}},
		{"one two three four", 9, []string{"one two", "three", "four"}},
		{"a northamerica-northeast1 b", 5, []string{"a", "northamerica-northeast1", "b"}},
	} {
		if got := wrap(c.text, atMost(c.most)); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// histogramOf holds n values of a millisecond.
func histogramOf(n int64) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, int64(time.Minute), 3)
	if err := h.RecordValues(int64(time.Millisecond), n); err != nil {
		panic(err) // a millisecond is within the histogram
	}
	return h
}

func TestCurvesEndWhereSamplesDo(t *testing.T) {
	of := func(h *hdrhistogram.Histogram) *series {
		one := result.Operations{Response: result.WithPercentiles(result.Summary{Count: h.TotalCount(), Min: 1, Max: time.Duration(h.Max())}, h),
			Intervals: []result.Interval{{Response: result.PackHistogram(h)}}}
		one.Service = one.Response
		region := result.RegionRun{Operations: one}
		return &series{RegionRun: region, runs: []result.Run{{Regions: []result.RegionRun{region}}}}
	}
	for _, c := range []struct {
		samples          int64
		solidTo, faintTo float64 // percentiles
	}{
		{1000, 90, 99}, {10_000, 99, 99.9}, {100_000, 99.9, 99.99}, {50, -1, 80},
	} {
		var solid, faint []quantile
		for _, part := range of(histogramOf(c.samples)).curve() {
			if part.faint {
				faint = part.points
			} else {
				solid = part.points
			}
		}
		if c.solidTo < 0 && len(solid) > 0 {
			t.Errorf("%d samples have a solid part", c.samples)
		}
		if c.solidTo >= 0 {
			if end := solid[len(solid)-1].x; math.Abs(end-nines(c.solidTo)) > 2*curveStep {
				t.Errorf("%d samples are solid up to p%v, want p%v", c.samples, percentileAt(end), c.solidTo)
			}
		}
		if end := faint[len(faint)-1].x; math.Abs(end-nines(c.faintTo)) > 2*curveStep {
			t.Errorf("%d samples are shown up to p%v, want p%v", c.samples, percentileAt(end), c.faintTo)
		}
	}
	if all := of(histogramOf(5)).curve(); all != nil {
		t.Error("five samples have a curve")
	}
}

// All percentiles of a histogram at once are what they are one by one.
func TestQuantiles(t *testing.T) {
	h := result.NewHistogram()
	for i := range int64(3000) {
		if err := h.RecordValue(70_000_000 + i*i*100); err != nil {
			t.Fatal(err)
		}
	}
	var xs []float64
	for x := 0.05; x < 3; x += 0.05 {
		xs = append(xs, x)
	}
	for i, got := range quantiles(h, xs) {
		if want := result.Percentile(h, percentileAt(xs[i])); got != want {
			t.Errorf("p%v is %v, want %v", percentileAt(xs[i]), got, want)
		}
	}
}

func TestIntervalsAreJoinedUntilTheyBearAMedian(t *testing.T) {
	var intervals []result.Interval
	for i, n := range []int64{30, 8, 8, 8, 25, 5} {
		intervals = append(intervals, result.Interval{Start: time.Duration(i) * time.Second, Length: time.Second, Response: result.PackHistogram(histogramOf(n))})
	}
	type extent struct {
		from, to float64
		count    int64
	}
	var got []extent
	for _, s := range coarsened(intervals) {
		got = append(got, extent{s.from, s.to, s.response.TotalCount()})
	}
	if want := []extent{{0, 1, 30}, {1, 4, 24}, {4, 6, 30}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := intervals[4].Response.TotalCount(); n != 25 {
		t.Errorf("the result's own histogram was changed: it holds %d values, want 25", n)
	}
	if got := coarsened(intervals[1:3]); got != nil {
		t.Errorf("16 writes have a timeline: %v", got)
	}
}
