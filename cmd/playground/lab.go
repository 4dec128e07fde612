package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/stepwise"
	"quorumbench/configs"
	"quorumbench/netem"
	"quorumbench/protocols"
)

// lab is what the page can do.
type lab struct{ drivers protocols.Drivers }

// What a browser is asked to compute at most. A hundred thousand commands under six protocols take it about a minute.
const mostCommands = 300_000

// about is what there is to choose from.
type about struct {
	Topologies []topology `json:"topologies"`
	Protocols  []protocol `json:"protocols"`
}

type topology struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Source      string            `json:"source"`
	Measured    string            `json:"measured"`
	Regions     []string          `json:"regions"`
	RoundTrips  [][]time.Duration `json:"round_trips_ns"` // the mean, by regions
}

type protocol struct {
	Name      string   `json:"name"`
	Summary   string   `json:"summary"`
	HasLeader bool     `json:"has_leader"`
	Options   []option `json:"options"`
}

type option struct {
	Name     string `json:"name"`
	Accepted string `json:"accepted"`
	Default  string `json:"default"`
	Help     string `json:"help"`
}

func (l *lab) about() (*about, error) {
	a := &about{}
	for _, name := range configs.Topologies() {
		data, err := configs.Topology(name)
		if err != nil {
			return nil, err
		}
		known, err := netem.ParseTopology(name, data)
		if err != nil {
			return nil, err
		}
		one := topology{Name: known.Name, Description: known.Description, Source: known.Source, Measured: known.Measured, Regions: known.Regions}
		for _, from := range known.Regions {
			var row []time.Duration
			for _, to := range known.Regions {
				link, err := known.Link(from, to)
				if err != nil {
					return nil, err
				}
				row = append(row, link.Avg)
			}
			one.RoundTrips = append(one.RoundTrips, row)
		}
		a.Topologies = append(a.Topologies, one)
	}
	for _, d := range l.drivers {
		one := protocol{Name: d.Name, Summary: d.Summary, HasLeader: d.HasLeader, Options: []option{}}
		for _, o := range d.List(0) {
			one.Options = append(one.Options, option{o.Name, o.Accepted, o.Default, o.Help})
		}
		a.Protocols = append(a.Protocols, one)
	}
	return a, nil
}

// plans is what is known of an experiment before it runs.
type plans struct {
	Clients   []string  `json:"clients"`
	Quorums   []int64   `json:"quorum_ns"` // the round trip to the nearest majority, by client
	Protocols []planned `json:"protocols"`
}

type planned struct {
	Label  string  `json:"label"`
	Leader string  `json:"leader,omitempty"`
	Floors []int64 `json:"floors_ns"` // by client
}

// read reads an experiment.
func (l *lab) read(yaml string) (*experiment.Plan, error) {
	plan, err := experiment.Parse("experiment.yaml", []byte(yaml), l.drivers)
	if err != nil {
		return nil, err
	}
	plan.Experiment.World = experiment.Simulated
	return plan, nil
}

func (l *lab) plan(yaml string) (*plans, error) {
	plan, err := l.read(yaml)
	if err != nil {
		return nil, err
	}
	p := &plans{Clients: plan.Experiment.Clients}
	for client := range p.Clients {
		p.Quorums = append(p.Quorums, int64(plan.QuorumRoundTrip(client)))
	}
	for _, one := range plan.Experiment.Protocols {
		planned := planned{Label: one.Label, Leader: one.Leader}
		for client := range p.Clients {
			planned.Floors = append(planned.Floors, int64(plan.Floor(one, client)))
		}
		p.Protocols = append(p.Protocols, planned)
	}
	return p, nil
}

// outcome is what a run found.
type outcome struct {
	RunJSON string        `json:"run_json"` // a text, so that JavaScript does not round its numbers
	Styles  []int         `json:"styles"`   // of the protocols, from 0 to 15: their colours
	Invalid []string      `json:"invalid"`
	Took    time.Duration `json:"took_ns"`
}

// run runs an experiment. Progress is told the share that is done.
func (l *lab) run(yaml string, progress func(float64)) (*outcome, error) {
	plan, err := l.read(yaml)
	if err != nil {
		return nil, err
	}
	e := &plan.Experiment
	if !e.Load.IsClosed() {
		seconds := (e.Load.Warmup + e.Load.Duration).Seconds()
		if n := float64(e.Load.Rate) * seconds * float64(len(e.Clients)*plan.Runs()); n > mostCommands {
			return nil, fmt.Errorf("found %.0f commands in all runs; accepted in a browser: up to %d. Take the experiment away and run it with quorumbench", n, mostCommands)
		}
	}
	began := time.Now()
	done := 0.0
	found, err := bench.Execute(context.Background(), plan, bench.Options{Watch: func(s bench.Status) {
		share := (float64(s.Run) + min(1, float64(s.Elapsed)/float64(max(1, s.Length)))) / float64(max(1, s.Runs))
		if share >= done+0.02 {
			done = share
			progress(share)
		}
	}})
	if err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing run.json: %w", err)
	}
	return &outcome{RunJSON: string(data) + "\n", Styles: found.Styles(), Invalid: found.Invalid(), Took: time.Since(began)}, nil
}

// step tells how a write from a region went under a protocol, named by its label.
func (l *lab) step(yaml, label, region, pick string) (*stepwise.Write, error) {
	plan, err := l.read(yaml)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(plan.Experiment.Protocols, func(p experiment.Protocol) bool { return p.Label == label })
	client := slices.Index(plan.Experiment.Clients, region)
	if i < 0 || client < 0 {
		return nil, fmt.Errorf("found protocol %q and region %q; accepted: those of the experiment", label, region)
	}
	return stepwise.Of(context.Background(), plan, plan.Experiment.Protocols[i], client, stepwise.Pick(pick))
}
