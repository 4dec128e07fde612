package bench_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

const searched = `topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [mmp3]
load: {arrivals: saturate, slo: {p99: 160ms}, rate: 1000/s, duration: 1s, warmup: 500ms, timeout: 1s, value_size: 16B}
simulation: {message_cost: 50us}
world: sim
`

// twoSearches has four searches for the highest rate, two of each protocol.
var twoSearches = strings.NewReplacer("[mmp3]", "[mmp3, raft]", "rate: 1000/s, duration: 1s", "rate: 20/s, precision: 50%, duration: 1s",
	"p99: 160ms", "p50: 160ms", "50us", "2ms").Replace(searched) + "repeats: 2\n"

// The search ends with two rates that are 5 % apart at most: at the lower the objective is kept, at the higher it is not.
func TestASearchBracketsTheHighestRate(t *testing.T) {
	find := func(text string) (kept, missed experiment.Rate, fingerprint string) {
		plan, err := experiment.Parse("e.yaml", []byte(text), registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		found, err := bench.Execute(context.Background(), plan, bench.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Knees) != 1 {
			t.Fatalf("%d searches, want 1", len(found.Knees))
		}
		knee := found.Knees[0]
		worst := func(rate experiment.Rate) (p99 float64, saturated bool) {
			for _, run := range found.Runs {
				if run.Point == rate.String() {
					for _, region := range run.Regions {
						p99 = max(p99, region.Response.P99.Seconds())
					}
					saturated = run.Saturated
				}
			}
			return p99, saturated
		}
		if p99, saturated := worst(knee.Kept); p99 == 0 || p99 > 0.160 || saturated {
			t.Errorf("at %v, which is said to keep it, p99 is %.3f s, saturated %t", knee.Kept, p99, saturated)
		}
		if p99, saturated := worst(knee.Missed); p99 <= 0.160 && !saturated {
			t.Errorf("at %v, which is said to miss it (%s), p99 is %.3f s", knee.Missed, knee.Why, p99)
		}
		return knee.Kept, knee.Missed, found.Fingerprint
	}
	kept, missed, fingerprint := find(searched)
	if kept >= missed || missed > kept*1.05 {
		t.Errorf("between %v and %v, want two rates that are 5 %% apart at most", kept, missed)
	}
	if _, _, again := find(searched); again != fingerprint {
		t.Error("one seed gives two searches")
	}
}

// The runs of a slow search in virtual time are longer than the load says, so that their dates overlap; and a search may find no
// rate that keeps the objective. Its result is read as it was written.
func TestTheResultOfASlowSearchIsReadAgain(t *testing.T) {
	found, err := bench.Execute(t.Context(), parse(t, twoSearches), bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if found.Knees[0].Kept != 0 && found.Knees[1].Kept != 0 {
		t.Errorf("all searches found a rate: %+v", found.Knees)
	}
	if d, _ := result.FirstDifference(found, restored(t, found)); d != nil {
		t.Errorf("found %v", d)
	}
}

// What a search has found so far is kept after each run, with all rates that it has tried.
func TestASearchIsKeptAfterEachRun(t *testing.T) {
	kept := 0
	_, err := bench.Execute(t.Context(), parse(t, searched), bench.Options{Keep: func(partial *result.Result) {
		kept++
		for _, run := range partial.Runs {
			if partial.Experiment.Sweep == nil || !slices.Contains(partial.Experiment.Sweep.Values, run.Point) {
				t.Errorf("after %d runs, the rate %s is no point of the result", len(partial.Runs), run.Point)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if kept < 2 {
		t.Errorf("kept %d times", kept)
	}
}
