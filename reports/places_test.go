package reports

import (
	"math"
	"testing"
)

// Values that are numbers of one unit stand in proportion, others at equal distances.
func TestPointsOfASweepStandInProportion(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   []float64
	}{
		{[]string{"500/s", "2000/s", "4000/s", "20000/s"}, []float64{0, 3 * 1.5 / 19.5, 3 * 3.5 / 19.5, 3}},
		{[]string{"0s", "100ms", "400ms"}, []float64{0, 0.5, 2}},
		{[]string{"1/s", "10/s", "100/s"}, []float64{0, 1, 2}},
		{[]string{"0%", "10%", "100%"}, []float64{0, 0.2, 2}}, // zero has no logarithm
		{[]string{"0%", "1%", "100%"}, []float64{0, 1, 2}},    // the first two would cover each other
		{[]string{"1s", "1500ms", "4s"}, []float64{0, 1, 2}},
		{[]string{"4%", "1%", "2%"}, []float64{0, 1, 2}},
		{[]string{"false", "true", "2"}, []float64{0, 1, 2}},
	} {
		for i, got := range (&sweep{values: c.values}).places() {
			if math.Abs(got-c.want[i]) > 1e-9 {
				t.Errorf("%v: the %d. stands at %g, want %g", c.values, i+1, got, c.want[i])
			}
		}
	}
}
