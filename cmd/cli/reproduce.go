package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/outside"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func reproduceCommand(drivers protocols.Drivers) *cobra.Command {
	var tables, live, quiet bool
	var out string
	var format *reports.Format
	var names []string
	for _, t := range outside.Tables {
		names = append(names, t.Name)
	}
	cmd := &cobra.Command{
		Use:   "reproduce FOLDER | reproduce --tables [NAME...]",
		Short: "Run the experiment of a result again, or what others have published",
		Long: `Run the experiment of a result again, with what its run.json says alone: settings, protocols, delays
and seed. The new result goes into a folder of its own. A simulated result must have the same figures
and histograms, byte for byte: the exit code is 3 if it has not, and the first difference is named.
A live one is compared with the new one, whose exit code it is, as of run.

With --tables, compute the floors of published tables, run them in virtual time and, with --live, over QUIC, and
print ours beside theirs with the deviation. The tables, with their sources, are in
docs/outside-tables.md: ` + strings.Join(names, ", ") + `. Rows that
need a protocol that there is no driver for are listed.

The exit code is then 3 if a figure is further off than the bound, and 4 if a run must not be believed.`,
		Example: `  quorumbench reproduce results/smoke
  quorumbench reproduce --tables
  quorumbench reproduce --tables epaxos-paper --live --format markdown`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			if tables {
				return names, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !tables && live:
				return usage(errors.New("--live: found no --tables; accepted: with --tables: a result is run again in its own world"))
			case !tables && len(args) != 1:
				return usage(fmt.Errorf("reproduce: found %d arguments; accepted: one result folder, or --tables and the names of tables", len(args)))
			case !tables && slices.Contains(names, args[0]) && !isFile(filepath.Join(args[0], "run.json")):
				return usage(fmt.Errorf("reproduce: found the table %s without --tables; accepted: reproduce --tables %s, or a result folder", args[0], args[0]))
			case !tables:
				return reproduce(cmd, args[0], out, quiet, *format, drivers)
			case cmd.Flags().Changed("out"):
				return usage(errors.New("--out: found --tables beside it; accepted: with a result folder"))
			}
			chosen, err := outside.Find(args...)
			if err != nil {
				return usage(err)
			}
			keepOnInterrupt(cmd.Context())
			options := bench.Options{}
			if live {
				options.Hurry = haveProcessors
			}
			begin := func(t *outside.Table, row *outside.Row, plan *experiment.Plan) {
				if !plan.Experiment.IsSimulated() && !quiet {
					fmt.Fprintf(cmd.ErrOrStderr(), "%s, %s: %d protocols on %s, live, for %v\n", t.Name, row.Title, len(plan.Experiment.Protocols), plan.Topology.Name, plan.Length())
				}
			}
			report, err := outside.Measure(cmd.Context(), chosen, drivers, live, options, begin)
			if err != nil {
				if cmd.Context().Err() != nil {
					return interrupted("interrupted; nothing was printed")
				}
				return err
			}
			if err := showTables(cmd, *format, chosen, report, live); err != nil {
				return err
			}
			switch missed := report.Missed(); {
			case len(report.Invalid) > 0:
				return &codedError{exitInvalid, fmt.Errorf("must not be believed:\n  %s", strings.Join(report.Invalid, "\n  "))}
			case len(missed) > 0:
				return &codedError{exitMissed, fmt.Errorf("missed:\n  %s", strings.Join(missed, "\n  "))}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&tables, "tables", false, "measure published tables; without names, all of them")
	cmd.Flags().BoolVar(&live, "live", false, "with --tables: run them live, too")
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder for the new result, or URL in an object store (default results/NAME-TIME)")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "show no progress")
	format = formatFlag(cmd)
	return cmd
}

// showTables prints a row for each published figure and protocol of ours, and in sentences where the figures come from and
// what is not compared.
func showTables(cmd *cobra.Command, format reports.Format, tables []outside.Table, report *outside.Report, live bool) error {
	header := table.Row{"table", "row", "ours", "client in", "theirs (ms)", "floor (ms)", "floor off", "simulated p50 (ms)", "simulated off"}
	if live {
		header = append(header, "live p50 (ms)", "live off")
	}
	header = append(header, "bound")
	var rows []table.Row
	for _, c := range report.Cells {
		row := table.Row{c.Table, c.Row, c.Protocol, c.Client, tenths(c.Theirs)}
		all := []*outside.Range{c.Floor, &c.Sim}
		if live {
			all = append(all, c.Live)
		}
		for _, ours := range all {
			if ours == nil {
				row = append(row, "–", "–")
				continue
			}
			text := tenths(ours.Least)
			if greatest := tenths(ours.Greatest); greatest != text {
				text += "–" + greatest
			}
			row = append(row, text, fmt.Sprintf("%+.1f %%", 100*ours.Off))
		}
		bound := "none"
		if c.Held {
			bound = fmt.Sprintf("±%.0f %%", 100*c.Bound)
		}
		rows = append(rows, append(row, bound))
	}
	if err := printRows(cmd, format, header, rows, report); err != nil {
		return err
	}
	for _, t := range tables {
		fmt.Fprintf(aside(cmd, format), "%s: %s. Source: %s. %s\n", t.Name, t.Title, t.Source, t.Note)
	}
	for _, t := range tables {
		if live && t.OneNode > 0 {
			fmt.Fprintf(aside(cmd, format), "not held to the bound: %s, live: the disk is this machine's, not theirs\n", t.Name)
		}
	}
	for _, w := range report.Waiting {
		fmt.Fprintf(aside(cmd, format), "not compared: %s, %s: there is no driver %s\n", w.Table, w.Row, w.Driver)
	}
	return nil
}

// tenths is a duration in milliseconds with one decimal.
func tenths(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }
