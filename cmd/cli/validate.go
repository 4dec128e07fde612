package cli

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func validateCommand(drivers protocols.Drivers) *cobra.Command {
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "validate EXPERIMENT.yaml...",
		Short: "Check experiment files without running them",
		Long: `Check experiment files without running them. Mistakes are told with file, line and column, what was
found, and what is accepted, on standard error; the exit code is then 2. As JSON there is an object for
each file, with its mistakes as well.`,
		Example: `  quorumbench validate configs/*.yaml
  quorumbench validate configs/*.yaml --format json`,
		Args: arguments(cobra.MinimumNArgs(1), "one or more experiment files"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var mistakes []error
			var rows []table.Row
			all := []validated{}
			for _, file := range args {
				one, err := validate(cmd, file, drivers)
				if err != nil {
					mistakes = append(mistakes, err)
				} else if *format == reports.FormatTable {
					fmt.Fprintln(cmd.OutOrStdout(), one.sentence())
				} else {
					rows = append(rows, table.Row{one.File, one.Protocols, one.Replicas, one.Regions, one.Repeats, one.Runs, one.Length, one.Remark})
				}
				all = append(all, one)
			}
			if *format != reports.FormatTable {
				header := table.Row{"file", "protocols", "replicas", "regions with clients", "repeats", "runs", "length", "remark"}
				if err := printRows(cmd, *format, header, rows, all); err != nil {
					return err
				}
			}
			if len(mistakes) > 0 {
				return usage(errors.Join(mistakes...))
			}
			return nil
		},
	}
	format = formatFlag(cmd)
	return cmd
}

// validated is what validate says of an experiment file; of one with a mistake, only that.
type validated struct {
	File      string        `json:"file"`
	Fine      bool          `json:"fine"`
	Mistake   string        `json:"mistake,omitempty"`
	Protocols int           `json:"protocols,omitempty"`
	Replicas  int           `json:"replicas,omitempty"`
	Regions   int           `json:"regions,omitempty"` // with clients
	Repeats   int           `json:"repeats,omitempty"`
	Runs      int           `json:"runs,omitempty"`
	Length    time.Duration `json:"length_ns,omitempty"` // of all runs, without the time to wait for the last answers
	Remark    string        `json:"remark,omitempty"`    // on the memory it takes

	where string
}

func validate(cmd *cobra.Command, file string, drivers protocols.Drivers) (validated, error) {
	plan, err := readExperiment(cmd, file, drivers)
	if err != nil {
		return validated{File: file, Mistake: err.Error()}, err
	}
	remark, err := bench.CheckMemory(plan)
	if err == nil {
		err = plan.CheckEnds()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", file, err)
		return validated{File: file, Mistake: err.Error()}, err
	}
	e := plan.Experiment
	v := validated{File: file, Fine: true, Protocols: len(e.Protocols), Replicas: len(e.Replicas), Regions: e.ClientRegions(),
		Repeats: e.Repeats, Runs: plan.Runs(), Length: plan.Length(), Remark: remark}
	switch {
	case !slices.Equal(e.Clients, e.Replicas):
		v.where = fmt.Sprintf("with %d replicas and clients in %d regions", v.Replicas, v.Regions)
	case v.Regions < v.Replicas:
		v.where = fmt.Sprintf("with %d replicas in %d regions", v.Replicas, v.Regions)
	default:
		v.where = fmt.Sprintf("in %d regions", v.Regions)
	}
	return v, nil
}

func (v *validated) sentence() string {
	line := fmt.Sprintf("%s: fine: %d protocols %s, %d repeats, %d runs, %v", v.File, v.Protocols, v.where, v.Repeats, v.Runs, v.Length)
	if v.Remark != "" {
		line += "; " + v.Remark
	}
	return line
}
