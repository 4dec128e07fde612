package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench/scenario"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func scenarioCommand(drivers protocols.Drivers) *cobra.Command {
	var out string
	var trace bool
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "scenario NAME|SCRIPT.txt",
		Short: "Play a scripted run of a protocol and draw it",
		Long: `Play a scripted run of a protocol in virtual time: who crashes, which messages are lost or late,
and what must come out. The run is drawn as a space-time diagram into NAME.png and NAME.svg.

The argument is the name of a scenario that comes with quorumbench, or a script of your own; the
documentation of package quorumbench/bench/scenario explains the format.

The exit code is 1 if something else came out than the script expects.`,
		Example: `  quorumbench scenario list
  quorumbench scenario mmp3-mutual
  quorumbench scenario paxos-two-proposers --trace --out figures`,
		Args: arguments(cobra.ExactArgs(1), "the name of a scenario, a script, or list"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return scenario.Names(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			script, err := scenario.Load(args[0], drivers)
			if err != nil {
				return usage(err)
			}
			run, err := script.Play()
			if err != nil {
				return err
			}
			return showScenario(cmd, *format, run, out, trace)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", ".", "folder for the figures; made if it is not there")
	cmd.Flags().BoolVar(&trace, "trace", false, "print every event with its time")
	format = formatFlag(cmd)
	cmd.AddCommand(scenarioListCommand(drivers))
	return cmd
}

func scenarioListCommand(drivers protocols.Drivers) *cobra.Command {
	var format *reports.Format
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the scenarios that come with quorumbench",
		Example: `  quorumbench scenario list`,
		Args:    arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := []scenarioJSON{}
			var rows []table.Row
			for _, name := range scenario.Names() {
				script, err := scenario.Load(name, drivers)
				if *format != reports.FormatTable {
					if err == nil {
						all, rows = append(all, scenarioJSON{Name: name, Title: script.Title}), append(rows, table.Row{name, script.Title})
					}
					continue
				}
				if err != nil { // it is for a driver that this program does not have
					fmt.Fprintf(cmd.OutOrStdout(), "%-20s not with these drivers: %v\n", name, err)
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%-20s %s\n", name, script.Title)
			}
			if *format == reports.FormatTable {
				return nil
			}
			return printRows(cmd, *format, table.Row{"scenario", "what it shows"}, rows, all)
		},
	}
	format = formatFlag(cmd)
	return cmd
}

// scenarioJSON is what came out of a scenario, for programs.
type scenarioJSON struct {
	Name     string        `json:"name"`
	Title    string        `json:"title"`
	Outcomes []outcomeJSON `json:"outcomes,omitempty"`
	Figures  []string      `json:"figures,omitempty"`
}

type outcomeJSON struct {
	Expected string `json:"expected"`
	Met      bool   `json:"met"`
}

// showScenario prints the outcome of a scenario and draws its diagram.
func showScenario(cmd *cobra.Command, format reports.Format, run *scenario.Run, folder string, trace bool) error {
	w := aside(cmd, format)
	found := scenarioJSON{Name: run.Script.Name, Title: run.Script.Title, Outcomes: []outcomeJSON{}}
	var rows []table.Row
	if extension := filepath.Ext(folder); extension == ".png" || extension == ".svg" || extension == ".pdf" {
		return usage(fmt.Errorf("--out: found %q; accepted: a folder, in which the figures get the scenario's name", folder))
	}
	fmt.Fprintf(w, "%s: %s\n", run.Script.Name, run.Script.Title)
	if trace {
		if err := run.Trace(w); err != nil {
			return err
		}
	}
	for _, outcome := range run.Outcomes() {
		verdict := "as expected"
		if outcome.Err != nil {
			verdict = "NOT AS EXPECTED"
		}
		found.Outcomes = append(found.Outcomes, outcomeJSON{outcome.Expected, outcome.Err == nil})
		rows = append(rows, table.Row{verdict, outcome.Expected})
		if format == reports.FormatTable {
			fmt.Fprintf(w, "%s: %s\n", verdict, outcome.Expected)
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder for the figures: %w", err)
	}
	for _, extension := range []string{".png", ".svg"} {
		path := filepath.Join(folder, run.Script.Name+extension)
		if err := reports.DrawSpaceTime(path, &run.SpaceTime); err != nil {
			return err
		}
		found.Figures = append(found.Figures, path)
		fmt.Fprintf(w, "figure: %s\n", path)
	}
	if format != reports.FormatTable {
		if err := printRows(cmd, format, table.Row{"verdict", "expected"}, rows, found); err != nil {
			return err
		}
	}
	return run.Check()
}
