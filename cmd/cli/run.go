package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/configs"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func runCommand(drivers protocols.Drivers) *cobra.Command {
	var out string
	var seed uint64
	var quiet, simulated bool
	cmd := &cobra.Command{
		Use:   "run EXPERIMENT.yaml",
		Short: "Run an experiment and draw what it found",
		Long: `Run the protocols of an experiment one after the other, print the table of latencies and a
verdict, and put the result into a folder: run.json, latency.hlog (HdrHistogram log), summary.csv,
bench.txt (for benchstat), and figures: latency.png, distribution.png, timeline.png, breakdown.png
(what a write waited for), the first three once more for reads, or sweep.png.

The argument is a file, or the name of an experiment that comes with quorumbench. Ctrl-C stops the
run and keeps what was measured so far, marked as partial.`,
		Example: `  quorumbench run configs/three-regions.yaml
  quorumbench run smoke
  quorumbench run conflicts
  quorumbench run configs/lossy.yaml --out results/lossy --seed 7 --quiet`,
		Args: arguments(cobra.ExactArgs(1), "one experiment file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return append(configs.Experiments(), "yaml"), cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := experiment.Read(args[0], drivers)
			if err != nil {
				return usage(err)
			}
			if cmd.Flags().Changed("seed") {
				plan.Experiment.Seed = seed
			}
			if simulated {
				plan.Experiment.World = experiment.Simulated
			}
			if out == "" {
				out = filepath.Join("results", plan.Experiment.Name+"-"+time.Now().Format("20060102-150405"))
			}
			if err := result.CheckFolder(out); err != nil {
				return usage(err)
			}
			return run(cmd, plan, out, quiet)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder for the result (default results/NAME-TIME)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed in place of the experiment's")
	cmd.Flags().BoolVar(&simulated, "sim", false, "run in virtual time instead of over QUIC")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "show no progress")
	return cmd
}

// run executes a plan, writes the result, and prints the report. The result is written first, so that it is kept if
// the report fails.
func run(cmd *cobra.Command, plan *experiment.Plan, out string, quiet bool) error {
	progress := newProgress(cmd.ErrOrStderr(), plan, quiet)
	scratch := filepath.Dir(filepath.Clean(out)) // on the device that the result goes to
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return fmt.Errorf("making the folder for results: %w", err)
	}
	found, err := bench.Execute(cmd.Context(), plan, bench.Options{Scratch: scratch, Watch: progress.show})
	progress.close()
	interrupted := err != nil && errors.Is(err, cmd.Context().Err())
	if err != nil && !interrupted {
		return err
	}
	if interrupted && len(found.Runs) == 0 {
		return &codedError{exitInterrupted, errors.New("interrupted before anything was measured; nothing was written")}
	}
	if err := result.Write(found, out); err != nil {
		return err
	}
	if err := show(cmd.OutOrStdout(), found, out); err != nil {
		return err
	}
	if interrupted {
		return &codedError{exitInterrupted, errors.New("interrupted; the result is marked as partial")}
	}
	return judge(found)
}

// show prints the table of a result and draws its figures into its folder.
func show(w io.Writer, r *result.Result, folder string) error {
	if err := reports.Table(w, r, reports.TableOptions{Color: reports.ColorTerminal(w)}); err != nil {
		return err
	}
	figures, err := reports.Draw(folder, r)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nresult: %s\n", filepath.Join(folder, "run.json"))
	for _, figure := range figures {
		fmt.Fprintf(w, "figure: %s\n", figure)
	}
	return nil
}

// judge turns what a result says of itself into the exit code.
func judge(r *result.Result) error {
	if reasons := r.Invalid(); len(reasons) > 0 {
		return &codedError{exitInvalid, fmt.Errorf("the run is invalid and must not be believed:\n  %s", strings.Join(reasons, "\n  "))}
	}
	if missed := r.Missed(); len(missed) > 0 {
		return &codedError{exitMissed, fmt.Errorf("missed:\n  %s", strings.Join(missed, "\n  "))}
	}
	return nil
}
