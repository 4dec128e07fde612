package bench

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/internal/collector"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
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
	// Watch, if not nil, is told about ten times a second how it goes, from the goroutine that runs the
	// experiment.
	Watch func(Status)
}

// Execute runs an experiment: every protocol once a repeat and point of its sweep, in an order drawn
// from the seed, so that a drift of the machine does not favour one of them.
//
// If ctx ends, or a run cannot be made, Execute stops at once and returns what was measured so far, marked as partial,
// together with the error.
func Execute(ctx context.Context, plan *experiment.Plan, options Options) (*result.Result, error) {
	found := &result.Result{
		Schema: result.SchemaVersion, Experiment: plan.Experiment, Topology: plan.Topology,
		Machine: thisMachine(), Started: time.Now().UTC(),
	}
	order := rand.New(rand.NewPCG(plan.Experiment.Seed, 1<<63))
	for repeat := range plan.Experiment.Repeats {
		for _, point := range plan.Points() {
			for _, i := range order.Perm(len(plan.Experiment.Protocols)) {
				protocol := plan.Experiment.Protocols[i]
				hold := collector.Keep(spare(plan))
				record, err := run.Play(ctx, run.Config{
					Plan: point, Protocol: protocol, Repeat: repeat, Began: began(plan, len(found.Runs)),
					Scratch: options.Scratch, Spin: options.Spin, Hurry: options.Hurry, TraceEvents: result.MaxTraceEvents,
					Watch: watcher(options.Watch, plan, found.Started, Status{Protocol: protocol.Label, Point: point.Point, Repeat: repeat, Run: len(found.Runs)}),
				})
				memory := hold.Release()
				if err != nil && !errors.Is(err, ctx.Err()) {
					found.Partial, found.Finished = true, time.Now().UTC()
					return found, fmt.Errorf("running %s: %w", protocol.Label, err)
				}
				if record.Measured() {
					one := verify.Conclude(record, ctx.Err() != nil)
					if !plan.Experiment.IsSimulated() {
						one.Memory = &result.Memory{Most: memory.Most, Collections: memory.Collections, Spare: spareLive}
					}
					found.Runs = append(found.Runs, one)
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

func thisMachine() result.Machine {
	tool := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		tool = info.Main.Version
	}
	return result.Machine{Tool: tool, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
}
