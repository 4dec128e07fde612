package bench

import (
	"context"
	"fmt"
	"math"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/shard"
	"quorumbench/bench/verify"
)

// Forecast is roughly what an experiment takes. Bytes and commands are at most so many, where it depends on the answers.
type Forecast struct {
	Runs     int           `json:"runs"`     // of a search, about
	Commands float64       `json:"commands"` // in all runs
	Messages float64       `json:"messages"` // of replicas in all runs, if it is simulated; 0 where that was not tried
	Time     time.Duration `json:"time_ns"`  // until the result is written and drawn; 0 if that was not tried
	Memory   float64       `json:"memory_bytes"`
	Disk     float64       `json:"disk_bytes"` // the result, and while it runs the logs of replicas
	Room     Room          `json:"room"`
	Warnings []string      `json:"warnings"` // what is short, a sentence each
}

// Room is how much there is for an experiment; 0 where that is not known.
type Room struct {
	Memory float64 `json:"memory_bytes"`
	Whose  string  `json:"memory_is"` // whose limit that is
	Disk   float64 `json:"disk_bytes"`
}

// Pilot is what the beginning of a simulated run of a protocol took, on this machine.
type Pilot struct {
	Commands int           // that were issued
	Messages uint64        // of replicas
	Virtual  time.Duration // the length of the load
	Took     time.Duration // in real time, with the checks
}

// What a forecast assumes besides bytesPerCommand and so on. Sizes are those of results of three to five regions; see
// docs/cost.md.
const (
	liveBeside       = time.Second     // to connect, to wait for the last answers and to check, besides the load of a live run
	drawing          = 2 * time.Second // figures and page, once
	steppedMessages  = 200_000         // at most, that are played again for the page's writes, of each protocol
	usualMessageTime = 5 * time.Microsecond
	liveGarbage      = 8 << 10 // bytes that a live run allocates for a command, and does not collect up to spareLive
	bytesPerRegion   = 5 << 10 // of run.json, for each run and region with clients
	bytesPerInterval = 130     // of latency.hlog, for each histogram
	bytesPerValue    = 2       // of latency.hlog, for each value, as long as they differ
	valuesPerHist    = 1000    // after which hardly any differs
	bytesOfFigures   = 3 << 20 // figures and page
	tracedBytes      = 5 << 10 // of the trace, for a write
	logBytes         = 130     // of a replica's log for a command, besides twice the value
	pilotCommands    = 300     // least
	pilotVirtual     = time.Second / 2
	mostPilot        = 3000 // commands
	mostPilotVirtual = 200 * time.Second
)

// ForecastOptions are what a forecast knows besides the experiment.
type ForecastOptions struct {
	Pilots []Pilot        // of the protocols, in their order; without them, a simulated experiment has no forecast of its time
	Resume *result.Result // if not nil, has runs that are kept
	Shard  *shard.Shard   // if not nil, the part of the experiment that is run
	Traced bool           // trace events are written
	Room   Room
}

// ForecastOf estimates what an experiment takes.
func ForecastOf(plan *experiment.Plan, options ForecastOptions) Forecast {
	pilots, room := options.Pilots, options.Room
	f := Forecast{Room: room, Warnings: []string{}, Disk: bytesOfFigures, Time: drawing}
	if options.Shard != nil { // its figures are drawn when it is merged
		f.Disk, f.Time = 0, 0
	}
	simulated := plan.Experiment.IsSimulated()
	kept := map[string]bool{}
	if options.Resume != nil {
		for _, r := range options.Resume.Runs {
			kept[runName(r.Protocol, r.Point, r.Repeat)] = !r.Partial
		}
	}
	mine := sharedOut(plan, options.Shard)
	logs := 0.0
	for i, protocol := range plan.Experiment.Protocols {
		for at, point := range forecastPoints(plan) {
			length, commands := loadOf(point, protocol)
			runs, stored := 0, 0
			for repeat := range plan.Experiment.Repeats {
				if !mine(protocol.Label, point.Point, repeat) {
					continue
				}
				stored++
				if !kept[runName(protocol.Label, point.Point, repeat)] {
					runs++
				}
			}
			messages, took := 0.0, length+liveBeside
			if simulated && len(pilots) > 0 {
				messages, took = pilots[i].scale(length, commands)
			}
			if stored == 0 {
				continue
			}
			if at == 0 && options.Shard == nil { // the page plays it once more
				stepped := min(steppedMessages, messages)
				f.Time += time.Duration(stepped * perMessage(took, messages))
				if !simulated {
					f.Time += steppedMessages * usualMessageTime
				}
			}
			f.Runs += runs
			f.Commands += float64(runs) * commands
			f.Messages += float64(runs) * messages
			f.Time += time.Duration(runs) * took
			f.Disk += float64(stored) * resultBytes(point, commands, options.Traced)
			memory := memoryOf(point, commands)
			if !simulated {
				memory += min(spareLive, commands*liveGarbage)
			}
			f.Memory = max(f.Memory, memory)
			if point.Experiment.Durability == experiment.Fsync && !simulated {
				logs = max(logs, commands*float64(len(point.Experiment.Replicas))*(2*float64(point.Experiment.Load.ValueSize)+logBytes))
			}
		}
	}
	f.Memory += f.Disk // results stay in memory until they are written, and are about as big there
	f.Disk += logs
	if simulated && len(pilots) == 0 {
		f.Time = 0
	}
	if room.Memory > 0 && f.Memory > room.Memory {
		f.Warnings = append(f.Warnings, fmt.Sprintf("memory is short: a run may keep up to about %s, and there are %s, %s; less rate, duration, commands or value_size keep less",
			BytesText(f.Memory), BytesText(room.Memory), room.Whose))
	}
	if room.Disk > 0 && f.Disk > room.Disk {
		f.Warnings = append(f.Warnings, fmt.Sprintf("the disk is short: up to about %s are written, and %s are free", BytesText(f.Disk), BytesText(room.Disk)))
	}
	return f
}

// sharedOut tells which runs a shard has: all, if it is nil. It does not ask for the points of a search, which are not known before.
func sharedOut(plan *experiment.Plan, s *shard.Shard) (has func(protocol, point string, repeat int) bool) {
	if s == nil {
		return func(string, string, int) bool { return true }
	}
	mine := map[string]bool{}
	for i, t := range tasksOf(plan) {
		if s.Has(i) {
			mine[t.name()] = true
		}
	}
	return func(protocol, point string, repeat int) bool {
		if plan.Experiment.Load.IsSearch() {
			point = ""
		}
		return mine[runName(protocol, point, repeat)]
	}
}

// forecastPoints are the points of a plan; those of a search as if it doubled the rate five times, and tried all other rates
// near the last.
func forecastPoints(plan *experiment.Plan) []*experiment.Plan {
	load := &plan.Experiment.Load
	if !load.IsSearch() {
		return plan.Points()
	}
	var points []*experiment.Plan
	rate := load.Rate
	for i := range plan.Runs() / (len(plan.Experiment.Protocols) * plan.Experiment.Repeats) {
		if i > 0 && i < 6 {
			rate = min(2*rate, highestRate)
		}
		points = append(points, plan.WithRate(rate, samplesFor(load)))
	}
	return points
}

// loadOf is how long the load of a run lasts, and how many commands it issues at most.
func loadOf(point *experiment.Plan, protocol experiment.Protocol) (length time.Duration, commands float64) {
	load := &point.Experiment.Load
	length = load.Warmup + load.Duration
	one := *point
	one.Experiment.Protocols = []experiment.Protocol{protocol}
	_, commands = commandsOf(&one)
	if load.Commands > 0 {
		for client := range point.Experiment.Clients {
			each := max(point.Floor(protocol, client), leastResponseTime) + load.ThinkTime
			needed := time.Duration(math.Min(float64(each)*float64(load.Commands)/float64(load.Clients), math.MaxInt64/2))
			length = max(length, load.Warmup+needed)
		}
	}
	return length, commands
}

// scale is how many messages and how long a run takes, of which the pilot is the beginning.
func (p Pilot) scale(length time.Duration, commands float64) (messages float64, took time.Duration) {
	times := commands / float64(max(p.Commands, 1))
	if p.Commands < pilotCommands/10 { // too few to tell what a command takes: what the passing of time takes
		times = float64(length) / float64(max(p.Virtual, 1))
	}
	return times * float64(p.Messages), time.Duration(math.Min(times*float64(p.Took), math.MaxInt64/1e6))
}

// perMessage is in nanoseconds; 0 without messages.
func perMessage(took time.Duration, messages float64) float64 {
	if messages == 0 {
		return 0
	}
	return float64(took) / messages
}

// resultBytes is about how much a run adds to the files of a result.
func resultBytes(point *experiment.Plan, commands float64, traced bool) float64 {
	load, regions := &point.Experiment.Load, float64(len(point.Experiment.Clients))
	histograms := 2 * math.Ceil(min(40, load.Duration.Seconds()/0.25)) * regions
	if load.Reads > 0 {
		histograms *= 2
	}
	bytes := regions*bytesPerRegion + histograms*bytesPerInterval
	if !point.Experiment.IsSimulated() {
		bytes += bytesPerValue * min(2*commands, histograms*valuesPerHist)
	}
	if traced {
		bytes += tracedBytes * min(commands, maxTraced*regions)
	}
	return bytes
}

// Pilots plays the beginning of a simulated run of each protocol, some hundred commands of the first point, and tells what it
// took. It returns an error if a run cannot be made or ctx ends.
func Pilots(ctx context.Context, plan *experiment.Plan) ([]Pilot, error) {
	var pilots []Pilot
	for _, protocol := range plan.Experiment.Protocols {
		point := *forecastPoints(plan)[0]
		length, commands := loadOf(&point, protocol)
		perSecond := commands / length.Seconds()
		least := float64(pilotCommands) / perSecond * float64(time.Second)
		virtual := min(max(least, float64(pilotVirtual)), float64(mostPilot)/perSecond*float64(time.Second), float64(mostPilotVirtual))
		load := &point.Experiment.Load
		load.Duration = min(load.Duration, time.Duration(virtual).Round(time.Millisecond)+time.Millisecond)
		load.Warmup, load.Commands, point.Experiment.Faults = 0, 0, nil
		began := time.Now()
		record, err := run.Play(ctx, run.Config{Plan: &point, Protocol: protocol, Began: time.Unix(0, 0), TraceEvents: result.MaxTraceEvents})
		if err != nil {
			return nil, fmt.Errorf("trying %s for a forecast: %w", protocol.Label, err)
		}
		pilot := Pilot{Virtual: load.Duration}
		for _, c := range record.Clients {
			pilot.Commands += c.Samples.Len()
		}
		pilot.Messages = verify.Conclude(record, false).Network.Messages
		pilot.Took = time.Since(began)
		pilots = append(pilots, pilot)
	}
	return pilots, nil
}

// RoomFor is how much memory this process can have, and how much is free on the disk that a folder is on, or will be.
func RoomFor(folder string) Room {
	var r Room
	r.Memory, r.Whose = MemoryThere()
	r.Disk = diskFree(folder)
	return r
}

// String tells the forecast in a line.
func (f Forecast) String() string {
	text := fmt.Sprintf("%d runs", f.Runs)
	if f.Runs == 1 {
		text = "1 run"
	}
	if f.Time > 0 {
		text += ", about " + Roughly(f.Time)
	}
	text += fmt.Sprintf("; up to about %s of memory", BytesText(f.Memory))
	if f.Room.Memory > 0 {
		text += " of " + BytesText(f.Room.Memory)
	}
	text += fmt.Sprintf("; up to about %s on disk", BytesText(f.Disk))
	if f.Room.Disk > 0 {
		text += ", where " + BytesText(f.Room.Disk) + " are free"
	}
	return text
}

// Roughly is a time to two digits or so.
func Roughly(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.0f s", math.Ceil(d.Seconds()))
	case d < 100*time.Second:
		return fmt.Sprintf("%.0f s", math.Round(d.Seconds()/5)*5)
	case d < 100*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}

// BytesText is a number of bytes to two digits or so.
func BytesText(bytes float64) string {
	if bytes < 0.95e9 {
		return fmt.Sprintf("%.0f MB", math.Ceil(bytes/1e6))
	}
	return gigabytes(bytes)
}
