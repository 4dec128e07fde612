package bench

import (
	"context"
	"fmt"

	"quorumbench/bench/experiment"
	"quorumbench/bench/graph"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/protocols"
)

// Dependencies plays one run of a protocol in virtual time, for which the plan must be, and returns what its instances
// depend on, of which the first so many are to be drawn, and the lemmas that its order rests on. The graph is nil if the
// protocol has no instances that depend on each other.
func Dependencies(ctx context.Context, plan *experiment.Plan, protocol experiment.Protocol, first int) (*result.Graph, []protocols.Lemma, error) {
	var collected graph.Collector
	record, err := run.Play(ctx, run.Config{Plan: plan, Protocol: protocol, Instances: collected.Note})
	if err != nil {
		return nil, nil, fmt.Errorf("playing a run of %s: %w", protocol.Label, err)
	}
	if !collected.Any() {
		return nil, nil, nil
	}
	e := &plan.Experiment
	g := collected.Graph(e.Replicas, first)
	at := ""
	if plan.Point != "" {
		at = ", " + plan.Point
	}
	g.Title = "What depends on what under " + protocol.Label
	g.About = []string{fmt.Sprintf("The first %d instances of %s%s, in virtual time, seed %d.", len(g.Drawn), e.Name, at, e.Seed)}
	if record.Watcher == nil {
		return g, nil, nil
	}
	return g, record.Watcher.Lemmas(), nil
}
