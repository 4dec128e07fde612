package verify

import (
	"slices"
	"sync/atomic"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols"
)

// Record is what a run leaves behind: what the clients saw, what the replicas did, and what went wrong on
// purpose. Package run fills it in; what reads it does not change it.
type Record struct {
	Plan     *experiment.Plan
	Protocol experiment.Protocol
	Repeat   int             // from 0
	Clients  []*load.Clients // by their regions, Experiment.Clients
	Replicas []*Replica      // by their regions, Experiment.Replicas, which come first among all

	Started time.Time     // when measuring began
	Until   time.Duration // since the run began: commands that were intended before count
	Settled bool          // in the end the replicas had applied what was answered, or had the time to
	Cut     bool          // in the end a link was cut
	Faults  []result.FaultMark
	Network result.NetworkRun // messages are counted by the replicas
	// ClientMeasures are the numbers that client nodes have noted.
	ClientMeasures []result.Measures

	broken error // the first invariant that was found broken while the run lasted
}

// Replica is what the replica of a region leaves behind.
type Replica struct {
	Node         protocols.Node // nil while it is down
	Journal      Journal
	Incarnations []Incarnation
	Events       *result.TraceLog // nil: none are kept
	Measures     result.Measures
	Messages     uint64 // sent
	// Leading is the replica's last word about its leadership. It may be read from any goroutine.
	Leading atomic.Bool
}

// Begin notes that an incarnation begins.
func (r *Replica) Begin(now time.Duration) {
	r.Incarnations = append(r.Incarnations, Incarnation{Began: now, Ended: result.Never, Served: result.Never})
	r.Journal.Begin(now)
}

// End notes that it has crashed.
func (r *Replica) End(now time.Duration) {
	r.Incarnations[len(r.Incarnations)-1].Ended = now
	r.Node = nil
	r.Leading.Store(false)
}

// Serves notes that the replica has answered a command of its region's clients.
func (r *Replica) Serves(now time.Duration) {
	if one := &r.Incarnations[len(r.Incarnations)-1]; one.Served == result.Never {
		one.Served = now
	}
}

// Incarnation is the time between the start of a replica and its crash. Times are since the run began, and
// Never if they have not come.
type Incarnation struct {
	Began  time.Duration
	Ended  time.Duration
	Served time.Duration // when it first answered a command of its region's clients
}

// Region is the name of a region.
func (r *Record) Region(i int) string { return r.Plan.Experiment.Regions[i] }

// beside is the number of the replica in the region of a client node, -1 if there is none.
func (r *Record) beside(client int) int {
	if region := r.Plan.ClientRegion(client); region < len(r.Replicas) {
		return region
	}
	return -1
}

// Driver is that of the protocol.
func (r *Record) Driver() *protocols.Driver { return r.Plan.Driver(r.Protocol) }

// Measured tells whether the run lasted until something was measured.
func (r *Record) Measured() bool { return r.Until > r.Plan.Experiment.Load.Warmup }

// Level tells whether all replicas have applied the log up to the same index, if there is one log.
func (r *Record) Level() bool {
	return !slices.ContainsFunc(r.Replicas, func(one *Replica) bool { return one.Journal.End() != r.Replicas[0].Journal.End() })
}

// whole tells whether, in the end, all replicas are up and reach each other, and had the time to apply
// what was answered.
func (r *Record) whole() bool {
	return r.Settled && !r.Cut && !slices.ContainsFunc(r.Replicas, func(one *Replica) bool { return one.Node == nil })
}

// Inspect holds the replicas' states against each other in the middle of a run: what is wrong may be gone
// in the end.
func (r *Record) Inspect() {
	if r.broken == nil {
		r.broken = r.checkInvariants()
	}
}

// sample returns what is known of a command, nil for no-ops.
func (r *Record) sample(id protocols.CommandID) *load.Sample {
	if id.Client == 0 || id.Client > uint64(len(r.Clients)) || id.Seq == 0 || id.Seq > uint64(len(r.Clients[id.Client-1].Samples)) {
		return nil
	}
	return &r.Clients[id.Client-1].Samples[id.Seq-1]
}

// Traces brings the trace events of all replicas together; nil if none were kept.
func (r *Record) Traces() *result.Traces {
	var logs []*result.TraceLog
	for _, one := range r.Replicas {
		logs = append(logs, one.Events)
	}
	var commands []int
	for _, c := range r.Clients {
		commands = append(commands, len(c.Samples))
	}
	return result.NewTraces(logs, r.Driver().HasLeader, r.Plan.Link, commands, func(region, seq int) bool {
		s := &r.Clients[region].Samples[seq-1]
		return !s.Read && r.Clients[region].Measured(s.Intended)
	})
}
