package bench

import (
	"fmt"
	"math"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"quorumbench/bench/experiment"
)

// What a run keeps in memory until its checks are done, roughly: histories, journals and state machines. From 89,000 to
// 899,000 commands, simulated runs with three replicas grew by 185 B (raft), 196 B (mmp3) and 247 B (paxos) a command
// (docs/cost.md).
const (
	bytesPerCommand  = 100 // of the history
	bytesPerReplica  = 50  // for each command at each replica
	bytesPerClient   = 300 // of a closed loop: its next command is an event that waits
	bytesPerKey      = 150 // at each replica, besides the value
	bytesWithoutLoad = 200 << 20
)

// What a live run in a closed loop may do at most. Where time is virtual, nothing but the links, and costs, limits a run.
const (
	leastResponseTime = time.Millisecond // of a client
	mostThroughput    = 300_000          // commands a second
)

// From how many bytes on a user is told how much memory a run takes, and from how many times the memory that there is
// a run is refused. What a run keeps is not known exactly.
const (
	worthTelling  = 1 << 30
	surelyTooMuch = 2
)

// memoryOf is about how much memory a run of a plan keeps that issues so many commands, in bytes.
func memoryOf(plan *experiment.Plan, commands float64) float64 {
	e := &plan.Experiment
	replicas := float64(len(e.Replicas))
	keys := commands
	if e.Load.Keys.Distribution != experiment.Latest { // else each write has a new one
		keys = min(commands, float64(e.Load.Keys.Count)*float64(len(e.Clients)))
	}
	clients := float64(e.Load.Clients) * float64(len(e.Clients)) // none in an open loop
	return bytesWithoutLoad + clients*bytesPerClient + commands*(bytesPerCommand+bytesPerReplica*replicas) + keys*(bytesPerKey+float64(e.Load.ValueSize))*replicas
}

// commandsOf is how many commands a run issues at least and at most. A closed loop depends on response times.
func commandsOf(plan *experiment.Plan) (least, most float64) {
	load := &plan.Experiment.Load
	regions, length := float64(len(plan.Experiment.Clients)), (load.Warmup + load.Duration).Seconds()
	if !load.IsClosed() {
		commands := 0.0
		for _, region := range plan.Experiment.Clients {
			in := load.In(region)
			commands += float64(in.Rate) * in.MeanFactor() * length
		}
		commands *= 1 + float64(load.RMW.Share) // a read and a write each
		return commands, commands
	}
	clients := float64(load.Clients) * regions
	least = max(float64(load.Commands)*regions, clients) // each client issues one at once
	quickest, limit := leastResponseTime, float64(mostThroughput)
	if simulation := &plan.Experiment.Simulation; plan.Experiment.IsSimulated() {
		quickest, limit = time.Microsecond, math.Inf(1)
		if simulation.CommandCost > 0 { // each replica takes so long for a command of its clients
			limit = float64(len(plan.Experiment.Replicas)) / simulation.CommandCost.Seconds()
		}
	}
	for _, protocol := range plan.Experiment.Protocols {
		rate := 0.0 // a second
		for client := range plan.Experiment.Clients {
			rate += float64(load.Clients) / (max(plan.Floor(protocol, client), quickest) + load.ThinkTime).Seconds()
		}
		most = max(most, clients+length*min(rate, limit))
	}
	return least, max(least, most)
}

// CheckMemory returns an error if a run of a plan would keep far more than the memory that there is, and a remark if it
// keeps much. Where it is not known how much there is, nothing is refused.
func CheckMemory(plan *experiment.Plan) (remark string, err error) {
	var most, commands float64
	there, whose := MemoryThere()
	for _, point := range plan.Points() {
		least, many := commandsOf(point)
		if needed := memoryOf(point, least); there > 0 && needed > surelyTooMuch*there {
			return "", fmt.Errorf("found a load of %s in a run, which keep about %s in memory; accepted: what fits into %s, %s: less rate, duration, commands or value_size",
				millions(least), gigabytes(needed), gigabytes(there), whose)
		}
		if needed := memoryOf(point, many); needed > most {
			most, commands = needed, many
		}
	}
	if most < worthTelling {
		return "", nil
	}
	remark = fmt.Sprintf("a run keeps up to about %s in memory, for up to %s", gigabytes(most), millions(commands))
	if there > 0 && most > there {
		remark += fmt.Sprintf("; there are %s, %s", gigabytes(there), whose)
	}
	return remark, nil
}

// MemoryThere is the memory that this process can have, and whose limit that is; 0 if it is not known.
func MemoryThere() (bytes float64, from string) {
	system, systemErr := memlimit.FromSystem()
	group, groupErr := memlimit.FromCgroup()
	switch {
	case groupErr == nil && (systemErr != nil || group < system):
		return float64(group), "the limit of this process's control group"
	case systemErr != nil:
		return 0, ""
	}
	return float64(system), "the memory of this machine"
}

func gigabytes(bytes float64) string { return fmt.Sprintf("%.1f GB", bytes/1e9) }

func millions(commands float64) string { return fmt.Sprintf("%.1f million commands", commands/1e6) }
