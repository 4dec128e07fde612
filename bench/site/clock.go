package site

import (
	"context"
	"fmt"
	"time"

	"quorumbench/bench/verify"
)

// estimate is what pings tell about the way to another site and its clock, as NTP finds it (RFC 5905, section 8): of four times, two by
// each clock, follow the round trip without the time that the other site took, and by how much its clock is ahead if
// both ways take as long. If they do not, the offset is wrong by half of the round trip at most. So the quickest ping tells most.
type estimate struct {
	RoundTrip time.Duration // the least
	Offset    time.Duration // what the other clock shows, less what this one does
	At        time.Duration // when that was, by this clock
}

// bound is by how much the offset may be wrong, either way.
func (e estimate) bound() time.Duration { return (e.RoundTrip + 1) / 2 }

// quicker takes another ping into account: asked and back are when it left and came back by this clock; came and answered are when
// it arrived there and was answered, by the other.
func (e *estimate) quicker(asked, came, answered, back time.Duration) {
	roundTrip := max(0, (back-asked)-(answered-came))
	if e.RoundTrip != 0 && roundTrip >= e.RoundTrip {
		return
	}
	*e = estimate{RoundTrip: max(1, roundTrip), Offset: ((came - asked) + (answered - back)) / 2, At: asked + (back-asked)/2}
}

// clock is what follows about a site's clock from an estimate before a run and one after it, of which the first has decided when the run
// began there; and a function that gives the moment of the run at the coordinator for a moment of the run at the site. The clock
// is taken to have gained or lost evenly between the two.
func (c clockPart) clock() (verify.Clock, func(time.Duration) time.Duration) {
	passed := c.Ended.At - c.Begun.At
	k := verify.Clock{Bound: max(c.Begun.bound(), c.Ended.bound())}
	if passed > 0 {
		k.Drift = -float64(c.Ended.Offset-c.Begun.Offset) / float64(passed)
	}
	return k, func(t time.Duration) time.Duration { return t - time.Duration(k.Drift*float64(t)) }
}

// pings is how many pings an estimate takes, and between how long is waited.
const (
	pings    = 20
	pingGap  = 3 * time.Millisecond
	pingWait = time.Second
)

// measure sends pings to another site, until so many were answered, or the context ends.
func (s *Site) measure(ctx context.Context, to int) (estimate, error) {
	var best estimate
	for answered := 0; answered < pings; {
		s.nonce++
		asked := s.now()
		s.send(to, &message{Kind: ping, Nonce: s.nonce, Asked: asked})
		wait := time.NewTimer(pingWait)
	waiting:
		for {
			select {
			case p := <-s.pongs[to]:
				if p.Nonce != s.nonce {
					continue
				}
				best.quicker(asked, p.Came, p.Answered, p.back)
				answered++
				break waiting
			case <-wait.C:
				if lost := s.silent([]int{to}); lost != nil && s.heard[to].Load() != 0 {
					return best, lost
				}
				break waiting
			case <-ctx.Done():
				wait.Stop()
				return best, fmt.Errorf("measuring the link to %s: %w", s.name(to), ctx.Err())
			}
		}
		wait.Stop()
		time.Sleep(pingGap)
	}
	return best, nil
}

// pongAt is a pong with the time at which it came.
type pongAt struct {
	message
	back time.Duration
}
