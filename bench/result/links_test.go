package result

import (
	"math"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/netem"
)

// trips sums up round trips as a site does.
func trips(lost int, all ...time.Duration) RoundTrips {
	t := RoundTrips{Probes: len(all) + lost, Lost: lost, Min: math.MaxInt64}
	for _, one := range all {
		t.Min, t.Max, t.Mean = min(t.Min, one), max(t.Max, one), t.Mean+one/time.Duration(len(all))
	}
	squares := 0.0
	for _, one := range all {
		squares += float64(one-t.Mean) * float64(one-t.Mean)
	}
	t.Mdev, t.P50, t.P99 = time.Duration(math.Sqrt(squares/float64(len(all)))), t.Mean, t.Max
	return t
}

func TestMeasurementsOfALinkArePutTogether(t *testing.T) {
	const ms = time.Millisecond
	both, want := trips(1, 10*ms, 12*ms).and(trips(0, 20*ms, 22*ms, 21*ms, 17*ms)), trips(1, 10*ms, 12*ms, 20*ms, 22*ms, 21*ms, 17*ms)
	for _, c := range []struct {
		name        string
		found, want time.Duration
	}{{"least", both.Min, want.Min}, {"greatest", both.Max, want.Max}, {"mean", both.Mean, want.Mean}, {"mdev", both.Mdev, want.Mdev}} {
		if (c.found - c.want).Abs() > time.Microsecond {
			t.Errorf("%s: found %v, want %v", c.name, c.found, c.want)
		}
	}
	if both.Probes != 7 || both.Lost != 1 {
		t.Errorf("found %d probes, %d lost; want 7 and 1", both.Probes, both.Lost)
	}
	if one := (RoundTrips{Probes: 20, Lost: 20}).and(trips(0, 5*ms)); one.Min != 5*ms || one.Probes != 21 || one.Lost != 20 {
		t.Errorf("beside a measurement in which all was lost: %+v", one)
	}
}

// The topology that is written reads as what was measured, also where a region has two replicas and names have signs.
func TestMeasuredLinksAreATopology(t *testing.T) {
	const ms = time.Millisecond
	r := &Result{
		Experiment: experiment.Experiment{Name: "real: \"links\"", Regions: []string{"são paulo", "b", "b#2"}, Network: experiment.Network{Links: experiment.Real}},
		Topology:   experiment.Topology{OneWay: [][]time.Duration{{0, 9, 9}, {9, 2, 9}, {9, 9, 2}}},
	}
	var links []Link
	for i, from := range r.Experiment.Regions {
		for j, to := range r.Experiment.Regions {
			if i != j {
				of := time.Duration(10*(i+1)*(j+1)) * ms
				links = append(links, Link{From: from, To: to, Joined: of, Before: trips(0, of, of+2*ms), After: trips(2, of)})
			}
		}
	}
	r.Runs = []Run{{Links: links}}
	var b strings.Builder
	if err := writeMeasured(&b, r); err != nil {
		t.Fatal(err)
	}
	found, err := netem.ParseTopology("measured.yaml", []byte(b.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if strings.Join(found.Regions, ",") != "são paulo,b" || !found.Varies() {
		t.Errorf("found the regions %v", found.Regions)
	}
	there, err := found.Link("são paulo", "b")
	if whole := r.MeasuredLinks()[0]; err != nil || there.Min != 20*ms || there.Max != 22*ms || there.Avg != whole.Mean.Round(time.Microsecond) || there.Mdev != whole.Mdev.Round(time.Microsecond) || (there.OneWay-whole.P50/2).Abs() > time.Microsecond {
		t.Errorf("found %+v, %v; want %+v", there, err, whole)
	}
	if within, err := found.Link("b", "b"); err != nil || within.Assumed || within.Min != 60*ms {
		t.Errorf("between two replicas of a region: %+v, %v", within, err)
	}
	delays := r.TypicalDelays()
	if (delays[0][1]-there.OneWay).Abs() > time.Microsecond || delays[1][0] != delays[0][1] || delays[1][1] != 2 {
		t.Errorf("found the delays %v", delays)
	}
	r.Runs[0].Links = links[:2]
	if r.TypicalDelays() != nil {
		t.Error("links that nobody has measured have delays")
	}
}
