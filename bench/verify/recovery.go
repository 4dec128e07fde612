package verify

import (
	"cmp"
	"slices"
	"time"

	"quorumbench/bench/result"
)

// crashes describes all crashes of a run, in the order of time.
func (r *Record) crashes(orders orders) []result.Crash {
	warmup := r.Plan.Experiment.Load.Warmup
	var all []result.Crash
	for replica, one := range r.Replicas {
		for i, incarnation := range one.Incarnations {
			if incarnation.Ended == result.Never {
				continue
			}
			crash := result.Crash{Region: r.Region(replica), At: incarnation.Ended - warmup}
			for _, c := range r.Clients {
				crash.Outages = append(crash.Outages, c.Outage(incarnation.Ended))
			}
			crash.NewLeader = r.newLeader(replica, incarnation.Ended)
			if i+1 < len(one.Incarnations) && r.System == nil { // what a system's node has applied is not known
				crash.Recovery = r.recovery(one, i+1, incarnation.Ended, orders)
			}
			all = append(all, crash)
		}
	}
	slices.SortStableFunc(all, func(a, b result.Crash) int { return cmp.Compare(a.At, b.At) })
	return all
}

// newLeader returns how long after the crash of a replica that led a replica leads again, as result.Crash.NewLeader tells
// it. A leadership that began before the one that the crash has ended is not a new one: its replica was cut off, perhaps,
// and has not heard that it was deposed.
func (r *Record) newLeader(dead int, crashed time.Duration) *time.Duration {
	i := slices.IndexFunc(r.Replicas[dead].Leaderships, func(l Leadership) bool { return l.Ended == crashed })
	if i < 0 || !r.Driver().HasLeader {
		return nil
	}
	lost := r.Replicas[dead].Leaderships[i]
	took := result.Never
	for replica, one := range r.Replicas {
		for _, l := range one.Leaderships {
			follows := l.Began >= crashed || replica != dead && l.Began > lost.Began && (l.Ended == result.Never || l.Ended > crashed)
			if after := max(0, l.Began-crashed); follows && (took == result.Never || after < took) {
				took = after
			}
		}
	}
	return &took
}

// recovery describes how a replica recovered in an incarnation after its first: what it had missed, when it had caught
// up, and when it answered its region's clients again.
func (r *Record) recovery(one *Replica, incarnation int, crashed time.Duration, orders orders) *result.Recovery {
	begun := one.Incarnations[incarnation].Began
	back := &result.Recovery{At: begun - r.Plan.Experiment.Load.Warmup, Serving: result.Never}
	if served := one.Incarnations[incarnation].Served; served != result.Never {
		back.Serving = served - begun
	}
	seen, number := r.newVisits(), uint32(0)
	for key, all := range orders { // each counts for itself: their sequence does not matter
		last := 0
		number++
		for i := range all.len() {
			id := all.id(i)
			known := r.sample(id)
			if known == nil || known.Read || known.Answered == result.Never || known.Answered > begun {
				continue
			}
			if known.Answered >= crashed {
				if !seen.first(number, id) {
					continue
				}
				back.Missed++
			}
			last = i + 1
		}
		if last == 0 || back.CaughtUp == result.Never {
			continue
		}
		mine := one.Journal.incarnations[incarnation][key]
		if mine == nil {
			back.CaughtUp = result.Never
			continue
		}
		if when, ok := mine.reached(uint64(last)); ok {
			back.CaughtUp = max(back.CaughtUp, when-begun)
		} else {
			back.CaughtUp = result.Never
		}
	}
	return back
}
