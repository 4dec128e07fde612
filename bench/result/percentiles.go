package result

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Confidence says how far a percentile may be trusted, by the number of samples beyond it.
type Confidence int

// The steps of confidence.
const (
	Withheld Confidence = iota // too few samples: it is not shown
	Dimmed                     // it is shown faintly, as uncertain
	Solid                      // it is shown
)

// A percentile is shown with ten samples beyond it and solid with a hundred: p50 with 20 and
// 200, p99 with 1,000 and 10,000, p99.9 with 10,000 and 100,000.
const (
	beyondShown = 10
	beyondSolid = 100
)

// ConfidenceIn is the confidence in a percentile, 0 to 100, of count samples.
func ConfidenceIn(percentile float64, count int64) Confidence {
	switch {
	case count >= samples(percentile, beyondSolid):
		return Solid
	case count >= samples(percentile, beyondShown):
		return Dimmed
	}
	return Withheld
}

// SamplesNeeded is the number of samples from which on a percentile, 0 to below 100, is shown.
func SamplesNeeded(percentile float64) int64 { return samples(percentile, beyondShown) }

// samples is the number of samples of which so many lie beyond a percentile. It rounds, so that floating-point errors
// at 99.99 do not make it one more than 100,000.
func samples(percentile float64, beyond int) int64 {
	return int64(math.Ceil(math.Round(float64(beyond)/(1-percentile/100)*1e3) / 1e3))
}

// Histograms hold nanoseconds from 1 ns to a minute with three significant digits.
const (
	histogramMax    = int64(time.Minute)
	histogramDigits = 3
)

// NewHistogram returns an empty histogram of latencies.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, histogramMax, histogramDigits)
}

// Percentile returns the value of a histogram of nanoseconds at a percentile, 0 to 100: the least
// value such that so many percent are not above it (nearest rank), at the upper end of its bucket.
// That is how HdrHistogram's other implementations count; hdrhistogram-go rounds the rank to the
// nearest and so may take the value before. An empty histogram gives 0.
func Percentile(h *hdrhistogram.Histogram, percentile float64) time.Duration {
	n := float64(h.TotalCount())
	if n == 0 {
		return 0
	}
	rank := math.Ceil(percentile / 100 * n * (1 - 1e-15)) // 99 % of 1000 is 990, whatever floats say
	return time.Duration(h.ValueAtPercentile(100 * rank / n))
}

// Tally is a histogram with the exact count, sum, minimum and maximum, which a histogram only approximates.
type Tally struct {
	histogram *hdrhistogram.Histogram
	summary   Summary
}

// NewTally returns an empty tally.
func NewTally() *Tally { return &Tally{histogram: NewHistogram()} }

// Add adds a value.
func (t *Tally) Add(d time.Duration) {
	s := &t.summary
	if s.Count == 0 || d < s.Min {
		s.Min = d
	}
	s.Max = max(s.Max, d)
	s.Count++
	s.Sum += d
	if t.histogram.RecordValue(max(1, int64(d))) != nil {
		s.Dropped++
	}
}

// AddZeros adds so many values of zero.
func (t *Tally) AddZeros(n int64) {
	if n == 0 {
		return
	}
	t.summary.Min = 0
	t.summary.Count += n
	if t.histogram.RecordValues(1, n) != nil {
		t.summary.Dropped += n
	}
}

// Sum returns the summary, percentiles included.
func (t *Tally) Sum() Summary { return WithPercentiles(t.summary, t.histogram) }

// Histogram returns the tally's histogram, in nanoseconds.
func (t *Tally) Histogram() *hdrhistogram.Histogram { return t.histogram }

// WithPercentiles fills in the percentiles of a summary from its histogram.
func WithPercentiles(s Summary, h *hdrhistogram.Histogram) Summary {
	at := func(percentile float64) time.Duration { // a bucket ends above its values, but nothing is above Max
		p := min(Percentile(h, percentile), s.Max)
		if s.Min == 0 && p <= 1 {
			return 0 // a histogram has no zero
		}
		return p
	}
	s.P50, s.P90, s.P99, s.P999, s.P9999 = at(50), at(90), at(99), at(99.9), at(99.99)
	return s
}
