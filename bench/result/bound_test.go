package result

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// However the packets' lateness hangs together, what it adds to a percentile stays within the bound.
func TestLatenessOfTheHopsStaysWithinItsBound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct {
		name string
		late func(write, hop int) time.Duration
	}{
		{"independent", func(int, int) time.Duration { return time.Duration(random.ExpFloat64() * 1e5) }},
		{"all hops of a write alike", func(write, _ int) time.Duration { return time.Duration(write%1000) * time.Microsecond }},
		{"one hop in a hundred very late, never two of a write", func(write, hop int) time.Duration {
			if (write*4+hop)%100 == 0 {
				return 50 * time.Millisecond
			}
			return 0
		}},
	} {
		const hops, writes = 4, 20_000
		floor := 100 * time.Millisecond
		all, added, response := NewHistogram(), NewTally(), NewTally()
		for write := range writes {
			sum := time.Duration(0)
			for hop := range hops {
				late := test.late(write, hop)
				_ = all.RecordValue(max(1, int64(late)))
				sum += late
			}
			added.Add(sum)
			response.Add(floor + sum)
		}
		late := LateOf(func(p float64) time.Duration { return Percentile(all, p) }, hops, floor, response.Sum())
		sum := added.Sum()
		for _, p := range []float64{50, 90, 99, 99.9} {
			if bound := late.at(p); bound < sum.At(p)*999/1000 { // histograms have three digits
				t.Errorf("%s, p%g: bound %v, but lateness added %v", test.name, p, bound, sum.At(p))
			}
		}
	}
}

func TestWritesThatTookLongerMayHavePassedMoreLinks(t *testing.T) {
	tenth := func(float64) time.Duration { return 100 * time.Microsecond }
	response := Summary{Count: 100, P50: 100 * time.Millisecond, P90: 100 * time.Millisecond, P99: 300 * time.Millisecond, P999: 300 * time.Millisecond, P9999: 300 * time.Millisecond}
	late := LateOf(tenth, 2, 100*time.Millisecond, response)
	if late.P50 != 200*time.Microsecond || late.P99 != 600*time.Microsecond {
		t.Errorf("bounds %v at p50 and %v at p99, want 0.2 and 0.6 ms", late.P50, late.P99)
	}
	if late := LateOf(tenth, 0, 0, response); late != (Percentiles{}) {
		t.Errorf("a write that passes no link was late by %v", late)
	}
}

// Each percentile is judged by its own bound: a p99 that the machine has spoilt does not take the median with it.
func TestAPercentileIsDimmedAndWithheldByItsOwnBound(t *testing.T) {
	ms := func(x float64) time.Duration { return time.Duration(x * 1e6) }
	o := Operations{
		Response: Summary{Count: 1e6, P50: ms(100), P90: ms(101), P99: ms(110), P999: ms(250), P9999: ms(260)},
		Service:  Summary{Count: 1e6, P50: ms(99.5), P90: ms(100), P99: ms(108), P999: ms(109), P9999: ms(109)},
		Late:     Percentiles{P50: ms(0.1), P90: ms(0.1), P99: ms(0.1), P999: ms(0.2), P9999: ms(0.2)},
	}
	var got []Confidence
	for _, p := range []float64{50, 90, 99, 99.9} {
		got = append(got, o.Confidence(p))
	}
	if want := []Confidence{Solid, Dimmed, Dimmed, Withheld}; !slices.Equal(got, want) {
		t.Errorf("confidence in p50, p90, p99, p99.9: %v, want %v", got, want)
	}
	if got := o.Bound(99).Round(time.Microsecond); got != ms(2.1) {
		t.Errorf("p99 may be off by %v, want 2.1 ms", got)
	}
	o.Response.Count = 50
	if got := o.Confidence(50); got != Dimmed {
		t.Errorf("a median of 50: %v, want dimmed", got)
	}
}
