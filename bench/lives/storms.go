package lives

import (
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols"
)

// What is drawn here are faults that go together, since some bugs show only where one thing goes
// wrong while another still does.

// blackout is a crash of all replicas, or nearly all, within a few ms.
func (d drawer) blackout(f experiment.Fault, regions []string) []experiment.Fault {
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

// haste makes timers run out far too early, everywhere or here and there: elections follow each
// other, or proposers interrupt each other. With a leader, whose followers are patient for seconds,
// there would be hardly a second one in a life: there the patience becomes one to some of the
// longest round trips. Without one there is no way to be so hasty and get on.
func (d drawer) haste(e *experiment.Experiment, delays protocols.Delays, leader bool) []experiment.Fault {
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

// siege leaves nobody in peace for long: again and again it crashes a replica, preferably the
// leader, or divides them.
func (d drawer) siege(e *experiment.Experiment) []experiment.Fault {
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
