package bench

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// clients are the clients of one region: they issue what the generator schedules and note when each
// command is answered. Only progress, pending, ahead, leading and over may be used from another goroutine
// than the site's.
type clients struct {
	load      *experiment.Load
	giveUp    time.Duration // after which a command is given up: the load's timeout
	id        uint64        // of the region's session, from 1
	generator *generator

	samples []sample          // in the order of issue; sequence numbers count from 1
	latest  map[uint64]uint64 // by key: the latest version that the clients have heard of
	lowest  int               // all before it are answered or given up

	taken   int          // how many were issued when the region's replica last took over another's state
	ahead   atomic.Int64 // of those after: writes that were answered, and that it has not applied
	pending atomic.Int64 // measured commands without an answer
	leading atomic.Bool  // the replica's last word about its leadership
	left    atomic.Int64 // commands that have to be issued yet, whatever the time

	command kv.Command
	buffer  []byte

	mu      sync.Mutex
	running *hdrhistogram.Histogram // responses so far, for the progress display; nil without one
	issued  int64
}

// sample is one command. Times are since the run began; without an answer, its time is Never.
type sample struct {
	intended, sent, answered time.Duration
	applied                  time.Duration // at the region's replica, for the first time
	key                      uint64
	value                    uint64 // a hash of what was written or found; 0: nothing
	version                  uint64 // that the command names; 0: none
	acked                    uint64 // as the command says: of those before it no answer is wanted any more
	outcome                  kv.Outcome
	read                     bool
	retries                  int
	data                     []byte // the command, if it may have to be sent again
}

func newClients(load *experiment.Load, seed uint64, repeat, region int) *clients {
	c := &clients{
		load: load, giveUp: load.Timeout, id: uint64(region) + 1,
		latest: map[uint64]uint64{}, generator: newGenerator(load, seed, uint64(repeat), region),
	}
	c.left.Store(int64(load.Commands))
	return c
}

// end is when the load is over, since it began.
func (c *clients) end() time.Duration { return c.load.Warmup + c.load.Duration }

// over tells whether nothing more is to be issued at a time: the load has ended, and was enough.
func (c *clients) over(now time.Duration) bool { return now >= c.end() && c.left.Load() <= 0 }

// begin returns the first arrivals: one in an open loop, one of each client in a closed one.
func (c *clients) begin() []time.Duration {
	if c.load.Arrivals == experiment.Closed {
		return make([]time.Duration, c.load.Clients)
	}
	return []time.Duration{c.generator.arrival()}
}

// nextArrival is the arrival after the one just issued, in an open loop.
func (c *clients) nextArrival() (due time.Duration, more bool) {
	if c.load.Arrivals == experiment.Closed {
		return 0, false
	}
	due = c.generator.arrival()
	return due, due < c.end()
}

// issue makes the command that was intended for a time. The bytes are valid until the next call.
func (c *clients) issue(intended, now time.Duration) (protocols.CommandID, []byte) {
	if c.over(intended) {
		return protocols.CommandID{}, nil
	}
	c.settle(now)
	s := sample{intended: intended, sent: now, answered: result.Never, applied: result.Never, acked: uint64(c.lowest) + 1}
	c.command.Client, c.command.Seq, c.command.Acked = c.id, uint64(len(c.samples))+1, s.acked
	s.key = c.generator.fill(&c.command)
	s.read = c.command.Op == kv.Op_GET
	s.version = c.generator.version(c.command.Op, c.latest[s.key])
	c.command.Version = s.version
	if !s.read {
		s.value = hashOf(c.command.Value)
	}
	c.buffer = encodeCommand(c.buffer[:0], &c.command)
	if c.load.Retry > 0 {
		s.data = bytes.Clone(c.buffer)
	}
	if c.measured(intended) {
		c.pending.Add(1)
	}
	c.samples = append(c.samples, s)
	c.left.Add(-1)
	c.mu.Lock()
	c.issued++
	c.mu.Unlock()
	return protocols.CommandID{Client: c.id, Seq: c.command.Seq}, c.buffer
}

// settle moves the beginning of what the clients still want answers to. A command without an answer is
// given up when it is out of time: were it not, one that is lost would make every replica remember, and
// put into every snapshot, the answers to all that come after it. Told so, replicas do not carry it out
// any more.
func (c *clients) settle(now time.Duration) {
	for ; c.lowest < len(c.samples); c.lowest++ {
		s := &c.samples[c.lowest]
		if s.answered != result.Never {
			continue
		}
		if now-s.intended < c.giveUp {
			return
		}
		s.data = nil
		if c.measured(s.intended) {
			c.pending.Add(-1)
		}
	}
}

// measured tells whether a command counts: those of the warm-up do not.
func (c *clients) measured(intended time.Duration) bool { return intended >= c.load.Warmup }

// owns tells whether a command is of these clients.
func (c *clients) owns(id protocols.CommandID) bool { return id.Client == c.id }

// owned returns what is known of a command of these clients, nil of others.
func (c *clients) owned(id protocols.CommandID) *sample {
	if !c.owns(id) {
		return nil
	}
	return &c.samples[id.Seq-1]
}

// answered notes an answer, unless the command is answered or given up already. In a closed loop, its
// client goes on at once.
func (c *clients) answered(id protocols.CommandID, answer []byte, now time.Duration) (again bool, due time.Duration) {
	s := &c.samples[id.Seq-1]
	if s.answered != result.Never || id.Seq <= uint64(c.lowest) {
		return false, 0
	}
	late := c.load.Arrivals == experiment.Closed && now-s.intended >= c.load.Timeout // its client has given up
	s.answered, s.data = now, nil
	c.note(s, answer)
	if s.mustApply() && s.applied == result.Never && id.Seq > uint64(c.taken) {
		c.ahead.Add(1)
	}
	if c.measured(s.intended) {
		c.pending.Add(-1)
		if c.running != nil && !s.read {
			c.mu.Lock()
			_ = c.running.RecordValue(int64(now - s.intended)) // a display; the result counts what does not fit
			c.mu.Unlock()
		}
	}
	return c.load.Arrivals == experiment.Closed && !late && !c.over(now), now
}

// patience is how long a client waits for an answer before it does something; some is false if it
// waits for ever.
func (c *clients) patience(id protocols.CommandID) (wait time.Duration, some bool) {
	if c.load.Retry > 0 {
		return min(c.load.Retry<<min(c.samples[id.Seq-1].retries, 10), max(c.load.Retry, longestPatience)), true
	}
	return c.load.Timeout, c.load.Arrivals == experiment.Closed
}

// longestPatience is how long a client waits at most before it asks again: it doubles its patience
// each time, so as not to drown a cluster that is at work on its recovery.
const longestPatience = 2 * time.Second

// retry is what a client does when its patience ends: it sends the command to another replica, or
// gives up and, in a closed loop, goes on with the next.
func (c *clients) retry(id protocols.CommandID, now time.Duration) (data []byte, again bool) {
	s := &c.samples[id.Seq-1]
	if s.answered != result.Never && s.answered-s.intended < c.load.Timeout {
		return nil, false
	}
	if now-s.intended >= c.load.Timeout { // though there may be an answer by now: it came too late
		return nil, c.load.Arrivals == experiment.Closed && !c.over(now)
	}
	s.retries++
	return s.data, false
}

// applied notes that the region's replica has applied a command.
func (c *clients) applied(id protocols.CommandID, now time.Duration) {
	s := &c.samples[id.Seq-1]
	if s.applied != result.Never {
		return
	}
	s.applied = now
	if s.answered != result.Never && s.mustApply() && id.Seq > uint64(c.taken) {
		c.ahead.Add(-1)
	}
}

// adopted notes that the region's replica has taken over another's state: which of the commands issued so
// far are in it nobody can tell.
func (c *clients) adopted() {
	c.taken = len(c.samples)
	c.ahead.Store(0)
}

// mustApply tells whether a command that was answered has to be applied: a write, unless it was refused
// because it names a version that is made.
func (s *sample) mustApply() bool { return !s.read && s.outcome != kv.Outcome_REFUSED }

// retries is how often a command was sent again.
func (c *clients) retries(id protocols.CommandID) int { return c.samples[id.Seq-1].retries }

// mark notes what the replica says of itself.
func (c *clients) mark(event string) {
	switch event {
	case protocols.MarkLeading:
		c.leading.Store(true)
	case protocols.MarkDeposed:
		c.leading.Store(false)
	}
}

// encodeCommand appends an encoded command to buffer.
func encodeCommand(buffer []byte, c *kv.Command) []byte {
	data, err := protocols.Append(buffer, c)
	if err != nil {
		panic(fmt.Sprintf("bench: encoding a command: %v", err)) // an invalid message type: a programming error
	}
	return data
}

// note notes what a result tells of its key.
func (c *clients) note(s *sample, answer []byte) {
	if !s.read && s.version == 0 { // it is empty: there is at least one version more than was known
		if c.load.Versions > 0 {
			c.latest[s.key]++
		}
		return
	}
	var r kv.Result
	if protocols.Decode(answer, &r) != nil {
		return
	}
	s.outcome = r.Outcome
	if s.read {
		s.value = 0
		if r.Version > 0 && r.Outcome == kv.Outcome_NOTED {
			s.value = hashOf(r.Value)
		}
	}
	if c.load.Versions > 0 {
		c.latest[s.key] = max(c.latest[s.key], r.Version)
	}
}

// hashOf is FNV-1a, never 0.
func hashOf(value []byte) uint64 {
	h := fnv.New64a()
	h.Write(value)
	return max(1, h.Sum64())
}

// progress adds what is known so far to a histogram, and returns how many commands were issued.
func (c *clients) progress(into *hdrhistogram.Histogram) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	into.Merge(c.running)
	return c.issued
}

// result sums up the measured writes, or reads, up to a time, which is the end of the load unless the
// run was interrupted. One without an answer within the timeout counts as an error and stands in the
// distribution with the timeout; one that was cut off by the interruption is left out.
func (c *clients) result(reads bool, until time.Duration, interval time.Duration) result.Operations {
	var r result.Operations
	response, service, lag := result.NewTally(), result.NewTally(), result.NewTally()
	halves := [2]*hdrhistogram.Histogram{result.NewHistogram(), result.NewHistogram()}
	var parts []*intervalTally
	for i := range c.samples {
		s := &c.samples[i]
		if s.read != reads || !c.counts(s, until) {
			continue
		}
		since := s.intended - c.load.Warmup
		r.Offered++
		rt, st := s.answered-s.intended, s.answered-s.sent
		if c.inTime(s) {
			r.Answered++
		} else {
			r.Errors++
			rt, st = c.load.Timeout, c.load.Timeout
		}
		response.Add(rt)
		service.Add(st)
		lag.Add(s.sent - s.intended)
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

// counts tells whether a command is of the measured part that ended at a time, and had the time to
// be answered in it.
func (c *clients) counts(s *sample, until time.Duration) bool {
	if !c.measured(s.intended) || s.intended >= until {
		return false
	}
	return s.answered != result.Never || until >= c.end() || s.intended+c.load.Timeout <= until
}

// inTime tells whether a command was answered within the timeout.
func (c *clients) inTime(s *sample) bool {
	return s.answered != result.Never && s.answered-s.intended <= c.load.Timeout
}

// writes are the measured writes up to a time that were answered in time.
func (c *clients) writes(until time.Duration) iter.Seq[result.AnsweredWrite] {
	return func(yield func(result.AnsweredWrite) bool) {
		for i := range c.samples {
			s := &c.samples[i]
			if s.read || !c.counts(s, until) || !c.inTime(s) {
				continue
			}
			if !yield(result.AnsweredWrite{Seq: i + 1, Intended: s.intended, Answered: s.answered, Applied: s.applied}) {
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
