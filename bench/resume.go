package bench

import (
	"errors"
	"fmt"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/shard"
)

// CanResume returns an error if options.Resume is not the partial result of exactly this experiment or of this shard of it, run by
// this program: with the same settings, seed and delays and, if it is live, on the same machine.
func CanResume(plan *experiment.Plan, options Options) error {
	if !options.Resume.Partial {
		return errors.New("found a result that is whole; accepted: a partial one, as an interrupted run leaves it")
	}
	return IsOf(plan, options)
}

// IsOf returns an error if options.Resume, partial or whole, is not the result of exactly this experiment, as CanResume does.
func IsOf(plan *experiment.Plan, options Options) error {
	earlier, now := options.Resume, beginning(plan, options)
	if d := earlier.DifferentExperiment(now); d != nil {
		return fmt.Errorf("found a result of another experiment: %s is %s in the result and %s now; accepted: the same experiment with the same seed", d.Place, d.A, d.B)
	}
	if a, b := partName(earlier.Shard), partName(options.Shard); a != b {
		return fmt.Errorf("found the result of %s; accepted: one of %s", a, b)
	}
	return sameProgram(earlier, now)
}

func partName(s *shard.Shard) string {
	if s == nil {
		return "the whole experiment"
	}
	return "shard " + s.String()
}

// sameProgram returns an error if the runs of a result cannot stand beside those of another, since another version of the
// program, another machine or other flags have made them. Simulated runs are the same on every machine.
func sameProgram(one, other *result.Result) error {
	a, b := one.Machine, other.Machine
	switch {
	case a.Tool != b.Tool:
		return fmt.Errorf("found a result of quorumbench %s; accepted: one of this version, %s", a.Tool, b.Tool)
	case a.Go != b.Go:
		return fmt.Errorf("found a result of a program built with %s; accepted: one built with %s, as this is", a.Go, b.Go)
	case one.Experiment.IsSimulated():
		return nil
	case a != b:
		return fmt.Errorf("found a live result of %s/%s with %d processors; accepted: one of this machine, %s/%s with %d", a.OS, a.Arch, a.CPUs, b.OS, b.Arch, b.CPUs)
	case one.Live != nil && other.Live != nil && *one.Live != *other.Live:
		return fmt.Errorf("found a result with --spin %v and --realtime=%t; accepted: the same flags, found now --spin %v and --realtime=%t",
			one.Live.Spin, one.Live.Realtime, other.Live.Spin, other.Live.Realtime)
	}
	return nil
}
