package run

import (
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
)

// ending decides when a run is over: the load is, every measured command is answered or out of time, and
// what was answered has had the time to be applied.
type ending struct {
	load       *experiment.Load
	clients    []*load.Clients
	record     *verify.Record
	roundTrip  time.Duration // the longest
	settling   time.Duration // how long it takes for what was answered to be applied
	awaitLevel bool

	until   time.Duration // commands that were intended before count; 0: the load is not over
	drained time.Duration // when the last command issued is out of time
	settled time.Duration // when what was answered should be applied, and the run can end; 0: it was interrupted
	steps   int64         // that the replicas have applied, at the last look
	stepped time.Duration // when they were found to be more
	behind  bool          // at the last look, replicas were still applying what was answered
}

func newEnding(record *verify.Record, awaitLevel bool) *ending {
	longest := protocols.Delays(record.Plan.Topology.OneWay).MaxRoundTrip()
	return &ending{
		load: &record.Plan.Experiment.Load, clients: record.Clients, record: record,
		roundTrip: longest, settling: settling(&record.Plan.Experiment, longest), awaitLevel: awaitLevel,
	}
}

// settling is how long it takes for what was answered to be applied: a message each way on the
// longest link and, where messages may be lost, their repetition and repair.
func settling(e *experiment.Experiment, longest time.Duration) time.Duration {
	if e.Network.Loss > 0 || len(e.Faults) > 0 {
		return 10*longest + 3*time.Second
	}
	return 2 * longest
}

// over tells, at a time of the run, whether it can end. Replicas that are behind, and go on applying, get
// more time, up to the load's timeout.
func (e *ending) over(now time.Duration) bool {
	if e.until == 0 && !slices.ContainsFunc(e.clients, func(c *load.Clients) bool { return !c.Over(now) }) {
		if e.drained == 0 {
			e.drained = now + e.load.Timeout
		}
		if e.pending() == 0 || now >= e.drained {
			e.until, e.settled = e.load.Warmup+e.load.Duration, now+e.settling
		}
	}
	e.look(now)
	if e.until == 0 || now < e.settled {
		return false
	}
	ready := !e.behind && (!e.awaitLevel || e.record.Level())
	return ready || now >= e.settled+e.load.Timeout
}

// pending is the number of measured commands without an answer.
func (e *ending) pending() int64 {
	return sum(e.clients, func(c *load.Clients) int64 { return c.Pending.Load() })
}

// look notes whether, at a time of the run, replicas are still applying what was answered.
func (e *ending) look(now time.Duration) {
	if steps := sum(e.record.Replicas, func(r *verify.Replica) int64 { return r.Journal.Steps() }); steps != e.steps {
		e.steps, e.stepped = steps, now
	}
	moving := now-e.stepped < 2*e.roundTrip+stall
	e.behind = moving && (!e.record.Level() || sum(e.clients, func(c *load.Clients) int64 { return c.Ahead.Load() }) > 0)
}

// stall is how long, in either world, replicas that are at work may apply nothing, besides what the links
// take: the live ones share a machine.
const stall = 300 * time.Millisecond

// sum adds up what each of some things counts.
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

// note enters into the record how the run has ended.
func (e *ending) note(record *verify.Record) {
	record.Until, record.Settled = e.until, e.settled != 0 && !e.behind
}
