package lives

import (
	"slices"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/quorum"
)

// This file draws replicas that hold no commands.

// witnesses makes one replica or, of five and more, sometimes two into witnesses; the configured leader stays what it is. It is
// false, and changes nothing, if witnesses would be a quorum by themselves.
func (d drawer) witnesses(l *Life) bool {
	e := &l.Experiment
	can := slices.DeleteFunc(slices.Clone(e.Replicas), func(region string) bool { return region == e.Protocols[0].Leader })
	d.Shuffle(len(can), func(i, j int) { can[i], can[j] = can[j], can[i] })
	count := 1
	if len(can) > 3 && d.chance(0.5) {
		count = 2
	}
	chosen := can[:min(count, len(can))]
	role := l.Driver.Witnesses
	decides := l.config(0).Quorums[role] // also of limits
	plain := l.Limits.Quorums
	l.Limits.Quorums = nil
	own := l.config(0).Quorums[role]
	l.Limits.Quorums = plain
	var set quorum.Set
	for _, region := range chosen {
		set.Add(int32(slices.Index(e.Replicas, region)))
	}
	if set == 0 || decides.IsQuorum(set) || own.IsQuorum(set) {
		return false
	}
	e.Protocols[0].Witnesses = chosen
	return true
}

// witnessesStayDead has the witnesses of a quarter of the lives crash and never restart, if the others are quorums without
// them. (Of the others none may stay dead: it may have the only copy of a command.)
func (d drawer) witnessesStayDead(l *Life) {
	e := &l.Experiment
	dead := e.Protocols[0].Witnesses
	if !d.chance(0.25) || !survivesDeadMinority(l.Driver) || !l.quorumsWithout(dead) {
		return
	}
	l.Gone = dead
	for _, region := range dead {
		e.Faults = append(e.Faults, experiment.Fault{At: e.Load.Duration / 2, Crash: region})
	}
	e.Faults = slices.DeleteFunc(e.Faults, func(f experiment.Fault) bool { return f.Restart != "" })
	for _, region := range e.Full(e.Protocols[0]) {
		e.Faults = append(e.Faults, experiment.Fault{At: e.Load.Duration, Restart: region})
	}
}

// witnessSet are the witnesses' numbers.
func (l *Life) witnessSet() (all quorum.Set) {
	for _, region := range l.Experiment.Protocols[0].Witnesses {
		all.Add(int32(slices.Index(l.Experiment.Replicas, region)))
	}
	return all
}
