package reports

import (
	"math"
	"slices"
	"testing"
	"time"
)

// A curve is the difference of a percentile and the floor, and its band goes from the least to the greatest repeat.
func TestADistributionStandsAboveItsFloor(t *testing.T) {
	w := threeRegions()
	w.repeats, w.writes = 3, 5000
	v := viewOf(w.result())
	for _, row := range v.series {
		for _, s := range row {
			parts := s.curve()
			found := false
			for _, part := range parts {
				points := part.line()
				low, high := part.outline()
				for i, p := range part.points {
					if math.Abs(p.x-nines(50)) > curveStep/2 {
						continue
					}
					found = true
					at := millis(s.Response.P50 - s.Floor)
					if math.Abs(points[i].Y-at) > 0.05*at {
						t.Errorf("p50 is drawn %.3f ms above the floor, want %.3f", points[i].Y, at)
					}
					var repeats []float64
					for _, one := range s.byRepeat(p50) {
						repeats = append(repeats, one.value/1e6-millis(s.Floor))
					}
					if least := slices.Min(repeats); math.Abs(low[i]-least) > 0.05*at {
						t.Errorf("the band begins at %.3f ms, want %.3f", low[i], least)
					}
					if greatest := slices.Max(repeats); math.Abs(high[i]-greatest) > 0.05*at {
						t.Errorf("the band ends at %.3f ms, want %.3f", high[i], greatest)
					}
				}
			}
			if !found {
				t.Error("there is no p50")
			}
		}
	}
}

// The band of a single run is what may be the instrument's, though nothing is below the floor.
func TestABandOfOneRunIsItsBound(t *testing.T) {
	r := threeRegions().result()
	s := viewOf(r).series[0][0]
	s.Late.P50, s.Late.P90 = 100*time.Microsecond, time.Hour
	for _, part := range s.curve() {
		for _, p := range part.points {
			switch at := percentileAt(p.x); {
			case at > 0 && at <= 50 && p.low != max(s.Floor, p.at-100*time.Microsecond):
				t.Fatalf("p%.1f is %v and its band begins at %v, want 100 µs less, or the floor of %v", at, p.at, p.low, s.Floor)
			case at > 50 && at < 90:
				t.Fatalf("p%.1f is drawn, and an hour of it may be the instrument's", at)
			}
		}
	}
}

func TestFiguresInWhichNothingIsToBeSeenAreLeftOut(t *testing.T) {
	w := threeRegions()
	w.tail = 1e-9
	drawn, err := Draw(t.TempDir(), w.result(), FigureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"distribution (every percentile that may be shown is at its floor)",
		"timeline (p10 to p90 stayed within 1 % all the time)",
		"heat (all writes of a region and protocol took as long, within 1 %)",
	}
	if !slices.Equal(drawn.LeftOut, want) || !slices.Equal(LeftOut(w.result()), want) || len(drawn.Paths) != 1 {
		t.Errorf("left out are %q, drawn %q", drawn.LeftOut, drawn.Paths)
	}
	w.tail = 0.05
	if left := LeftOut(w.result()); len(left) > 0 {
		t.Errorf("left out are %q where there is something to be seen", left)
	}
}
