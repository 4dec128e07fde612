package cli

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/costs"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func costsCommand(drivers protocols.Drivers) *cobra.Command {
	var write string
	var only []string
	var quiet bool
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "costs EXPERIMENT.yaml | FOLDER...",
		Short: "Compute what a command, a batch, a message, a byte and a sync cost, for simulated runs",
		Long: `Compute the processor time that a command, a batch, a message, a byte and a sync cost on this machine,
and print the lines of an experiment file that give a simulated run these costs.

Of an experiment, its protocols are run live for two seconds each, without distances, with small and
large values, few clients and many, and, with durability: fsync, with and without. Of results of live
runs, the costs are computed from what these runs did. The runs must differ, or the costs cannot be told
apart; then the command says so and exits with code 1. What it leaves out and what it doubts stands beside
the figures; docs/throughput.md explains them.`,
		Example: `  quorumbench costs throughput
  quorumbench costs configs/throughput.yaml --write costs.yaml
  quorumbench costs results/throughput results/one-region`,
		Args: arguments(cobra.MinimumNArgs(1), "an experiment, or one or more result folders"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if write != "" {
				if _, err := os.Lstat(write); err == nil {
					return usage(fmt.Errorf("--write: found %s, which is there already; accepted: the path of a new file", write))
				}
			}
			points, origin, processors, err := costPoints(cmd, args, drivers, only, quiet)
			if err != nil {
				return err
			}
			fit, err := costs.Of(points)
			if err != nil {
				return fmt.Errorf("costs: %w", err)
			}
			yaml := fit.YAML(processors, origin)
			if err := showCosts(cmd, *format, fit, fit.Simulation(processors), yaml); err != nil {
				return err
			}
			if write == "" {
				return nil
			}
			if err := os.WriteFile(write, []byte(yaml), 0o644); err != nil {
				return fmt.Errorf("--write: %w", err)
			}
			fmt.Fprintf(aside(cmd, *format), "\nwritten: %s\n", write)
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&only, "protocols", nil, "only runs of these, by their labels")
	cmd.Flags().StringVar(&write, "write", "", "a new file for the lines of an experiment")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "show no progress")
	format = formatFlag(cmd)
	return cmd
}

// costPoints runs an experiment, or reads results, and returns what the runs did, from what and from how many processors.
func costPoints(cmd *cobra.Command, args []string, drivers protocols.Drivers, only []string, quiet bool) (points []costs.Point, origin string, processors int, err error) {
	if len(args) > 1 || isFile(filepath.Join(args[0], "run.json")) {
		points, origin, processors, err = resultPoints(args)
		if err == nil && len(only) > 0 {
			var labels []string
			for _, p := range points {
				labels = append(labels, p.Protocol)
			}
			if err = checkOnly(only, labels); err == nil {
				points = slices.DeleteFunc(points, func(p costs.Point) bool { return !slices.Contains(only, p.Protocol) })
				origin = strings.Join(only, ", ") + " in " + origin
			}
		}
		return points, origin, processors, err
	}
	plan, err := readExperiment(cmd, args[0], drivers)
	if err != nil {
		return nil, "", 0, usage(err)
	}
	if len(only) > 0 {
		e := &plan.Experiment
		var labels []string
		for _, p := range e.Protocols {
			labels = append(labels, p.Label)
		}
		if err := checkOnly(only, labels); err != nil {
			return nil, "", 0, err
		}
		e.Protocols = slices.DeleteFunc(e.Protocols, func(p experiment.Protocol) bool { return !slices.Contains(only, p.Label) })
	}
	scratch, err := os.MkdirTemp(".", ".costs-*") // on the disk where results go
	if err != nil {
		return nil, "", 0, fmt.Errorf("making a folder for the replicas' logs: %w", err)
	}
	defer os.RemoveAll(scratch)
	keepOnInterrupt(cmd.Context())
	plans := costs.Plans(plan)
	for i, one := range plans {
		if !quiet {
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d: %s\n", i+1, len(plans), one.Experiment.Name)
		}
		some, err := costs.Measure(cmd.Context(), one, bench.Options{Scratch: scratch})
		if err != nil {
			if cmd.Context().Err() != nil {
				return nil, "", 0, interrupted("interrupted; nothing was computed")
			}
			return nil, "", 0, err
		}
		points = append(points, some...)
	}
	origin = fmt.Sprintf("%d live runs of %s on %s", len(points), plan.Experiment.Name, machineOf(runtime.GOOS, runtime.GOARCH, runtime.NumCPU()))
	return points, origin, runtime.NumCPU(), nil
}

// checkOnly refuses protocols that are not there.
func checkOnly(only, labels []string) error {
	slices.Sort(labels)
	labels = slices.Compact(labels)
	for _, label := range only {
		if !slices.Contains(labels, label) {
			return usage(fmt.Errorf("--protocols: found %q; accepted: %s", label, strings.Join(labels, ", ")))
		}
	}
	return nil
}

func machineOf(system, processor string, processors int) string {
	return fmt.Sprintf("%s/%s with %d processors", system, processor, processors)
}

func resultPoints(folders []string) (points []costs.Point, origin string, processors int, err error) {
	var names []string
	for _, folder := range folders {
		found, err := result.Read(folder)
		if err != nil {
			return nil, "", 0, usage(err)
		}
		if found.Experiment.IsSimulated() {
			return nil, "", 0, usage(fmt.Errorf("costs: found %s, which is simulated; accepted: results of live runs", folder))
		}
		some := costs.Points(found)
		if len(some) == 0 {
			return nil, "", 0, usage(fmt.Errorf("costs: found no run in %s of which it is known what it did; accepted: results of live runs that were not interrupted, of this version, on Unix", folder))
		}
		if processors != 0 && processors != found.Machine.CPUs {
			return nil, "", 0, usage(errors.New("costs: found results of machines with different numbers of processors; accepted: results of one machine"))
		}
		processors = found.Machine.CPUs
		points, names = append(points, some...), append(names, found.Experiment.Name)
		origin = machineOf(found.Machine.OS, found.Machine.Arch, processors)
	}
	return points, fmt.Sprintf("%d live runs of %s on %s", len(points), strings.Join(names, ", "), origin), processors, nil
}

// costsJSON is what the command says, for programs.
type costsJSON struct {
	*costs.Fit
	Simulation experiment.Simulation `json:"simulation"` // to paste
}

func showCosts(cmd *cobra.Command, format reports.Format, fit *costs.Fit, simulation experiment.Simulation, yaml string) error {
	w := aside(cmd, format)
	if format == reports.FormatTable || format == reports.FormatMarkdown {
		var rows []table.Row
		for i := range fit.Points {
			p := &fit.Points[i]
			each := func(n int64) string { return fmt.Sprintf("%.2f", float64(n)/float64(p.Work.Commands)) }
			rows = append(rows, table.Row{
				p.Name, fmt.Sprintf("%.0f", float64(p.Work.Commands)/p.Work.Time.Seconds()), each(p.Work.Batches), each(p.Work.Messages), each(p.Work.Bytes), each(p.Work.Syncs),
				nanoseconds(p.Measured), nanoseconds(p.Fitted), fmt.Sprintf("%+.0f %%", 100*p.Off()),
			})
		}
		header := table.Row{"run", "commands/s", "batches", "messages", "bytes", "syncs", "measured", "fitted", "off"}
		if err := printRows(cmd, format, header, rows, nil); err != nil {
			return err
		}
		fmt.Fprintf(w, "Counts and processor time are of a command. The fit is off by %.0f %% (root mean square), %.0f %% at worst.\n", 100*fit.Typical, 100*fit.Worst)
		for _, a := range fit.Apart {
			fmt.Fprintf(w, "%s takes %.1f times what the fit says, in all its runs: its own work costs another time than that of the others; --protocols fits some alone.\n", a.Protocol, a.Times)
		}
		if n := len(fit.Idle); n > 0 {
			fmt.Fprintf(w, "Left out: %d runs in which processors had too little to do, since waking one up takes more time than its work.\n", n)
		}
		fmt.Fprintln(w)
	}
	var rows []table.Row
	for _, t := range fit.Terms {
		cost, spread := "–", "–"
		if t.Cost > 0 {
			cost, spread = nanoseconds(t.Cost), "±"+nanoseconds(t.Error)
		}
		rows = append(rows, table.Row{"simulation." + t.Key, cost, spread, fmt.Sprintf("%.0f %%", 100*t.Share), t.Doubt})
	}
	if err := printRows(cmd, format, table.Row{"cost", "each", "standard error", "of the time", "doubt"}, rows, costsJSON{fit, simulation}); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s", yaml)
	return nil
}

// nanoseconds writes a time to three digits.
func nanoseconds(ns float64) string {
	if ns < 100 {
		return fmt.Sprintf("%.3gns", ns)
	}
	unit := math.Pow(10, math.Floor(math.Log10(ns))-2)
	return time.Duration(math.Round(ns/unit) * unit).String()
}
