// Package bench runs experiments: it reads an experiment file, hosts replicas in real or in
// virtual time, plays the clients, and records what every write took.
//
// One write's way: [experiment.Read] reads the file; [Execute] takes the protocols in turn; a generator
// says when a write arrives in a region and what it writes; the region's site hands it to its
// replica; what the replica sends crosses the world, live or simulated; the answer comes back to
// the site, which notes the latency from the intended arrival; the notes become histograms in a
// [Result], and [Write] puts that into a folder, from which package reports draws.
package bench

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/quorum"
)

// Status is what there is to say of an experiment that is running.
type Status struct {
	Protocol string // the label
	Point    string // of a sweep
	Repeat   int    // from 0
	Run      int    // from 0, of Runs
	Runs     int
	Phase    string        // warm-up, measuring or draining
	Elapsed  time.Duration // of this run
	Length   time.Duration // of this run, draining not counted
	Left     time.Duration // of the whole experiment, roughly
	Issued   int64         // writes so far, warm-up included
	Rate     float64       // writes a second, of all regions together
	Count    int64         // measured writes answered so far
	P50, P99 time.Duration // of these; zero while they are too few
}

// Execute runs an experiment: every protocol once a repeat and point of its sweep, in an order drawn
// from the seed, so that a drift of the machine does not favour one of them. Watch, if not nil, is told
// about ten times a second how it goes, from the calling goroutine.
//
// If ctx ends, Execute stops at once and returns what was measured so far, marked as partial,
// together with the context's error. Any other error comes with a nil result.
func Execute(ctx context.Context, plan *experiment.Plan, watch func(Status)) (*result.Result, error) {
	found := &result.Result{
		Schema: result.SchemaVersion, Experiment: plan.Experiment, Topology: plan.Topology,
		Machine: thisMachine(), Started: time.Now().UTC(),
	}
	order := rand.New(rand.NewPCG(plan.Experiment.Seed, 1<<63))
	for repeat := range plan.Experiment.Repeats {
		for _, point := range plan.Points() {
			for _, i := range order.Perm(len(plan.Experiment.Protocols)) {
				a := newAttempt(point, plan.Experiment.Protocols[i], repeat)
				a.index, a.tell = len(found.Runs), true
				a.watch = a.watcher(watch, plan.Runs())
				if err := a.execute(ctx); err != nil && !errors.Is(err, ctx.Err()) {
					return nil, fmt.Errorf("running %s: %w", a.protocol.Label, err)
				}
				if a.measuredAnything() {
					found.Runs = append(found.Runs, a.conclude(ctx.Err() != nil))
				}
				if ctx.Err() != nil {
					found.Partial, found.Finished = true, time.Now().UTC()
					return found, ctx.Err()
				}
			}
		}
	}
	found.Finished = time.Now().UTC()
	return found, seal(found)
}

// seal computes the fingerprint of a simulated result.
func seal(r *result.Result) error {
	if r.Experiment.World != experiment.Simulated {
		return nil
	}
	data, err := json.Marshal([]any{r.Experiment, r.Topology, r.Runs})
	if err != nil {
		return fmt.Errorf("hashing the result: %w", err)
	}
	r.Fingerprint = fmt.Sprintf("%x", sha256.Sum256(data))
	return nil
}

// attempt is one run under way.
type attempt struct {
	plan     *experiment.Plan
	protocol experiment.Protocol
	driver   *protocols.Driver
	repeat   int
	index    int // of the run, from 0
	clients  []*clients
	running  []*site
	run      result.Run
	until    time.Duration // commands that were intended before count, since the run began
	drained  time.Duration // when the last command issued is out of time, since the run began
	settled  time.Duration // when what was answered should be applied, and the run can end, since it began
	steps    int64         // that the replicas have applied, at the last look
	stepped  time.Duration // when they were found to be more
	behind   bool          // at the last look, replicas were still applying what was answered
	director *director
	trace    io.Writer // nil: nobody wants to know
	watch    func(now time.Duration)
	random   *rand.Rand // of faults
	faults   sync.Mutex // guards run.Faults while the run lasts
	verdict  bool       // alone counts: no search for what explains a failure
	bounded  bool       // a life: bounded in the number of events, and over when all replicas are level
	drowned  bool       // in more events than that
	broken   error      // the first invariant that was found broken while the run lasted
	tell     bool       // note what tells why writes took what they took

	mostEvents int // trace events that a site keeps; 0: MaxTraceEvents
}

func newAttempt(plan *experiment.Plan, protocol experiment.Protocol, repeat int) *attempt {
	a := &attempt{plan: plan, protocol: protocol, repeat: repeat}
	a.driver = plan.Driver(protocol)
	a.random = rand.New(rand.NewPCG(a.weather(), 1<<62))
	a.run = result.Run{Protocol: protocol.Label, Point: plan.Point, Repeat: repeat}
	for region := range plan.Experiment.Regions {
		c := newClients(&plan.Experiment.Load, plan.Experiment.Seed, repeat, region)
		c.giveUp = cmp.Or(plan.GiveUp, c.giveUp)
		a.clients = append(a.clients, c)
	}
	return a
}

func (a *attempt) execute(ctx context.Context) error {
	if a.plan.Experiment.World == experiment.Simulated {
		return runSimulated(ctx, a)
	}
	runtime.GC() // what the run before left behind
	return runLive(ctx, a)
}

// weather is the seed of the links: the same for all protocols of a repeat.
func (a *attempt) weather() uint64 {
	return a.plan.Experiment.Seed + uint64(a.repeat)<<32
}

// memoryDisks are disks that keep what they are given as long as the run lasts, if it can be asked
// for at all.
func (a *attempt) memoryDisks() []disk {
	var disks []disk
	for i := range a.clients {
		var d disk = noDisk{}
		if len(a.plan.Experiment.Faults) > 0 {
			d = &simDisk{random: rand.New(rand.NewPCG(a.weather(), 2<<62+uint64(i)))}
		}
		disks = append(disks, d)
	}
	return disks
}

// sites makes the replicas and the sites around them.
func (a *attempt) sites(w world, disks []disk) []*site {
	for i := range a.clients {
		a.running = append(a.running, newSite(i, a.config(i), a.driver, w, a.costs(), a.clients[i], disks[i]))
		a.running[i].trace = a.trace
		if a.tell {
			a.running[i].events = result.NewTraceLog(cmp.Or(a.mostEvents, result.MaxTraceEvents), a.expected())
		}
	}
	return a.running
}

// expected is about how many commands an open loop will issue; of a closed one nothing is known.
func (a *attempt) expected() int {
	load := &a.plan.Experiment.Load
	return int(float64(load.Rate) * (load.Warmup + load.Duration).Seconds() * float64(len(a.clients)))
}

// config is what a replica knows when it is made.
func (a *attempt) config(i int) protocols.Config {
	config := a.plan.Replica(a.protocol, i)
	config.Seed = a.weather()<<8 + uint64(i)
	return config
}

// costs are what the simulated world charges; in the real one things take the time they take.
func (a *attempt) costs() experiment.Simulation {
	if a.plan.Experiment.World == experiment.Simulated {
		return a.plan.Experiment.Simulation
	}
	return experiment.Simulation{}
}

// noteFault notes that a fault has happened. In the live world it is called by another goroutine
// than the others' methods, and before they are called for the last time.
func (a *attempt) noteFault(now time.Duration, text string) {
	if a.trace != nil {
		fmt.Fprintf(a.trace, "%10.3f  *  %s\n", float64(now)/float64(time.Millisecond), text)
	}
	a.faults.Lock()
	defer a.faults.Unlock()
	a.run.Faults = append(a.run.Faults, result.FaultMark{At: now - a.plan.Experiment.Load.Warmup, Text: text})
}

// began notes when the run began; at is the time of day, of which the histogram log keeps
// milliseconds.
func (a *attempt) began(at time.Time) {
	a.run.Started = at.Add(a.plan.Experiment.Load.Warmup).UTC().Truncate(time.Millisecond)
}

// pending is the number of measured writes without an answer.
func (a *attempt) pending() int64 {
	return sum(a.clients, func(c *clients) int64 { return c.pending.Load() })
}

// over tells, at a time of the run, whether it can end: the load is over, every measured command is
// answered or out of time, and what was answered has had the time to be applied. Replicas that are
// behind, and go on applying, get more time, up to the clients' patience.
func (a *attempt) over(now time.Duration) bool {
	load := &a.plan.Experiment.Load
	if a.until == 0 && !slices.ContainsFunc(a.clients, func(c *clients) bool { return !c.over(now) }) {
		if a.drained == 0 {
			a.drained = now + load.Timeout
		}
		if a.pending() == 0 || now >= a.drained {
			a.until, a.settled = load.Warmup+load.Duration, now+a.settling()
		}
	}
	a.look(now)
	if a.until == 0 || now < a.settled {
		return false
	}
	ready := !a.behind && (!a.bounded || a.level()) // a life asks whether all get there
	return ready || now >= a.settled+load.Timeout
}

// look notes whether, at a time of the run, replicas are still applying what was answered.
func (a *attempt) look(now time.Duration) {
	if steps := sum(a.running, func(s *site) int64 { return s.journal.steps.Load() }); steps != a.steps {
		a.steps, a.stepped = steps, now
	}
	moving := now-a.stepped < 2*protocols.Delays(a.plan.Topology.OneWay).MaxRoundTrip()+stall
	a.behind = moving && (!a.level() || sum(a.clients, func(c *clients) int64 { return c.ahead.Load() }) > 0)
}

// stall is how long, in either world, replicas that are at work may apply nothing, besides what the links
// take: the live ones share a machine.
const stall = 300 * time.Millisecond

// level tells whether all replicas have applied the log up to the same index, if the driver has one.
func (a *attempt) level() bool {
	return !slices.ContainsFunc(a.running, func(s *site) bool {
		return s.journal.end.Load() != a.running[0].journal.end.Load()
	})
}

// sum adds up what each of some things counts.
func sum[E any](things []E, count func(E) int64) (n int64) {
	for _, thing := range things {
		n += count(thing)
	}
	return n
}

// interrupt ends the run before its time.
func (a *attempt) interrupt(now time.Duration) {
	if a.until == 0 {
		a.until = min(now, a.plan.Experiment.Load.Warmup+a.plan.Experiment.Load.Duration)
	}
	a.settled = 0
}

// settling is how long it takes for what was answered to be applied: a message each way on the
// longest link and, where messages may be lost, their repetition and repair.
func (a *attempt) settling() time.Duration {
	longest := protocols.Delays(a.plan.Topology.OneWay).MaxRoundTrip()
	if a.plan.Experiment.Network.Loss > 0 || len(a.plan.Experiment.Faults) > 0 {
		return 10*longest + 3*time.Second
	}
	return 2 * longest
}

// whole tells whether, at the end, all replicas are up and reach each other, and had the time to
// apply what was answered.
func (a *attempt) whole() bool {
	return a.settled != 0 && !a.behind && !a.director.anyCut() && !slices.ContainsFunc(a.running, func(s *site) bool { return s.node == nil })
}

// traces brings the trace events of all replicas together.
func (a *attempt) traces() *result.Traces {
	var logs []*result.TraceLog
	for _, s := range a.running {
		logs = append(logs, s.events)
	}
	var commands []int
	for _, c := range a.clients {
		commands = append(commands, len(c.samples))
	}
	return result.NewTraces(logs, a.driver.HasLeader, a.plan.Link, commands, func(region, seq int) bool {
		s := &a.clients[region].samples[seq-1]
		return !s.read && a.clients[region].measured(s.intended)
	})
}

func (a *attempt) measuredAnything() bool { return a.until > a.plan.Experiment.Load.Warmup }

// conclude sums the run up and judges it.
func (a *attempt) conclude(partial bool) result.Run {
	load := &a.plan.Experiment.Load
	a.run.Partial, a.run.Measured = partial, a.until-load.Warmup
	traces := a.traces()
	for i, c := range a.clients {
		region := result.RegionRun{
			Region: a.plan.Experiment.Regions[i], Floor: a.driver.Floor(a.config(i)),
			Quorum:     protocols.Delays(a.plan.Topology.OneWay).QuorumRoundTrip(protocols.NodeID(i), quorum.Majority(quorum.First(len(a.clients)))),
			Operations: c.result(false, a.until, intervalOf(load)), Breakdown: traces.Breakdown(i, c.writes(a.until)),
		}
		if load.Reads > 0 {
			region.Reads = c.result(true, a.until, intervalOf(load))
		}
		a.run.Regions = append(a.run.Regions, region)
		a.run.Network.Messages += a.running[i].messages
	}
	var measures []result.Measures
	for _, s := range a.running {
		measures = append(measures, s.measures)
	}
	a.run.Measures = result.SumMeasures(measures)
	a.run.Crashes = a.crashes(a.check())
	a.judge()
	return a.run
}

// watcher turns the times of a run into the status of the experiment.
func (a *attempt) watcher(watch func(Status), runs int) func(time.Duration) {
	if watch == nil {
		return func(time.Duration) {}
	}
	for _, c := range a.clients {
		c.running = result.NewHistogram()
	}
	load := &a.plan.Experiment.Load
	length := load.Warmup + load.Duration
	return func(now time.Duration) {
		s := Status{
			Protocol: a.protocol.Label, Point: a.plan.Point, Repeat: a.repeat, Run: a.index, Runs: runs,
			Elapsed: min(now, length), Length: length, Phase: "measuring",
			Left: max(0, length-now) + time.Duration(runs-a.index-1)*length,
		}
		switch {
		case now < load.Warmup:
			s.Phase = "warm-up"
		case now >= length:
			s.Phase = "draining"
		}
		so := result.NewHistogram()
		for _, c := range a.clients {
			s.Issued += c.progress(so)
		}
		s.Rate = float64(s.Issued) / s.Elapsed.Seconds()
		s.Count = so.TotalCount()
		if result.ConfidenceIn(50, s.Count) > result.Withheld {
			s.P50 = result.Percentile(so, 50)
		}
		if result.ConfidenceIn(99, s.Count) > result.Withheld {
			s.P99 = result.Percentile(so, 99)
		}
		watch(s)
	}
}

func thisMachine() result.Machine {
	tool := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		tool = info.Main.Version
	}
	return result.Machine{Tool: tool, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
}
