package run_test

import (
	"context"
	"errors"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/protocols/registry"
)

// Reads that a replica answers from its own state take no time. Clients that issue one after the other would do so for ever at one moment
// of virtual time. The run ends, and so it does when it is interrupted.
func TestAClosedLoopWithoutTimeEnds(t *testing.T) {
	plan, err := experiment.Parse("e.yaml", []byte(`topology: {rtt: {a-b: 10ms, a-c: 20ms, b-c: 30ms}}
protocols: [{name: zab, options: {reads: local}}]
world: sim
load: {arrivals: closed, clients: 1, duration: 1s, warmup: 0s, reads: 100%}
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	config := run.Config{Plan: plan, Protocol: plan.Experiment.Protocols[0]}
	if _, err := run.Play(ctx, config); !errors.Is(err, run.ErrEndless) {
		t.Errorf("ended with %v, want %v", err, run.ErrEndless)
	}
	cancel()
	if _, err := run.Play(ctx, config); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted, ended with %v", err)
	}
}
