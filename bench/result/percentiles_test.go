package result

import (
	"testing"
	"time"
)

func TestPercentilesAreOfTheNearestRank(t *testing.T) {
	h := NewHistogram()
	for i := int64(1); i <= 150; i++ { // small values have buckets of their own
		if err := h.RecordValue(i); err != nil {
			t.Fatal(err)
		}
	}
	for percentile, want := range map[float64]time.Duration{0.1: 1, 50: 75, 99: 149, 99.9: 150, 100: 150} {
		if got := Percentile(h, percentile); got != want {
			t.Errorf("p%g of 1 to 150 is %d, not %d", percentile, want, got)
		}
	}
	if got := Percentile(NewHistogram(), 50); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestAPercentileNeedsTenSamplesBeyondIt(t *testing.T) {
	for _, c := range []struct {
		percentile   float64
		shown, solid int64
	}{{50, 20, 200}, {99, 1_000, 10_000}, {99.9, 10_000, 100_000}, {99.99, 100_000, 1_000_000}} {
		if got := SamplesNeeded(c.percentile); got != c.shown {
			t.Errorf("p%g needs %d samples, not %d", c.percentile, c.shown, got)
		}
		for count, want := range map[int64]Confidence{c.shown - 1: Withheld, c.shown: Dimmed, c.solid - 1: Dimmed, c.solid: Solid} {
			if got := ConfidenceIn(c.percentile, count); got != want {
				t.Errorf("p%g of %d samples: %d, want %d", c.percentile, count, got, want)
			}
		}
	}
}

func TestATallyKeepsExactFigures(t *testing.T) {
	tally := NewTally()
	for _, d := range []time.Duration{70_504_501, 70_504_500, 3} {
		tally.Add(d)
	}
	s := tally.Sum()
	if s.Min != 3 || s.Max != 70_504_501 || s.Count != 3 || s.Sum != 141_009_004 || s.P9999 != s.Max {
		t.Errorf("%+v", s)
	}
	tally.Add(2 * time.Minute)
	if s := tally.Sum(); s.Dropped != 1 || s.Max != 2*time.Minute {
		t.Errorf("a value beyond the histogram's range: %+v", s)
	}
}
