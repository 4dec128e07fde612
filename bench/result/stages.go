package result

import (
	"iter"
	"time"
)

// AnsweredWrite is a measured write that was answered in time. Times are since the run began.
type AnsweredWrite struct {
	Seq                         int // of its region's client, from 1
	Intended, Answered, Applied time.Duration
}

// StageTimes is how long a write was in each stage, in the order of StageNames.
type StageTimes [stagesNumber]time.Duration

// Breakdown computes the breakdown of the writes of a client node's region; nil if there are no writes or no traces.
// Beside is the replica in that region, -1 if there is none.
func (t *Traces) Breakdown(region, beside int, writes iter.Seq[AnsweredWrite]) *Breakdown {
	if t == nil {
		return nil
	}
	sum := &Breakdown{Every: int64(t.every)}
	var stages [stagesNumber]*Tally
	commit, apply := NewTally(), NewTally()
	for w := range writes {
		if w.Applied != Never {
			apply.Add(w.Applied - w.Intended)
		}
		if w.Seq%t.every != 0 {
			continue
		}
		times, chosen := t.Stages(region, beside, w)
		if chosen != Never {
			commit.Add(chosen - w.Intended)
		}
		for _, e := range t.of(region, w.Seq) {
			if e.kind == retried {
				sum.Retries++
			}
		}
		for name, took := range times {
			if stages[name] == nil {
				if took == 0 {
					continue
				}
				stages[name] = NewTally()
				stages[name].AddZeros(sum.Writes)
			}
			stages[name].Add(took)
		}
		sum.Writes++
	}
	if sum.Writes == 0 {
		return nil
	}
	for name, tally := range stages {
		if tally != nil {
			sum.Stages = append(sum.Stages, Stage{Name: stageNames[name], After: stage(name) == applying, Summary: tally.Sum()})
		}
	}
	sum.Commit, sum.Apply = commit.Sum(), apply.Sum()
	return sum
}

// Stages divides the time of a write into stages by its trace events. The stages before the answer add up to its
// response time. Chosen is when the proposer knew the write to be chosen, Never if no mark says so.
func (t *Traces) Stages(region, beside int, w AnsweredWrite) (times StageTimes, chosen time.Duration) {
	events := t.of(region, w.Seq)
	cursor := w.Intended
	until := func(name stage, at time.Duration) {
		if at > cursor && at <= w.Answered {
			times[name] += at - cursor
			cursor = at
		}
	}
	if w.Applied > w.Answered {
		times[applying] = w.Applied - w.Answered
	}
	decision := first(events, func(e placedEvent) bool { return e.kind == committed && e.out <= w.Answered })
	proposer, decided := beside, w.Answered
	if decision != nil {
		proposer, decided = int(decision.replica), decision.in
	} else if e := last(events, func(e placedEvent) bool { return e.kind == proposed && e.out <= w.Answered }); e != nil {
		proposer = int(e.replica)
	}
	answer := t.decisive(events, proposer, decided)
	begun := decided // the last proposal was before this time
	if answer != nil {
		begun = answer.in
	}
	forward := func(e placedEvent) bool {
		return int(e.replica) == proposer && (e.kind == proposed || e.kind == retried) && e.out <= begun
	}
	at, again := first(events, forward), last(events, forward)

	there, back := toLeader, backFromLeader
	if !t.hasLeader {
		there, back = toOther, backFromOther
	}
	if at != nil {
		if proposer != beside {
			if e := last(events, func(e placedEvent) bool { return int(e.replica) == beside && e.kind == retried && e.out <= at.in }); e != nil {
				until(retrying, e.out)
			}
			until(there, at.in)
		}
		until(queueing, at.out)
		until(retrying, again.out)
		if e := last(events, func(e placedEvent) bool {
			return int(e.replica) == proposer && e.kind == prepared && again.out <= e.out && e.out <= begun
		}); e != nil {
			until(preparing, e.out)
		}
	}
	if answer != nil {
		until(wayOut, answer.in)
		until(accepting, answer.out)
	}
	if decision == nil {
		until(untold, w.Answered)
		return times, Never
	}
	if answer != nil {
		until(wayBack, decision.in)
	}
	until(roundTrip, decision.in)
	until(deciding, decision.out)
	if proposer == beside {
		until(waiting, w.Answered)
		return times, decision.out
	}
	if e := first(events, func(e placedEvent) bool {
		return int(e.replica) == proposer && e.kind == appliedAt && e.out >= decision.out
	}); e != nil {
		until(waiting, e.out)
	}
	until(back, w.Answered)
	return times, decision.out
}

// decisive returns the acceptance that completed the quorum: of those that can have reached the proposer by the time
// it decided, the last to arrive. It returns nil if none is known.
func (t *Traces) decisive(events []placedEvent, proposer int, decided time.Duration) *placedEvent {
	if proposer < 0 {
		return nil
	}
	var latest *placedEvent
	var came time.Duration
	for i := range events {
		e := &events[i]
		if e.kind != accepted || int(e.replica) == proposer {
			continue
		}
		link := t.link(int(e.replica), proposer)
		arrives := e.out + link.Delay
		if arrives-jitterSpan*link.Jitter <= decided && e.out < decided && (latest == nil || arrives > came) {
			latest, came = e, arrives
		}
	}
	return latest
}

// jitterSpan is by how many standard deviations a packet is assumed to be early at most.
const jitterSpan = 4
