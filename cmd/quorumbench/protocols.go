package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"quorumbench/protocols/registry"
)

// listedReplicas is the size of the cluster whose accepted values are listed: some depend on it.
const listedReplicas = 3

func protocolsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "protocols",
		Short:   "List the protocols and their options",
		Example: `  quorumbench protocols`,
		Args:    arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, d := range registry.Drivers {
				fmt.Fprintf(cmd.OutOrStdout(), "%-11s %s\n", d.Name, d.Summary)
				for _, o := range d.Options {
					fmt.Fprintf(cmd.OutOrStdout(), "%-11s   %s: %s. %s\n", "", o.Name, strings.Join(o.Values(listedReplicas), ", "), o.Summary)
				}
			}
			return nil
		},
	}
}
