package lives

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/verify"
)

// This file holds what a driver sends, persists and elects in a calm life against what is usual for it. A driver that is
// safe and answers everything may still ask for each commit once more, or elect a leader every second.

// calmDown takes faults, loss and conflicts out of a life, and chooses the driver's options as by default. Its repairs at the
// end stay, so that what is persisted reaches the disks.
func (l *Life) calmDown(longest time.Duration) {
	e := &l.Experiment
	e.Protocols[0].Options = nil
	e.Network.Loss, e.Network.Jitter, e.Network.Reorder, e.Simulation.Doubled = 0, false, false, 0
	e.Simulation.PersistCost = 0
	e.Load.Keys = experiment.Keys{Count: 100_000, Distribution: experiment.Uniform}
	e.Load.Retry = 3*longest + time.Second // nobody asks twice
	e.Faults = slices.DeleteFunc(e.Faults, func(f experiment.Fault) bool { return !undoes(f) })
}

// Usage is what the replicas of a life have done.
type Usage struct {
	Replicas    int
	Commands    int           // issued
	Length      time.Duration // of the load
	Messages    uint64        // sent by replicas, except for answers to clients
	Records     uint64        // given to disks
	Leaderships uint64        // that began
}

func usageOf(record *verify.Record) Usage {
	u := Usage{Replicas: len(record.Replicas), Length: record.Until}
	for _, c := range record.Clients {
		u.Commands += c.Samples.Len()
	}
	for _, one := range record.Replicas {
		u.Messages += one.Messages
		u.Records += one.Records
		u.Leaderships += uint64(len(one.Leaderships))
	}
	return u
}

//go:generate go run ./internal/usual

// perCommand is the most that was seen of a driver in any calm life, per command, and in all.
type perCommand struct {
	messages, records float64
	leaderships       uint64
}

// margin is how much more a life may have than any that was measured.
const margin = 1.15

// waste is the check that nothing is sent, persisted or elected that usually is not. Drivers that are not in the table are
// not checked.
func waste(driver string, u Usage) (check result.Check, known bool) {
	most, known := usual[driver][u.Replicas]
	if !known || u.Commands == 0 {
		return check, false
	}
	check = result.Check{Name: CheckNoWaste, Verdict: result.Passed}
	commands := float64(u.Commands)
	switch {
	case float64(u.Messages) > margin*most.messages*commands:
		check.Detail = fmt.Sprintf("%.2f messages a command; at most %.2f are usual", float64(u.Messages)/commands, most.messages)
	case float64(u.Records) > margin*most.records*commands:
		check.Detail = fmt.Sprintf("%.2f records a command; at most %.2f are usual", float64(u.Records)/commands, most.records)
	case u.Leaderships > most.leaderships:
		check.Detail = fmt.Sprintf("%d leaderships in %v; %d are usual", u.Leaderships, u.Length, most.leaderships)
	}
	if check.Detail != "" {
		check.Verdict = result.Failed
	}
	return check, true
}
