package costs

import (
	"context"
	"fmt"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
)

// The values and numbers of clients of the runs: different enough to tell costs apart.
var (
	sizes   = []experiment.Size{16, 2048}
	clients = []int{10, 100, 400} // in each region
)

// Plans are short live runs of the protocols of an experiment that tell the costs apart: with small and with large values, few
// clients and many, and, if the experiment syncs, with and without.
func Plans(of *experiment.Plan) []*experiment.Plan {
	durabilities := []experiment.Durability{experiment.InMemory}
	if of.Experiment.Durability == experiment.Fsync {
		durabilities = append(durabilities, experiment.Fsync)
	}
	var plans []*experiment.Plan
	for _, durability := range durabilities {
		for _, size := range sizes {
			for _, n := range clients {
				plans = append(plans, of.ForCosts(durability, size, n))
			}
		}
	}
	return plans
}

// Measure runs one of the Plans and returns what its runs did. It returns an error if a run cannot be made, or ctx ends.
func Measure(ctx context.Context, plan *experiment.Plan, options bench.Options) ([]Point, error) {
	found, err := bench.Execute(ctx, plan, options)
	if err != nil {
		return nil, fmt.Errorf("running %s: %w", plan.Experiment.Name, err)
	}
	e, points := &plan.Experiment, Points(found)
	for i := range points {
		points[i].Name += fmt.Sprintf(", %v, %d clients, %v", e.Load.ValueSize, e.Load.Clients, e.Durability)
	}
	return points, nil
}
