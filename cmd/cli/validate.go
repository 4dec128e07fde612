package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/protocols"
)

func validateCommand(drivers protocols.Drivers) *cobra.Command {
	return &cobra.Command{
		Use:     "validate EXPERIMENT.yaml...",
		Short:   "Check experiment files without running them",
		Example: `  quorumbench validate configs/*.yaml`,
		Args:    arguments(cobra.MinimumNArgs(1), "one or more experiment files"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var mistakes []error
			for _, file := range args {
				plan, err := readExperiment(cmd, file, drivers)
				if err != nil {
					mistakes = append(mistakes, err)
					continue
				}
				e := plan.Experiment
				regions := e.ClientRegions()
				where := fmt.Sprintf("in %d regions", regions)
				switch {
				case !slices.Equal(e.Clients, e.Replicas):
					where = fmt.Sprintf("with %d replicas and clients in %d regions", len(e.Replicas), regions)
				case regions < len(e.Replicas):
					where = fmt.Sprintf("with %d replicas in %d regions", len(e.Replicas), regions)
				}
				remark, err := bench.CheckMemory(plan)
				if err != nil {
					mistakes = append(mistakes, fmt.Errorf("%s: %w", file, err))
					continue
				}
				if remark != "" {
					remark = "; " + remark
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: fine: %d protocols %s, %d repeats, %d runs, %v%s\n",
					file, len(e.Protocols), where, e.Repeats, plan.Runs(), plan.Length(), remark)
			}
			if len(mistakes) > 0 {
				return usage(errors.Join(mistakes...))
			}
			return nil
		},
	}
}
