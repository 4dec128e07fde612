package run

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/experiment"
	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
)

// Config says what is run: one protocol of a plan, once.
type Config struct {
	Plan     *experiment.Plan
	Protocol experiment.Protocol
	Repeat   int // from 0; what the clients do, and what becomes of packets, follows from it and the seed

	// Began is the date at which virtual time begins. Real time has its own.
	Began time.Time
	// Scratch is the folder in which live replicas make their logs, if they are to be durable, and
	// from which these are removed in the end. It should be on the device that is to be measured.
	// Empty: the system's folder for temporary files.
	Scratch string

	// GiveUp is after which time clients give a command up; zero: after the load's timeout.
	GiveUp time.Duration
	// AwaitLevel makes a run last until all replicas have applied the log up to the same index, or the
	// clients' timeout is over once more.
	AwaitLevel bool
	// Bounds end a run in virtual time that would not end; zero: there are none.
	Bounds Bounds

	TraceEvents int            // how many trace events of each replica are kept, and its measures; 0: none
	Steps       io.Writer      // one line for each thing that happens to a replica, or that it wants; nil: none
	Watch       func(Progress) // is told about ten times a second how it goes; nil: nobody is
}

// Bounds are what a run in virtual time may have at most. Without them, a driver that answers each message
// with two would never come to an end.
type Bounds struct {
	Events  int // that happen
	Waiting int // of these, that wait at a time to happen
}

// ErrFlooded is the error of a run that has come to its bounds.
var ErrFlooded = errors.New("the replicas sent each other messages, or set timers, without end")

// Progress tells how a run goes.
type Progress struct {
	Elapsed  time.Duration           // since the run began
	Issued   int64                   // commands, warm-up included
	Response *hdrhistogram.Histogram // of the measured writes answered so far, in nanoseconds
}

// Play runs a protocol and returns the record of what happened. If ctx ends, the run stops at once, and
// the error is the context's; the record is then of what happened until then.
func Play(ctx context.Context, config Config) (*verify.Record, error) {
	r := newRunning(config)
	defer r.finish()
	if config.Plan.Experiment.IsSimulated() {
		return r.record, r.simulate(ctx)
	}
	runtime.GC() // what the run before left behind
	return r.record, r.live(ctx)
}

// running is a run under way.
type running struct {
	Config
	record *verify.Record
	places []*place
	end    *ending
	faults *faults
}

func newRunning(config Config) *running {
	e := &config.Plan.Experiment
	record := &verify.Record{Plan: config.Plan, Protocol: config.Protocol, Repeat: config.Repeat}
	for client := range e.Clients {
		c := load.NewClients(&e.Load, e.Seed, config.Repeat, client)
		c.GiveUp = cmp.Or(config.GiveUp, c.GiveUp)
		c.Beside = config.Plan.ClientRegion(client) < len(e.Replicas)
		if config.Watch != nil {
			c.Watch()
		}
		record.Clients = append(record.Clients, c)
	}
	return &running{Config: config, record: record}
}

// weather is the seed of the links: the same for all protocols of a repeat.
func (r *running) weather() uint64 { return r.Plan.Experiment.Seed + uint64(r.Repeat)<<32 }

// prepare makes the places with their replicas and clients, the faults and the end of a run. Now is the date
// at which the run begins; of it the histogram log keeps milliseconds.
func (r *running) prepare(w world, layout *layout, disks []disk, now time.Time) {
	e := &r.Plan.Experiment
	r.record.Started = now.Add(e.Load.Warmup).UTC().Truncate(time.Millisecond)
	for number := range e.Regions {
		r.places = append(r.places, &place{number: number, world: w, layout: layout, away: make([][]message, len(e.Regions))})
	}
	driver := r.record.Driver()
	for id := range protocols.NodeID(len(e.Replicas)) {
		one := &verify.Replica{Measures: result.Measures{}}
		if r.TraceEvents > 0 {
			one.Events = result.NewTraceLog(r.TraceEvents, r.expected())
		}
		r.record.Replicas = append(r.record.Replicas, one)
		config := r.Plan.Replica(r.Protocol, id)
		config.Seed = r.seed(id)
		p := r.places[id]
		p.replica = newReplica(p, config, driver, r.costs(), disks[id], one)
		p.replica.steps, p.replica.warmup = r.Steps, e.Load.Warmup
	}
	for i, c := range r.record.Clients {
		config := r.Plan.Client(r.Protocol, i)
		config.Seed = r.seed(config.ID)
		p := r.places[r.Plan.ClientRegion(i)]
		p.clients = newClientNode(p, config, driver, c)
		if r.TraceEvents > 0 {
			p.clients.measures = result.Measures{}
			r.record.ClientMeasures = append(r.record.ClientMeasures, p.clients.measures)
		}
	}
	r.end = newEnding(r.record, r.AwaitLevel)
	r.faults = newFaults(r.Plan, w, rand.New(rand.NewPCG(r.weather(), 1<<62)), r.places[:len(e.Replicas)], r.Steps)
}

// seed is that of a node.
func (r *running) seed(id protocols.NodeID) uint64 { return r.weather()<<8 + uint64(id) }

// layout tells where the nodes are.
func (r *running) layout() *layout {
	e := &r.Plan.Experiment
	l := &layout{replicas: len(e.Replicas), clientAt: make([]protocols.NodeID, len(e.Regions))}
	for place := range e.Regions {
		l.local = append(l.local, r.Plan.Topology.OneWay[place][place])
		l.clientAt[place] = protocols.Nobody
	}
	for i := range e.Clients {
		l.regions = append(l.regions, r.Plan.ClientRegion(i))
		l.clientAt[l.regions[i]] = protocols.NodeID(l.replicas + i)
	}
	return l
}

// expected is about how many commands an open loop will issue; of a closed one nothing is known.
func (r *running) expected() int {
	load := &r.Plan.Experiment.Load
	return int(float64(load.Rate) * (load.Warmup + load.Duration).Seconds() * float64(len(r.record.Clients)))
}

// costs are what the simulated world charges; in the real one things take the time they take.
func (r *running) costs() experiment.Simulation {
	if r.Plan.Experiment.IsSimulated() {
		return r.Plan.Experiment.Simulation
	}
	return experiment.Simulation{}
}

// memoryDisks are disks that keep what they are given as long as the run lasts, if it can be asked
// for at all.
func (r *running) memoryDisks() []disk {
	var disks []disk
	for i := range r.Plan.Experiment.Replicas {
		disks = append(disks, &memoryDisk{
			random: rand.New(rand.NewPCG(r.weather(), 2<<62+uint64(i))), drops: len(r.Plan.Experiment.Faults) == 0,
		})
	}
	return disks
}

// tell tells the watcher how the run goes.
func (r *running) tell(now time.Duration) {
	if r.Watch == nil {
		return
	}
	p := Progress{Elapsed: now, Response: result.NewHistogram()}
	for _, c := range r.record.Clients {
		p.Issued += c.Progress(p.Response)
	}
	r.Watch(p)
}

// finish notes how the run has ended. It is called when nothing happens any more.
func (r *running) finish() {
	if r.end == nil { // it has not begun
		return
	}
	r.end.note(r.record)
	r.record.Cut, r.record.Faults = r.faults.anyCut(), r.faults.marks
}
