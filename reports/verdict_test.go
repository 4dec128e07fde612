package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/result"
)

func TestVerdictReadsWhatWasMeasured(t *testing.T) {
	ms := time.Millisecond
	two := func(protocols ...invented) *result.Result {
		return world{regions: []string{"a", "b"}, quorums: []time.Duration{50 * ms, 80 * ms}, protocols: protocols, writes: 500}.result()
	}
	oneInvalid := two(invented{"quick", "", []float64{1, 1}}, invented{"slow", "", []float64{2, 2}})
	oneInvalid.Runs[0].Invalid = []string{"late"}
	unanswered := two(invented{"quick", "", []float64{1, 1}})
	unanswered.Runs[0].Regions[1].Errors = 3
	none := two(invented{"quick", "", []float64{1, 1}})
	for i := range none.Runs[0].Regions {
		r := &none.Runs[0].Regions[i]
		r.Answered, r.Errors = 0, r.Offered
	}
	quiet := two(invented{"quick", "", []float64{1, 1}})
	for i := range quiet.Runs[0].Regions {
		r := &quiet.Runs[0].Regions[i]
		r.Offered, r.Answered, r.Errors = 0, 0, 0
	}
	noTime := two(invented{"quick", "", []float64{1, 1}}, invented{"slow", "", []float64{1, 2}})
	for i := range noTime.Runs {
		noTime.Runs[i].Regions[0].Quorum = 0
	}
	noTime.Runs[0].Regions[0].Response.P50, noTime.Runs[0].Regions[0].Intervals = 0, nil
	half := two(invented{"quick", "", []float64{1, 1}})
	half.Runs[0].Regions[1].Errors = 250

	options := two(invented{"p", "a", []float64{1, 1}}, invented{"p+fast", "a", []float64{1, 1}}, invented{"p+slow", "b", []float64{2, 2}})
	for i, label := range []string{"p", "p+fast", "p+slow@b"} {
		options.Experiment.Protocols[i].Name, options.Experiment.Protocols[i].Label = "p", label
		for j := range options.Runs {
			if r := &options.Runs[j]; label == r.Protocol+"@b" {
				r.Protocol = label
			}
		}
	}

	for _, c := range []struct {
		name   string
		result *result.Result
		want   []string
	}{
		{"one protocol with different options", options, []string{
			"p and p+fast with leader a commit in one round trip everywhere.",
			"p+slow with leader b takes two round trips everywhere (2.0× slower than p).",
		}},
		{"one round trip and more", threeRegions().result(), []string{
			"quick commits in one round trip everywhere.",
			"led with leader us-east-1 takes two round trips from eu-west-1 (2.0× slower than quick) and 1.5 round trips from ap-northeast-1 (1.5× slower).",
			"slow takes two round trips everywhere (2.0× slower than quick).",
		}},
		{"those alike share a sentence", two(invented{"x", "", []float64{1, 1}}, invented{"y", "", []float64{1, 1}},
			invented{"p", "a", []float64{1, 2}}, invented{"q", "a", []float64{1, 2}}), []string{
			"x and y commit in one round trip everywhere.",
			"p and q with leader a take two round trips from b (2.0× slower than x).",
		}},
		{"different leaders are told apart", two(invented{"x", "", []float64{1, 1}}, invented{"p", "a", []float64{2, 2}}, invented{"q", "b", []float64{2, 2}}), []string{
			"x commits in one round trip everywhere.",
			"p with leader a and q with leader b take two round trips everywhere (2.0× slower than x).",
		}},
		{"a single protocol that differs by region", two(invented{"p", "a", []float64{1, 2.5}}), []string{
			"p with leader a commits in one round trip from a and 2.5 round trips from b.",
		}},
		{"slower here, faster there", two(invented{"p", "", []float64{1, 2}}, invented{"q", "", []float64{3, 1}}), []string{
			"p commits in one round trip from a and two round trips from b.",
			"q takes three round trips from a (3.0× slower than p) and one round trip from b (2.0× faster).",
		}},
		{"factors that differ are a range", two(invented{"p", "", []float64{1, 1.5}}, invented{"q", "", []float64{3, 3}}), []string{
			"p commits in one round trip from a and 1.5 round trips from b.",
			"q takes three round trips everywhere (2.0 to 3.0× slower than p).",
		}},
		{"nothing is so many times as long as no time", noTime, []string{
			"quick commits in 0 ms from a and one round trip from b.",
			"slow takes 50.4 ms from a (slower than quick) and two round trips from b (2.0× slower).",
		}},
		{"a quorum of itself has no round trip", alone().result(), []string{"solo commits in 0.252 ms from local."}},
		{"too few writes", withWrites(threeRegions(), 19), []string{"No verdict: no valid run has the 20 writes from a region that a median takes, more than half of them answered."}},
		{"nothing was run", notRun(), []string{"No verdict: no valid run has the 20 writes from a region that a median takes, more than half of them answered."}},
		{"the invalid have no say", oneInvalid, []string{"INVALID: quick: late", "slow commits in two round trips everywhere."}},
		{"writes without an answer", unanswered, []string{
			"quick commits in one round trip everywhere.",
			"quick left 3 of 500 writes from b without an answer within 5 s.",
		}},
		{"no write is answered", none, []string{
			"No verdict: no valid run has the 20 writes from a region that a median takes, more than half of them answered.",
			"quick answered no write within 5 s, from any region.",
		}},
		{"no write is offered", quiet, []string{
			"No verdict: no valid run has the 20 writes from a region that a median takes, more than half of them answered.",
		}},
		{"no median where half have no answer", half, []string{
			"quick commits in one round trip from a.",
			"quick left 250 of 500 writes from b without an answer within 5 s.",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Verdict(c.result); !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestManyReasonsAreCutShort(t *testing.T) {
	r := withRepeats(threeRegions(), 3)
	for i := range r.Runs {
		if run := &r.Runs[i]; run.Protocol == "slow" {
			run.Invalid = []string{"late", "later"}
		} else if run.Protocol == "led" {
			run.Invalid = []string{"once"}
		}
	}
	want := []string{
		"INVALID: led: repeat 1: once", "INVALID: led: repeat 2: once", "INVALID: led: repeat 3: once",
		"INVALID: slow: repeat 1: late", "INVALID: slow: repeat 1: later", "INVALID: slow: 4 more like these; run.json has all",
	}
	if got := Verdict(r)[:6]; !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestAProtocolDoesNotWinByLackingItsSlowRegion(t *testing.T) {
	r := threeRegions().result()
	r.Runs[1].Regions[1].Response.Count, r.Runs[1].Regions[2].Response.Count = 0, 0 // of the one with a leader
	if got, want := Verdict(r)[0], "quick commits in one round trip everywhere."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRoundTripsAreWordsNearWholeNumbers(t *testing.T) {
	for n, want := range map[float64]string{
		0.4: "0.4 round trips", 0.95: "one round trip", 1: "one round trip", 1.09: "one round trip", 1.12: "1.1 round trips",
		1.5: "1.5 round trips", 1.85: "two round trips", 2.15: "two round trips", 2.25: "2.2 round trips", 5.2: "five round trips",
		9.7: "9.7 round trips", 12: "12.0 round trips",
	} {
		if got := roundTrips(n); got != want {
			t.Errorf("%v: got %q, want %q", n, got, want)
		}
	}
}

func TestLatenciesHaveTheDigitsThatMeanSomething(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 234 * time.Microsecond: "0.234 ms", 1234 * time.Microsecond: "1.23 ms",
		68432 * time.Microsecond: "68.4 ms", 152400 * time.Microsecond: "152.4 ms", 5 * time.Second: "5,000 ms",
	} {
		if got := ms(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestListsReadAsInASentence(t *testing.T) {
	for want, words := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}} {
		if got := list(words); got != want {
			t.Errorf("%q: got %q, want %q", words, got, want)
		}
	}
}

// A percentile of writes without an answer is a lower bound, and is held against nothing.
func TestAPercentileWithoutAnAnswerIsALowerBound(t *testing.T) {
	ms := time.Millisecond
	r := world{regions: []string{"a", "b"}, quorums: []time.Duration{50 * ms, 80 * ms}, protocols: []invented{{"quick", "", []float64{1, 1}}}, writes: 2000}.result()
	b := &r.Runs[0].Regions[1]
	b.Answered, b.Errors = b.Offered*3/4, b.Offered/4
	rows := func() string {
		var out bytes.Buffer
		if err := Table(&out, r, TableOptions{}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := rows(); strings.Count(got, "> ") != 1 || strings.Count(got, "1.01×") != 2 {
		t.Errorf("a quarter without an answer: want a lower bound for p99, and two ratios:\n%s", got)
	}
	b.Answered, b.Errors = 0, b.Offered
	if got := rows(); strings.Count(got, "> ") != 2 || strings.Count(got, "1.01×") != 1 {
		t.Errorf("none answered: want two lower bounds and one ratio:\n%s", got)
	}
}

// With nine repeats, three protocols can be told apart in two regions and less; what chance makes of two protocols that are alike
// is not called a difference.
func TestAVerdictOverRepeatsIsTested(t *testing.T) {
	ms := time.Millisecond
	of := func(repeats int, second func(repeat int) time.Duration) *result.Result {
		w := world{regions: []string{"a", "b"}, quorums: []time.Duration{50 * ms, 80 * ms}, writes: 500, repeats: repeats,
			protocols: []invented{{"x", "", []float64{1, 1}}, {"y", "", []float64{1, 1}}}}
		r := w.result()
		for i := range r.Runs {
			if run := &r.Runs[i]; run.Protocol == "y" {
				allTake(t, &run.Regions[0], second(run.Repeat))
			}
		}
		return r
	}
	always := func(int) time.Duration { return 100 * ms }
	mostly := func(repeat int) time.Duration { // in five of nine repeats twice as slow, else three times as fast
		if repeat%2 == 0 {
			return 100 * ms
		}
		return 17 * ms
	}
	const tested = "Called slower or faster is what differs by more than 5 % and is shown to differ (sign-flip tests of 2 ratios over 9 repeats, Holm's correction, error rate 5 %)."
	for _, c := range []struct {
		name   string
		result *result.Result
		want   []string
	}{
		{"a difference in all repeats", of(9, always), []string{
			"x commits in one round trip everywhere.",
			"y takes two round trips from a (2.0× slower than x).",
			tested,
		}},
		{"a difference by chance", of(9, mostly), []string{
			"x commits in one round trip everywhere.",
			"y takes two round trips from a (not shown to differ from x).",
			tested,
		}},
		{"too few repeats", of(5, always), []string{
			"x commits in one round trip everywhere.",
			"y takes two round trips from a (2.0× slower than x).",
			"Not tested: to show a difference among 2 ratios takes 7 repeats, and there are 5.",
		}},
		{"no repeats", of(1, always), []string{
			"x commits in one round trip everywhere.",
			"y takes two round trips from a (2.0× slower than x).",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Verdict(c.result); !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

// allTake lets all writes of a region take the same time.
func allTake(t *testing.T, s *result.RegionRun, d time.Duration) {
	t.Helper()
	h := result.NewHistogram()
	if err := h.RecordValues(int64(d), s.Response.Count); err != nil {
		t.Fatal(err)
	}
	s.Response = result.Summary{Count: s.Response.Count, Min: d, Max: d, P50: d, P90: d, P99: d, P999: d, P9999: d}
	s.Service = s.Response
	s.Intervals = []result.Interval{{Length: fixtureDuration, Response: result.PackHistogram(h), Service: result.PackHistogram(h)}}
}

// The quick protocol takes twice as long at the second point in six of eleven repeats, and half as long in the others; the slow one
// three times as long in all.
func TestGrowthOverRepeatsIsTested(t *testing.T) {
	r := sweptOften(11)
	for i := range r.Runs {
		run := &r.Runs[i]
		for j := range run.Regions {
			took := 100 * time.Millisecond
			switch {
			case run.Point != "10%" || j > 0:
			case run.Protocol == "slow":
				took *= 3
			case run.Repeat%2 == 0:
				took *= 2
			default:
				took /= 2
			}
			allTake(t, &run.Regions[j], took)
		}
	}
	lines := Verdict(r)
	want := []string{
		"quick: p50 is not shown to grow, p99 is not shown to grow.",
		"slow: saturated at 100%, p50 grows to 3.00× what it is at 0% (from us-east-1 at 10%), p99 grows to 3.00× what it is at 0% (from us-east-1 at 10%).",
		"Said to grow is what exceeds the first point by more than 5 % and is shown to differ (sign-flip tests of 18 ratios over 11 repeats, Holm's correction, error rate 5 %).",
	}
	if got := lines[len(lines)-3:]; !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
