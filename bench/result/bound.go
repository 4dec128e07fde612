package result

import "time"

// A live run's instrument makes a write look slower than it was, and never faster: the load generator sends it late, by its
// lag, and the emulator releases packets late. So the true percentile lies between the measured one less its bound and the
// measured one, if the course of things had been the same.

// Bound is how much of a response percentile, from 0 to 100, may be the instrument's, at most. Two parts make it up:
//
//   - The generator's lag, which is known for each write. Without it, the percentile is that of the service times.
//   - The emulator's lateness, which is known for each packet: see Late.
//
// Between the percentiles that a Summary has, the lateness of the next higher one counts.
func (o *Operations) Bound(percentile float64) time.Duration {
	lag := time.Duration(0)
	if o.Service.Count > 0 {
		lag = o.Response.At(percentile) - o.Service.At(percentile)
	}
	return min(max(0, lag)+o.Late.at(percentile), o.Response.At(percentile))
}

// LateOf is how much of the response percentiles the emulator's lateness may be, at most, of writes that pass so many links
// one after the other if they take the floor's time. At a percentile where they took longer, they may have passed more links in
// proportion. If the part p of all writes is not later than the sum of k packets' lateness, then at least one packet of the k
// is later than a k-th of it in the others: so the sum is at most k times the lateness at the quantile 1 - (1-p)/k (the union
// bound).
func LateOf(lateness func(percentile float64) time.Duration, hops int, floor time.Duration, response Summary) Percentiles {
	at := func(percentile float64) time.Duration {
		k := float64(hops)
		if took := response.At(percentile); floor > 0 && took > floor {
			k *= float64(took) / float64(floor)
		}
		if k < 1 {
			return 0
		}
		return time.Duration(k * float64(lateness(100-(100-percentile)/k)))
	}
	return Percentiles{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), P9999: at(99.99)}
}

// At is the summary's percentile, from 0 to 100, or the next higher one that it has.
func (s *Summary) At(percentile float64) time.Duration {
	return Percentiles{s.P50, s.P90, s.P99, s.P999, s.P9999}.at(percentile)
}

func (p Percentiles) at(percentile float64) time.Duration {
	switch {
	case percentile <= 50:
		return p.P50
	case percentile <= 90:
		return p.P90
	case percentile <= 99:
		return p.P99
	case percentile <= 99.9:
		return p.P999
	}
	return p.P9999
}

// most takes the greater of each percentile.
func (p Percentiles) most(o Percentiles) Percentiles {
	return Percentiles{max(p.P50, o.P50), max(p.P90, o.P90), max(p.P99, o.P99), max(p.P999, o.P999), max(p.P9999, o.P9999)}
}

// A percentile is dimmed if the instrument may have made up more than this share of it, and withheld if more than that.
const (
	dimmedBy   = 0.01
	withheldBy = 0.05
)

// Spoilt reports whether the instrument may have made up so much of a response percentile that it is withheld.
func (o *Operations) Spoilt(percentile float64) bool {
	return float64(o.Bound(percentile)) > withheldBy*float64(o.Response.At(percentile))
}

// Confidence is the confidence in a response percentile, from 0 to 100: by the number of samples beyond it, and by its own
// bound.
func (o *Operations) Confidence(percentile float64) Confidence {
	confidence := ConfidenceIn(percentile, o.Response.Count)
	switch bound := float64(o.Bound(percentile)); {
	case o.Spoilt(percentile):
		return Withheld
	case bound > dimmedBy*float64(o.Response.At(percentile)):
		return min(confidence, Dimmed)
	}
	return confidence
}

// Throughput is how many operations a second were answered while a time was measured, and Rate how many arrived.
func (o *Operations) Throughput(measured time.Duration) float64 {
	return perSecond(o.Completed, measured)
}

// Rate is how many operations a second arrived while a time was measured.
func (o *Operations) Rate(measured time.Duration) float64 { return perSecond(o.Offered, measured) }

func perSecond(n int64, measured time.Duration) float64 {
	if measured <= 0 {
		return 0
	}
	return float64(n) / measured.Seconds()
}
