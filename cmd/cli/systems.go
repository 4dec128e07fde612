package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"quorumbench/bench/experiment"
	"quorumbench/netem/wan"
)

// buildSystems builds the program that runs systems, in a clone of this repository, and starts it.
const buildSystems = "go build -C systems -o ../quorumbench-systems . && ./quorumbench-systems"

// checkSystems refuses what a run of systems cannot do: once in namespaces of its own, its process has no network that reaches
// a browser, and what was read from standard input is gone.
func checkSystems(cmd *cobra.Command, plan *experiment.Plan, args []string, simulated bool) error {
	all := plan.Experiment.Systems()
	if len(all) == 0 {
		return nil
	}
	switch found := all[0].System; {
	case simulated:
		return fmt.Errorf("--sim: found the system %s; accepted: experiments without systems, which know real time only", found)
	case cmd.Flags().Changed("live-page"):
		return fmt.Errorf("--live-page: found the system %s; accepted: experiments without systems, whose runs have no network that a browser reaches", found)
	case cmd.Flags().Changed("metrics"):
		return fmt.Errorf("--metrics: found the system %s; accepted: experiments without systems, whose runs have no network that Prometheus reaches", found)
	case len(args) > 0 && args[0] == "-":
		return fmt.Errorf("found an experiment with the system %s on standard input; accepted: in a file", found)
	}
	return nil
}

// intoNamespaces makes sure that this process is in namespaces of its own if the experiment lists systems. If it is not, the command
// is started again there, and its exit code is the error. A folder, if it is not nil, is given back before that, since the command takes it again.
func intoNamespaces(cmd *cobra.Command, plan *experiment.Plan, folder *resultFolder) error {
	if len(plan.Experiment.Systems()) == 0 || !ownProcess {
		return nil
	}
	keepOnInterrupt(cmd.Context())
	if wan.IsInside() {
		return nil
	}
	if folder != nil {
		folder.Release()
	}
	_, code, err := wan.Inside()
	switch {
	case errors.Is(err, wan.ErrUnsupported):
		return usage(fmt.Errorf("systems: %w", err))
	case err != nil:
		return err
	}
	return programCode(code)
}
