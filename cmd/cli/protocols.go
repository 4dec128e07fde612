package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"quorumbench/protocols"
)

func protocolsCommand(drivers protocols.Drivers) *cobra.Command {
	return &cobra.Command{
		Use:     "protocols",
		Short:   "List the protocols and their options, with what is accepted, the default and what it does",
		Example: `  quorumbench protocols`,
		Args:    arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error {
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
}
