package bench

import (
	"fmt"
	"slices"
	"strings"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/shard"
)

// Part is the result of a shard, with the name by which errors call it.
type Part struct {
	Name   string
	Result *result.Result
}

// MissingError is the error of Merge for shards that are not there, or not as a whole.
type MissingError struct {
	Shards []shard.Shard // that have no result
	Begun  []string      // results of shards that were interrupted, a sentence each
}

// Error lists what is missing.
func (e *MissingError) Error() string {
	var all []string
	if len(e.Shards) > 0 {
		const most = 20
		var names []string
		for _, s := range e.Shards[:min(most, len(e.Shards))] {
			names = append(names, s.String())
		}
		if more := len(e.Shards) - most; more > 0 {
			names = append(names, fmt.Sprintf("and %d more", more))
		}
		all = append(all, "found no result of shard "+strings.Join(names, ", "))
	}
	return strings.Join(append(all, e.Begun...), "; ") + "; accepted: all shards, each as a whole"
}

// Merge puts the results of an experiment's shards together to the result of the whole experiment. Of a simulated one it has
// the runs, the histograms and the fingerprint that a single process finds, byte for byte, in the same order. A shard that is
// given several times, because it was run again, counts once: one that is whole is preferred, and of several the one that was
// finished first.
//
// It returns an error for parts of different experiments, of different versions of this program, of different numbers of
// shards or, if they are live, of different machines; for a simulated shard that is given twice and is not the same; and a
// *MissingError if anything is missing. If partial is true, what is missing is left out, and the result marked as partial.
//
// The plan is that of the parts' experiment; see experiment.Restore.
func Merge(plan *experiment.Plan, parts []Part, partial bool) (*result.Result, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("found no result; accepted: the results of all shards of an experiment")
	}
	for _, p := range parts {
		if err := belong(parts[0], p); err != nil {
			return nil, err
		}
	}
	byShard, err := onceEach(parts)
	if err != nil {
		return nil, err
	}
	first := parts[0].Result
	merged := *first
	merged.Shard, merged.Log, merged.Fingerprint, merged.Partial, merged.Runs, merged.Knees = nil, nil, "", false, nil, nil
	if first.Experiment.Load.IsSearch() {
		merged.Experiment.Sweep = nil // entered anew from the runs
	}
	missing := &MissingError{}
	for i := range first.Shard.Count {
		s := shard.Shard{Index: i + 1, Count: first.Shard.Count}
		part := byShard[s]
		if part == nil {
			missing.Shards = append(missing.Shards, s)
			continue
		}
		if part.Result.Partial {
			missing.Begun = append(missing.Begun, fmt.Sprintf("shard %v in %s was interrupted, with %d runs that are whole", s, part.Name, part.Result.WholeRuns()))
		}
		if part.Result.Started.Before(merged.Started) {
			merged.Started = part.Result.Started
		}
		if part.Result.Finished.After(merged.Finished) {
			merged.Finished = part.Result.Finished
		}
	}
	if len(missing.Shards)+len(missing.Begun) > 0 {
		if !partial {
			return nil, missing
		}
		merged.Partial = true
	}
	for i, t := range tasksOf(plan) {
		if part := byShard[of(i, first.Shard.Count)]; part != nil {
			t.take(plan, part.Result, &merged)
		}
	}
	if merged.Partial {
		return &merged, nil
	}
	return &merged, seal(&merged)
}

// of is the shard that has a task.
func of(task, count int) shard.Shard { return shard.Shard{Index: task%count + 1, Count: count} }

// take adds what a shard has found of a task to the merged result: one run, or those of a search with what it has found. The
// runs of a simulated search get the dates that they have in the whole experiment, where they follow those of other shards.
func (t *task) take(plan *experiment.Plan, from, merged *result.Result) {
	for i := range from.Runs {
		run := from.Runs[i]
		if run.Partial || run.Protocol != t.protocol.Label || run.Repeat != t.repeat || t.point != nil && run.Point != t.point.Point {
			continue
		}
		if t.point == nil {
			enterPoint(merged, run.Point)
			if plan.Experiment.IsSimulated() {
				run.Started = measuredFrom(plan, len(merged.Runs))
			}
		}
		merged.Runs = append(merged.Runs, run)
	}
	for _, knee := range from.Knees {
		if knee.Protocol == t.protocol.Label && knee.Repeat == t.repeat {
			merged.Knees = append(merged.Knees, knee)
		}
	}
}

// belong returns an error if two results are not shards of the same experiment, run by the same program.
func belong(first, p Part) error {
	a, b := first.Result, p.Result
	switch {
	case b.Shard == nil:
		return fmt.Errorf("%s: found a result that is no shard; accepted: results of run --shard", p.Name)
	case a.Shard.Count != b.Shard.Count:
		return fmt.Errorf("%s: found shard %v, and shard %v in %s; accepted: shards of the same number", p.Name, b.Shard, a.Shard, first.Name)
	}
	if d := a.DifferentExperiment(b); d != nil {
		return fmt.Errorf("%s: found a shard of another experiment: %s is %s in it and %s in %s; accepted: shards of one experiment with one seed", p.Name, d.Place, d.B, d.A, first.Name)
	}
	if err := sameProgram(b, a); err != nil {
		return fmt.Errorf("%s: %w in %s", p.Name, err, first.Name)
	}
	return nil
}

// onceEach are the parts by their shards, one of each.
func onceEach(parts []Part) (map[shard.Shard]*Part, error) {
	byShard := map[shard.Shard]*Part{}
	for i := range parts {
		p := &parts[i]
		other := byShard[*p.Result.Shard]
		if other == nil {
			byShard[*p.Result.Shard] = p
			continue
		}
		both := []*Part{other, p}
		slices.SortStableFunc(both, func(a, b *Part) int { return compareParts(a.Result, b.Result) })
		byShard[*p.Result.Shard] = both[0]
		if !p.Result.Experiment.IsSimulated() {
			continue
		}
		if d, _ := result.FirstDifference(other.Result, p.Result); d != nil {
			return nil, fmt.Errorf("%s and %s are both shard %v, and differ: %s is %s in the first and %s in the second; accepted: a simulated shard that is the same whenever it is run",
				other.Name, p.Name, p.Result.Shard, d.Place, d.A, d.B)
		}
	}
	return byShard, nil
}

// compareParts puts the result first that Merge takes of the same shard.
func compareParts(a, b *result.Result) int {
	switch {
	case a.Partial != b.Partial && b.Partial:
		return -1
	case a.Partial != b.Partial:
		return 1
	case a.Partial && a.WholeRuns() != b.WholeRuns():
		return b.WholeRuns() - a.WholeRuns()
	}
	return a.Finished.Compare(b.Finished)
}
