package verify

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Record holds everything about a run that is checked and summed up: what clients sent and received, what replicas
// applied, and the faults. Package run fills it in; its readers do not change it.
type Record struct {
	Plan     *experiment.Plan
	Protocol experiment.Protocol
	Repeat   int             // from 0
	Clients  []*load.Clients // by their regions, Experiment.Clients
	Replicas []*Replica      // by their regions, Experiment.Replicas, which come first among all

	Started time.Time     // when measuring began
	Until   time.Duration // since the run began: commands intended before this time are measured
	// Unsettled is why the replicas may not have had enough time to apply what was answered; empty if they had.
	Unsettled string
	Cut       bool     // at the end, a link was cut
	Gone      []string // regions whose replicas were to be down, or cut off, at the end; their links do not count for Cut
	Faults    []result.FaultMark
	Network   result.NetworkRun // except for the number of messages, which the replicas count
	// Lateness is how late the emulator released packets since measuring began, in nanoseconds; nil in the simulated world.
	Lateness *hdrhistogram.Histogram
	Usage    *result.Usage // of the processors; nil where it is not known
	Work     *result.Work  // of a live run; nil where it is not known
	// ClientMeasures are the measures of the client nodes.
	ClientMeasures []result.Measures

	// FinalReads are the reads after the load of a run of a system, each key that was written once.
	FinalReads []FinalRead
	System     *result.System // of a run of a system; nil else

	// Watcher was told what became of the instances of a run in virtual time; nil if the driver has none.
	Watcher protocols.InstanceWatcher

	// Clocks are by how much the clocks of the places may differ from that of the coordinator, by their regions, if each place was
	// run by a process of its own; nil if all have one clock.
	Clocks []Clock
	// Missing are the regions of which nothing is known of the run, since their process was lost.
	Missing []string
	// Links are what was measured of the real links between these processes before and after the run.
	Links []result.Link

	broken error // the first violation of an invariant that Inspect found

	silent struct { // replicas that apply nothing in the end, by the plan; see IsGone
		once sync.Once
		set  quorum.Set
	}
}

// Replica is the part of a Record about one replica.
type Replica struct {
	Node         protocols.Node // nil while it is down, and in another process
	Away         bool           // it is up, in another process
	Journal      Journal
	Incarnations []Incarnation
	Events       *result.TraceLog // nil if trace events are not kept
	Measures     result.Measures
	Messages     uint64       // sent to replicas and client nodes, answers left out
	Records      uint64       // given to the disk
	Leaderships  []Leadership // in the order in which they began
	Failed       string       // when, since measuring began, and why its disk failed, which stopped it for the rest of the run; empty if it did not
	// Leading is whether the replica leads, by its last mark. It may be read from any goroutine.
	Leading atomic.Bool
}

// up reports whether the replica is up, here or in another process.
func (r *Replica) up() bool { return r.Node != nil || r.Away }

// Begin records that an incarnation begins.
func (r *Replica) Begin(now time.Duration) {
	r.Incarnations = append(r.Incarnations, Incarnation{Began: now, Ended: result.Never, Served: result.Never})
	r.Journal.Begin(now)
}

// End records that the replica has crashed.
func (r *Replica) End(now time.Duration) {
	r.Incarnations[len(r.Incarnations)-1].Ended = now
	r.Node = nil
	r.Deposed(now)
}

// Leads records that the replica has begun to lead.
func (r *Replica) Leads(now time.Duration) {
	r.Deposed(now) // of its former term, if it led already
	r.Leaderships = append(r.Leaderships, Leadership{Began: now, Ended: result.Never})
	r.Leading.Store(true)
}

// Deposed records that the replica does not lead any more.
func (r *Replica) Deposed(now time.Duration) {
	if r.Leading.Load() {
		r.Leaderships[len(r.Leaderships)-1].Ended = now
	}
	r.Leading.Store(false)
}

// Serves records that the replica has answered a command of its region's clients.
func (r *Replica) Serves(now time.Duration) {
	if one := &r.Incarnations[len(r.Incarnations)-1]; one.Served == result.Never {
		one.Served = now
	}
}

// Incarnation is a replica between its start and its crash. Times are since the run began, and result.Never for what
// has not happened.
type Incarnation struct {
	Began  time.Duration
	Ended  time.Duration
	Served time.Duration // when it first answered a command of its region's clients
}

// Leadership is the time during which a replica leads, by its marks. Times are since the run began; Ended is
// result.Never while it leads.
type Leadership struct{ Began, Ended time.Duration }

// Region is the name of a region.
func (r *Record) Region(i int) string { return r.Plan.Experiment.Regions[i] }

// beside is the replica in the region of a client node, -1 if there is none that it may ask.
func (r *Record) beside(client int) int {
	if r.Plan.Beside(r.Protocol, client) {
		return r.Plan.ClientRegion(client)
	}
	return -1
}

// Driver returns the driver of the run's protocol.
func (r *Record) Driver() *protocols.Driver { return r.Plan.Driver(r.Protocol) }

// Measured reports whether the run lasted longer than the warm-up.
func (r *Record) Measured() bool { return r.Until > r.Plan.Experiment.Load.Warmup }

// Level reports whether all replicas that are not gone have applied the log up to the same index. It is true where each key has an
// order of its own.
func (r *Record) Level() bool {
	end, known := uint64(0), false
	for i, one := range r.Replicas {
		switch {
		case r.IsGone(i):
		case !known:
			end, known = one.Journal.End(), true
		case one.Journal.End() != end:
			return false
		}
	}
	return true
}

// KeyBehind is a replica that has applied less of a key's order than another one has.
type KeyBehind struct {
	Replica int
	Key     string
	Applied uint64 // the last index that it has applied
	Latest  uint64 // the last index that any replica has applied
}

// KeysBehind returns the replicas, except for those that are gone, that are behind where each key has an order of its own, by
// key and replica. It is empty where there is one log. To be called while no replica is at work.
func (r *Record) KeysBehind() (behind []KeyBehind) {
	latest := map[string]uint64{}
	for i, one := range r.Replicas {
		if r.IsGone(i) && r.Driver().PromisesNothing {
			continue // what it alone has is lost
		}
		for key := range one.Journal.incarnations[len(one.Journal.incarnations)-1] {
			latest[key] = max(latest[key], one.Journal.endOf(key))
		}
	}
	delete(latest, "")
	for _, key := range slices.Sorted(maps.Keys(latest)) {
		for i, one := range r.Replicas {
			if applied := one.Journal.endOf(key); applied < latest[key] && !r.IsGone(i) {
				behind = append(behind, KeyBehind{i, key, applied, latest[key]})
			}
		}
	}
	return behind
}

// Applied is the last index of a key's order that a replica has applied in its present incarnation.
func (r *Record) Applied(replica int, key string) uint64 {
	return r.Replicas[replica].Journal.endOf(key)
}

// Behind returns the regions whose replica, unless it is gone, has not applied all writes that were answered to the clients
// beside it. Safe for use by several goroutines.
func (r *Record) Behind() (regions []string) {
	if r.mayLose() {
		return nil
	}
	for i, c := range r.Clients {
		if c.Ahead.Load() > 0 && !r.IsGone(r.Plan.ClientRegion(i)) {
			regions = append(regions, r.Plan.Experiment.Clients[i])
		}
	}
	return regions
}

// mayLose reports whether answered writes may be lost for good, with a replica that does not come back.
func (r *Record) mayLose() bool { return len(r.Gone) > 0 && r.Driver().PromisesNothing }

// IsGone reports whether a region is among those that are Gone, or has a replica that is no member in the end, or a witness, which applies
// nothing. It is asked for each command: what follows from the plan is worked out once. Safe for use by several goroutines.
func (r *Record) IsGone(region int) bool {
	r.silent.once.Do(func() { r.silent.set = r.Plan.Outside() | r.Plan.Witnesses(r.Protocol) })
	return r.silent.set.Has(int32(region)) || len(r.Gone) > 0 && slices.Contains(r.Gone, r.Region(region))
}

// unfinished returns why it is not known what the replicas would have applied in the end, empty if it is known: all
// replicas that are not gone were up, no link was cut, and the replicas had had enough time to apply what was answered.
func (r *Record) unfinished() string {
	for i, one := range r.Replicas {
		if !one.up() && !r.IsGone(i) {
			return "at the end the replica in " + r.Region(i) + " was down"
		}
	}
	if r.Cut {
		return "at the end a link was cut"
	}
	return r.Unsettled
}

// Inspect checks the driver's invariants in the middle of a run, since a violation may no longer be visible at the
// end.
func (r *Record) Inspect() {
	if r.broken == nil {
		r.broken = r.checkInvariants()
	}
}

// sample returns the sample of a command, nil for a no-op.
func (r *Record) sample(id protocols.CommandID) *load.Sample {
	if id.Client == 0 || id.Client > uint64(len(r.Clients)) || id.Seq == 0 || id.Seq > uint64(r.Clients[id.Client-1].Samples.Len()) {
		return nil
	}
	return r.Clients[id.Client-1].Samples.At(int(id.Seq) - 1)
}

// Traces merges the trace events of all replicas; nil if none were kept.
func (r *Record) Traces() *result.Traces {
	var logs []*result.TraceLog
	for _, one := range r.Replicas {
		logs = append(logs, one.Events)
	}
	var commands []int
	for _, c := range r.Clients {
		commands = append(commands, c.Samples.Len())
	}
	return result.NewTraces(logs, r.Driver().HasLeader, r.Plan.Link, commands, func(region, seq int) bool {
		s := r.Clients[region].Samples.At(seq - 1)
		return !s.Read && r.Clients[region].Measured(s.Intended)
	})
}
