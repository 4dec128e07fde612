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

// Clients are the clients of one region. They issue the commands that the generator draws and note when each is
// answered. All clients of a region share one session and number their commands together, so that a million
// clients do not put a million sessions into every snapshot. Only Progress, Pending, Ahead and Over may be used by
// goroutines other than that of the clients' place.
type Clients struct {
	GiveUp  time.Duration // after which a command is given up; by default the load's timeout
	Sizes   []int         // if set, each value has one of these sizes at random, in bytes; by default the load's
	ID      uint64        // of the region's session, from 1
	Samples Samples       // by sequence number, which counts from 1

	Pending atomic.Int64 // measured commands without an answer
	Ahead   atomic.Int64 // answered writes that the region's replica has not applied yet
	Beside  bool         // the region has a replica, so that Applied and Adopted are called

	load      *experiment.Load
	generator *generator
	latest    map[uint64]uint64 // by key: the latest version in any answer so far
	lowest    int               // all samples before this index are answered or given up
	taken     int               // len(Samples) when the replica last adopted a state; Ahead counts later commands only
	left      atomic.Int64      // commands still to be issued, of load.commands

	modifications []Modification // the read-modify-writes, in the order of their arrivals
	modifying     map[uint64]int // by the sequence number of a command that is under way, or whose answer leads to another: its modification

	command kv.Command // reused by Issue
	buffer  []byte     // reused by Issue

	mu      sync.Mutex
	running *hdrhistogram.Histogram // response times so far, for the progress display; nil without one
	issued  int64
}

// NewClients returns the clients of a region, of so many regions with clients. Their commands follow from the load, the seed,
// the repeat, the region and the number of regions.
func NewClients(load *experiment.Load, seed uint64, repeat, region, regions int) *Clients {
	c := &Clients{
		load: load, GiveUp: load.Timeout, ID: uint64(region) + 1,
		latest: map[uint64]uint64{}, modifying: map[uint64]int{}, generator: newGenerator(load, seed, uint64(repeat), region),
	}
	c.generator.regions = uint64(regions)
	c.left.Store(int64(load.Commands))
	return c
}

// KeyName is the name of the key with a number.
func (c *Clients) KeyName(n uint64) string { return string(c.generator.appendKey(nil, n)) }

// end is the time of the run at which the load ends.
func (c *Clients) end() time.Duration { return c.load.Warmup + c.load.Duration }

// Over reports whether nothing more is issued from a time on: the load has ended, and load.commands is reached.
func (c *Clients) Over(now time.Duration) bool { return now >= c.end() && c.left.Load() <= 0 }

// Begin returns the times of the first arrivals: one in an open loop, one for each client in a closed loop. Clients that think
// between their commands begin at even distances within the first think time, as if they had been at it for long; those that
// do not begin together.
func (c *Clients) Begin() []time.Duration {
	if c.load.Arrivals != experiment.Closed {
		return []time.Duration{c.generator.arrival()}
	}
	all := make([]time.Duration, c.load.Clients)
	for i := range all {
		all[i] = time.Duration(int64(c.load.ThinkTime) / int64(len(all)) * int64(i))
	}
	return all
}

// Awaited returns the commands that were issued and are neither answered nor given up.
func (c *Clients) Awaited() (all []*Sample) {
	for i := c.lowest; i < c.Samples.Len(); i++ {
		if s := c.Samples.At(i); s.Answered == result.Never {
			all = append(all, s)
		}
	}
	return all
}

// NextArrival returns the time of the next arrival of an open loop. More is false if the load is over, and in a
// closed loop.
func (c *Clients) NextArrival() (due time.Duration, more bool) {
	if c.load.Arrivals == experiment.Closed {
		return 0, false
	}
	due = c.generator.arrival()
	return due, due < c.end()
}

// Issue makes the next command, whose arrival was intended at a time. Its bytes are valid until the next call;
// they are nil if the load is over.
func (c *Clients) Issue(intended, now time.Duration) (protocols.CommandID, []byte) {
	if c.Over(intended) {
		return protocols.CommandID{}, nil
	}
	c.settle(now)
	d := c.generator.fill(&c.command, c.Sizes)
	c.command.Version = 0
	if d.modifies {
		c.modifying[uint64(c.Samples.Len())+1] = len(c.modifications)
		c.modifications = append(c.modifications, Modification{Intended: intended, Sent: now, Answered: result.Never, key: d.key, size: d.size})
	} else {
		c.command.Version = c.generator.version(c.command.Op, c.latest[d.key])
	}
	if c.Measured(intended) {
		c.Pending.Add(1)
	}
	return c.add(d.key, intended, now)
}

// add encodes c.command, a command that is sent now, and makes its sample.
func (c *Clients) add(key uint64, intended, now time.Duration) (protocols.CommandID, []byte) {
	s := Sample{
		Intended: intended, Sent: now, Answered: result.Never, Applied: result.Never, Acked: uint64(c.lowest) + 1,
		Key: key, Read: c.command.Op == kv.Op_GET, Version: c.command.Version,
	}
	c.command.Client, c.command.Seq, c.command.Acked = c.ID, uint64(c.Samples.Len())+1, s.Acked
	if !s.Read {
		s.Value = Hash(c.command.Value)
	}
	c.buffer = encodeCommand(c.buffer[:0], &c.command)
	c.Samples.Add(s)
	c.left.Add(-1)
	c.mu.Lock()
	c.issued++
	c.mu.Unlock()
	return protocols.CommandID{Client: c.ID, Seq: c.command.Seq}, c.buffer
}

// settle moves lowest past all commands that are answered or given up. A command is given up when it has no answer
// after GiveUp. Each command tells the replicas the present lowest; they drop the results of commands before it,
// and do not execute those any more. Without this, one lost command would make every replica keep the results
// of all later ones.
func (c *Clients) settle(now time.Duration) {
	for ; c.lowest < c.Samples.Len(); c.lowest++ {
		s := c.Samples.At(c.lowest)
		if s.Answered != result.Never {
			continue
		}
		if now-s.Intended < c.GiveUp {
			return
		}
		delete(c.modifying, uint64(c.lowest)+1)
		if c.Measured(s.Intended) {
			c.Pending.Add(-1)
		}
	}
}

// Measured reports whether a command counts: whether it was intended after the warm-up.
func (c *Clients) Measured(intended time.Duration) bool { return intended >= c.load.Warmup }

// Owns reports whether a command was issued by these clients.
func (c *Clients) Owns(id protocols.CommandID) bool { return id.Client == c.ID }

// Owned returns the sample of a command of these clients, nil for any other command.
func (c *Clients) Owned(id protocols.CommandID) *Sample {
	if !c.Owns(id) || id.Seq == 0 || id.Seq > uint64(c.Samples.Len()) {
		return nil
	}
	return c.Samples.At(int(id.Seq) - 1)
}

// Answered notes an answer, unless the command is answered or given up already. Again tells that its client, in a
// closed loop, issues its next command at due, a think time later. If the command is part of a read-modify-write that is not at its
// end, Continues tells so, and its client goes on with that.
func (c *Clients) Answered(id protocols.CommandID, answer []byte, now time.Duration) (again bool, due time.Duration) {
	s := c.Samples.At(int(id.Seq) - 1)
	if s.Answered != result.Never || id.Seq <= uint64(c.lowest) {
		return false, 0
	}
	late := c.load.Arrivals == experiment.Closed && now-s.Intended >= c.load.Timeout // its client has gone on already
	s.Answered = now
	version := c.note(s, answer)
	continues := c.modified(id.Seq, s, version)
	if c.Beside && s.MustApply() && s.Applied == result.Never && id.Seq > uint64(c.taken) {
		c.Ahead.Add(1)
	}
	if c.Measured(s.Intended) {
		if !continues {
			c.Pending.Add(-1)
		}
		if c.running != nil && !s.Read {
			c.mu.Lock()
			_ = c.running.RecordValue(int64(now - s.Intended)) // a display; the result counts what does not fit
			c.mu.Unlock()
		}
	}
	due = now + c.load.ThinkTime
	return c.load.Arrivals == experiment.Closed && !late && !continues && !c.Over(due), due
}

// Expires is how long a client of a closed loop waits for an answer before it goes on with its next command;
// some is false in an open loop.
func (c *Clients) Expires() (wait time.Duration, some bool) {
	return c.load.Timeout, c.load.Arrivals == experiment.Closed
}

// Expired reports whether the client of a closed loop issues its next command because this one has timed out. If
// an answer came in time, the client has gone on already. Due is when it issues it: a think time later.
func (c *Clients) Expired(id protocols.CommandID, now time.Duration) (again bool, due time.Duration) {
	s := c.Samples.At(int(id.Seq) - 1)
	if s.Answered != result.Never && s.Answered-s.Intended < c.load.Timeout {
		return false, 0
	}
	due = now + c.load.ThinkTime
	return !c.Over(due), due
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

// Adopted notes that the region's replica has adopted a state. It is unknown which of the commands issued so far
// are part of it, so Ahead begins again.
func (c *Clients) Adopted() {
	c.taken = c.Samples.Len()
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

// note enters what an answer says about its key into the sample: outcome and value. It returns the latest version of the key that
// the answer tells, 0 if it tells none or the key is absent.
func (c *Clients) note(s *Sample, answer []byte) (version uint64) {
	if !s.Read && s.Version == 0 { // the result is empty, and there is at least one more version
		if c.load.Versions > 0 {
			c.latest[s.Key]++
		}
		return 0
	}
	var r kv.Result
	if protocols.Decode(answer, &r) != nil {
		return 0
	}
	s.Outcome = r.Outcome
	if s.Read {
		s.Value = 0
		if r.Version > 0 && r.Outcome == kv.Outcome_NOTED {
			s.Value = Hash(r.Value)
		}
	}
	if c.load.Versions > 0 {
		c.latest[s.Key] = max(c.latest[s.Key], r.Version)
	}
	return r.Version
}

// Watch makes the clients keep a histogram for Progress. It must be called before the first command.
func (c *Clients) Watch() { c.running = result.NewHistogram() }

// Progress adds the response times so far to a histogram, and returns how many commands were issued.
func (c *Clients) Progress(into *hdrhistogram.Histogram) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	into.Merge(c.running)
	return c.issued
}
