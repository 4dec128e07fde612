package load

import (
	"iter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// Operations sums up the measured writes, or reads, up to a time, which is the end of the load unless the
// run was interrupted. One without an answer within the timeout counts as an error and stands in the
// distribution with the timeout; one that was cut off by the interruption is left out.
func (c *Clients) Operations(reads bool, until time.Duration) result.Operations {
	interval := intervalOf(c.load)
	var r result.Operations
	response, service, lag := result.NewTally(), result.NewTally(), result.NewTally()
	halves := [2]*hdrhistogram.Histogram{result.NewHistogram(), result.NewHistogram()}
	var parts []*intervalTally
	for i := range c.Samples.Len() {
		s := c.Samples.At(i)
		if s.Read != reads || !c.counts(s, until) {
			continue
		}
		since := s.Intended - c.load.Warmup
		r.Offered++
		rt, st := s.Answered-s.Intended, s.Answered-s.Sent
		if c.inTime(s) {
			r.Answered++
		} else {
			r.Errors++
			rt, st = c.load.Timeout, c.load.Timeout
		}
		response.Add(rt)
		service.Add(st)
		lag.Add(s.Sent - s.Intended)
		half := 0
		if since >= (until-c.load.Warmup)/2 {
			half = 1
		}
		_ = halves[half].RecordValue(int64(rt)) // counted by response
		for len(parts) <= int(since/interval) {
			parts = append(parts, nil)
		}
		part := &parts[since/interval]
		if *part == nil {
			*part = &intervalTally{result.NewTally(), result.NewTally()}
		}
		(*part).response.Add(rt)
		(*part).service.Add(st)
	}
	if r.Offered == 0 {
		return r
	}
	r.Response, r.Service, r.Lag = response.Sum(), service.Sum(), lag.Sum()
	r.FirstHalf = result.Percentile(halves[0], 50)
	r.SecondHalf = result.Percentile(halves[1], 50)
	for i, part := range parts {
		if part == nil {
			continue
		}
		start := time.Duration(i) * interval
		r.Intervals = append(r.Intervals, result.Interval{
			Start: start, Length: min(interval, until-c.load.Warmup-start),
			Response: part.response.Histogram(), Service: part.service.Histogram(),
		})
	}
	return r
}

// counts reports whether a command is of the measured part that ended at a time, and had the time to
// be answered in it.
func (c *Clients) counts(s *Sample, until time.Duration) bool {
	if !c.Measured(s.Intended) || s.Intended >= until {
		return false
	}
	return s.Answered != result.Never || until >= c.end() || s.Intended+c.load.Timeout <= until
}

// inTime reports whether a command was answered within the timeout.
func (c *Clients) inTime(s *Sample) bool {
	return s.Answered != result.Never && s.Answered-s.Intended <= c.load.Timeout
}

// Writes are the measured writes up to a time that were answered in time.
func (c *Clients) Writes(until time.Duration) iter.Seq[result.AnsweredWrite] {
	return func(yield func(result.AnsweredWrite) bool) {
		for i := range c.Samples.Len() {
			s := c.Samples.At(i)
			if s.Read || !c.counts(s, until) || !c.inTime(s) {
				continue
			}
			if !yield(result.AnsweredWrite{Seq: i + 1, Intended: s.Intended, Answered: s.Answered, Applied: s.Applied}) {
				return
			}
		}
	}
}

type intervalTally struct{ response, service *result.Tally }

// intervalOf is how long the intervals of a load are: about forty of them, each with some
// writes in it.
func intervalOf(load *experiment.Load) time.Duration {
	least := 250 * time.Millisecond
	if load.Rate > 0 {
		least = max(least, time.Duration(float64(result.SamplesNeeded(50))*1.5/float64(load.Rate)*float64(time.Second)))
	}
	return min(max(load.Duration/40, least).Round(10*time.Millisecond), load.Duration)
}

// Outage is how long after a time it takes until a write is answered that arrives from then on.
func (c *Clients) Outage(from time.Duration) time.Duration {
	outage := result.Never
	for i := range c.Samples.Len() {
		s := c.Samples.At(i)
		if s.Read || s.Intended < from || s.Answered == result.Never {
			continue
		}
		if took := s.Answered - from; outage == result.Never || took < outage {
			outage = took
		}
	}
	return outage
}
