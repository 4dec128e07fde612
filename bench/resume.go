package bench

import (
	"errors"
	"fmt"

	"quorumbench/bench/experiment"
)

// CanResume returns an error if options.Resume is not the partial result of exactly this experiment, run by this program: with
// the same settings, seed and delays and, if it is live, on the same machine.
func CanResume(plan *experiment.Plan, options Options) error {
	earlier, now := options.Resume, beginning(plan, options)
	if !earlier.Partial {
		return errors.New("found a result that is whole; accepted: a partial one, as an interrupted run leaves it")
	}
	if d := earlier.DifferentExperiment(now); d != nil {
		return fmt.Errorf("found a result of another experiment: %s is %s in the result and %s now; accepted: the same experiment with the same seed", d.Place, d.A, d.B)
	}
	a, b := earlier.Machine, now.Machine
	switch {
	case a.Tool != b.Tool:
		return fmt.Errorf("found a result of quorumbench %s; accepted: one of this version, %s", a.Tool, b.Tool)
	case a.Go != b.Go:
		return fmt.Errorf("found a result of a program built with %s; accepted: one built with %s, as this is", a.Go, b.Go)
	case plan.Experiment.IsSimulated():
		return nil // it is the same on every machine
	case a != b:
		return fmt.Errorf("found a live result of %s/%s with %d processors; accepted: one of this machine, %s/%s with %d", a.OS, a.Arch, a.CPUs, b.OS, b.Arch, b.CPUs)
	case earlier.Live != nil && *earlier.Live != *now.Live:
		return fmt.Errorf("found a result with --spin %v and --realtime=%t; accepted: the same flags, found now --spin %v and --realtime=%t",
			earlier.Live.Spin, earlier.Live.Realtime, now.Live.Spin, now.Live.Realtime)
	}
	return nil
}
