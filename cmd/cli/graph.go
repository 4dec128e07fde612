package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/scenario"
	"quorumbench/protocols"
	"quorumbench/reports"
)

// mostDrawn is how many instances a figure of dependencies may have.
const mostDrawn = 200

func graphCommand(drivers protocols.Drivers) *cobra.Command {
	var out, label string
	var first int
	var seed uint64
	var format *reports.Format
	var look *reports.FigureOptions
	cmd := &cobra.Command{
		Use:   "graph SCENARIO|EXPERIMENT.yaml",
		Short: "Draw what depends on what, in a protocol whose instances have dependencies",
		Long: `Draw the dependencies of the instances of a protocol that has them, such as mmp3: the columns of the
replicas, the instances with their Deps, the components, and the order in which they are applied.

The argument is a scenario that comes with quorumbench, a script (.txt), or an experiment, of which
one run is played in virtual time. The figure shows the first instances that are applied; the table
counts all of them: the largest component, how many instances were looked at at most to find the
next one to apply, and how often the lemmas were checked that the order rests on.`,
		Example: `  quorumbench graph mmp3-mutual
  quorumbench graph conflicts --first 40 --out graph.svg
  quorumbench graph configs/conflicts.yaml --protocol mmp3 --seed 7`,
		Args: arguments(cobra.ExactArgs(1), "the name of a scenario, a script, or an experiment"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return scenario.Names(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if first < 1 || first > mostDrawn {
				return usage(fmt.Errorf("--first: found %d; accepted: 1 to %d", first, mostDrawn))
			}
			if _, err := reports.FormatOfFile(out); err != nil {
				return usage(fmt.Errorf("--out: %w", err))
			}
			if err := result.CheckNoFileOf(out); err != nil {
				return usage(fmt.Errorf("--out: %w", err))
			}
			var g *result.Graph
			var lemmas []protocols.Lemma
			var err error
			if slices.Contains(scenario.Names(), args[0]) || strings.HasSuffix(args[0], ".txt") {
				for _, flag := range []string{"protocol", "seed"} {
					if cmd.Flags().Changed(flag) {
						return usage(fmt.Errorf("--%s: found it with a scenario; accepted: with an experiment", flag))
					}
				}
				g, lemmas, err = scenarioGraph(args[0], drivers, first)
			} else {
				g, lemmas, err = experimentGraph(cmd, args[0], drivers, label, seed, first)
			}
			if err != nil {
				return err
			}
			if err := reports.DrawGraph(out, g, lookOf(cmd, args, look)); err != nil {
				return err
			}
			return printGraph(cmd, *format, g, lemmas, out)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "graph.png", "file for the figure: .png, .svg or .pdf")
	cmd.Flags().IntVar(&first, "first", 24, "how many instances are drawn")
	cmd.Flags().StringVar(&label, "protocol", "", "which protocol of an experiment, by its label (default the first whose instances have dependencies)")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "another seed than the experiment's")
	look = figureFlags(cmd, false)
	format = formatFlag(cmd)
	return cmd
}

func scenarioGraph(name string, drivers protocols.Drivers, first int) (*result.Graph, []protocols.Lemma, error) {
	script, err := scenario.Load(name, drivers)
	if err != nil {
		return nil, nil, usage(err)
	}
	played, err := script.Play()
	if err != nil {
		return nil, nil, err
	}
	g := played.Graph(first)
	if g == nil {
		return nil, nil, usage(fmt.Errorf("found the scenario %s, of %s; accepted: one of a protocol whose instances have dependencies", name, script.Protocol))
	}
	return g, played.Lemmas(), nil
}

// experimentGraph plays one run of an experiment in virtual time: of the protocol with the given label or, without one, of
// the first whose instances have dependencies. Of a sweep it plays the last point.
func experimentGraph(cmd *cobra.Command, name string, drivers protocols.Drivers, label string, seed uint64, first int) (*result.Graph, []protocols.Lemma, error) {
	plan, err := readExperiment(cmd, name, drivers)
	if err != nil {
		return nil, nil, usage(err)
	}
	if cmd.Flags().Changed("seed") {
		plan.Experiment.Seed = seed
	}
	plan.Experiment.World = experiment.Simulated
	if err := plan.CheckEnds(); err != nil {
		return nil, nil, usage(err)
	}
	points := plan.Points()
	plan = points[len(points)-1]
	var labels []string
	for _, p := range plan.Experiment.Protocols {
		labels = append(labels, p.Label)
		if label != "" && p.Label != label {
			continue
		}
		if g, lemmas, err := bench.Dependencies(cmd.Context(), plan, p, first); g != nil || err != nil {
			return g, lemmas, err
		}
	}
	if label != "" && !slices.Contains(labels, label) {
		return nil, nil, usage(fmt.Errorf("--protocol: found %q; accepted: %s", label, strings.Join(labels, ", ")))
	}
	return nil, nil, usage(fmt.Errorf("found %s; accepted: an experiment with a protocol whose instances have dependencies", strings.Join(labels, ", ")))
}

// graphJSON is the data of a graph for programs.
type graphJSON struct {
	*result.Graph
	Lemmas []protocols.Lemma
	Figure string
}

func printGraph(cmd *cobra.Command, format reports.Format, g *result.Graph, lemmas []protocols.Lemma, figure string) error {
	rows := []table.Row{
		{"instances", g.Instances, ""},
		{"components", g.Components, ""},
		{"instances in the largest component", g.Largest, ""},
		{"looked at at most to find the next to apply", g.Reached, ""},
	}
	var broken []error
	for _, l := range lemmas {
		rows = append(rows, table.Row{l.Statement, l.Pairs, l.Broken})
		broken = append(broken, l.Err())
	}
	if err := printRows(cmd, format, table.Row{g.Title, "number", "false"}, rows, graphJSON{g, lemmas, figure}); err != nil {
		return err
	}
	fmt.Fprintf(aside(cmd, format), "figure: %s\n", figure)
	if err := errors.Join(broken...); err != nil {
		return &codedError{exitInvalid, err}
	}
	return nil
}
