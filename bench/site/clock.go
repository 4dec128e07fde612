package site

import (
	"time"

	"quorumbench/bench/verify"
)

// estimate is what probes tell about the way to another site and its clock, as NTP finds it (RFC 5905, section 8): of four times, two by
// each clock, follow the round trip without the time that the other site took, and by how much its clock is ahead if
// both ways take as long. If they do not, the offset is wrong by half of the round trip at most. So the quickest probe tells most.
type estimate struct {
	RoundTrip time.Duration // the least; 0 if there is none
	Offset    time.Duration // what the other site's clock shows, less what this one's does
	At        time.Duration // when that was, by this clock
	Wall      time.Duration // what the wall clock of the other site's machine shows, less what this one's does
}

// bound is by how much the offset may be wrong, either way.
func (e estimate) bound() time.Duration { return (e.RoundTrip + 1) / 2 }

// quicker takes another probe into account.
func (e *estimate) quicker(a *answer) {
	trip := a.trip()
	if e.RoundTrip != 0 && trip >= e.RoundTrip {
		return
	}
	*e = estimate{
		RoundTrip: trip, Offset: ((a.Came - a.Asked) + (a.Answered - a.back)) / 2, At: a.Asked + (a.back-a.Asked)/2,
		Wall: time.Duration(a.Wall-a.wall) + trip/2,
	}
}

// clockOf is what follows about a site's clock from its estimates of the coordinator's, before a run and after it, of which the first has
// decided when the run began there; and a function that gives the moment of the run at the coordinator for a moment of the run at the
// site. The clock is taken to have gained or lost evenly between the two. Without a second estimate, it is taken to be right, within
// mostDrift.
func clockOf(begun, ended estimate, lasted time.Duration) (verify.Clock, func(time.Duration) time.Duration) {
	k := verify.Clock{Bound: begun.bound(), Wall: -begun.Wall}
	if ended.RoundTrip == 0 {
		k.Bound += time.Duration(mostDrift * float64(lasted))
	} else if passed := ended.At - begun.At; passed > 0 {
		k.Bound = max(k.Bound, ended.bound())
		k.Drift = -float64(ended.Offset-begun.Offset) / float64(passed)
	}
	return k, func(t time.Duration) time.Duration { return t - time.Duration(k.Drift*float64(t)) }
}

// mostDrift is by which share of the time a clock is taken to gain or lose at most, where nothing is known of it. NTP assumes 15 parts
// per million (RFC 5905, section 4); quartzes without it are within 100, and the kernel corrects by 500 at most.
const mostDrift = 500e-6
