package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench/lives"
	"quorumbench/bench/result"
	"quorumbench/bench/scenario"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func scenarioCommand(drivers protocols.Drivers) *cobra.Command {
	var out, resume string
	var trace bool
	var seed, seeds, from uint64
	var part *string
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "scenario NAME|SCRIPT.txt",
		Short: "Play a scripted run of a protocol and draw it",
		Long: `Play a scripted run of a protocol in virtual time: who crashes, which messages are lost or late,
and what must come out. The run is drawn as a space-time diagram into NAME.png and NAME.svg.

The argument is the name of a scenario that comes with quorumbench, or a script of your own; the
documentation of package quorumbench/bench/scenario explains the format.

The exit code is 1 if something else came out than the script expects.

--seeds plays a scenario in which chance has a part with many seeds, and draws none of them; it ends with the
first that does not come out as expected. With --out, what was found is stored in check.json of a folder, as
quorumbench check does; --shard, --resume and quorumbench merge are as there.`,
		Example: `  quorumbench scenario list
  quorumbench scenario mmp3-mutual
  quorumbench scenario paxos-two-proposers --trace --out figures
  quorumbench scenario mmp3-stress --seeds 10000 --shard 2/4 --resume results/stress`,
		Args: arguments(cobra.ExactArgs(1), "the name of a scenario, a script, or list"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return scenario.Names(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			script, err := scenario.Load(args[0], drivers)
			if err != nil {
				return usage(err)
			}
			given := cmd.Flags().Changed
			if given("seeds") {
				for _, flag := range []string{"seed", "trace"} {
					if given(flag) {
						return usage(fmt.Errorf("--%s: found --seeds beside it; accepted: one of the two", flag))
					}
				}
				return playSeeds(cmd, *format, filepath.Base(args[0]), script, drivers, from, seeds, *part, out, resume)
			}
			for _, flag := range []string{"from", "shard", "resume"} {
				if given(flag) {
					return usage(fmt.Errorf("--%s: found no --seeds; accepted: with --seeds", flag))
				}
			}
			if given("seed") {
				script.Seed = seed
			}
			run, err := script.Play()
			if err != nil {
				return err
			}
			return showScenario(cmd, *format, run, out, trace)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", ".", "folder for the figures; made if it is not there; with --seeds, folder for check.json, or URL in an object store")
	cmd.Flags().BoolVar(&trace, "trace", false, "print every event with its time")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed in place of the script's")
	cmd.Flags().Uint64Var(&seeds, "seeds", 0, "play so many seeds, and draw none")
	cmd.Flags().Uint64Var(&from, "from", 1, "with --seeds: the first seed")
	cmd.Flags().StringVar(&resume, "resume", "", "with --seeds: the folder or URL of --out, of a search that may have begun or ended")
	part = shardFlag(cmd, "the seeds")
	format = formatFlag(cmd)
	cmd.AddCommand(scenarioListCommand(drivers))
	return cmd
}

// playSeeds plays many seeds of the scenario or the script of that name, or a shard of them.
func playSeeds(cmd *cobra.Command, format reports.Format, name string, script *scenario.Script, drivers protocols.Drivers, from, seeds uint64, part, out, resume string) error {
	if _, err := checkLength(cmd.Flags(), from, seeds, 0); err != nil {
		return usage(err)
	}
	share, err := shardOf(cmd, part)
	if err != nil {
		return usage(err)
	}
	generators := []lives.Generator{{Driver: drivers.Find(script.Protocol), Scenario: &lives.Scenario{
		Name: name, Sum: script.Sum, Play: func(seed uint64) (lives.Tally, []result.Check, error) { return playSeed(script, seed) },
	}}}
	if share == nil && !cmd.Flags().Changed("out") && !cmd.Flags().Changed("resume") {
		keepOnInterrupt(cmd.Context())
		one, err := search(cmd, aside(cmd, format), generators[0], from, seeds, 0, "", nil)
		switch {
		case cmd.Context().Err() != nil && errors.Is(err, context.Canceled):
			return interrupted("interrupted after %d seeds, all of which came out as expected", one.Lives)
		case format != reports.FormatTable:
			return errors.Join(err, printChecked(cmd, format, []checkedJSON{one}))
		}
		return err
	}
	fresh := lives.NewFindings(generators, from, seeds, share)
	if _, mine := fresh.Range(); mine == 0 {
		return usage(fmt.Errorf("--shard: found %d shards; accepted: 1 to %d, as many as there are seeds", share.Count, seeds))
	}
	return checkStored(cmd, format, generators, fresh, out, resume, "")
}

// playSeed plays one seed of a scenario, and returns what of the run did not come out as expected.
func playSeed(script *scenario.Script, seed uint64) (lives.Tally, []result.Check, error) {
	run, err := script.PlaySeed(seed)
	if err != nil {
		return lives.Tally{}, nil, fmt.Errorf("%s with seed %d: %w", script.Name, seed, err)
	}
	tally := lives.Tally{Messages: uint64(len(run.Messages))}
	for i := range run.Events {
		if run.Events[i].Kind == scenario.Issued {
			tally.Commands++
		}
	}
	var failed []result.Check
	for _, o := range run.Outcomes() {
		if o.Err != nil {
			failed = append(failed, result.Check{Name: o.Expected, Verdict: result.Failed, Detail: o.Err.Error()})
		}
	}
	return tally, failed, nil
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
