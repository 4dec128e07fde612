package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"quorumbench/configs"
)

// initFile is the file that quorumbench init writes unless another is named.
const initFile = "experiment.yaml"

func initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write an experiment to start from, with comments",
		Long: `Write an experiment that quorumbench run accepts, with a comment for every setting. Without an argument the file
is ` + initFile + `. A file that is there is not written over.`,
		Example: `  quorumbench init my-experiment.yaml`,
		Args:    arguments(cobra.MaximumNArgs(1), "the name of a file, or none, for "+initFile),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := initFile
			if len(args) > 0 {
				name = args[0]
			}
			if err := writeNew(name, configs.Start()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; quorumbench run %[1]s --sim runs it in virtual time\n", name)
			return nil
		},
	}
}

// writeNew writes a file that is not there yet. One that cannot be written as a whole is removed again.
func writeNew(name string, data []byte) error {
	if name == "" {
		return usage(errors.New("found no name of a file; accepted: a file that is not there yet"))
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage(fmt.Errorf("found %s, which is there already; accepted: a file that is not there yet", name))
	}
	if err != nil {
		return usage(fmt.Errorf("writing an experiment: %w", err))
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing an experiment: %w", errors.Join(err, os.Remove(name)))
	}
	return nil
}
