package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"quorumbench/bench/lives"
	"quorumbench/bench/result"
	"quorumbench/bench/store"
)

func collectCommand() *cobra.Command {
	var wait time.Duration
	var to string
	var replace bool
	cmd := &cobra.Command{
		Use:   "collect FOLDER",
		Short: "Write a result folder to standard output, as an archive, or put it into an object store",
		Long: `Write a result folder to standard output as a tar archive, compressed by gzip. It serves to fetch a result from a
container in which there is no other program: quorumbench deploy kubernetes prints how. With --out, put the folder
into an object store instead. The URL of a result there may stand for the folder.

--wait waits until the result is whole. A site that holds its result (site --hold) is told when the archive was
written, and ends.`,
		Example: `  quorumbench collect results/smoke >smoke.tar.gz
  kubectl exec POD -- /quorumbench collect /data/result --wait 1h | tar -xz
  quorumbench collect results/smoke --out s3://bucket/results/smoke`,
		Args: arguments(cobra.ExactArgs(1), "one result folder"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			out, stores := cmd.OutOrStdout(), cmd.Flags().Changed("out")
			file, is := out.(*output)
			switch {
			case stores && !store.IsURL(to):
				return usage(fmt.Errorf("--out: found %q; accepted: a URL in an object store, or no --out, which writes an archive to standard output", to))
			case replace && !stores:
				return usage(errors.New("--replace: found no --out; accepted: with --out"))
			case !stores && is && term.IsTerminal(int(file.Fd())):
				return usage(errors.New("found a terminal as standard output; accepted: a file or a pipe, since an archive is written"))
			case wait < 0:
				return usage(fmt.Errorf("--wait: found %v; accepted: a time from 0s", wait))
			}
			read, done, err := readable(cmd, args[0])
			if err != nil {
				return usage(err)
			}
			defer done()
			folder := read[0]
			if !isFile(filepath.Join(folder, lives.FindingsFile)) {
				if err := result.AwaitWhole(cmd.Context(), folder, wait); err != nil {
					return usage(err)
				}
			}
			if stores {
				err = putInto(cmd, folder, to, replace)
			} else {
				err = result.Archive(out, folder)
			}
			if err != nil {
				return err
			}
			return result.Taken(folder)
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", 0, "how long to wait until the result is whole")
	cmd.Flags().StringVarP(&to, "out", "o", "", "URL in an object store where the result is put")
	cmd.Flags().BoolVar(&replace, "replace", false, "with --out: put it in the place of a result that is there")
	return cmd
}

// putInto puts a result folder into an object store.
func putInto(cmd *cobra.Command, folder, to string, replace bool) error {
	p, err := openStore(cmd, to)
	if err != nil {
		return usage(err)
	}
	defer p.Close()
	switch has, err := p.Has(cmd.Context()); {
	case err != nil:
		return usage(err)
	case has && !replace:
		return usage(fmt.Errorf("%s has a result; accepted: a place that has none, or --replace", to))
	}
	if err := p.Put(cmd.Context(), folder); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "stored: %s\n", to)
	return nil
}
