package bench

import (
	"fmt"
	"slices"

	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/bench/system"
)

// CanRun returns an error if an experiment lists a system for which the options have no adapter.
func CanRun(plan *experiment.Plan, options Options) error {
	for _, protocol := range plan.Experiment.Systems() {
		if options.system(protocol) == nil {
			return fmt.Errorf("found the system %s, which this program can check and plan, but not run", protocol.System)
		}
	}
	return nil
}

// system is what runs the system of a protocol; nil for a driver, and if there is no adapter.
func (o *Options) system(protocol experiment.Protocol) *run.System {
	i := slices.IndexFunc(o.Systems, func(a system.Adapter) bool { return a.Name() == protocol.System })
	if i < 0 || protocol.System == "" || o.OpenNetwork == nil {
		return nil
	}
	return &run.System{Adapter: o.Systems[i], Open: o.OpenNetwork}
}
