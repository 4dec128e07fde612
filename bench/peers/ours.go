package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols/registry"
)

//go:embed topology.yaml
var topology []byte

// ours is a protocol of this module, as the program quorumbench runs it.
func ours(protocol, clients string) system {
	name := protocol
	if clients == atLeader {
		name += "-leader"
	}
	return system{name, clients, func(ctx context.Context, c config) (*measurement, error) {
		return runOurs(ctx, c, protocol, clients)
	}}
}

// experimentOf is the experiment file of a protocol.
func experimentOf(c config, protocol, clients string) string {
	regions, each := "[a, b, c]", c.clients/replicas
	if clients == atLeader {
		regions, each = "[a]", c.clients // a, the first replica, leads
	}
	return fmt.Sprintf(`topology: topology.yaml
replicas: [a, b, c]
clients: %s
protocols: [%s]
load: {arrivals: closed, clients: %d, duration: %v, warmup: %v, value_size: %dB, keys: {count: %d}}
durability: memory
world: live
seed: %d
`, regions, protocol, each, c.length, c.warmup, valueSize, keys, c.seed)
}

// runOurs measures a protocol of this module.
func runOurs(ctx context.Context, c config, protocol, clients string) (found *measurement, err error) {
	if err := os.WriteFile(filepath.Join(c.folder, "topology.yaml"), topology, 0o644); err != nil {
		return nil, fmt.Errorf("writing the topology: %w", err)
	}
	plan, err := experiment.Parse(filepath.Join(c.folder, "peers.yaml"), []byte(experimentOf(c, protocol, clients)), registry.Drivers)
	if err != nil {
		return nil, fmt.Errorf("reading the experiment: %w", err)
	}
	meter, err := newMeter(c.profile)
	if err != nil {
		return nil, err
	}
	var used usage
	ended := false
	end := func() {
		if !ended {
			ended = true
			var failed error
			used, failed = meter.end()
			err = errors.Join(err, failed)
		}
	}
	// The meter runs from the first to the last report of the measured time; reports come about ten times a second.
	// Commands that were issued stand for those that were answered: they differ by at most the number of clients.
	executed, failed := bench.Execute(ctx, plan, bench.Options{Scratch: c.folder, Watch: func(s bench.Status) {
		switch {
		case s.Phase == "measuring" && !meter.begun():
			meter.begin(s.Issued)
		case s.Phase == "measuring":
			meter.note(s.Issued)
		case s.Phase == "draining":
			end()
		}
	}})
	end()
	if err = errors.Join(err, failed); err != nil {
		return nil, err
	}
	return summary(&executed.Runs[0], used), nil
}

// summary is what was measured in a run.
func summary(run *result.Run, used usage) *measurement {
	found := &measurement{Length: run.Measured, CPU: used, Invalid: run.Invalid}
	service := result.NewHistogram()
	for _, region := range run.Regions {
		found.Writes += region.Answered
		found.Errors += region.Errors
		for _, interval := range region.Intervals {
			interval.Service.AddTo(service)
		}
	}
	found.P50, found.P99 = result.Percentile(service, 50), result.Percentile(service, 99)
	return found
}
