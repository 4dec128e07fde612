package cli

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"quorumbench/bench/result"
	"quorumbench/bench/store"
	"quorumbench/reports"
)

func reportCommand() *cobra.Command {
	var format *reports.Format
	var look *reports.FigureOptions
	cmd := &cobra.Command{
		Use:   "report FOLDER [OTHER]",
		Short: "Print the table and draw the figures and the page of a result again",
		Long: `Print the table and draw the figures and the page of a result again. With another result of the same
sweep over the load, such as a simulated one of the same experiment, say how far apart the two are, and
draw the curves of both into throughput-both.png of the first.

The result at a URL in an object store is fetched into results/NAME-TIME, and reported there.`,
		Example: `  quorumbench report results/three-regions-20261121-101500
  quorumbench report results/three-regions-20261121-101500 --figures png,svg,pdf --width column
  quorumbench report results/three-regions-20261121-101500 --theme dark
  quorumbench report results/throughput results/throughput-simulated`,
		Args: arguments(cobra.RangeArgs(1, 2), "one or two result folders"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := args[0]
			if store.IsURL(folder) {
				local, err := keepFetched(cmd, folder)
				if err != nil {
					return usage(err)
				}
				folder = local
			}
			found, err := result.Read(folder)
			if err != nil {
				return usage(err)
			}
			outliveReader(cmd.Context())
			complete := lookOf(cmd, args, look)
			if len(args) == 1 {
				return show(cmd, *format, found, folder, complete, nil)
			}
			beside, done, err := readable(cmd, args[1])
			if err != nil {
				return usage(err)
			}
			defer done()
			other, err := result.Read(beside[0])
			if err != nil {
				return usage(err)
			}
			return showBeside(cmd, *format, found, other, folder, complete)
		},
	}
	format = formatFlag(cmd)
	look = figureFlags(cmd, true)
	return cmd
}

// showBeside is show with another result of the same sweep: how far apart the two are follows the table. Programs get the
// first result alone, or its table.
func showBeside(cmd *cobra.Command, format reports.Format, r, other *result.Result, folder string, look reports.FigureOptions) error {
	var said bytes.Buffer
	if err := reports.Beside(&said, r, other, outputOf(cmd, reports.FormatTable)); err != nil {
		return usage(fmt.Errorf("report: %w", err))
	}
	if err := show(cmd, format, r, folder, look, nil); err != nil {
		return err
	}
	if _, err := said.WriteTo(aside(cmd, format)); err != nil {
		return err
	}
	paths, err := reports.DrawBeside(folder, r, other, look)
	for _, path := range paths {
		fmt.Fprintf(aside(cmd, format), "figure of both: %s\n", path)
	}
	return err
}
