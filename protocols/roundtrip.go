package protocols

import "time"

// RoundTrip estimates how long an answer over one link may take, from the link's configured round
// trip and those measured, as TCP does: a mean and a mean deviation, both smoothed (Jacobson, SIGCOMM
// '88; RFC 6298 section 2, with its gains of 1/8 and 1/4). Only an answer that can belong to one request
// may be measured (Karn's algorithm): an attempt under a ballot of its own is such a request.
//
// Make one with NewRoundTrip. Not safe for use by several goroutines.
type RoundTrip struct {
	configured time.Duration
	mean       time.Duration // zero: nothing has been measured
	deviation  time.Duration
}

// NewRoundTrip returns an estimate that knows the configured round trip only.
func NewRoundTrip(configured time.Duration) RoundTrip { return RoundTrip{configured: configured} }

// Sample notes a measured round trip.
func (r *RoundTrip) Sample(measured time.Duration) {
	measured = max(measured, 1) // so that a mean of zero says that there is none
	if r.mean == 0 {
		r.mean, r.deviation = measured, measured/2
		return
	}
	r.deviation += ((measured - r.mean).Abs() - r.deviation) / 4
	r.mean = max(1, r.mean+(measured-r.mean)/8)
}

// Timeout is how long to wait for an answer before asking again: Retry of the configured round trip,
// or longer if the link takes longer than that. It is never shorter, so that a link that was fast for
// a while, or whose answers come from somebody nearer, makes nobody impatient.
func (r *RoundTrip) Timeout() time.Duration { return r.DoubledTimeout(0) }

// DoubledTimeout is Timeout after some timeouts in a row, since the link may be slower than anything measured (RFC 6298,
// rule 5.5): the configured timeout is doubled so often. What was measured is not: it may have been measured while
// messages were late, and who waits a multiple of that measures nothing meanwhile that would correct it. If the link is slow
// still, the late answers are measured, and the timeout grows with them.
func (r *RoundTrip) DoubledTimeout(times int) time.Duration {
	return max(Retry(r.configured)<<times, r.mean+4*r.deviation+slack)
}
