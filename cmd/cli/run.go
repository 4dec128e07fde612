package cli

import (
	"bufio"
	"cmp"
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
	"quorumbench/bench/namespaces"
	"quorumbench/bench/result"
	"quorumbench/bench/stepwise"
	"quorumbench/bench/system"
	"quorumbench/configs"
	"quorumbench/protocols"
	"quorumbench/reports"
	"quorumbench/reports/page"
	"quorumbench/reports/site"
)

func runCommand(drivers protocols.Drivers, systems []system.Adapter) *cobra.Command {
	var out string
	var seed uint64
	var quiet, simulated, realtime, forecast bool
	var spin time.Duration
	var part *string
	var format *reports.Format
	var look *reports.FigureOptions
	var trace, profile, live, resume string
	var metricsAt *string
	cmd := &cobra.Command{
		Use:   "run EXPERIMENT.yaml | run --resume FOLDER [EXPERIMENT.yaml]",
		Short: "Run an experiment and draw what it found",
		Long: `Run the protocols of an experiment one after the other, print the table of latencies and a
verdict, and put the result into a folder: run.json, latency.hlog (HdrHistogram log), summary.csv,
bench.txt (for benchstat), figures: latency.png, distribution.png (percentiles above the floor),
timeline.png and heat.png (latency over time), the first four once more for reads and for
read-modify-writes, breakdown.png (what a write waited for), outages.png and membership.png (if replicas
crashed, if voters changed), or sweep.png, and trust.png (how exact a live run's instrument was); and
report.html, a page for a browser with all of it and with single writes message by message. Each figure is
drawn from the CSV of the same name beside it; one that would show flat lines only is left out, and that
is said.

The argument is a file, the name of an experiment that comes with quorumbench, or - for one that
is read from standard input. Ctrl-C stops the
run and keeps what was measured so far, marked as partial; --resume FOLDER goes on with it. The
folder is enough for that. If the experiment is named as well, it must be the same.

--shard 2/4 makes a quarter of the runs, for processes that share the work, on one machine or many:
runs are dealt out in turn, and each is what it is in the whole experiment. Each shard has a folder of
its own below the one that is named; quorumbench merge puts them together and draws the figures.`,
		Example: `  quorumbench run configs/three-regions.yaml
  quorumbench run smoke
  quorumbench run conflicts
  quorumbench run configs/lossy.yaml --out results/lossy --seed 7 --quiet
  quorumbench run --resume results/lossy
  quorumbench run conflicts --sim --shard 2/4 --out results/conflicts-shards`,
		Args: arguments(func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("resume") {
				return cobra.MaximumNArgs(1)(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		}, "one experiment file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return append(configs.Experiments(), "yaml"), cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) (failed error) {
			share, err := shardOf(cmd, *part)
			if err != nil {
				return usage(err)
			}
			var folder *resultFolder
			var earlier *result.Result
			resumes, place := cmd.Flags().Changed("resume"), resume
			if share != nil {
				if place, err = shardFolder(cmd, share, out, resume); err != nil {
					return usage(err)
				}
				if resumes { // else it has not begun
					if resumes, err = hasResult(cmd, place, runFile); err != nil {
						return usage(fmt.Errorf("--resume: %w", err))
					}
				}
			}
			if resumes {
				if folder, err = reopen(cmd, place, runFile); err != nil {
					return usage(fmt.Errorf("--resume: %w", err))
				}
				defer folder.Release()
				if earlier, err = result.Read(folder.Path); err != nil {
					return usage(fmt.Errorf("--resume: %w", err))
				}
				if share == nil {
					share = earlier.Shard
				}
				if earlier.Live != nil && !cmd.Flags().Changed("spin") {
					spin = earlier.Live.Spin
				}
				if earlier.Live != nil && !cmd.Flags().Changed("realtime") {
					realtime = earlier.Live.Realtime
				}
			}
			var plan *experiment.Plan
			name := place
			switch {
			case len(args) > 0:
				name = args[0]
				plan, err = readExperiment(cmd, name, drivers)
			case earlier == nil:
				err = fmt.Errorf("--resume: %s has no result yet; accepted: with the experiment, which begins it", place)
			default:
				plan, err = restore(place, earlier, drivers)
			}
			if err != nil {
				return usage(err)
			}
			if cmd.Flags().Changed("seed") {
				plan.Experiment.Seed = seed
			}
			if simulated {
				plan.Simulate()
			}
			if plan.Experiment.Network.Links == experiment.Real {
				return usage(fmt.Errorf("%s: found real links; accepted: %s site %s, a process for each region, or --sim, which simulates the links of the topology", name, programName(), name))
			}
			if err := plan.CheckEnds(); err != nil {
				return usage(fmt.Errorf("%s: %w", name, err))
			}
			if err := checkSystems(cmd, plan, args, simulated); err != nil {
				return usage(err)
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
			if share != nil {
				if err := bench.CheckShard(plan, *share); err != nil {
					return usage(fmt.Errorf("--shard: %w", err))
				}
			}
			options := bench.Options{Spin: spin, Resume: earlier, Shard: share, Systems: systems, OpenNetwork: namespaces.Open(spin)}
			if realtime {
				options.Hurry = hurry(plan)
			}
			if earlier != nil {
				again := cmd.Flags().Changed("shard") && !earlier.Partial // the shard is finished, and its command was given once more
				check := bench.CanResume
				if again {
					check = bench.IsOf
				}
				if err := check(plan, options); err != nil {
					return usage(fmt.Errorf("--resume %s: %w", place, err))
				}
				if again {
					fmt.Fprintf(cmd.ErrOrStderr(), "shard %v is whole already\n", share)
					return showShard(cmd, *format, earlier, place)
				}
			}
			expected := bench.ForecastOptions{Resume: earlier, Shard: share, Traced: trace != ""}
			if forecast {
				f, err := forecastOf(cmd.Context(), plan, expected, onDisk(cmp.Or(place, out)), false)
				if err != nil {
					return err
				}
				return printForecast(cmd, *format, f)
			}
			switch err := bench.CanRun(plan, options); {
			case errors.Is(err, bench.ErrNoAdapter):
				return usage(fmt.Errorf("%s: %w; to run it: %s run %s", name, err, buildSystems, name))
			case err != nil:
				return usage(fmt.Errorf("%s: %w", name, err))
			}
			if err := checkMemory(name, plan); err != nil {
				return err
			}
			if err := intoNamespaces(cmd, plan, folder); err != nil {
				return err
			}
			keepOnInterrupt(cmd.Context())
			outliveReader(cmd.Context())
			if folder == nil {
				if share != nil {
					folder, err = reserveAt(cmd, place)
				} else {
					folder, err = reserve(cmd, plan.Experiment.Name, out)
				}
				if err != nil {
					return usage(err)
				}
				defer folder.Release()
			}
			options.Scratch = folder.Path
			tellForecast(cmd, plan, expected, folder.Path, quiet)
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
			served, endMetrics, err := serveMetrics(cmd, *metricsAt, plan.Experiment.Name, "")
			if err != nil {
				return err
			}
			defer endMetrics()
			if served != nil {
				options.Watch = served.Watch
			}
			if listener != nil {
				end := showLive(cmd, listener, plan.Experiment.Name, folder.Path, &options)
				defer func() { end(failed) }()
			}
			return runPlan(cmd, plan, folder, options, quiet, *format, lookOf(cmd, args, look))
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder for the result, or URL in an object store (default results/NAME-TIME)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed in place of the experiment's")
	cmd.Flags().BoolVar(&simulated, "sim", false, "run in virtual time instead of over QUIC")
	cmd.Flags().DurationVar(&spin, "spin", 0, "spin for so long before each event of a live run instead of sleeping, such as 60us: packets and writes are less late, but it takes a processor")
	cmd.Flags().BoolVar(&realtime, "realtime", true, "let other programs wait during live runs with open arrivals, where that is permitted (Linux: as root), and keep the processors awake")
	part = shardFlag(cmd, "the runs")
	format = formatFlag(cmd)
	look = figureFlags(cmd, true)
	cmd.Flags().StringVar(&resume, "resume", "", "folder or URL of a partial result: keep its runs that are whole, run the others, and put the result in its place; with --shard, the folder that all shards share, where this one may be finished or not begun, too")
	cmd.Flags().StringVar(&trace, "trace", "", "file for the sampled writes as trace events, a JSON array in the Trace Event Format, for ui.perfetto.dev and speedscope")
	cmd.Flags().StringVar(&profile, "profile", "", "folder for cpu.pprof, heap.pprof (go tool pprof) and trace.out (go tool trace) of a live run")
	cmd.Flags().StringVar(&live, "live-page", "", "show the run on a page for a browser of this machine while it goes, at a loopback address such as --live-page=127.0.0.1:8080; without one, at any free port")
	cmd.Flags().Lookup("live-page").NoOptDefVal = "127.0.0.1:0"
	metricsAt = metricsFlag(cmd)
	cmd.Flags().BoolVar(&forecast, "forecast", false, "say what the run will take, roughly, and do not run it")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "show no forecast and no progress")
	return cmd
}

// hurry is how live runs with open arrivals have the processors; nil for others.
func hurry(plan *experiment.Plan) func() (calm func(), keptAwake bool) {
	if plan.Experiment.IsSimulated() || plan.Experiment.Load.Arrivals == experiment.Closed {
		return nil
	}
	return haveProcessors
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

// runPlan executes a plan, writes the result, and prints the report. What cannot be written or drawn is said in the end;
// everything else is written, and the table is always printed.
func runPlan(cmd *cobra.Command, plan *experiment.Plan, folder *resultFolder, options bench.Options, quiet bool, format reports.Format, look reports.FigureOptions) error {
	options.Keep = keep(cmd, folder)
	found, failed := execute(cmd, plan, options, quiet)
	if found == nil {
		return failed
	}
	if options.Shard != nil {
		missing := folder.Write(found)
		shown := showShard(cmd, format, found, folder.Path)
		missing = errors.Join(missing, folder.deliverAll(cmd, aside(cmd, format)))
		if failed != nil || missing != nil {
			return ended(failed, missing)
		}
		return shown
	}
	told := tell(cmd, plan, found)
	missing := errors.Join(folder.Write(found), show(cmd, format, found, folder.Path, look, told))
	missing = errors.Join(missing, folder.deliverAll(cmd, aside(cmd, format)))
	if failed != nil || missing != nil {
		return ended(failed, missing)
	}
	return judge(found)
}

// showShard prints the table of a shard's result, and returns what judge does. Its figures and its page are drawn when it is merged.
func showShard(cmd *cobra.Command, format reports.Format, r *result.Result, folder string) error {
	stdout := cmd.OutOrStdout()
	err := reports.Table(stdout, r, reports.TableOptions{Output: outputOf(cmd, format), Color: reports.ColorTerminal(stdout)})
	if err != nil && !errors.Is(err, syscall.EPIPE) {
		return err
	}
	fmt.Fprintf(aside(cmd, format), "\nresult: %s\n", filepath.Join(folder, runFile))
	return judge(r)
}

// keepShare bounds the time that is spent on storing what there is of a result, to one part in so many of the time that the
// experiment has taken.
const keepShare = 20

// keep stores what there is of a result into its folder after each run, or less often if that takes long, and puts it into the object
// store, if there is one, so that run --resume can go on with it after the process was killed. If it cannot be stored, that is said once;
// the runs go on.
func keep(cmd *cobra.Command, folder *resultFolder) func(*result.Result) {
	var spent time.Duration
	began, unwritten, undelivered := time.Now(), false, false
	return func(partial *result.Result) {
		now := time.Now()
		if unwritten || keepShare*spent > now.Sub(began) {
			return
		}
		if err := folder.Write(partial); err != nil {
			unwritten = true
			fmt.Fprintf(cmd.ErrOrStderr(), "the runs that are over are not stored meanwhile: %v\n", err)
		} else if !undelivered {
			if err := folder.deliver(cmd.Context(), meanwhileWithin); err != nil && cmd.Context().Err() == nil {
				undelivered = true
				fmt.Fprintf(cmd.ErrOrStderr(), "the runs that are over are in %s, and not in the object store meanwhile: %v\n", folder.Path, err)
			}
		}
		spent += time.Since(now)
	}
}

// execute executes a plan and shows its progress. If it was interrupted or failed it returns an error, together with what was
// measured until then; nil if nothing was, or nothing but what was kept of an earlier result.
func execute(cmd *cobra.Command, plan *experiment.Plan, options bench.Options, quiet bool) (*result.Result, error) {
	progress := newProgress(cmd.ErrOrStderr(), plan, bench.RunsOf(plan, options.Shard), quiet)
	options.Watch = both(options.Watch, progress.show)
	found, failed := bench.Execute(cmd.Context(), plan, options)
	progress.close()
	stopped := failed != nil && errors.Is(failed, cmd.Context().Err())
	resumed := options.Resume != nil
	switch {
	case failed == nil || !resumed && len(found.Runs) > 0 || resumed && found.WholeRuns() > options.Resume.WholeRuns():
	case !stopped:
		return nil, failed
	case resumed:
		return nil, interrupted("interrupted before another run was over; the result is as it was")
	default:
		return nil, interrupted("interrupted before anything was measured; nothing was written")
	}
	if stopped {
		failed = errStopped
	}
	return found, failed
}

// errStopped is the error of execute for an experiment that was interrupted.
var errStopped = errors.New("interrupted")

// ended is the error of a command whose experiment has ended early, or whose result could not be written as a whole.
func ended(failed, missing error) error {
	switch {
	case failed != errStopped:
		return errors.Join(failed, missing)
	case missing == nil:
		return interrupted("interrupted; the result is marked as partial")
	}
	return interrupted("interrupted; the result is partial, and not all of it was written\n%w", missing)
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

// show prints the table of a result, and draws its figures and its page into its folder; see draw.
func show(cmd *cobra.Command, format reports.Format, r *result.Result, folder string, look reports.FigureOptions, told *stepwise.Told) error {
	stdout := cmd.OutOrStdout()
	err := reports.Table(stdout, r, reports.TableOptions{Output: outputOf(cmd, format), Color: reports.ColorTerminal(stdout)})
	if errors.Is(err, syscall.EPIPE) {
		err = nil // the reader has seen enough
	}
	fmt.Fprintln(aside(cmd, format))
	return errors.Join(err, draw(cmd, format, r, folder, look, told))
}

// draw draws the figures and the page of a result into its folder, and names them. Told are the writes that the page steps
// through; nil takes those in the folder.
func draw(cmd *cobra.Command, format reports.Format, r *result.Result, folder string, look reports.FigureOptions, told *stepwise.Told) error {
	w := aside(cmd, format)
	drawn, missing := reports.Draw(folder, r, look)
	report, undrawn := page.Draw(folder, r, told)
	if path := filepath.Join(folder, runFile); isFile(path) {
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
	return errors.Join(missing, undrawn)
}

// runFile is the file of a result folder that makes it one.
const runFile = "run.json"

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
