package lives

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumbench/bench/experiment"
)

// This file draws memberships that change.

// spares adds one to three replicas that are no members at first.
func (d drawer) spares(l *Life) {
	e := &l.Experiment
	e.Members = slices.Clone(e.Replicas)
	e.Replicas = slices.Clone(e.Replicas)
	for range 1 + d.IntN(3) {
		e.Replicas = append(e.Replicas, fmt.Sprint("r", len(e.Replicas)))
		l.addRegion(func() (oneWay, jitter time.Duration) {
			oneWay = ms + time.Duration(d.Int64N(int64(100*ms)))
			if e.Network.Jitter {
				jitter = time.Duration(d.Float64() * float64(oneWay))
			}
			return oneWay, jitter
		})
	}
	e.Regions, e.Clients = e.Replicas, e.Replicas
}

// memberships draws requests for other memberships: one after the other over the whole life or, in some lives, several
// within an election timeout, so that one comes while another is under way.
func (d drawer) memberships(l *Life) {
	e := &l.Experiment
	voters, learners := slices.Clone(e.FirstMembers()), []string(nil)
	none := func(region string) bool {
		return !slices.Contains(voters, region) && !slices.Contains(learners, region)
	}
	hasty := d.chance(0.5)
	at := time.Duration(d.Int64N(int64(e.Load.Duration / 2)))
	for range 1 + d.IntN(8) {
		f := experiment.Fault{At: at}
		var others []string
		for _, region := range e.Replicas {
			if none(region) {
				others = append(others, region)
			}
		}
		switch kind := d.IntN(4); {
		case kind == 0 && len(others) > 0:
			f.AddLearner = others[d.IntN(len(others))]
			learners = append(learners, f.AddLearner)
		case kind == 1 && len(learners) > 0:
			f.Remove = learners[d.IntN(len(learners))]
			learners = slices.DeleteFunc(learners, func(region string) bool { return region == f.Remove })
		default:
			next := slices.Clone(e.Replicas)
			d.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
			next = next[:2+d.IntN(min(5, len(next)-1))]
			f.ChangeMembership = "majority(" + strings.Join(next, ",") + ")"
			learners = slices.DeleteFunc(append(learners, voters...), func(region string) bool { return slices.Contains(next, region) })
			voters = next
		}
		e.Faults = append(e.Faults, f)
		gap := e.Load.Duration / 4
		if hasty {
			gap = min(gap, l.betweenReplicas().ElectionTimeout()/4)
		}
		if at += time.Duration(d.Int64N(int64(gap))); at >= e.Load.Duration {
			break
		}
	}
	slices.SortStableFunc(e.Faults, func(a, b experiment.Fault) int { return cmp.Compare(a.At, b.At) })
}
