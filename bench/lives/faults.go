package lives

import (
	"cmp"
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols"
)

// This file draws faults that come together, since some bugs show only while an earlier fault is still in force.

// crashAll crashes all replicas, or nearly all, within 10 ms.
func (d drawer) crashAll(f experiment.Fault, regions []string) []experiment.Fault {
	var all []experiment.Fault
	for _, region := range regions {
		if d.chance(0.1) {
			continue
		}
		c := f
		c.Crash = region
		c.At += time.Duration(d.Float64() * float64(min(f.For, 10*ms)))
		all = append(all, c)
	}
	return all
}

// fastTimers makes timers fire much too early, at all replicas or at some for a while, so that elections follow each
// other or proposers interrupt each other. With a leader, election timeouts are seconds and a life would hardly see a
// second election, so timers are sped up until the election timeout is one, two or five of the longest round trips, or of the
// time that persisting takes if that is longer: with faster ones a leader would send more than its followers can persist.
// Without a leader, such rates would leave no time to finish anything, and fixed rates are used.
func (d drawer) fastTimers(e *experiment.Experiment, delays protocols.Delays, leader bool) []experiment.Fault {
	rates := []float64{0.1, 0.3, 0.6}
	if leader {
		longest := max(delays.MaxRoundTrip(), e.Simulation.PersistCost)
		shortest := float64(longest) / float64(delays.ElectionTimeout())
		rates = []float64{shortest, 2 * shortest, 5 * shortest}
	}
	skew := func(region string, since, length time.Duration, rate float64) experiment.Fault {
		return experiment.Fault{At: since, For: length, Skew: &experiment.Skew{Region: region, Rate: experiment.Factor(rate)}}
	}
	var all []experiment.Fault
	if leader && d.chance(0.6) {
		rate := d.one(rates...)
		length := time.Duration(d.one(0.1, 0.4, 1) * float64(e.Load.Duration))
		for _, region := range e.Replicas {
			all = append(all, skew(region, 0, length, rate*(0.7+0.6*d.Float64())))
		}
		return all
	}
	for _, region := range e.Replicas {
		for range d.IntN(4) {
			since := time.Duration(d.Int64N(int64(e.Load.Duration - ms)))
			length := ms + time.Duration(d.Int64N(int64(e.Load.Duration-since)))
			all = append(all, skew(region, since, length, d.one(rates...)))
		}
	}
	return all
}

// repeated draws faults one after the other over the whole life: crashes of the leader or of a random replica, and
// partitions.
func (d drawer) repeated(e *experiment.Experiment) []experiment.Fault {
	gap := d.one(50, 200, 800)
	length := gap * d.one(0.05, 1)
	divide, behead := d.one(0, 0.5, 1), d.one(0, 0.5, 1)
	var all []experiment.Fault
	for at := time.Duration(0); ; {
		at += ms + time.Duration(d.ExpFloat64()*gap*float64(ms))
		f := experiment.Fault{At: at, For: ms + time.Duration(d.Float64()*length*float64(ms))}
		if f.At+f.For >= e.Load.Duration {
			return all
		}
		switch {
		case d.chance(divide):
			f.Partition = d.groups(e.Regions)
		case d.chance(behead):
			f.Crash = "leader"
		default:
			f.Crash = "random"
		}
		all = append(all, f)
	}
}

// loadWhileOverlapping draws the load of a life with overlapping leaders: most commands are reads of few keys, and
// arrive whether earlier ones are answered or not, over the time of some ten elections.
func (d drawer) loadWhileOverlapping(l *Life, longest time.Duration) {
	load := &l.Experiment.Load
	load.Duration = max(load.Duration, 100*longest)
	load.Reads = 0.7
	l.openLoop()
	load.Rate = experiment.Rate(3 * commands / float64(len(l.Experiment.Clients)) / load.Duration.Seconds())
	load.Keys.Count = 1 + d.IntN(5)
}

// cutLeadersOff isolates the leader again and again, for long enough that the others elect another one, while it has
// its clients and does not know. All clocks are fast by one rate, so that elections take little time; with that a
// protocol that trusts clocks is safe.
func (d drawer) cutLeadersOff(l *Life) {
	e := &l.Experiment
	delays := l.betweenReplicas()
	rate := d.one(2, 3, 5) * float64(delays.MaxRoundTrip()) / float64(delays.ElectionTimeout())
	for _, region := range e.Replicas {
		e.Faults = append(e.Faults, experiment.Fault{For: e.Load.Duration, Skew: &experiment.Skew{Region: region, Rate: experiment.Factor(rate)}})
	}
	timeout := rate * float64(delays.ElectionTimeout())
	for at := time.Duration(timeout); ; {
		f := experiment.Fault{At: at, For: time.Duration((1.5 + 2.5*d.Float64()) * timeout), Isolate: experiment.CrashLeader}
		if at = f.At + f.For + time.Duration((0.5+2*d.Float64())*timeout); f.At+f.For >= e.Load.Duration {
			break
		}
		e.Faults = append(e.Faults, f)
	}
	slices.SortStableFunc(e.Faults, func(a, b experiment.Fault) int { return cmp.Compare(a.At, b.At) })
}
