package cli

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/reports"
)

// forecastOf estimates what an experiment will take whose result goes into a folder. For its time, it plays the beginning of
// simulated runs, unless quiet is true.
func forecastOf(ctx context.Context, plan *experiment.Plan, options bench.ForecastOptions, folder string, quiet bool) (bench.Forecast, error) {
	if plan.Experiment.IsSimulated() && !quiet {
		var err error
		if options.Pilots, err = bench.Pilots(ctx, plan); err != nil {
			return bench.Forecast{}, err
		}
	}
	options.Room = bench.RoomFor(cmp.Or(folder, "results"))
	return bench.ForecastOf(plan, options), nil
}

// checkMemory returns a usage error if an experiment keeps far more in memory than there is. Name is the file or folder that
// it comes from.
func checkMemory(name string, plan *experiment.Plan) error {
	if _, err := bench.CheckMemory(plan); err != nil {
		return usage(fmt.Errorf("%s: %w", name, err))
	}
	return nil
}

// tellForecast says on standard error what a run will take, unless quiet is true, and always what is short.
func tellForecast(cmd *cobra.Command, plan *experiment.Plan, options bench.ForecastOptions, folder string, quiet bool) {
	f, err := forecastOf(cmd.Context(), plan, options, folder, quiet)
	if err != nil {
		return // the run itself says what is wrong, or that it was interrupted
	}
	if !quiet {
		fmt.Fprintf(cmd.ErrOrStderr(), "forecast: %v\n", f)
	}
	for _, warning := range f.Warnings {
		fmt.Fprintf(cmd.ErrOrStderr(), "WARNING: %s\n", warning)
	}
}

// printForecast prints what a run will take.
func printForecast(cmd *cobra.Command, format reports.Format, f bench.Forecast) error {
	count := func(n float64) string { return fmt.Sprintf("%.0f", math.Ceil(n)) }
	orUnknown := func(text string, known bool) string {
		if !known {
			return "–"
		}
		return text
	}
	rows := []table.Row{
		{"runs", count(float64(f.Runs)), ""},
		{"commands", count(f.Commands), ""},
		{"messages", orUnknown(count(f.Messages), f.Messages > 0), ""},
		{"time", orUnknown(bench.Roughly(f.Time), f.Time > 0), ""},
		{"memory", bench.BytesText(f.Memory), orUnknown(bench.BytesText(f.Room.Memory), f.Room.Memory > 0)},
		{"disk", bench.BytesText(f.Disk), orUnknown(bench.BytesText(f.Room.Disk), f.Room.Disk > 0)},
	}
	if err := printRows(cmd, format, table.Row{"a run takes", "about, at most", "there is"}, rows, f); err != nil {
		return err
	}
	for _, warning := range f.Warnings {
		fmt.Fprintf(aside(cmd, format), "WARNING: %s\n", warning)
	}
	return nil
}
