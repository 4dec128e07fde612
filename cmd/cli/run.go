package cli

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/stepwise"
	"quorumbench/configs"
	"quorumbench/protocols"
	"quorumbench/reports"
	"quorumbench/reports/page"
	"quorumbench/reports/site"
)

func runCommand(drivers protocols.Drivers) *cobra.Command {
	var out string
	var seed uint64
	var quiet, simulated, realtime bool
	var spin time.Duration
	var format *reports.Format
	var look *reports.FigureOptions
	var trace, profile, live string
	cmd := &cobra.Command{
		Use:   "run EXPERIMENT.yaml",
		Short: "Run an experiment and draw what it found",
		Long: `Run the protocols of an experiment one after the other, print the table of latencies and a
verdict, and put the result into a folder: run.json, latency.hlog (HdrHistogram log), summary.csv,
bench.txt (for benchstat), figures: latency.png, distribution.png (percentiles above the floor),
timeline.png and heat.png (latency over time), the first four once more for reads and for
read-modify-writes, breakdown.png (what a write waited for), or sweep.png, and trust.png (how exact a live
run's instrument was); and report.html, a page for a browser with all of it and with single writes message
by message. Each figure is drawn from the CSV of the same name beside it; one that would show flat lines
only is left out, and that is said.

The argument is a file, the name of an experiment that comes with quorumbench, or - for one that
is read from standard input. Ctrl-C stops the
run and keeps what was measured so far, marked as partial.`,
		Example: `  quorumbench run configs/three-regions.yaml
  quorumbench run smoke
  quorumbench run conflicts
  quorumbench run configs/lossy.yaml --out results/lossy --seed 7 --quiet`,
		Args: arguments(cobra.ExactArgs(1), "one experiment file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return append(configs.Experiments(), "yaml"), cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) (failed error) {
			plan, err := readExperiment(cmd, args[0], drivers)
			if err != nil {
				return usage(err)
			}
			if cmd.Flags().Changed("seed") {
				plan.Experiment.Seed = seed
			}
			if simulated {
				plan.Experiment.World = experiment.Simulated
			}
			if err := checkSpin(spin, plan); err != nil {
				return usage(err)
			}
			if profile != "" && plan.Experiment.IsSimulated() {
				return usage(errors.New("--profile: found a simulated run; accepted: a live run"))
			}
			var listener net.Listener
			if live != "" {
				if listener, err = site.Listen(live); err != nil {
					return usage(fmt.Errorf("--live-page: %w", err))
				}
				defer listener.Close()
			}
			remark, err := bench.CheckMemory(plan)
			if err != nil {
				return usage(fmt.Errorf("%s: %w", args[0], err))
			}
			if remark != "" {
				fmt.Fprintln(cmd.ErrOrStderr(), remark)
			}
			keepOnInterrupt(cmd.Context())
			outliveReader(cmd.Context())
			folder, err := reserve(cmd, plan.Experiment.Name, out)
			if err != nil {
				return usage(err)
			}
			defer folder.Release()
			options := bench.Options{Scratch: folder.Path, Spin: spin}
			if realtime && !plan.Experiment.IsSimulated() && plan.Experiment.Load.Arrivals != experiment.Closed {
				options.Hurry = haveProcessors
			}
			if trace != "" {
				file, err := os.Create(trace)
				if err != nil {
					return usage(fmt.Errorf("--trace: %w", err))
				}
				buffered := bufio.NewWriter(file)
				options.Trace = bench.NewTraceWriter(buffered)
				defer func() {
					if err := errors.Join(options.Trace.Close(), buffered.Flush(), file.Close()); err != nil {
						failed = errors.Join(failed, fmt.Errorf("writing the trace: %w", err))
						return
					}
					fmt.Fprintf(aside(cmd, *format), "trace: %s\n", trace)
				}()
			}
			if profile != "" {
				stop, err := startProfile(profile)
				if err != nil {
					return usage(fmt.Errorf("--profile: %w", err))
				}
				defer func() {
					failed = errors.Join(failed, stop())
					fmt.Fprintf(aside(cmd, *format), "profile: %s\n", profile)
				}()
			}
			if listener != nil {
				end := showLive(cmd, listener, plan.Experiment.Name, folder.Path, &options)
				defer func() { end(failed) }()
			}
			return run(cmd, plan, folder, options, quiet, *format, lookOf(cmd, args, look))
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder for the result (default results/NAME-TIME)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed in place of the experiment's")
	cmd.Flags().BoolVar(&simulated, "sim", false, "run in virtual time instead of over QUIC")
	cmd.Flags().DurationVar(&spin, "spin", 0, "spin for so long before each event of a live run instead of sleeping, such as 60us: packets and writes are less late, but it takes a processor")
	cmd.Flags().BoolVar(&realtime, "realtime", true, "let other programs wait during live runs with open arrivals, where that is permitted (Linux: as root), and keep the processors awake")
	format = formatFlag(cmd)
	look = figureFlags(cmd, true)
	cmd.Flags().StringVar(&trace, "trace", "", "file for the sampled writes as trace events, a JSON array that ui.perfetto.dev and chrome://tracing open")
	cmd.Flags().StringVar(&profile, "profile", "", "folder for cpu.pprof, heap.pprof (go tool pprof) and trace.out (go tool trace) of a live run")
	cmd.Flags().StringVar(&live, "live-page", "", "show the run on a page for a browser of this machine while it goes, at a loopback address such as --live-page=127.0.0.1:8080; without one, at any free port")
	cmd.Flags().Lookup("live-page").NoOptDefVal = "127.0.0.1:0"
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "show no progress")
	return cmd
}

// mostSpin is the longest time to spin before an event. With more, a processor does nothing else.
const mostSpin = 10 * time.Millisecond

// checkSpin returns an error if a live run cannot spin for so long before each event.
func checkSpin(spin time.Duration, plan *experiment.Plan) error {
	switch {
	case spin < 0 || spin > mostSpin:
		return fmt.Errorf("--spin: found %v; accepted: a time from 0s to %v", spin, mostSpin)
	case spin > 0 && plan.Experiment.IsSimulated():
		return errors.New("--spin: found a simulated run, in which nothing is late; accepted: a live run")
	}
	return nil
}

// reserve makes the result folder: the one that is named, or results/NAME-TIME. It removes what runs that were killed
// have left beside it.
func reserve(cmd *cobra.Command, name, out string) (folder *result.Folder, err error) {
	if cmd.Flags().Changed("out") {
		folder, err = result.Reserve(out)
	} else {
		out = filepath.Join("results", name+"-"+time.Now().Format("20060102-150405"))
		folder, err = result.Reserve(out)
		for i := 2; i < 100 && errors.Is(err, result.ErrTaken); i++ { // by a run that began in the same second
			folder, err = result.Reserve(fmt.Sprintf("%s-%d", out, i))
		}
	}
	if err != nil {
		return nil, err
	}
	for _, path := range result.RemoveRemains(filepath.Dir(folder.Path)) {
		fmt.Fprintf(cmd.ErrOrStderr(), "removed what a run that was killed has left: %s\n", path)
	}
	return folder, nil
}

// run executes a plan, writes the result, and prints the report. What cannot be written or drawn is said in the end;
// everything else is written, and the table is always printed.
func run(cmd *cobra.Command, plan *experiment.Plan, folder *result.Folder, options bench.Options, quiet bool, format reports.Format, look reports.FigureOptions) error {
	progress := newProgress(cmd.ErrOrStderr(), plan, quiet)
	options.Watch = both(options.Watch, progress.show)
	found, failed := bench.Execute(cmd.Context(), plan, options)
	progress.close()
	stopped := failed != nil && errors.Is(failed, cmd.Context().Err())
	switch {
	case len(found.Runs) > 0:
	case stopped:
		return interrupted("interrupted before anything was measured; nothing was written")
	case failed != nil:
		return failed
	}
	told := tell(cmd, plan, found)
	missing := errors.Join(folder.Write(found), show(cmd, format, found, folder.Path, look, told))
	switch {
	case stopped && missing == nil:
		return interrupted("interrupted; the result is marked as partial")
	case stopped:
		return interrupted("interrupted; the result is partial, and not all of it was written\n%w", missing)
	case failed != nil || missing != nil:
		return errors.Join(failed, missing)
	}
	return judge(found)
}

// tell plays runs of the result once more for the writes that its page steps through; nil if the command was interrupted, or
// if a run cannot be played.
func tell(cmd *cobra.Command, plan *experiment.Plan, found *result.Result) *stepwise.Told {
	told, err := stepwise.OfResult(cmd.Context(), plan, found)
	if err != nil && cmd.Context().Err() == nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s has no writes to step through: %v\n", page.File, err)
	}
	return told
}

// show prints the table of a result, and draws its figures and its page into its folder. Told are the writes that the page
// steps through; nil takes those in the folder.
func show(cmd *cobra.Command, format reports.Format, r *result.Result, folder string, look reports.FigureOptions, told *stepwise.Told) error {
	stdout, w := cmd.OutOrStdout(), aside(cmd, format)
	err := reports.Table(stdout, r, reports.TableOptions{Output: outputOf(cmd, format), Color: reports.ColorTerminal(stdout)})
	if errors.Is(err, syscall.EPIPE) {
		err = nil // the reader has seen enough
	}
	drawn, missing := reports.Draw(folder, r, look)
	report, undrawn := page.Draw(folder, r, told)
	fmt.Fprintln(w)
	if path := filepath.Join(folder, "run.json"); isFile(path) {
		fmt.Fprintf(w, "result: %s\n", path)
	}
	for _, figure := range drawn.Paths {
		fmt.Fprintf(w, "figure: %s\n", figure)
	}
	for _, left := range drawn.LeftOut {
		fmt.Fprintf(w, "not drawn: %s\n", left)
	}
	if undrawn == nil {
		fmt.Fprintf(w, "page: %s\n", report)
	}
	return errors.Join(err, missing, undrawn)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// judge turns what a result says of itself into the exit code.
func judge(r *result.Result) error {
	if reasons := r.Invalid(); len(reasons) > 0 {
		return &codedError{exitInvalid, errors.New("the run is invalid and must not be believed: see the lines marked INVALID")}
	}
	if missed := r.Missed(); len(missed) > 0 {
		return &codedError{exitMissed, fmt.Errorf("missed:\n  %s", strings.Join(missed, "\n  "))}
	}
	return nil
}
