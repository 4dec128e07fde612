package bench

import (
	"fmt"
	"math/rand/v2"

	"quorumbench/bench/experiment"
	"quorumbench/bench/shard"
)

// task is a part of an experiment that does not depend on the others, and that shards therefore divide between them: a run or,
// if the experiment searches for the highest rate, the search of a protocol in one repeat.
type task struct {
	repeat   int
	point    *experiment.Plan // nil for a search, which finds its points itself
	protocol experiment.Protocol
}

// name is the name of the run, or of the search without a point.
func (t *task) name() string {
	if t.point == nil {
		return runName(t.protocol.Label, "", t.repeat)
	}
	return runName(t.protocol.Label, t.point.Point, t.repeat)
}

// tasksOf are the tasks of an experiment in the order in which they run, which is drawn from the seed.
func tasksOf(plan *experiment.Plan) []task {
	order := rand.New(rand.NewPCG(plan.Experiment.Seed, 1<<63))
	points := []*experiment.Plan{nil}
	if !plan.Experiment.Load.IsSearch() {
		points = plan.Points()
	}
	protocols := plan.Experiment.Protocols
	var all []task
	for repeat := range plan.Experiment.Repeats {
		for _, point := range points {
			for _, i := range order.Perm(len(protocols)) {
				all = append(all, task{repeat, point, protocols[i]})
			}
		}
	}
	return all
}

// CheckShard returns an error if an experiment has fewer runs, or searches for the highest rate, than there are shards.
func CheckShard(plan *experiment.Plan, s shard.Shard) error {
	what := "runs"
	if plan.Experiment.Load.IsSearch() {
		what = "searches"
	}
	if most := len(tasksOf(plan)); s.Count > most {
		return fmt.Errorf("found %d shards; accepted: 1 to %d, as many as the experiment has %s", s.Count, most, what)
	}
	return nil
}

// RunsOf is how many runs a shard of an experiment has, or the whole if the shard is nil; about as many, if it searches.
func RunsOf(plan *experiment.Plan, s *shard.Shard) int {
	if s == nil {
		return plan.Runs()
	}
	tasks := len(tasksOf(plan))
	return s.Size(tasks) * (plan.Runs() / tasks)
}
