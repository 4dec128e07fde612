package reports

import (
	"math"
	"testing"
)

// runsOf returns runs with the values 1 … n.
func runsOf(n int) []repeated {
	runs := make([]repeated, n)
	for i := range runs {
		runs[i] = repeated{i, float64((i*7)%n + 1)} // in another order: 7 is prime to the n below
	}
	return runs
}

func TestIntervalOfAMedianLiesBetweenRuns(t *testing.T) {
	// The ranks are those of tables of the sign test, e.g. Conover, Practical Nonparametric
	// Statistics: 6 to 8 runs have the extremes, 9 to 11 the second from each end.
	for _, c := range []struct {
		n         int
		median    float64
		has       bool
		low, high float64
	}{
		{1, 1, false, 0, 0}, {2, 1.5, false, 0, 0}, {5, 3, false, 0, 0},
		{6, 3.5, true, 1, 6}, {8, 4.5, true, 1, 8}, {9, 5, true, 2, 8}, {11, 6, true, 2, 10}, {12, 6.5, true, 3, 10}, {20, 10.5, true, 6, 15},
	} {
		got := medianOf(runsOf(c.n))
		if want := (estimate{c.median, c.has, c.low, c.high}); got != want {
			t.Errorf("%d runs: got %+v, want %+v", c.n, got, want)
		}
	}
}

func TestRatioNeedsSixPairsForItsInterval(t *testing.T) {
	from, to := []float64{10, 20, 30, 40, 50, 60}, []float64{20, 40, 60, 80, 100, 120}
	if got := pairedRatio(from[:5], to[:5], 1); got.hasInterval || math.Abs(got.value-2) > 1e-12 {
		t.Errorf("five pairs: got %+v, want 2 without an interval", got)
	}
	// What the runs of a pair share drops out: each is its own weather, the ratio is always 2.
	got := pairedRatio(from, to, 1)
	if !got.hasInterval || math.Abs(got.low-2) > 1e-9 || math.Abs(got.high-2) > 1e-9 {
		t.Errorf("six pairs of the same ratio: got %+v, want an interval from 2 to 2", got)
	}
}

func TestRatioIsAGeometricMeanWithinItsInterval(t *testing.T) {
	from, to := []float64{1, 1, 1, 1, 1, 1}, []float64{0.5, 2, 1, 1.2, 0.9, 1.1}
	got := pairedRatio(from, to, 3)
	mean := math.Exp((math.Log(0.5) + math.Log(2) + math.Log(1.2) + math.Log(0.9) + math.Log(1.1)) / 6)
	if math.Abs(got.value-mean) > 1e-12 {
		t.Errorf("got %v, want the geometric mean %v", got.value, mean)
	}
	if !(0.5 <= got.low && got.low < got.value && got.value < got.high && got.high <= 2) {
		t.Errorf("got %+v, want an interval around the value and within the data", got)
	}
	back := pairedRatio(to, from, 3)
	if math.Abs(back.value*got.value-1) > 1e-12 || math.Abs(back.low*got.high-1) > 0.02 {
		t.Errorf("the other way round got %+v, want the reciprocals of %+v", back, got)
	}
	if again := pairedRatio(from, to, 3); again != got {
		t.Errorf("the same seed gave %+v, then %+v", got, again)
	}
}
