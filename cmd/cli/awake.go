package cli

import (
	"os"

	"github.com/spf13/cobra"

	"quorumbench/netem/awake"
)

// keepAwakeName is the command by which a process keeps the processors awake for another.
const keepAwakeName = "keep-awake"

// ownProcess says that the process is this program's: Main sets it. A test's has no command keepAwakeName, and its priority
// is not to be changed.
var ownProcess bool

// haveProcessors gives this process real-time priority and keeps the processors awake, as far as that is permitted. It is
// what a live run calls as its Hurry; see run.Config.
func haveProcessors() (restore func(), keptAwake bool) {
	if !ownProcess {
		return func() {}, false
	}
	ordinary, err := awake.Realtime()
	if err != nil {
		return func() {}, false
	}
	program, err := os.Executable()
	if err != nil {
		return ordinary, false
	}
	sleep, err := awake.Keep(program, keepAwakeName)
	if err != nil {
		return ordinary, false
	}
	return func() {
		sleep()
		ordinary()
	}, true
}

// keepAwakeCommand is for haveProcessors, not for users.
func keepAwakeCommand() *cobra.Command {
	return &cobra.Command{
		Use: keepAwakeName, Short: "Keep the processors awake until the input ends", Hidden: true,
		Args: arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error { return awake.Serve(cmd.InOrStdin()) },
	}
}
