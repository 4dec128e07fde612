package stepwise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

// Told are the writes that a report of a result steps through.
type Told struct {
	// Exact says that the writes are among those of the result: it is simulated, and its runs were played once more to
	// their end. Else they are simulated for the report: of a live result, or only the beginning of a long run.
	Exact  bool          `json:"exact"`
	Point  string        `json:"point"`     // of a sweep, at which they were; the first
	Length time.Duration `json:"length_ns"` // of the measured time that was played
	Writes []*Write      `json:"writes"`
}

// What is told at most: regions of each protocol, and about how many messages are played of each.
const (
	mostRegions  = 8
	mostMessages = 200_000
)

// OfResult plays the runs of a result's first repeat once more, in virtual time, and tells a typical and the slowest write
// of each protocol and region, of up to eight regions. Runs of more than 200,000 messages are cut short. The plan must be
// that of the result. Systems that are run as they are have no writes to tell.
func OfResult(ctx context.Context, plan *experiment.Plan, found *result.Result) (*Told, error) {
	at := *plan.Points()[0]
	at.Experiment.World = experiment.Simulated
	told := &Told{Exact: found.Experiment.IsSimulated() && !found.Experiment.Load.IsSearch(), Point: at.Point, Length: at.Experiment.Load.Duration}
	var clients []int
	for i := range min(mostRegions, len(at.Experiment.Clients)) {
		clients = append(clients, i)
	}
	for _, protocol := range at.Experiment.Protocols {
		if protocol.System != "" {
			continue // it cannot be played in virtual time
		}
		i := slices.IndexFunc(found.Runs, func(r result.Run) bool {
			return r.Protocol == protocol.Label && r.Repeat == 0 && (r.Point == at.Point || found.Experiment.Load.IsSearch())
		})
		if i < 0 {
			continue // it was interrupted before
		}
		part, faster := at, 1.0
		if !found.Experiment.IsSimulated() {
			faster = fasterSimulated(&at, protocol, &found.Runs[i])
		}
		if faster > mostFaster {
			continue // its clients would go on for ever while no time passes
		}
		if messages := float64(found.Runs[i].Network.Messages) * faster; messages > mostMessages {
			share := mostMessages / messages
			load := &part.Experiment.Load
			load.Warmup, load.Duration = time.Duration(share*float64(load.Warmup)), time.Duration(share*float64(load.Duration))
			told.Exact, told.Length = false, min(told.Length, load.Duration)
		}
		writes, err := Several(ctx, &part, protocol, clients, Typical, Slowest)
		if err != nil {
			return nil, err
		}
		told.Writes = append(told.Writes, writes...)
	}
	return told, nil
}

// mostFaster is how many times as many commands as in its run a closed loop may have in virtual time to be told.
const mostFaster = 1000

// fasterSimulated is how many times as many commands the clients of a run issue in virtual time, about. In an open loop they issue
// the same. In a closed loop they issue the next one when they are answered, which in virtual time is after the floor.
func fasterSimulated(plan *experiment.Plan, protocol experiment.Protocol, run *result.Run) float64 {
	load, faster := &plan.Experiment.Load, 1.0
	if load.Arrivals != experiment.Closed {
		return faster
	}
	for client := range min(len(plan.Experiment.Clients), len(run.Regions)) {
		lived, floor := run.Regions[client].Service.P50+load.ThinkTime, plan.Floor(protocol, client)+load.ThinkTime
		switch {
		case floor <= 0:
			return math.Inf(1)
		case lived > 0:
			faster = max(faster, float64(lived)/float64(floor))
		}
	}
	return faster
}

// Parse reads what was told from its JSON, and refuses what cannot be drawn.
func Parse(data []byte) (*Told, error) {
	told := &Told{}
	if err := json.Unmarshal(data, told); err != nil {
		return nil, fmt.Errorf("reading writes: %w", err)
	}
	for _, w := range told.Writes {
		if w == nil {
			return nil, errors.New("reading writes: found null; accepted: a write")
		}
		for _, m := range w.Messages {
			if n := len(w.Places); m.From < 0 || m.From >= n || m.To < 0 || m.To >= n {
				return nil, fmt.Errorf("reading writes: found a message from place %d to %d; accepted: 0 to %d", m.From, m.To, n-1)
			}
		}
	}
	return told, nil
}
