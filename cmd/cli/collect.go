package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"quorumbench/bench/result"
)

func collectCommand() *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "collect FOLDER",
		Short: "Write a result folder to standard output, as an archive",
		Long: `Write a result folder to standard output as a tar archive, compressed by gzip. It serves to fetch a result from a
container in which there is no other program: quorumbench deploy kubernetes prints how.

--wait waits until the result is whole. A site that holds its result (site --hold) is told when the archive was
written, and ends.`,
		Example: `  quorumbench collect results/smoke >smoke.tar.gz
  kubectl exec POD -- /quorumbench collect /data/result --wait 1h | tar -xz`,
		Args: arguments(cobra.ExactArgs(1), "one result folder"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			if file, is := out.(*output); is && term.IsTerminal(int(file.Fd())) {
				return usage(errors.New("found a terminal as standard output; accepted: a file or a pipe, since an archive is written"))
			}
			if wait < 0 {
				return usage(fmt.Errorf("--wait: found %v; accepted: a time from 0s", wait))
			}
			if err := result.AwaitWhole(cmd.Context(), args[0], wait); err != nil {
				return usage(err)
			}
			if err := result.Archive(out, args[0]); err != nil {
				return err
			}
			return result.Taken(args[0])
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", 0, "how long to wait until the result is whole")
	return cmd
}
