package cli

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"quorumbench/netem/awake"
)

// keepAwakeName is the command by which a process keeps the processors awake for another.
const keepAwakeName = "keep-awake"

// canKeepAwake says that the program of this process has the command keepAwakeName: Main sets it. The program of a test
// has not.
var canKeepAwake bool

// keepAwake keeps the processors awake until stop is called.
func keepAwake() (stop func(), err error) {
	if !canKeepAwake {
		return nil, errors.New("this program has no command for it")
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return awake.Keep(program, keepAwakeName)
}

// keepAwakeCommand is for keepAwake, not for users.
func keepAwakeCommand() *cobra.Command {
	return &cobra.Command{
		Use: keepAwakeName, Short: "Keep the processors awake until the input ends", Hidden: true,
		Args: arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error { return awake.Serve(cmd.InOrStdin()) },
	}
}
