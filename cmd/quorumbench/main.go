// Command quorumbench measures how long a write takes in each region, under a consensus
// protocol, on a network, and draws the answer. Run it without arguments for help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"quorumbench/configs/strictyaml"
)

// The exit codes.
const (
	exitFine        = 0
	exitError       = 1
	exitUsage       = 2 // bad configuration or usage
	exitMissed      = 3 // a threshold of the experiment was missed
	exitInvalid     = 4 // the run must not be believed
	exitInterrupted = 130
)

// exitError gives an error the exit code it stands for.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// collectAt lets the heap, which is small, grow to five times what is alive before garbage is
// collected. Random lives take a quarter less processor time than at 100, and live runs are
// interrupted less often.
const collectAt = 400

// usage marks an error as one of configuration or usage.
func usage(err error) error { return &codedError{exitUsage, err} }

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitFine
	}
	fmt.Fprintln(stderr, "quorumbench:", err)
	var coded *codedError
	var place *strictyaml.Error
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &place):
		return exitUsage
	}
	return exitError
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "quorumbench",
		Short: "Measure how long a write takes in each region, under each consensus protocol",
		Long: `quorumbench answers with evidence: how long does a write take in each region, under this
consensus protocol, on this network, and why?

It runs replicas of each protocol over QUIC on emulated links with measured delays, lets clients
in every region write to their own region's replica, and draws what every write took beside the
least that the distances allow.

Exit codes: 0 fine; 1 error; 2 bad configuration or usage; 3 a threshold of the experiment was
missed; 4 the run is invalid and must not be believed; 130 interrupted.`,
		Example: `  quorumbench run configs/three-regions.yaml
  quorumbench topology show aws-2020-06-05 --regions us-east-1,eu-west-1,ap-northeast-1
  quorumbench compare results/before results/after`,
		SilenceUsage: true, SilenceErrors: true,
		Version: version(),
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(runCommand(), compareCommand(), reportCommand(), topologyCommand(), planCommand(),
		protocolsCommand(), validateCommand(), checkCommand(), scenarioCommand())
	return root
}

// arguments makes a wrong number of arguments a usage error that tells what is wanted.
func arguments(check cobra.PositionalArgs, wanted string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%s: found %d arguments; accepted: %s (see %s --help)",
				cmd.CommandPath(), len(args), wanted, cmd.CommandPath()))
		}
		return nil
	}
}
