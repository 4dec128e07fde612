package reports

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"quorumbench/bench/result"
)

// The unit of all statistics here is the run: writes within a run share the packet losses, the leader
// and the machine's mood, so they are not independent; runs of one experiment, interleaved and
// each on its own cluster, are taken to be.

// confidenceLevel is that of all intervals.
const confidenceLevel = 0.95

// runsForInterval is the least number of runs for which a median has a 95 % interval: from the
// least to the greatest of n runs covers it with probability 1 - 2/2ⁿ, which 5 runs leave at 94 %.
const runsForInterval = 6

// percentile names one that reports show.
type percentile struct {
	at float64 // 0 to 100
	of func(result.Summary) float64
}

var (
	p50 = percentile{50, func(s result.Summary) float64 { return float64(s.P50) }}
	p99 = percentile{99, func(s result.Summary) float64 { return float64(s.P99) }}
)

// repeated is a percentile of one run, in nanoseconds.
type repeated struct {
	repeat int
	value  float64
}

// byRepeat returns the percentile of each run in which it is not withheld.
func (s *series) byRepeat(p percentile) []repeated {
	var values []repeated
	for _, run := range s.runs {
		of := run.Regions[s.region].Of(s.kind)
		if of.Confidence(p.at) != result.Withheld {
			values = append(values, repeated{run.Repeat, p.of(of.Response)})
		}
	}
	return values
}

// estimate is a value and its 95 % interval, if it has one.
type estimate struct {
	value       float64
	hasInterval bool
	low, high   float64
}

// medianOf returns the median of one run or more, and between which of them the median of all
// runs lies. Assumes independent runs of one distribution, of whatever shape: the number of runs
// below the true median is then binomial with p = 1/2, and the interval between the k-th least
// and the k-th greatest misses it with probability 2·P(X < k) (Conover, Practical
// Nonparametric Statistics, 3rd ed., 1999).
func medianOf(runs []repeated) estimate {
	n := len(runs)
	sorted := make([]float64, n)
	for i, run := range runs {
		sorted[i] = run.value
	}
	slices.Sort(sorted)
	e := estimate{value: middle(sorted)}
	below := distuv.Binomial{N: float64(n), P: 0.5}
	for k := 1; k <= n/2 && 2*below.CDF(float64(k-1)) <= 1-confidenceLevel; k++ {
		e.hasInterval, e.low, e.high = true, sorted[k-1], sorted[n-k]
	}
	return e
}

// middle is the median of sorted values.
func middle(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// medianOfValues is the median of values in any order.
func medianOfValues(values []float64) float64 { return middle(slices.Sorted(slices.Values(values))) }

// pairedRatio returns the geometric mean of to[i]/from[i], values above zero, and, with at least six pairs, the 95 %
// interval of it that centreOf returns of the logarithms. Assumes that pairs are independent of each other; what the
// runs of a pair share drops out of their ratio. The same seed gives the same interval.
func pairedRatio(from, to []float64, seed uint64) estimate {
	return exp(centreOf(logRatios(from, to), seed))
}

func logRatios(from, to []float64) []float64 {
	logs := make([]float64, len(from))
	for i := range from {
		logs[i] = math.Log(to[i] / from[i])
	}
	return logs
}

// exp turns an estimate of a logarithm into one of a ratio.
func exp(e estimate) estimate {
	e.value = math.Exp(e.value)
	if e.hasInterval {
		e.low, e.high = math.Exp(e.low), math.Exp(e.high)
	}
	return e
}
