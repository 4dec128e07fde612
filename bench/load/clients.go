package load

import (
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

// Clients are the clients of one region: they issue what the generator schedules and note when each
// command is answered. All clients of a region share one session, in which commands are counted: a million
// clients are neither a million nodes nor a million sessions in every snapshot. Only Progress, Pending,
// Ahead and Over may be used from another goroutine than that of the clients' place.
type Clients struct {
	GiveUp  time.Duration // after which a command is given up: the load's timeout
	ID      uint64        // of the region's session, from 1
	Samples []Sample      // in the order of issue; sequence numbers count from 1

	Pending atomic.Int64 // measured commands without an answer
	Ahead   atomic.Int64 // writes that were answered, and that the region's replica has not applied
	Beside  bool         // there is a replica in the region, which tells what it applies

	load      *experiment.Load
	generator *generator
	latest    map[uint64]uint64 // by key: the latest version that the clients have heard of
	lowest    int               // all before it are answered or given up
	taken     int               // how many were issued when the replica last took over another's state: Ahead counts those after
	left      atomic.Int64      // commands that have to be issued yet, whatever the time

	command kv.Command
	buffer  []byte

	mu      sync.Mutex
	running *hdrhistogram.Histogram // responses so far, for the progress display; nil without one
	issued  int64
}

// NewClients returns the clients of a region. What they do follows from the load, the seed and the repeat.
func NewClients(load *experiment.Load, seed uint64, repeat, region int) *Clients {
	c := &Clients{
		load: load, GiveUp: load.Timeout, ID: uint64(region) + 1,
		latest: map[uint64]uint64{}, generator: newGenerator(load, seed, uint64(repeat), region),
	}
	c.left.Store(int64(load.Commands))
	return c
}

// end is when the load is over, since it began.
func (c *Clients) end() time.Duration { return c.load.Warmup + c.load.Duration }

// Over tells whether nothing more is to be issued at a time: the load has ended, and was enough.
func (c *Clients) Over(now time.Duration) bool { return now >= c.end() && c.left.Load() <= 0 }

// Begin returns the first arrivals: one in an open loop, one of each client in a closed one.
func (c *Clients) Begin() []time.Duration {
	if c.load.Arrivals == experiment.Closed {
		return make([]time.Duration, c.load.Clients)
	}
	return []time.Duration{c.generator.arrival()}
}

// Awaited counts the commands that were issued and are neither answered nor given up.
func (c *Clients) Awaited() (n int) {
	for i := range c.Samples[c.lowest:] {
		if c.Samples[c.lowest+i].Answered == result.Never {
			n++
		}
	}
	return n
}

// NextArrival is the arrival after the one just issued, in an open loop.
func (c *Clients) NextArrival() (due time.Duration, more bool) {
	if c.load.Arrivals == experiment.Closed {
		return 0, false
	}
	due = c.generator.arrival()
	return due, due < c.end()
}

// Issue makes the command that was intended for a time. The bytes are valid until the next call.
func (c *Clients) Issue(intended, now time.Duration) (protocols.CommandID, []byte) {
	if c.Over(intended) {
		return protocols.CommandID{}, nil
	}
	c.settle(now)
	s := Sample{Intended: intended, Sent: now, Answered: result.Never, Applied: result.Never, Acked: uint64(c.lowest) + 1}
	c.command.Client, c.command.Seq, c.command.Acked = c.ID, uint64(len(c.Samples))+1, s.Acked
	s.Key = c.generator.fill(&c.command)
	s.Read = c.command.Op == kv.Op_GET
	s.Version = c.generator.version(c.command.Op, c.latest[s.Key])
	c.command.Version = s.Version
	if !s.Read {
		s.Value = hashOf(c.command.Value)
	}
	c.buffer = encodeCommand(c.buffer[:0], &c.command)
	if c.Measured(intended) {
		c.Pending.Add(1)
	}
	c.Samples = append(c.Samples, s)
	c.left.Add(-1)
	c.mu.Lock()
	c.issued++
	c.mu.Unlock()
	return protocols.CommandID{Client: c.ID, Seq: c.command.Seq}, c.buffer
}

// settle moves the beginning of what the clients still want answers to. A command without an answer is
// given up when it is out of time: were it not, one that is lost would make every replica remember, and
// put into every snapshot, the answers to all that come after it. Told so, replicas do not carry it out
// any more.
func (c *Clients) settle(now time.Duration) {
	for ; c.lowest < len(c.Samples); c.lowest++ {
		s := &c.Samples[c.lowest]
		if s.Answered != result.Never {
			continue
		}
		if now-s.Intended < c.GiveUp {
			return
		}
		if c.Measured(s.Intended) {
			c.Pending.Add(-1)
		}
	}
}

// Measured tells whether a command counts: those of the warm-up do not.
func (c *Clients) Measured(intended time.Duration) bool { return intended >= c.load.Warmup }

// Owns tells whether a command is of these clients.
func (c *Clients) Owns(id protocols.CommandID) bool { return id.Client == c.ID }

// Owned returns what is known of a command of these clients, nil of others.
func (c *Clients) Owned(id protocols.CommandID) *Sample {
	if !c.Owns(id) || id.Seq == 0 || id.Seq > uint64(len(c.Samples)) {
		return nil
	}
	return &c.Samples[id.Seq-1]
}

// Answered notes an answer, unless the command is answered or given up already. In a closed loop, its
// client goes on at once.
func (c *Clients) Answered(id protocols.CommandID, answer []byte, now time.Duration) (again bool, due time.Duration) {
	s := &c.Samples[id.Seq-1]
	if s.Answered != result.Never || id.Seq <= uint64(c.lowest) {
		return false, 0
	}
	late := c.load.Arrivals == experiment.Closed && now-s.Intended >= c.load.Timeout // its client has given up
	s.Answered = now
	c.note(s, answer)
	if c.Beside && s.MustApply() && s.Applied == result.Never && id.Seq > uint64(c.taken) {
		c.Ahead.Add(1)
	}
	if c.Measured(s.Intended) {
		c.Pending.Add(-1)
		if c.running != nil && !s.Read {
			c.mu.Lock()
			_ = c.running.RecordValue(int64(now - s.Intended)) // a display; the result counts what does not fit
			c.mu.Unlock()
		}
	}
	return c.load.Arrivals == experiment.Closed && !late && !c.Over(now), now
}

// Expires is how long a client of a closed loop waits for an answer before it goes on with its next command;
// some is false in an open loop.
func (c *Clients) Expires() (wait time.Duration, some bool) {
	return c.load.Timeout, c.load.Arrivals == experiment.Closed
}

// Expired tells whether a client goes on, because its command is out of time. If an answer has come in time
// it has gone on already.
func (c *Clients) Expired(id protocols.CommandID, now time.Duration) (again bool) {
	s := &c.Samples[id.Seq-1]
	if s.Answered != result.Never && s.Answered-s.Intended < c.load.Timeout {
		return false
	}
	return !c.Over(now)
}

// Applied notes that the region's replica has applied a command, of whatever client.
func (c *Clients) Applied(id protocols.CommandID, now time.Duration) {
	s := c.Owned(id)
	if s == nil || s.Applied != result.Never {
		return
	}
	s.Applied = now
	if s.Answered != result.Never && s.MustApply() && id.Seq > uint64(c.taken) {
		c.Ahead.Add(-1)
	}
}

// Adopted notes that the region's replica has taken over another's state: which of the commands issued so
// far are in it nobody can tell.
func (c *Clients) Adopted() {
	c.taken = len(c.Samples)
	c.Ahead.Store(0)
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
func (c *Clients) note(s *Sample, answer []byte) {
	if !s.Read && s.Version == 0 { // it is empty: there is at least one version more than was known
		if c.load.Versions > 0 {
			c.latest[s.Key]++
		}
		return
	}
	var r kv.Result
	if protocols.Decode(answer, &r) != nil {
		return
	}
	s.Outcome = r.Outcome
	if s.Read {
		s.Value = 0
		if r.Version > 0 && r.Outcome == kv.Outcome_NOTED {
			s.Value = hashOf(r.Value)
		}
	}
	if c.load.Versions > 0 {
		c.latest[s.Key] = max(c.latest[s.Key], r.Version)
	}
}

// Watch makes the clients keep what progress tells. It is called before the first command.
func (c *Clients) Watch() { c.running = result.NewHistogram() }

// Progress adds what is known so far to a histogram, and returns how many commands were issued.
func (c *Clients) Progress(into *hdrhistogram.Histogram) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	into.Merge(c.running)
	return c.issued
}
