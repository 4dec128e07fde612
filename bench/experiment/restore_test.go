package experiment_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/configs"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

// An experiment and its topology, as run.json has them, make the same plan as the file: the same settings at each point,
// links, replicas and clients.
func TestShippedExperimentsAreRestoredFromTheirResult(t *testing.T) {
	for _, name := range configs.Experiments() {
		plan, err := experiment.Read(name, registry.Drivers)
		if err != nil {
			t.Fatal(err)
		}
		restored := restore(t, plan)
		points, again := plan.Points(), restored.Points()
		if len(points) != len(again) {
			t.Fatalf("%s: %d points, and %d restored", name, len(points), len(again))
		}
		for i := range points {
			if what := difference(points[i], again[i]); what != "" {
				t.Errorf("%s, point %q: %s", name, points[i].Point, what)
			}
		}
	}
}

// restore writes what a plan's run.json has as JSON, and restores the plan from it.
func restore(t *testing.T, plan *experiment.Plan) *experiment.Plan {
	t.Helper()
	var stored struct {
		Experiment experiment.Experiment
		Topology   experiment.Topology
	}
	stored.Experiment, stored.Topology = plan.Experiment, plan.Topology
	data, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	stored.Experiment, stored.Topology = experiment.Experiment{}, experiment.Topology{}
	if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	restored, err := experiment.Restore(stored.Experiment, stored.Topology, registry.Drivers)
	if err != nil {
		t.Fatalf("%s: %v", plan.Experiment.Name, err)
	}
	return restored
}

// difference says in what two plans of one point differ that a run depends on; empty if in nothing.
func difference(a, b *experiment.Plan) string {
	if a.Point != b.Point || !reflect.DeepEqual(a.Experiment.Load, b.Experiment.Load) || !reflect.DeepEqual(a.Experiment.Network, b.Experiment.Network) ||
		a.Experiment.Simulation != b.Experiment.Simulation || a.Experiment.Durability != b.Experiment.Durability || a.Experiment.Transport != b.Experiment.Transport {
		return "settings"
	}
	if !reflect.DeepEqual(a.Experiment.Faults, b.Experiment.Faults) || !slices.EqualFunc(a.Experiment.Protocols, b.Experiment.Protocols, sameProtocol) ||
		!reflect.DeepEqual(a.Experiment.Regions, b.Experiment.Regions) || a.Experiment.Seed != b.Experiment.Seed {
		return "faults, protocols, regions or seed"
	}
	for from := range a.Experiment.Regions {
		for to := range a.Experiment.Regions {
			if a.Link(from, to) != b.Link(from, to) {
				return "links"
			}
		}
	}
	for _, p := range a.Experiment.Protocols {
		for id := range protocols.Members(len(a.Experiment.Replicas)) {
			if !reflect.DeepEqual(a.ReplicaConfig(p, protocols.NodeID(id)), b.ReplicaConfig(p, protocols.NodeID(id))) {
				return "replicas of " + p.Label
			}
		}
		for client := range a.Experiment.Clients {
			if !reflect.DeepEqual(a.ClientConfig(p, client), b.ClientConfig(p, client)) {
				return "clients of " + p.Label
			}
		}
	}
	return ""
}

// sameProtocol compares two protocols; no options and an empty map of them are the same.
func sameProtocol(a, b experiment.Protocol) bool {
	return a.Name == b.Name && a.Leader == b.Leader && a.Label == b.Label && maps.Equal(a.Options, b.Options)
}
