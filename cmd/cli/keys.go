package cli

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench/site/keys"
	"quorumbench/protocols"
)

// keysFolder is the folder that quorumbench keys makes unless another is named.
const keysFolder = "keys"

func keysCommand(drivers protocols.Drivers) *cobra.Command {
	var out string
	var valid time.Duration
	cmd := &cobra.Command{
		Use:   "keys EXPERIMENT.yaml",
		Short: "Make the keys by which the sites of an experiment know each other",
		Long: `Make an authority for one deployment of an experiment, and for each of its regions a certificate that
the authority has signed, with its private key. Sites speak mutual TLS 1.3: who has no such key
takes no part.

The folder gets authority.pem and, for each region, site-REGION.pem, which only this user may read. A site
needs the first and its own. The authority's private key is not stored, so nobody can make
further keys, and a deployment that needs another key gets all of them anew.`,
		Example: `  quorumbench keys three-regions --out keys`,
		Args:    arguments(cobra.ExactArgs(1), "one experiment file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if valid < keys.LeastValid || valid > keys.MostValid {
				return usage(fmt.Errorf("--valid: found %v; accepted: %v to %v", valid, keys.LeastValid, keys.MostValid))
			}
			plan, err := readExperiment(cmd, args[0], drivers)
			if err != nil {
				return usage(err)
			}
			now := time.Now()
			made, err := keys.Make(plan.Experiment.Name, plan.Experiment.Regions, now, valid)
			if err != nil {
				return usage(err)
			}
			folder := cmp.Or(out, keysFolder)
			if err := made.Write(folder); err != nil {
				return usage(fmt.Errorf("--out: %w", err))
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote the keys of %d sites into %s; valid until %s\n",
				len(made.Sites), folder, now.Add(valid).UTC().Format("2006-01-02 15:04 MST"))
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder for the keys, which is not there yet (default "+keysFolder+")")
	cmd.Flags().DurationVar(&valid, "valid", 30*24*time.Hour, "for how long the keys are valid, from 1h to 87600h")
	return cmd
}
