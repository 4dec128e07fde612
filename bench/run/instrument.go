//go:build !js

package run

import (
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/netem/emulator"
)

// instrument is what a live run knows of its own errors, and of the processors that it shares with other programs.
type instrument struct {
	lateness    *hdrhistogram.Histogram // of packets, since the end of the warm-up; nil before
	last        usage                   // when the run was looked at last
	warm, ended usage                   // when measuring began, and when it ended or the run was looked at last before
	before      result.Work             // of the warm-up
	done        result.Work             // when measuring ended or the run was looked at last before
}

// look takes what the emulator has measured of its lateness, and lets threads know how full the machine is. Packets of
// the warm-up carry no write that is measured. It is to be called often.
func (w *liveWorld) look(load *experiment.Load, places []*place) {
	in := &w.instrument
	warm := in.lateness == nil && w.now() >= load.Warmup
	if w.now()-in.last.at < lookEvery && !warm {
		return
	}
	late, now := w.scheduler.TakeLateness(emulator.Packets), w.usage()
	w.threads.look(share(now.own-in.last.own, now.at-in.last.at), result.Percentile(late, 99))
	in.last = now
	switch {
	case warm:
		in.warm, in.before, in.lateness = now, workOf(places, now), late
		in.lateness.Reset()
	case in.lateness != nil:
		in.lateness.Merge(late)
	}
	if in.ended.at < load.Warmup+load.Duration {
		in.ended, in.done = now, workOf(places, now)
	}
}

// workOf is what the replicas of places have done so far, and which processor time was used until then.
func workOf(places []*place, at usage) result.Work {
	work := result.Work{Time: at.at, Processors: at.own}
	for _, p := range places {
		if p.replica != nil {
			p.replica.tally.addTo(&work)
		}
	}
	return work
}

// usage is what was used of the processors since some time before the run, and when that was found.
type usage struct {
	at, own, emulator time.Duration
	all               machineTime
}

func (w *liveWorld) usage() usage {
	return usage{at: w.now(), own: processorTime(), emulator: w.scheduler.Busy(), all: machineProcessorTime()}
}

// share is what part a time is of all that the processors have to give in another.
func share(used, in time.Duration) float64 {
	if in <= 0 {
		return 0
	}
	return min(1, max(0, float64(used)/float64(in)/float64(runtime.NumCPU())))
}

// since are the shares of the processors since another usage; nil if the system does not tell. A helper that keeps the
// processors awake has the time of programs with a nice value above 0, and is left out.
func (u usage) since(o usage, issuing time.Duration, keptAwake bool) *result.Usage {
	if u.own == 0 || u.at <= o.at {
		return nil
	}
	own, all, in := u.own-o.own, u.all.busy-o.all.busy, u.at-o.at
	if !keptAwake {
		all += u.all.nice - o.all.nice
	}
	return &result.Usage{
		Own: share(own, in), Others: share(all-own, in),
		Emulator: share(u.emulator-o.emulator, in), Generator: share(issuing, in),
	}
}

// awakeText is added to what is said of the emulator in runs whose processors are kept awake.
const awakeText = ", processors kept awake while they have little to do"

// account enters into the record what the network did, how late the emulator was, and who used the processors.
func (r *running) account(w *liveWorld, keptAwake bool) {
	sum := &r.record.Network
	in := &w.instrument
	if in.lateness != nil { // else it was interrupted while warming up
		var issuing time.Duration
		for _, p := range r.places {
			if p.clients != nil {
				issuing += p.clients.issuing
			}
		}
		if r.record.Usage = in.ended.since(in.warm, issuing, keptAwake); r.record.Usage != nil {
			work := in.done.Since(in.before)
			r.record.Work = &work
		}
	}
	w.carrier.count(sum)
	lateness := w.scheduler.TakeLateness(emulator.Packets)
	if in.lateness != nil {
		lateness.Merge(in.lateness)
	}
	r.record.Lateness = lateness
	sum.Lateness = result.WithPercentiles(result.Summary{
		Count: lateness.TotalCount(), Min: time.Duration(lateness.Min()), Max: time.Duration(lateness.Max()),
		Sum: time.Duration(lateness.Mean() * float64(lateness.TotalCount())),
	}, lateness)
}
