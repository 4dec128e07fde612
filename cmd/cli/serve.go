package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"quorumbench/reports/site"
)

func serveCommand() *cobra.Command {
	var address, playground string
	cmd := &cobra.Command{
		Use:   "serve DIR",
		Short: "Show the results below a folder in a browser, and compare any two",
		Long: `List the results in a folder and below on a page for the browser of this machine. Each has its
report.html, which is made if it is not there; any two are compared as quorumbench compare does.

The server listens on loopback addresses only, and sends nothing from outside of the folder. Ctrl-C
ends it.`,
		Example: `  quorumbench serve results
  quorumbench serve results --address 127.0.0.1:0 --playground site`,
		Args: arguments(cobra.ExactArgs(1), "one folder"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := site.Open(args[0], playground)
			if err != nil {
				return usage(err)
			}
			defer s.Close()
			listener, err := site.Listen(address)
			if err != nil {
				return usage(fmt.Errorf("--address: %w", err))
			}
			keepOnInterrupt(cmd.Context())
			fmt.Fprintf(cmd.OutOrStdout(), "serving %s at http://%s/ until Ctrl-C\n", args[0], listener.Addr())
			return s.Serve(cmd.Context(), listener)
		},
	}
	cmd.Flags().StringVar(&address, "address", "127.0.0.1:8080", "loopback address and port to listen on; port 0 is any that is free")
	cmd.Flags().StringVar(&playground, "playground", "", "folder that quorumbench playground has written, to be shown, too")
	return cmd
}
