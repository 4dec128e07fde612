package reports

import (
	"slices"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"quorumbench/bench/result"
)

// What all runs passed is told in one line, and what only some protocols are held against beside their names.
func TestChecksThatOnlySomeAreHeldAgainstAreToldApart(t *testing.T) {
	check := func(name string, v result.Verdict) result.Check {
		return result.Check{Name: name, Verdict: v, Detail: "why"}
	}
	r := &result.Result{Runs: []result.Run{
		{Protocol: "zab", Checks: []result.Check{check("same order", result.Passed), check("linearizable", result.Passed)}},
		{Protocol: "local", Checks: []result.Check{check("same order", result.Passed), check("linearizable", result.NotPromised), check("sequential", result.Passed)}},
	}}
	want := []string{
		"checks passed by every run: same order",
		"checks passed by every run of local: sequential",
		"check: local: linearizable: not promised: why",
	}
	if got := checkLines(r); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// A protocol that takes no time has no place on a logarithmic axis.
func TestAnAxisWithZeroIsLinear(t *testing.T) {
	for _, c := range []struct {
		low         float64
		logarithmic bool
	}{{0, false}, {1, true}, {50, false}} {
		a := newScale()
		a.charts = []*plot.Plot{newPlot()}
		a.see(plotter.XYs{{X: 0, Y: c.low}, {X: 1, Y: 100}})
		if got := a.set(); got != c.logarithmic {
			t.Errorf("from %v to 100 the axis is logarithmic: %t", c.low, got)
		}
	}
}
