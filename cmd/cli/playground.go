package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"quorumbench/playground"
)

func playgroundCommand() *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "playground DIR",
		Short: "Write a page that composes, simulates and steps through experiments in a browser",
		Long: `Write a static page into a folder, which any web server can show: choose regions on a map or type
round trips, choose protocols, leaders, quorums, load and a fault, see floors and simulated
percentiles, step through a write, and take the experiment away as YAML or as a link.

The simulator runs in the page, compiled to WebAssembly by the go command in a checkout of
quorumbench. The same experiment and seed give the same figures as quorumbench run --sim.`,
		Example: `  quorumbench playground site`,
		Args:    arguments(cobra.ExactArgs(1), "one folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !isFile(filepath.Join(source, "cmd", "playground", "main_js.go")) {
				return usage(fmt.Errorf("--source: found %s, which is no checkout of quorumbench; accepted: one, to compile the program of the page from", source))
			}
			sizes, err := playground.Write(args[0], source)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "playground: %s/index.html; the program has %.1f MB, %.1f MB compressed. Show the folder with any web server.\n",
				args[0], float64(sizes.Raw)/1e6, float64(sizes.Compressed)/1e6)
			return err
		},
	}
	cmd.Flags().StringVar(&source, "source", ".", "checkout of quorumbench to compile from")
	return cmd
}
