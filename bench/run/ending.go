package run

import (
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
)

// ending decides when a run is over: the load has ended, every measured command is answered or has timed out,
// and the replicas have had time to apply what was answered.
type ending struct {
	load       *experiment.Load
	clients    []*load.Clients
	record     *verify.Record
	roundTrip  time.Duration // the longest between two regions
	settleTime time.Duration // how long it takes until what was answered is applied everywhere
	awaitLevel bool          // see Config.AwaitLevel

	until    time.Duration // commands intended before this time are measured; 0 while the load goes on
	deadline time.Duration // when the last command times out
	settled  time.Duration // from when on the run may end; 0 if it was interrupted
	steps    int64         // how many commands the replicas had applied when observe last looked
	lastStep time.Duration // when observe last found that number grown
	behind   bool          // replicas were still applying what was answered when observe last looked
}

func newEnding(record *verify.Record, awaitLevel bool) *ending {
	longest := protocols.Delays(record.Plan.Topology.OneWay).MaxRoundTrip()
	return &ending{
		load: &record.Plan.Experiment.Load, clients: record.Clients, record: record,
		roundTrip: longest, settleTime: settleTime(&record.Plan.Experiment, longest), awaitLevel: awaitLevel,
	}
}

// settleTime is how long it takes until what was answered is applied everywhere: a message each way on the
// longest link and, where messages may be lost, time to send them again.
func settleTime(e *experiment.Experiment, longest time.Duration) time.Duration {
	if e.Network.Loss > 0 || len(e.Faults) > 0 {
		return 10*longest + 3*time.Second
	}
	return 2 * longest
}

// over reports whether the run can end at the given time. Replicas that are behind but still applying get
// more time, up to the load's timeout.
func (e *ending) over(now time.Duration) bool {
	if e.until == 0 && !slices.ContainsFunc(e.clients, func(c *load.Clients) bool { return !c.Over(now) }) {
		if e.deadline == 0 {
			e.deadline = now + e.load.Timeout
		}
		if e.unanswered() == 0 || now >= e.deadline {
			e.until, e.settled = e.load.Warmup+e.load.Duration, now+e.settleTime
		}
	}
	e.observe(now)
	if e.until == 0 || now < e.settled {
		return false
	}
	ready := !e.behind && (!e.awaitLevel || e.record.Level())
	return ready || now >= e.settled+e.load.Timeout
}

// unanswered is the number of measured commands without an answer.
func (e *ending) unanswered() int64 {
	return sum(e.clients, func(c *load.Clients) int64 { return c.Pending.Load() })
}

// observe updates behind: whether replicas are still applying what was answered.
func (e *ending) observe(now time.Duration) {
	if steps := sum(e.record.Replicas, func(r *verify.Replica) int64 { return r.Journal.Steps() }); steps != e.steps {
		e.steps, e.lastStep = steps, now
	}
	moving := now-e.lastStep < 2*e.roundTrip+stall
	e.behind = moving && (!e.record.Level() || sum(e.clients, func(c *load.Clients) int64 { return c.Ahead.Load() }) > 0)
}

// stall is how long replicas may apply nothing, besides two round trips, and still count as working. Live
// replicas share a machine and may have to wait for it.
const stall = 300 * time.Millisecond

// sum adds up the counts of all things.
func sum[E any](things []E, count func(E) int64) (n int64) {
	for _, thing := range things {
		n += count(thing)
	}
	return n
}

// interrupt ends the run before its time.
func (e *ending) interrupt(now time.Duration) {
	if e.until == 0 {
		e.until = min(now, e.load.Warmup+e.load.Duration)
	}
	e.settled = 0
}

// noteOutcome enters into the record how the run has ended.
func (e *ending) noteOutcome(record *verify.Record) {
	record.Until, record.Settled = e.until, e.settled != 0 && !e.behind
}
