package lives

import (
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
// second election, so timers are sped up until the election timeout is one, two or five of the longest round trips.
// Without a leader, such rates would leave no time to finish anything, and fixed rates are used.
func (d drawer) fastTimers(e *experiment.Experiment, delays protocols.Delays, leader bool) []experiment.Fault {
	rates := []float64{0.1, 0.3, 0.6}
	if leader {
		shortest := float64(delays.MaxRoundTrip()) / float64(delays.ElectionTimeout())
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
