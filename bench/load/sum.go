package load

import (
	"iter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// Operations sums up the measured operations of a kind up to a time, which is the end of the load unless the
// run was interrupted. One without an answer within the timeout counts as an error and stands in the
// distribution with the timeout; one that was cut off by the interruption is left out. In a closed loop, a response time
// is the service time: no arrival was intended at a time of its own.
func (c *Clients) Operations(kind result.Kind, until time.Duration) result.Operations {
	interval := intervalOf(c.load)
	var r result.Operations
	response, service, lag := result.NewTally(), result.NewTally(), result.NewTally()
	halves := [2]*hdrhistogram.Histogram{result.NewHistogram(), result.NewHistogram()}
	parts := intervals{tallied: -1}
	for s := range c.times(kind) {
		if c.inTime(s) && s.Answered >= c.load.Warmup && s.Answered < until {
			r.Completed++
		}
		if !c.counts(s, until) {
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
		if c.load.IsClosed() {
			rt = st
		}
		response.Add(rt)
		service.Add(st)
		lag.Add(s.Sent - s.Intended)
		half := 0
		if since >= (until-c.load.Warmup)/2 {
			half = 1
		}
		_ = halves[half].RecordValue(int64(rt)) // counted by response
		parts.add(int(since/interval), rt, st)
	}
	if r.Offered == 0 {
		return r
	}
	r.Response, r.Service, r.Lag = response.Sum(), service.Sum(), lag.Sum()
	r.FirstHalf = result.Percentile(halves[0], 50)
	r.SecondHalf = result.Percentile(halves[1], 50)
	for i, part := range parts.all() {
		if part.Response == nil {
			continue
		}
		start := time.Duration(i) * interval
		r.Intervals = append(r.Intervals, result.Interval{
			Start: start, Length: min(interval, until-c.load.Warmup-start),
			Response: part.Response, Service: part.Service,
		})
	}
	return r
}

// times are those of an operation. Answered is result.Never if it has no answer.
type times struct{ Intended, Sent, Answered time.Duration }

func (s *Sample) times() times { return times{s.Intended, s.Sent, s.Answered} }

// times are those of all operations of a kind, in the order in which they arrived.
func (c *Clients) times(kind result.Kind) iter.Seq[times] {
	return func(yield func(times) bool) {
		if kind == result.ReadModifyWrites {
			for i := range c.modifications {
				if m := &c.modifications[i]; !yield(times{m.Intended, m.Sent, m.Answered}) {
					return
				}
			}
			return
		}
		for i := range c.Samples.Len() {
			if s := c.Samples.At(i); s.Read == (kind == result.Reads) && !yield(s.times()) {
				return
			}
		}
	}
}

// counts reports whether an operation is of the measured part that ended at a time, and had the time to
// be answered in it.
func (c *Clients) counts(s times, until time.Duration) bool {
	if !c.Measured(s.Intended) || s.Intended >= until {
		return false
	}
	return s.Answered != result.Never || until >= c.end() || s.Intended+c.load.Timeout <= until
}

// inTime reports whether an operation was answered within the timeout.
func (c *Clients) inTime(s times) bool {
	return s.Answered != result.Never && s.Answered-s.Intended <= c.load.Timeout
}

// Writes are the measured writes up to a time that were answered in time.
func (c *Clients) Writes(until time.Duration) iter.Seq[result.AnsweredWrite] {
	return func(yield func(result.AnsweredWrite) bool) {
		for i := range c.Samples.Len() {
			s := c.Samples.At(i)
			if s.Read || !c.counts(s.times(), until) || !c.inTime(s.times()) {
				continue
			}
			if !yield(result.AnsweredWrite{Seq: i + 1, Intended: s.Intended, Answered: s.Answered, Applied: s.Applied}) {
				return
			}
		}
	}
}

// intervals tallies times by interval. Most come in the order of their intervals.
type intervals struct {
	parts             []result.Interval
	tallied           int // the interval that response and service count, -1 before the first
	response, service result.Packer
}

func (p *intervals) add(interval int, response, service time.Duration) {
	if interval != p.tallied {
		p.pack()
		p.tallied = interval
	}
	p.response.Add(response)
	p.service.Add(service)
}

// pack enters what was tallied into its interval.
func (p *intervals) pack() {
	if p.tallied < 0 {
		return
	}
	for len(p.parts) <= p.tallied {
		p.parts = append(p.parts, result.Interval{})
	}
	part := &p.parts[p.tallied]
	part.Response, part.Service = p.response.Pack(part.Response), p.service.Pack(part.Service)
}

// all are the intervals, of which those without times have no histograms.
func (p *intervals) all() []result.Interval {
	p.pack()
	p.tallied = -1
	return p.parts
}

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
