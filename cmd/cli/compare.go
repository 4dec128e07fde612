package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"quorumbench/bench/result"
	"quorumbench/reports"
)

func compareCommand() *cobra.Command {
	var options reports.CompareOptions
	var out string
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "compare FOLDER [FOLDER...]",
		Short: "Compare results, or the protocols of one result",
		Long: `Compare two or more results with the first of them, protocol by protocol; or, given one result,
its protocols with the first of them. With six or more repeats each ratio has a 95 % interval.

Results that differ in topology, load, network or transport are not compared unless forced.`,
		Example: `  quorumbench compare results/before results/after
  quorumbench compare results/three-regions --protocols raft,mmp3 --out raft-mmp3.png`,
		Args: arguments(cobra.MinimumNArgs(1), "one or more result folders"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, folders []string) error {
			if cmd.Flags().Changed("out") && filepath.Ext(out) != ".png" {
				return usage(fmt.Errorf("--out: found %q; accepted: a name that ends in .png", out))
			}
			var results []*result.Result
			var names []string
			for _, folder := range folders {
				one, err := result.Read(folder)
				if err != nil {
					return usage(err)
				}
				results = append(results, one)
				names = append(names, filepath.Base(filepath.Clean(folder)))
			}
			if len(results) == 1 && len(results[0].Labels()) < 2 {
				return usage(errors.New("found one result with one protocol; accepted: two results, or one with several protocols"))
			}
			options.Output = outputOf(cmd, *format)
			options.Color = reports.ColorTerminal(cmd.OutOrStdout())
			var unprinted *fs.PathError
			if err := reports.Compare(cmd.OutOrStdout(), results, names, options); errors.As(err, &unprinted) {
				return err
			} else if err != nil {
				return usage(err)
			}
			if out == "" {
				return nil
			}
			if err := reports.DrawCompare(out, results, names, options); err != nil {
				return err
			}
			fmt.Fprintf(aside(cmd, *format), "figure: %s\n", out)
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&options.Protocols, "protocols", nil, "only these, separated by commas")
	cmd.Flags().BoolVar(&options.Force, "force", false, "compare results of different experiments, too")
	cmd.Flags().StringVarP(&out, "out", "o", "", "file for the figure, a PNG")
	format = formatFlag(cmd)
	return cmd
}
