//go:build !js

package run

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/verify"
	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/netem/quicnet"
)

// Part makes Play run one place of a live run. The other places are run by other processes, which package site brings together.
// One of them coordinates: it decides when the run is over. All fields are needed, except where it is said.
type Part struct {
	Place     int                 // an index in Experiment.Regions
	Scheduler *emulator.Scheduler // the clock of this process, and what releases packets, arrivals and timers
	// Join connects this place with the others, and calls receive, by many goroutines at a time, for each message from another
	// place. Play calls leave at the end.
	Join func(receive func(from int, message []byte)) (send func(to int, messages ...[]byte), leave func(), err error)
	// Begin waits until all places are ready, and returns when the run begins, by the clock of Scheduler.
	Begin func(ctx context.Context) (time.Duration, error)
	// Change gives the link from this place to another one other values, since a fault has begun or ended.
	Change func(to int, config netem.LinkConfig)
	// Count adds what this place's links have carried and lost.
	Count func(sum *emulator.Counters, stats *quicnet.Stats)

	// Heard is nil unless this process coordinates. It returns how it stands in the places of which that is known, and an error
	// if one of them is lost.
	Heard func() ([]Standing, error)
	// Tell is told ten times a second how it stands here, and reports whether the run is over, or an error if the
	// coordinator is lost. It is nil if this process coordinates.
	Tell func(Standing) (over bool, err error)
}

// Standing is how it stands in one place while a run goes on, as far as the coordinator needs it to decide when the run is over.
type Standing struct {
	Place          int
	Pending, Ahead int64         // as load.Clients has them; 0 without clients
	Left           int64         // commands that the clients of the place still have to issue, of load.commands
	Steps          int64         // what the replica has applied; see verify.Journal
	End            uint64        // the last index of the log that it has applied
	Wait           time.Duration // the longest that an event has waited for the replica lately
}

// partCarrier carries messages between this place and those of other processes.
type partCarrier struct {
	*Part
	sendTo func(to int, messages ...[]byte)
	over   atomic.Bool // the run has ended: faults that end later are none of the next one's
}

func (c *partCarrier) send(_, to int, frames [][]byte) { c.sendTo(to, frames...) }

// change changes what is emulated here: the links from this place. Those of the others are changed by their processes, which inject the same
// faults at the same times.
func (c *partCarrier) change(from, to int, config netem.LinkConfig) {
	if from == c.Place && to != from && !c.over.Load() {
		c.Part.Change(to, config)
	}
}

func (c *partCarrier) count(sum *result.NetworkRun) {
	var counters emulator.Counters
	var stats quicnet.Stats
	c.Part.Count(&counters, &stats)
	addCounters(sum, counters)
	addStats(sum, stats)
}

// CheckPart returns an error for an experiment that cannot be run with a process for each place.
func CheckPart(plan *experiment.Plan) error {
	e := &plan.Experiment
	const accepted = "accepted with one process a site: live runs of drivers, with open or closed arrivals"
	switch {
	case e.IsSimulated():
		return fmt.Errorf("found world sim; %s", accepted)
	case len(e.Systems()) > 0:
		return fmt.Errorf("found the system %s; %s", e.Systems()[0].System, accepted)
	case e.Load.IsSearch():
		return fmt.Errorf("found arrivals saturate; %s", accepted)
	case len(e.Regions) < 2:
		return fmt.Errorf("found one region; accepted with one process a site: two or more")
	}
	for i := range e.Faults {
		if err := checkPartFault(&e.Faults[i]); err != nil {
			return err
		}
	}
	return nil
}

// checkPartFault refuses faults of which not every process can know by itself whom they hit and what they do.
func checkPartFault(f *experiment.Fault) error {
	for _, victim := range []string{f.Crash, f.Pause, f.Isolate} {
		if victim == experiment.CrashLeader || victim == experiment.CrashRandom {
			return fmt.Errorf("found the fault %q; accepted with one process a site: faults of regions that are named", f)
		}
	}
	if f.AddLearner != "" || f.ChangeMembership != "" || f.Remove != "" {
		return fmt.Errorf("found the fault %q; accepted with one process a site: the same members during the whole run", f)
	}
	return nil
}

// part runs one place of the protocol in real time.
func (r *running) part(ctx context.Context) error {
	p := r.Part
	if err := CheckPart(r.Plan); err != nil {
		return err
	}
	carrier := &partCarrier{Part: p}
	w := &liveWorld{scheduler: p.Scheduler, layout: r.layout(), carrier: carrier}
	for range r.Plan.Experiment.Regions {
		w.boxes = append(w.boxes, newMailbox())
	}
	box := w.boxes[p.Place]
	box.put(event{kind: startEvent}) // before any message
	disks, closeDisks, err := r.partDisks()
	if err != nil {
		return err
	}
	r.prepare(w, w.layout, disks, time.Now())
	for _, one := range r.record.Replicas {
		one.Journal.Hash = agreedHash
	}
	send, leave, err := p.Join(func(from int, message []byte) { w.receive(p.Place, from, message) })
	if err != nil {
		closeDisks()
		return err
	}
	carrier.sendTo = send
	begin, err := p.Begin(ctx)
	if err != nil {
		leave()
		closeDisks()
		return err
	}
	here := r.places[p.Place]
	syncing := 0
	if here.replica != nil {
		here.replica.tally = &tally{}
		if r.Plan.Experiment.Durability == experiment.Fsync {
			syncing = 1
		}
	}
	calm, keptAwake := func() {}, false
	if r.Hurry != nil {
		calm, keptAwake = r.Hurry()
	}
	w.threads = moreThreads(syncing, keptAwake, r.Plan.Experiment.Load.Arrivals == experiment.Closed, calm)
	defer w.threads.restore()
	w.begun.Store(int64(begin))
	r.record.Started = time.Now().Add(begin - p.Scheduler.Now() + r.Plan.Experiment.Load.Warmup).UTC().Truncate(time.Millisecond)
	r.faults.schedule() // each process injects all; those of other places' replicas have no effect here
	w.instrument.last = w.usage()
	p.Scheduler.TakeLateness(emulator.Packets) // connecting does not count
	var serving sync.WaitGroup
	started := make(chan struct{})
	p.Scheduler.At(begin, emulator.Timers, emulator.Func(func() { close(started) }))
	serving.Go(func() {
		select {
		case <-started:
		case <-ctx.Done():
		}
		serve(here, box)
	})
	failed := w.waitPart(ctx, r)
	box.put(event{kind: stopEvent})
	serving.Wait()
	carrier.over.Store(true)
	leave()
	r.account(w, keptAwake)
	r.record.Network.Emulator = p.Scheduler.String()
	closeDisks()
	return failed
}

// agreedHash is the hash of commands in journals of several processes, which are compared.
func agreedHash(command []byte) uint64 {
	h := fnv.New64a()
	h.Write(command)
	return h.Sum64()
}

// partDisks makes the disk of this place's replica; the other replicas get disks that they do not use.
func (r *running) partDisks() (disks []disk, remove func(), err error) {
	place := r.Part.Place
	if r.Plan.Experiment.Durability != experiment.Fsync || place >= len(r.Plan.Experiment.Replicas) {
		return r.memoryDisks(), func() {}, nil
	}
	return r.fileDisks(func(replica int) bool { return replica == place })
}

// waitPart returns when the run is over, interrupted, or at its end because another process is lost.
func (w *liveWorld) waitPart(ctx context.Context, r *running) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.end.interrupt(w.now())
			return ctx.Err()
		case <-tick.C:
		}
		if w.now() < 0 {
			continue
		}
		w.look(&r.Plan.Experiment.Load, r.places)
		r.reportProgress(w.now())
		over, err := r.standing(w.now())
		if err != nil {
			r.end.interrupt(w.now())
			return err
		}
		if over {
			return nil
		}
	}
}

// standing tells the coordinator how it stands here or, if this process coordinates, hears how it stands elsewhere. It reports whether
// the run is over.
func (r *running) standing(now time.Duration) (over bool, err error) {
	if r.Part.Tell != nil {
		return r.Part.Tell(r.standingOf(r.places[r.Part.Place], now))
	}
	heard, err := r.Part.Heard()
	if err != nil {
		return false, err
	}
	for _, s := range heard {
		p := r.places[s.Place]
		if p.clients != nil {
			p.clients.load.Mirror(s.Pending, s.Ahead, s.Left)
		}
		if p.replica != nil {
			p.replica.record.Journal.Mirror(s.Steps, s.End)
			p.replica.waits.note(s.Wait)
		}
	}
	return len(heard) == len(r.places)-1 && r.end.over(now), nil
}

func (r *running) standingOf(p *place, now time.Duration) Standing {
	s := Standing{Place: p.number}
	if p.clients != nil {
		s.Pending, s.Ahead, s.Left = p.clients.load.Standing()
	}
	if p.replica != nil {
		s.Steps, s.End, s.Wait = p.replica.record.Journal.Steps(), p.replica.record.Journal.End(), p.replica.waits.take(now)
	}
	return s
}

// Blank is the record of a run of which nothing is known yet, for parts of it that processes have left; see verify.Record.AddPart. The
// replicas of which no part is added are down.
func Blank(config Config) *verify.Record {
	r := newRunning(config)
	for range config.Plan.Experiment.Replicas {
		one := &verify.Replica{Measures: result.Measures{}}
		one.Begin(0)
		one.Journal.Hash = agreedHash
		r.record.Replicas = append(r.record.Replicas, one)
	}
	for range r.record.Clients {
		r.record.ClientMeasures = append(r.record.ClientMeasures, result.Measures{})
	}
	return r.record
}
