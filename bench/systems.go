package bench

import (
	"errors"
	"fmt"
	"slices"

	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/bench/system"
)

// ErrNoAdapter is the error of CanRun if a program has no adapter of a system.
var ErrNoAdapter = errors.New("which this program can check and plan, but not run")

// CanRun returns an error if an experiment lists a system for which the options have no adapter, an ErrNoAdapter, or one that is
// not installed.
func CanRun(plan *experiment.Plan, options Options) error {
	for _, protocol := range plan.Experiment.Systems() {
		found := options.system(protocol)
		if found == nil {
			return fmt.Errorf("found the system %s, %w", protocol.System, ErrNoAdapter)
		}
		if installed, ok := found.Adapter.(system.Installed); ok {
			if err := installed.Find(); err != nil {
				return fmt.Errorf("found the system %s, which is not installed: %w", protocol.System, err)
			}
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
	adapter := o.Systems[i]
	if describer, is := adapter.(system.Describer); is {
		adapter = describer.Of(protocol.Command)
	}
	return &run.System{Adapter: adapter, Open: o.OpenNetwork}
}
