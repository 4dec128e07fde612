package cli

import (
	"github.com/spf13/cobra"

	"quorumbench/bench/result"
	"quorumbench/reports"
)

func reportCommand() *cobra.Command {
	var format *reports.Format
	var look *reports.FigureOptions
	cmd := &cobra.Command{
		Use:   "report FOLDER",
		Short: "Print the table and draw the figures and the page of a result again",
		Example: `  quorumbench report results/three-regions-20261121-101500
  quorumbench report results/three-regions-20261121-101500 --figures png,svg,pdf --width column
  quorumbench report results/three-regions-20261121-101500 --theme dark`,
		Args: arguments(cobra.ExactArgs(1), "one result folder"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := result.Read(args[0])
			if err != nil {
				return usage(err)
			}
			outliveReader(cmd.Context())
			return show(cmd, *format, found, args[0], lookOf(cmd, args, look), nil)
		},
	}
	format = formatFlag(cmd)
	look = figureFlags(cmd, true)
	return cmd
}
