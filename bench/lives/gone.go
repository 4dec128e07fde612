package lives

import (
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/bench/verify"
	"quorumbench/protocols/quorum"
)

// This file draws what a life ends with: replicas that are not undone, and clients that ask one replica only.

// stayDead has a minority crash and never restart or, in an open loop, be cut off to the end with the clients beside
// it. The others are a quorum of every role, if need be with the options as by default.
func (d drawer) stayDead(l *Life) {
	e := &l.Experiment
	gone := slices.Clone(e.Replicas)
	d.Shuffle(len(gone), func(i, j int) { gone[i], gone[j] = gone[j], gone[i] })
	gone = gone[:1+d.IntN((len(gone)-1)/2)]
	since := time.Duration(d.Float64() * 0.7 * float64(e.Load.Duration))
	cutOff := e.Load.Arrivals != experiment.Closed && d.chance(0.5)
	if !l.quorumsWithout(gone) {
		l.Limits.Quorums = nil
		e.Protocols[0].Options = nil
	}
	l.Gone = gone
	if !cutOff {
		for _, region := range gone {
			e.Faults = append(e.Faults, experiment.Fault{At: since, Crash: region})
		}
		e.Faults = slices.DeleteFunc(e.Faults, func(f experiment.Fault) bool { return f.Restart != "" })
		for _, region := range e.Replicas {
			if !slices.Contains(gone, region) {
				e.Faults = append(e.Faults, experiment.Fault{At: e.Load.Duration, Restart: region})
			}
		}
		return
	}
	l.CutOff = gone
	others := slices.DeleteFunc(slices.Clone(e.Regions), func(region string) bool { return slices.Contains(gone, region) })
	e.Faults = slices.DeleteFunc(e.Faults, func(f experiment.Fault) bool { // the links stay as they are from then on
		return f.Heal || (len(f.Partition) > 0 || len(f.Cut) > 0 || f.Isolate != "") && f.At+f.For >= since
	})
	e.Faults = append(e.Faults, experiment.Fault{At: since, Partition: [][]string{gone, others}})
}

// quorumsWithout reports whether the replicas that are not gone are a quorum of every role that is needed.
func (l *Life) quorumsWithout(gone []string) bool {
	var left quorum.Set
	for id, region := range l.Experiment.Replicas {
		if !slices.Contains(gone, region) {
			left.Add(int32(id))
		}
	}
	for _, system := range l.Driver.Needed(l.config(0).Quorums) {
		if !system.IsQuorum(left) {
			return false
		}
	}
	return true
}

// beLoyal has all clients ask the replica beside them, and no other.
func (d drawer) beLoyal(l *Life) {
	l.Experiment.Load.Retry = 0
	l.openLoop() // a client of a closed loop would wait for what a crash has taken along
}

// owed reports whether a command that has no answer must have one. It need not if it was issued in a region that is
// cut off to the end or, where clients ask no other replica, if the one that was asked has crashed since.
func (l *Life) owed(record *verify.Record, client int, s *load.Sample) bool {
	region := l.Experiment.Clients[client]
	if slices.Contains(l.CutOff, region) {
		return false
	}
	if !l.has(loyalClients) {
		return true
	}
	asked := record.Replicas[slices.Index(l.Experiment.Replicas, region)]
	last := asked.Incarnations[len(asked.Incarnations)-1]
	return last.Ended == result.Never && last.Began <= s.Sent
}
