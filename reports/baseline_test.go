package reports

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// measured is threeRegions with six repeats and percentiles that are longer by a share; of histograms it has none.
func measured(share float64, repeats int, seed uint64) *result.Result {
	w := threeRegions()
	w.writes = 20
	r := w.result()
	r.Experiment.Repeats = repeats
	random := rand.New(rand.NewPCG(seed, 0))
	bare := r.Runs
	r.Runs = nil
	for repeat := range repeats {
		for _, run := range bare {
			run.Repeat, run.Regions = repeat, slices.Clone(run.Regions)
			for j := range run.Regions {
				region := &run.Regions[j]
				noisy := func(over float64) time.Duration {
					return time.Duration(float64(region.Floor) * over * (1 + share) * (1 + 0.002*random.NormFloat64()))
				}
				region.Intervals, region.Offered, region.Answered, region.Completed = nil, 2000, 2000, 2000
				region.Response = result.Summary{Count: 2000, P50: noisy(1.01), P99: noisy(1.05)}
				region.Service = region.Response
			}
			r.Runs = append(r.Runs, run)
		}
	}
	return r
}

func longer(share float64) *result.Result { return measured(share, 6, 2) }

func baseline() *result.Result { return measured(0, 6, 1) }

func TestLinksFivePercentLongerAreARegression(t *testing.T) {
	for _, c := range []struct {
		longer, allowed float64
		found           int
	}{
		{0, 0.03, 0}, {0.02, 0.03, 0}, {0.05, 0.03, 18}, {0.05, 0.10, 0}, {-0.05, 0, 0}, // 18: three protocols, three regions, two percentiles
	} {
		var out bytes.Buffer
		found, err := Baseline(&out, baseline(), longer(c.longer), "before", "after", BaselineOptions{FailAbove: c.allowed})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != c.found {
			t.Errorf("links longer by %g, %g allowed: found %d regressions, want %d: %v", c.longer, c.allowed, len(found), c.found, found)
		}
		if got := strings.Contains(out.String(), "REGRESSION: "); got != (c.found > 0) {
			t.Errorf("links longer by %g: the text says %q", c.longer, out.String())
		}
	}
}

// A region that is a quorum by itself answers a simulated write in no time.
func TestABaselineOfNoTimeIsOne(t *testing.T) {
	without := func(r *result.Result) *result.Result {
		for i := range r.Runs {
			s := &r.Runs[i].Regions[0]
			s.Response.P50, s.Service.P50 = 0, 0
		}
		return r
	}
	for _, c := range []struct {
		name      string
		base, now *result.Result
		want      []string
	}{
		{"no time before and after", without(baseline()), without(longer(0)), nil},
		{"no time after", baseline(), without(longer(0)), nil},
		{"no time before", without(baseline()), longer(0), []string{
			"quick, us-east-1, p50: more than 1,000× slower than before, more than the 3 % allowed",
			"led, us-east-1, p50: more than 1,000× slower than before, more than the 3 % allowed",
			"slow, us-east-1, p50: more than 1,000× slower than before, more than the 3 % allowed",
		}},
	} {
		found, err := Baseline(&bytes.Buffer{}, c.base, c.now, "before", "after", BaselineOptions{FailAbove: 0.03})
		if err != nil || !slices.Equal(found, c.want) {
			t.Errorf("%s: got %q, %v, want %q", c.name, found, err, c.want)
		}
	}
}

func TestAPercentileThatIsGoneIsARegression(t *testing.T) {
	after := baseline()
	for i := range after.Runs {
		if after.Runs[i].Protocol == "led" {
			after.Runs[i].Saturated = true
		}
	}
	found, err := Baseline(&bytes.Buffer{}, baseline(), after, "before", "after", BaselineOptions{FailAbove: 0.03, Force: true})
	if err != nil || len(found) != 6 || !strings.Contains(found[0], "led, us-east-1, p50: before has it and after has not") {
		t.Errorf("got %q, %v, want the six percentiles of led", found, err)
	}
}

func TestBaselinesThatShowNothingAreRefused(t *testing.T) {
	live := func(cpus int) *result.Result {
		r := baseline()
		r.Experiment.World, r.Machine.CPUs = experiment.Live, cpus
		return r
	}
	for _, c := range []struct {
		name      string
		base, now *result.Result
		want      string
	}{
		{"another machine", live(2), live(8), "with 2 CPUs in before"},
		{"a simulation beside a live run", baseline(), live(2), "a simulation in before"},
		{"too few repeats", measured(0, 4, 1), measured(0, 4, 2), "found 4 repeats; accepted: 6 or more in each result"},
		{"not to be believed", baseline(), func() *result.Result {
			r := baseline()
			r.Runs[0].Invalid = []string{"a", "b", "c", "d", "e"}
			return r
		}(),
			"after must not be believed, and is not compared with a baseline unless forced: quick: repeat 1: a; quick: repeat 1: b; and 3 more, which its run.json has"},
		{"another workload", baseline(), func() *result.Result { r := baseline(); r.Experiment.Load.ValueSize = 7; return r }(), "load.value_size"},
	} {
		if _, err := Baseline(&bytes.Buffer{}, c.base, c.now, "before", "after", BaselineOptions{FailAbove: 0.03}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
}
