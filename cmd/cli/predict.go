package cli

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func predictCommand(drivers protocols.Drivers) *cobra.Command {
	var within string
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "predict FOLDER",
		Short: "Simulate the experiment of a live result over its links, and print both",
		Long: `Simulate the experiment of a live result over the links that it had, and print what the simulation says
beside what was measured: of each protocol and region, the median and the 99th percentile of writes. A
result of quorumbench site over real links is simulated over the links as they were measured before
and after its runs, each way half of the median round trip, without jitter or loss. Nothing is written.

What is measured beyond the prediction is what the simulation leaves out: the time that replicas, disks and
machines take, and what links do besides delaying.`,
		Example: `  quorumbench predict results/three-regions-20261121-101500
  quorumbench predict results/real --within 1%`,
		Args: arguments(cobra.ExactArgs(1), "one result folder"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			allowed := math.Inf(1)
			if cmd.Flags().Changed("within") {
				var share experiment.Share
				if err := share.UnmarshalText([]byte(within)); err != nil {
					return usage(fmt.Errorf("--within: %w", err))
				}
				allowed = float64(share)
			}
			read, done, err := readable(cmd, args[0])
			if err != nil {
				return usage(err)
			}
			defer done()
			measured, err := result.Read(read[0])
			if err != nil {
				return usage(err)
			}
			predicted, err := predict(cmd, args[0], measured, drivers)
			if err != nil {
				return err
			}
			outliveReader(cmd.Context())
			off, err := reports.Predicted(cmd.OutOrStdout(), measured, predicted, allowed, outputOf(cmd, *format))
			if err != nil {
				return err
			}
			if len(off) > 0 {
				return &codedError{exitMissed, fmt.Errorf("missed:\n  %s", strings.Join(off, "\n  "))}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&within, "within", "", "end with exit code 3 if a median is further from its prediction, such as 1%")
	format = formatFlag(cmd)
	return cmd
}

// predict simulates the experiment of a live result over the links that it had. Folder is where the result is.
func predict(cmd *cobra.Command, folder string, measured *result.Result, drivers protocols.Drivers) (*result.Result, error) {
	e := &measured.Experiment
	switch {
	case e.IsSimulated():
		return nil, usage(fmt.Errorf("%s: found a simulated result; accepted: a live one", folder))
	case e.Load.IsSearch():
		return nil, usage(fmt.Errorf("%s: found a search for the highest rate; accepted: a result whose rates the experiment says", folder))
	case len(e.Systems()) > 0:
		return nil, usage(fmt.Errorf("%s: found the system %s, which cannot be simulated; accepted: drivers", folder, e.Systems()[0].System))
	}
	plan, err := restore(folder, measured, drivers)
	if err != nil {
		return nil, usage(err)
	}
	if measured.OnRealLinks() {
		delays := measured.TypicalDelays()
		if delays == nil {
			return nil, usage(fmt.Errorf("%s: found links that were not measured; accepted: a result in which each link was", folder))
		}
		plan = plan.OnLinks(delays)
	}
	plan.Simulate()
	predicted, err := bench.Execute(cmd.Context(), plan, bench.Options{})
	if err != nil && errors.Is(err, cmd.Context().Err()) {
		return nil, interrupted("interrupted; nothing was printed")
	}
	return predicted, err
}
