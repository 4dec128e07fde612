package run

import (
	"fmt"
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
	roundTrip  time.Duration                                                // the longest between two regions
	settleTime time.Duration                                                // how long it takes until what was answered is applied everywhere
	awaitLevel bool                                                         // see Config.AwaitLevel
	owed       func(record *verify.Record, client int, s *load.Sample) bool // see Config.Owed; may be nil
	places     []*place                                                     // whose replicas tell how long events waited for them
	reads      *finalReads                                                  // for awaitLevel

	until    time.Duration // commands intended before this time are measured; 0 while the load goes on
	deadline time.Duration // when the last command times out
	settled  time.Duration // from when on the run may end; 0 if it was interrupted
	steps    int64         // how many commands the replicas had applied when observe last looked
	lastStep time.Duration // when observe last found that number grown
	working  time.Duration // when observe last found a replica working off what had waited; 0 if never
	behind   bool          // replicas were still applying what was answered when observe last looked
}

func newEnding(record *verify.Record, places []*place, awaitLevel bool) *ending {
	longest := protocols.Delays(record.Plan.Topology.OneWay).MaxRoundTrip()
	return &ending{
		load: &record.Plan.Experiment.Load, clients: record.Clients, record: record, places: places,
		roundTrip: longest, settleTime: settleTime(&record.Plan.Experiment, longest), awaitLevel: awaitLevel,
		reads: &finalReads{record: record, places: places},
	}
}

// settleTime is how long it takes until what was answered is applied everywhere: a message each way on the
// longest link and, where messages may be lost, time to send them again.
func settleTime(e *experiment.Experiment, longest time.Duration) time.Duration {
	if e.Network.Loss > 0 || len(e.Faults) > 0 {
		return resendTime(longest)
	}
	return 2 * longest
}

// resendTime is how long it takes until messages that were lost, or so late that they seemed lost, have been sent again
// and what depends on them is applied.
func resendTime(longest time.Duration) time.Duration { return 10*longest + 3*time.Second }

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
	// A replica that is behind with an order of many keys catches up by itself, as with a log.
	if e.awaitLevel && canLose(&e.record.Plan.Experiment) && !e.record.Driver().HasStreams() {
		e.reads.ask(e.record.KeysBehind())
	}
	ready := !e.behind && (!e.awaitLevel || e.level())
	return ready || now >= e.settled+e.load.Timeout
}

// unanswered is the number of measured commands without an answer, as far as they must have one. To be called when the load
// is over.
func (e *ending) unanswered() int64 {
	pending := sum(e.clients, func(c *load.Clients) int64 { return c.Pending.Load() })
	if pending == 0 || e.owed == nil {
		return pending
	}
	for i, c := range e.clients {
		for _, s := range c.Awaited() {
			if c.Measured(s.Intended) && !e.owed(e.record, i, s) {
				pending--
			}
		}
	}
	return pending
}

// observe updates behind: whether replicas are still applying what was answered.
func (e *ending) observe(now time.Duration) {
	if steps := sum(e.record.Replicas, func(r *verify.Replica) int64 { return r.Journal.Steps() }); steps != e.steps {
		e.steps, e.lastStep = steps, now
	}
	if e.longestWait(now) > overload {
		e.working = now
	}
	moving := now-e.lastStep < 2*e.roundTrip+stall || e.working > 0 && now-e.working < resendTime(e.roundTrip)
	e.behind = moving && e.unequal()
}

// unequal reports whether a replica has not applied what others have, or what its clients' answers say. Replicas that are
// gone do not count.
func (e *ending) unequal() bool {
	return !e.record.Level() || len(e.record.Behind()) > 0
}

// level reports whether all replicas have applied the same, and what the clients' answers say: also those to clients with no
// replica beside them, or one that is gone.
func (e *ending) level() bool {
	return !e.unequal() && len(e.record.KeysBehind()) == 0 && e.record.Unapplied() == ""
}

// longestWait is the longest time that an event has waited for its replica since the last call.
func (e *ending) longestWait(now time.Duration) (longest time.Duration) {
	for _, p := range e.places {
		if p.replica != nil {
			longest = max(longest, p.replica.waits.take(now))
		}
	}
	return longest
}

// stall is how long replicas may apply nothing, besides two round trips, and still count as working. Live
// replicas share a machine and may have to wait for it.
const stall = 300 * time.Millisecond

// overload is how long an event may wait for its replica. A replica that lets events wait longer has a backlog: it may
// apply nothing for any length of time, and its answers come so late that others take them for lost.
const overload = 50 * time.Millisecond

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

// noteOutcome enters into the record how the run has ended, at the given time.
func (e *ending) noteOutcome(record *verify.Record, now time.Duration) {
	record.Until = e.until
	if e.longestWait(now) > overload { // found out only when the event was handled, after the decision to end
		e.working, e.behind = now, e.behind || e.unequal()
	}
	switch {
	case e.settled == 0:
		record.Unsettled = "the run was interrupted"
	case e.behind && e.working > 0:
		record.Unsettled = fmt.Sprintf("replicas were still working off a backlog: %v before the end, events waited for more than %v",
			(now - e.working).Round(time.Millisecond), overload)
	case e.behind:
		record.Unsettled = "at the end replicas were still applying"
	case e.awaitLevel && !e.level():
		record.Unsettled = fmt.Sprintf("%v after the end of the load, replicas had not applied all that was answered", (now - e.until).Round(time.Millisecond))
	case record.Plan.Experiment.Network.Rate > 0 && e.unanswered() > 0:
		record.Unsettled = "commands were not answered in time, and links of limited rate may still hold messages"
	}
}
