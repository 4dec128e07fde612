package bench

import (
	"bytes"
	"fmt"
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

// awaited counts the commands that were issued and are neither answered nor given up.
func (c *clients) awaited() (n int) {
	for i := range c.samples[c.lowest:] {
		if c.samples[c.lowest+i].answered == result.Never {
			n++
		}
	}
	return n
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

// timeout is how long a client waits for an answer before it does something; some is false if it waits
// for ever.
func (c *clients) timeout(id protocols.CommandID) (wait time.Duration, some bool) {
	if c.load.Retry > 0 {
		return min(c.load.Retry<<min(c.samples[id.Seq-1].retries, 10), max(c.load.Retry, maxBackoff)), true
	}
	return c.load.Timeout, c.load.Arrivals == experiment.Closed
}

// maxBackoff caps the timeout, which doubles each time that a client asks again, so as not to drown a
// cluster that is at work on its recovery.
const maxBackoff = 2 * time.Second

// retry is what a client does when its timeout is over: it sends the command to another replica, or
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
		panic(fmt.Sprintf("load: encoding a command: %v", err)) // an invalid message type: a programming error
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

// watch makes the clients keep what progress tells. It is called before the first command.
func (c *clients) watch() { c.running = result.NewHistogram() }

// progress adds what is known so far to a histogram, and returns how many commands were issued.
func (c *clients) progress(into *hdrhistogram.Histogram) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	into.Merge(c.running)
	return c.issued
}
