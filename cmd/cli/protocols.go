package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/protocols"
	"quorumbench/reports"
)

func protocolsCommand(drivers protocols.Drivers) *cobra.Command {
	var format *reports.Format
	cmd := &cobra.Command{
		Use:     "protocols",
		Short:   "List the protocols and their options, with what is accepted, the default and what it does",
		Example: `  quorumbench protocols`,
		Args:    arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if *format != reports.FormatTable {
				return printProtocols(cmd, *format, drivers)
			}
			for _, d := range drivers {
				fmt.Fprintf(cmd.OutOrStdout(), "%-11s %s\n", d.Name, d.Summary)
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				for _, o := range d.List(0) { // in a cluster of any size
					fmt.Fprintf(table, "%-11s   %s\t%s\tdefault: %s\t%s\n", "", o.Name, o.Accepted, o.Default, o.Help)
				}
				if err := table.Flush(); err != nil {
					return err
				}
				if not := d.NotSurvived; not != (protocols.Faults{}) {
					fmt.Fprintf(cmd.OutOrStdout(), "%-11s   does not survive %v\n", "", not)
				}
			}
			return nil
		},
	}
	format = formatFlag(cmd)
	return cmd
}

// protocolJSON is a protocol for programs.
type protocolJSON struct {
	Name        string       `json:"name"`
	Summary     string       `json:"summary"`
	NotSurvived string       `json:"does_not_survive,omitempty"`
	Options     []optionJSON `json:"options"`
}

type optionJSON struct {
	Name     string `json:"name"`
	Accepted string `json:"accepted"`
	Default  string `json:"default"`
	Help     string `json:"help"`
}

// printProtocols prints a row for each protocol, and one for each of its options.
func printProtocols(cmd *cobra.Command, format reports.Format, drivers protocols.Drivers) error {
	all := []protocolJSON{}
	var rows []table.Row
	for _, d := range drivers {
		one := protocolJSON{Name: d.Name, Summary: d.Summary, Options: []optionJSON{}}
		if not := d.NotSurvived; not != (protocols.Faults{}) {
			one.NotSurvived = fmt.Sprint(not)
		}
		rows = append(rows, table.Row{d.Name, "", "", "", d.Summary})
		for _, o := range d.List(0) {
			one.Options = append(one.Options, optionJSON{o.Name, o.Accepted, o.Default, o.Help})
			rows = append(rows, table.Row{d.Name, o.Name, o.Accepted, o.Default, o.Help})
		}
		all = append(all, one)
	}
	return printRows(cmd, format, table.Row{"protocol", "option", "accepted", "default", "what it does"}, rows, all)
}
