package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"quorumbench/bench/result"
	"quorumbench/reports"
)

func compareCommand() *cobra.Command {
	var options reports.CompareOptions
	var out string
	var format *reports.Format
	var look *reports.FigureOptions
	var check regressionCheck
	cmd := &cobra.Command{
		Use:   "compare FOLDER [FOLDER...]",
		Short: "Compare results, or the protocols of one result",
		Long: `Compare two or more results with the first of them, protocol by protocol; or, given one result,
its protocols with the first of them. With six or more repeats each ratio has a 95 % interval; which
differences are shown is said in words, from as many repeats on as the number of ratios asks for.

With --baseline one result is held against an earlier one of the same machine: exit code 3 if a p50 or
p99 is shown to be slower by more than --fail-above.

Results that differ in topology, load, network or transport are not compared unless forced.`,
		Example: `  quorumbench compare results/before results/after
  quorumbench compare results/three-regions --protocols raft,mmp3 --out raft-mmp3.png
  quorumbench compare results/today --baseline results/main --fail-above 3% --annotate github`,
		Args: arguments(cobra.MinimumNArgs(1), "one or more result folders"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, folders []string) error {
			if cmd.Flags().Changed("out") {
				if _, err := reports.FormatOfFile(out); err != nil {
					return usage(fmt.Errorf("--out: %w", err))
				}
				extension := filepath.Ext(out)
				name := strings.TrimSuffix(out, extension)
				if err := result.CheckNoFileOf(out, name+".csv", name+"-difference"+extension, name+"-difference.csv"); err != nil {
					return usage(fmt.Errorf("--out: %w", err))
				}
			}
			if err := check.validate(cmd, folders); err != nil {
				return usage(err)
			}
			if check.baseline != "" {
				folders = []string{check.baseline, folders[0]}
			}
			folders, done, err := readable(cmd, folders...)
			if err != nil {
				return usage(err)
			}
			defer done()
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
			if check.baseline != "" {
				return check.run(cmd, results, names, *format, options)
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
			if err := reports.DrawCompare(out, results, names, options, lookOf(cmd, folders, look)); err != nil {
				return err
			}
			fmt.Fprintf(aside(cmd, *format), "figure: %s\n", out)
			extension := filepath.Ext(out)
			second := strings.TrimSuffix(out, extension) + "-difference" + extension
			if err := reports.DrawShift(second, results, names, options, lookOf(cmd, folders, look)); errors.Is(err, reports.ErrNoShift) {
				fmt.Fprintf(aside(cmd, *format), "not drawn: %s: %v\n", second, err)
				return nil
			} else if err != nil {
				return err
			}
			fmt.Fprintf(aside(cmd, *format), "figure: %s\n", second)
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&options.Protocols, "protocols", nil, "only these, separated by commas")
	cmd.Flags().BoolVar(&options.Force, "force", false, "compare results of different experiments, too")
	cmd.Flags().StringVarP(&out, "out", "o", "", "file for the figure, a PNG, SVG or PDF by its extension; a second one, NAME-difference, has the differences of all percentiles; the data goes beside them as CSV")
	format = formatFlag(cmd)
	look = figureFlags(cmd, false)
	cmd.Flags().StringVar(&check.baseline, "baseline", "", "result folder of an earlier run: exit 3 if this one is slower by more than --fail-above")
	cmd.Flags().StringVar(&check.failAbove, "fail-above", "3%", "with --baseline: the slowdown that is allowed")
	cmd.Flags().StringVar(&check.annotate, "annotate", "", `with --baseline: "github" prints an annotation for each regression`)
	return cmd
}
