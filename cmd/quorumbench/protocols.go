package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"quorumbench/protocols/registry"
)

func protocolsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "protocols",
		Short:   "List the protocols, a line each",
		Example: `  quorumbench protocols`,
		Args:    arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, d := range registry.Drivers {
				fmt.Fprintf(cmd.OutOrStdout(), "%-11s %s\n", d.Name, d.Summary)
			}
			return nil
		},
	}
}
