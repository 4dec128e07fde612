package bench

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/internal/collector"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/shard"
	"quorumbench/bench/system"
	"quorumbench/bench/verify"
)

// Options say how an experiment is run, besides what it says itself.
type Options struct {
	// Scratch is the folder in which live replicas make their logs; see run.Config.
	Scratch string
	// Spin is for how long before an event live runs spin instead of sleeping; see run.Config.
	Spin time.Duration
	// Hurry, if not nil, lets other programs wait during each live run; see run.Config.
	Hurry func() (calm func(), keptAwake bool)
	// Resume, if not nil, is the partial result of the same experiment, whose whole runs are kept instead of run again;
	// see CanResume.
	Resume *result.Result
	// Play, if not nil, makes the runs in place of run.Play.
	Play func(ctx context.Context, config run.Config) (*verify.Record, error)
	// Systems run the systems that the experiment lists, in networks that OpenNetwork makes; see run.System.
	Systems     []system.Adapter
	OpenNetwork func(plan *experiment.Plan, seed uint64) (run.Network, error)
	// Shard, if not nil, is the part of the experiment that is run; see Merge.
	Shard *shard.Shard
	// Trace, if not nil, gets writes of every run as trace events.
	Trace *TraceWriter
	// Keep, if not nil, gets what there is of the result, marked as partial, when a run is over and another one follows, so that
	// it can be stored in case that the process is killed. What it gets must not be changed, and is of no use after it returns.
	Keep func(*result.Result)
	// Watch, if not nil, is told about ten times a second how it goes, from the goroutine that runs the
	// experiment.
	Watch func(Status)
}

// Execute runs an experiment: every protocol once a repeat and point of its sweep, in an order drawn
// from the seed, so that a drift of the machine does not favour one of them. If the experiment searches for the highest rate,
// the runs of a protocol follow each other. Of a shard, only its runs are made; each is what it is in the whole experiment.
//
// If ctx ends, or a run cannot be made, Execute stops at once and returns what was measured so far, marked as partial,
// together with the error.
func Execute(ctx context.Context, plan *experiment.Plan, options Options) (*result.Result, error) {
	found := beginning(plan, options)
	if err := CanRun(plan, options); err != nil {
		return found, err
	}
	x := &execution{ctx: ctx, plan: plan, options: options, found: found, since: found.Started}
	if options.Resume != nil {
		if err := CanResume(plan, options); err != nil {
			return found, err
		}
		x.whole = options.Resume.WholeRuns()
		found.Started = options.Resume.Started
	}
	err := x.all()
	found.Finished = time.Now().UTC()
	if err != nil {
		found.Partial = true
		return found, err
	}
	return found, seal(found)
}

// beginning is a result without runs.
func beginning(plan *experiment.Plan, options Options) *result.Result {
	r := &result.Result{
		Schema: result.SchemaVersion, Experiment: plan.Experiment, Topology: plan.Topology,
		Machine: ThisMachine(), Started: time.Now().UTC(), Shard: options.Shard,
	}
	if !plan.Experiment.IsSimulated() {
		r.Live = &result.LiveSettings{Spin: options.Spin, Realtime: options.Hurry != nil}
	}
	return r
}

// execution is an experiment that is being run.
type execution struct {
	ctx     context.Context
	plan    *experiment.Plan
	options Options
	found   *result.Result
	since   time.Time // it runs, this time
	kept    int       // runs of an earlier result
	whole   int       // runs of the earlier result that are whole: as many may be kept
	number  int       // of the next run, from 0, in the whole experiment; of a search, among the runs of this shard
}

// keep gives what there is so far to Keep, if it is more than the earlier result has. The last run needs no keeping: the result
// follows.
func (x *execution) keep() {
	if x.options.Keep == nil || x.found.WholeRuns() <= x.whole || len(x.found.Runs) == RunsOf(x.plan, x.options.Shard) {
		return
	}
	partial := *x.found
	partial.Partial, partial.Finished = true, time.Now().UTC()
	x.options.Keep(&partial)
}

func (x *execution) all() error {
	for i, t := range tasksOf(x.plan) {
		if x.options.Shard != nil && !x.options.Shard.Has(i) {
			continue
		}
		if t.point == nil {
			if err := x.search(t.protocol, t.repeat); err != nil {
				return err
			}
			continue
		}
		x.number = i
		if _, err := x.one(t.point, t.protocol, t.repeat); err != nil {
			return err
		}
	}
	return nil
}

// one runs a protocol at a point, or takes the run of the result that is resumed, and adds the run to the result.
func (x *execution) one(point *experiment.Plan, protocol experiment.Protocol, repeat int) (*result.Run, error) {
	if x.options.Resume != nil {
		if whole := x.options.Resume.Whole(protocol.Label, point.Point, repeat); whole != nil {
			x.add(*whole)
			x.kept++
			return whole, nil
		}
	}
	hold := collector.Keep(spare(x.plan))
	play := run.Play
	if x.options.Play != nil {
		play = x.options.Play
	}
	record, err := play(x.ctx, run.Config{
		Plan: point, Protocol: protocol, Repeat: repeat, Began: began(x.plan, x.number),
		Scratch: x.options.Scratch, System: x.options.system(protocol), Spin: x.options.Spin, Hurry: x.options.Hurry, TraceEvents: result.MaxTraceEvents,
		Watch: x.watcher(point, Status{Protocol: protocol.Label, Point: point.Point, Repeat: repeat, Run: len(x.found.Runs)}),
	})
	memory := hold.Release()
	if err != nil && !errors.Is(err, x.ctx.Err()) {
		return nil, fmt.Errorf("running %s: %w", protocol.Label, err)
	}
	if record.Measured() {
		if x.options.Trace != nil {
			x.options.Trace.write(record, runName(protocol.Label, point.Point, repeat))
		}
		one := verify.Conclude(record, x.ctx.Err() != nil)
		if !x.plan.Experiment.IsSimulated() {
			one.Memory = &result.Memory{Most: memory.Most, Collections: memory.Collections, Spare: spareLive}
		}
		x.add(one)
	}
	if x.ctx.Err() != nil {
		return nil, x.ctx.Err()
	}
	x.keep()
	return &x.found.Runs[len(x.found.Runs)-1], nil
}

// add adds a run to the result, and the rate that a search has tried to its points.
func (x *execution) add(one result.Run) {
	x.found.Runs = append(x.found.Runs, one)
	if x.plan.Experiment.Load.IsSearch() {
		enterPoint(x.found, one.Point)
	}
}

// How many bytes are allocated before the garbage collector runs again; see package collector. At 4,000 writes a second
// from each of three regions a live run allocates about 100 MB a second. A simulated run has nothing to be quiet for,
// and collects often enough to stay small.
const (
	spareLive      = 1 << 30
	spareSimulated = 64 << 20
)

func spare(plan *experiment.Plan) int64 {
	if plan.Experiment.IsSimulated() {
		return spareSimulated
	}
	return spareLive
}

// began is the date at which a run of an experiment begins in virtual time: runs follow each other, from
// 1970 on, as they do in real time.
func began(plan *experiment.Plan, run int) time.Time {
	load := &plan.Experiment.Load
	return time.Unix(0, 0).Add(time.Duration(run) * (load.Warmup + load.Duration + load.Timeout))
}

// measuredFrom is the date, in virtual time, from which a run that is not of a sweep is measured; see run.Config.Began.
func measuredFrom(plan *experiment.Plan, run int) time.Time {
	return began(plan, run).Add(plan.Experiment.Load.Warmup).UTC().Truncate(time.Millisecond)
}

// seal computes the fingerprint of a simulated result.
func seal(r *result.Result) error {
	if !r.Experiment.IsSimulated() {
		return nil
	}
	data, err := json.Marshal([]any{r.Experiment, r.Topology, r.Runs})
	if err != nil {
		return fmt.Errorf("hashing the result: %w", err)
	}
	r.Fingerprint = fmt.Sprintf("%x", sha256.Sum256(data))
	return nil
}

// ThisMachine is the machine that this process runs on, with the version of this program.
func ThisMachine() result.Machine {
	tool := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		tool = info.Main.Version
	}
	return result.Machine{Tool: tool, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
}
