package cli

import (
	"github.com/spf13/cobra"

	"quorumbench/bench/experiment/schema"
	"quorumbench/protocols"
)

func schemaCommand(drivers protocols.Drivers) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [experiment|topology]",
		Short: "Print the JSON Schema of experiment or topology files",
		Long: `Print the JSON Schema (2020-12) of experiment files, or of topology files. Editors complete keys and underline
mistakes with it. With a YAML language server, this comment in a file names a schema:

	# yaml-language-server: $schema=experiment.schema.json

What the schema refuses, quorumbench refuses. It cannot say everything: quorumbench validate knows the regions of the
topology, the replicas that a protocol works with, and the ranges of times, too.`,
		Example: `  quorumbench schema >experiment.schema.json
  quorumbench schema topology >topology.schema.json`,
		Args: arguments(cobra.MaximumNArgs(1), "experiment or topology, or none, for experiment"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return schema.Names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name := schema.Names[0]
			if len(args) > 0 {
				name = args[0]
			}
			text, err := schema.Text(name, drivers)
			if err != nil {
				return usage(err)
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
