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
	Repeat   int // from 0; with the seed it decides what clients do and which packets are lost

	// Began is the date at which a run in virtual time begins. A live run takes it from the machine's clock.
	Began time.Time
	// Scratch is the folder for the logs of live replicas with durability fsync; they are removed when the run
	// ends. It should be on the device that is to be measured. Empty means the system's temporary folder.
	Scratch string

	// GiveUp is the time after which clients stop waiting for a command. Zero means the load's timeout, for which they
	// ask again at least.
	GiveUp time.Duration
	// AwaitLevel lets a run in virtual time go on until all replicas have applied the same, and what their clients' answers
	// say, for at most the load's timeout. Where each key has an order of its own and messages may have been lost, replicas
	// that are behind with a key are asked to read it.
	AwaitLevel bool
	// Gone are regions whose replicas stay down, or cut off, when the faults are over. The run does not wait for them,
	// and they are not held to have applied what was answered.
	Gone []string
	// Owed, if set, reports whether a command without an answer must get one: the run does not wait for others. The client is the
	// index of a region in the experiment's Clients. It is called when the load is over.
	Owed func(record *verify.Record, client int, s *load.Sample) bool
	// Change, if set, changes the configuration of each replica, as only tests do.
	Change func(*protocols.Config)
	// ValueSizes, if set, are sizes of which each value of a write has one at random, in bytes.
	ValueSizes []int
	// Breach, if set, is called when a replica violates the contract, as by answering twice. The text of the error
	// continues a sentence that begins with the replica's name.
	Breach func(id protocols.NodeID, err error)
	// Bounds stop a run in virtual time that would not end. Zero means no bounds.
	Bounds Bounds
	// Beat, if set, is told each event of a run in virtual time before it is handled.
	Beat *Beat

	// Spin is for how long before an event the live emulator spins instead of sleeping; see emulator.New.
	Spin time.Duration
	// Hurry, if not nil, is called when a live run begins: it is to give this process real-time priority and to keep the
	// processors awake, as package netem/awake does. Calm takes that back. It is called once: at the end of the run, or as
	// soon as the run fills the machine.
	Hurry func() (calm func(), keptAwake bool)

	// Instances, if set, is told what becomes of the instances of a run in virtual time; see protocols.InstanceWatcher.
	Instances func(e protocols.InstanceEvent)

	// System runs the protocol's system, if it is one that is run as it is.
	System *System

	// Part, if set, makes this process run one place of a live run, while other processes run the others.
	Part *Part

	Observer *Observer // if set, notes the messages of a run in virtual time, and what led to which

	TraceEvents int            // how many trace events are kept of each replica; 0 keeps no events and no measures
	Steps       io.Writer      // one line for each input and each effect of a replica; nil disables it
	Watch       func(Progress) // called about ten times a second with the progress; nil disables it
}

// Bounds limit a run in virtual time. A driver that answers each message with two would otherwise run
// without end.
type Bounds struct {
	Events     int // the number of events handled
	Waiting    int // the number of events scheduled at a time,
	PerRequest int // and so many more for each message that clients have sent: those that ask again early cause many
}

// ErrEndless is the error of a simulated run in which virtual time does not go on.
var ErrEndless = errors.New("virtual time does not go on: a closed loop whose commands take no time never ends; accepted: think_time or simulation.command_cost above 0s, or world: live")

// ErrFlooded is the error of a run that was stopped by its bounds.
var ErrFlooded = errors.New("the replicas sent each other messages, or set timers, without end")

// Progress is the state of a run under way.
type Progress struct {
	Elapsed  time.Duration           // since the run began
	Issued   int64                   // commands, warm-up included
	Response *hdrhistogram.Histogram // of the measured writes answered so far, in nanoseconds
}

// Play runs a protocol and returns the record of what happened. If ctx ends, the run stops at once; Play then
// returns the context's error and the record up to that time.
func Play(ctx context.Context, config Config) (*verify.Record, error) {
	r := newRunning(config)
	defer r.finish()
	if config.Plan.Experiment.IsSimulated() {
		return r.record, r.simulate(ctx)
	}
	if config.Part == nil && config.Plan.Experiment.Network.Links == experiment.Real {
		return r.record, errRealLinks
	}
	runtime.GC() // collect the garbage of the run before
	if config.Part != nil {
		return r.record, r.part(ctx)
	}
	if config.Protocol.System != "" {
		return r.record, r.system(ctx)
	}
	return r.record, r.live(ctx)
}

// errRealLinks is the error of a run over real links by a process that runs all regions.
var errRealLinks = errors.New("found real links between regions that are all in this process; accepted: quorumbench site, a process for each region")

// running is a run under way.
type running struct {
	Config
	record *verify.Record
	places []*place
	end    *ending
	faults *faults

	processors *processors // of a simulated run

	crashed func(replica int, logFolder string, durable uint64) // see fileDisk.crashed; for tests, nil otherwise
}

func newRunning(config Config) *running {
	e := &config.Plan.Experiment
	record := &verify.Record{Plan: config.Plan, Protocol: config.Protocol, Repeat: config.Repeat, Gone: config.Gone}
	for client := range e.Clients {
		c := load.NewClients(e.Load.In(e.Clients[client]), e.Seed, config.Repeat, client, len(e.Clients))
		c.GiveUp = cmp.Or(config.GiveUp, c.GiveUp)
		c.Beside = config.Plan.Beside(config.Protocol, client)
		c.Sizes = config.ValueSizes
		if config.Watch != nil {
			c.Watch()
		}
		record.Clients = append(record.Clients, c)
	}
	return &running{Config: config, record: record}
}

// worldSeed is the seed of everything that happens outside the nodes: packet loss, jitter, torn disk writes,
// random victims of crashes. It is the same for all protocols of a repeat.
func (r *running) worldSeed() uint64 { return r.Plan.Experiment.Seed + uint64(r.Repeat)<<32 }

// prepare makes the places with their replicas and client nodes, the fault injector, and the ending, which
// decides when the run is over. Now is the date at which the run begins; it is cut to milliseconds, as
// histogram logs have no more.
func (r *running) prepare(w world, layout *layout, disks []disk, now time.Time) {
	e := &r.Plan.Experiment
	r.record.Started = now.Add(e.Load.Warmup).UTC().Truncate(time.Millisecond)
	for number := range e.Regions {
		r.places = append(r.places, &place{number: number, world: w, layout: layout, observer: r.Observer, outgoing: make([][]message, len(e.Regions))})
	}
	driver, costs := r.record.Driver(), r.costs()
	r.processors = newProcessors(costs.Processors, e.Load.Warmup, e.Load.Warmup+e.Load.Duration)
	for id := range protocols.NodeID(len(e.Replicas)) {
		one := &verify.Replica{Measures: result.Measures{}}
		if r.TraceEvents > 0 {
			one.Events = result.NewTraceLog(r.TraceEvents)
		}
		r.record.Replicas = append(r.record.Replicas, one)
		config := r.Plan.ReplicaConfig(r.Protocol, id)
		config.Seed = r.seed(id)
		config.NeverRestarts = r.neverRestarts()
		if r.Change != nil {
			r.Change(&config)
		}
		p := r.places[id]
		p.instances = r.watchInstances(driver)
		p.replica = newReplica(p, config, driver, costs, r.processors, disks[id], one)
		p.replica.steps, p.replica.warmup, p.replica.breach = r.Steps, e.Load.Warmup, r.Breach
	}
	for i, c := range r.record.Clients {
		config := r.Plan.ClientConfig(r.Protocol, i)
		config.GiveUp = max(config.GiveUp, r.GiveUp)
		config.Seed = r.seed(config.ID)
		p := r.places[r.Plan.ClientRegion(i)]
		p.clients = newClientNode(p, config, driver, c)
		if r.TraceEvents > 0 {
			p.clients.measures = result.Measures{}
			r.record.ClientMeasures = append(r.record.ClientMeasures, p.clients.measures)
		}
	}
	r.end = newEnding(r.record, r.places, r.AwaitLevel)
	r.end.owed = r.Owed
	r.faults = newFaults(r.Plan, w, rand.New(rand.NewPCG(r.worldSeed(), 1<<62)), r.places[:len(e.Replicas)], r.Steps)
	for _, p := range r.places[:len(e.Replicas)] {
		p.replica.joined = func(membership string) { w.do(w.now(), func() { r.faults.changed(membership) }) }
	}
}

// watchInstances returns whom a replica is to tell of its instances: in virtual time they are held against the lemmas of the
// driver.
func (r *running) watchInstances(driver *protocols.Driver) func(protocols.InstanceEvent) {
	if !r.Plan.Experiment.IsSimulated() {
		return nil
	}
	if r.record.Watcher == nil && driver.Watch != nil {
		r.record.Watcher = driver.Watch()
	}
	lemmas, figure := r.record.Watcher, r.Instances
	switch {
	case lemmas == nil:
		return figure
	case figure == nil:
		return lemmas.Note
	}
	return func(e protocols.InstanceEvent) {
		figure(e)
		lemmas.Note(e)
	}
}

// seed is the seed of a node's own randomness.
func (r *running) seed(id protocols.NodeID) uint64 { return r.worldSeed()<<8 + uint64(id) }

// layout makes the layout of the experiment's nodes.
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

// costs are the simulated costs of messages and disk writes; zero in the live world. Without durability fsync nothing is
// synced.
func (r *running) costs() experiment.Simulation {
	if !r.Plan.Experiment.IsSimulated() {
		return experiment.Simulation{}
	}
	costs := r.Plan.Experiment.Simulation
	if r.Plan.Experiment.Durability != experiment.Fsync {
		costs.SyncCost = 0
	}
	return costs
}

// neverRestarts tells whether no replica is ever restarted from its disk: disks are in memory, and there are no faults.
func (r *running) neverRestarts() bool {
	return len(r.Plan.Experiment.Faults) == 0 && (r.Plan.Experiment.IsSimulated() || r.Plan.Experiment.Durability == experiment.InMemory)
}

// memoryDisks makes a disk in memory for each replica. Where no replica ever restarts, the disks discard what is
// written.
func (r *running) memoryDisks() []disk {
	var disks []disk
	for i := range r.Plan.Experiment.Replicas {
		disks = append(disks, &memoryDisk{
			random: rand.New(rand.NewPCG(r.worldSeed(), 2<<62+uint64(i))), discards: r.neverRestarts(),
		})
	}
	return disks
}

// reportProgress calls Watch, if there is one, with the progress at a time of the run.
func (r *running) reportProgress(now time.Duration) {
	if r.Watch == nil {
		return
	}
	p := Progress{Elapsed: now, Response: result.NewHistogram()}
	for _, c := range r.record.Clients {
		p.Issued += c.Progress(p.Response)
	}
	r.Watch(p)
}

// finish enters into the record how the run ended. It is called when all nodes have stopped.
func (r *running) finish() {
	if r.end == nil { // it has not begun
		return
	}
	r.end.noteOutcome(r.record, r.faults.world.now())
	if r.faults.disturbsLinks() && r.end.unequal() {
		r.record.Unsettled = cmp.Or(r.record.Unsettled, "at the end a fault still lost or delayed messages")
	}
	r.record.Cut, r.record.Faults = r.faults.anyCut(r.record.IsGone), r.faults.marks
}
