package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"quorumbench/bench/store"
	"quorumbench/bench/system"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
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

// interrupted is the error of a command that Ctrl-C has ended; it tells what was done until then.
func interrupted(format string, args ...any) error {
	return &codedError{exitInterrupted, fmt.Errorf(format, args...)}
}

// Main runs the command line of this process and ends it with the exit code. Ctrl-C ends the command; one that has
// something to keep keeps it. A second Ctrl-C ends the process at once.
func Main(drivers ...*protocols.Driver) { Program{Drivers: drivers}.Main() }

// Program is a program with quorumbench's command line.
type Program struct {
	Drivers protocols.Drivers
	Systems []system.Adapter // of the systems that it runs as they are; may be empty
	Stores  store.Opener     // of the object stores into which it puts results; may be nil
}

// Main is the function Main for this program.
func (p Program) Main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	var keeps atomic.Bool
	ctx := context.WithValue(context.WithValue(context.Background(), keepsKey{}, &keeps), storesKey{}, p.Stores)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop()
		if !keeps.Load() {
			fmt.Fprintln(os.Stderr, "quorumbench: interrupted")
			os.Exit(exitInterrupted)
		}
	})
	ownProcess = true
	os.Exit(runWith(ctx, p.Drivers, p.Systems, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Run runs a command line, given without the program's name, and returns its exit code: 0 fine, 1 error, 2
// bad configuration or usage, 3 a threshold of the experiment was missed, 4 the run is invalid, 130
// interrupted. The drivers are those that experiments and scenarios may name. It writes files where the
// arguments say, and reads and writes nothing else. Safe for use by several goroutines.
func Run(ctx context.Context, drivers protocols.Drivers, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runWith(ctx, drivers, nil, args, stdin, stdout, stderr)
}

// runWith is Run for a program that also runs systems.
func runWith(ctx context.Context, drivers protocols.Drivers, systems []system.Adapter, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand(drivers, systems...)
	root.SetArgs(args)
	root.SetIn(stdin)
	out := &output{Writer: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	err := checkDrivers(drivers)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if failure := out.failed(); err == nil && failure != nil {
		err = fmt.Errorf("printing: %w", failure)
	}
	if err == nil {
		return exitFine
	}
	var program programCode
	if errors.As(err, &program) {
		return int(program)
	}
	fmt.Fprintln(stderr, "quorumbench:", err)
	return exitCode(err)
}

// exitCode is the exit code that an error of a command stands for.
func exitCode(err error) int {
	var coded *codedError
	var place *strictyaml.Error
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &place):
		return exitUsage
	}
	return exitError
}

// checkDrivers refuses drivers that a file could not tell apart.
func checkDrivers(drivers protocols.Drivers) error {
	names := drivers.Names()
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return usage(fmt.Errorf("found two drivers called %q; accepted: a name of its own for each", name))
		}
	}
	return nil
}

func rootCommand(drivers protocols.Drivers, systems ...system.Adapter) *cobra.Command {
	root := &cobra.Command{
		Use:   "quorumbench",
		Short: "Measure how long a write takes in each region, under each consensus protocol",
		Long: `quorumbench answers with evidence: how long does a write take in each region, under this
consensus protocol, on this network, and why?

It runs replicas of each protocol over QUIC on emulated links with measured delays, lets clients
in every region write to their own region's replica, and draws what every write took beside the
least that the distances allow.

Exit codes: 0 fine; 1 error; 2 bad configuration or usage; 3 a threshold of the experiment was
missed, or something was not reproduced; 4 the run is invalid and must not be believed; 130 interrupted.`,
		Example: `  quorumbench run configs/three-regions.yaml
  quorumbench topology show aws-2020-06-05 --regions us-east-1,eu-west-1,ap-northeast-1
  quorumbench compare results/before results/after`,
		SilenceUsage: true, SilenceErrors: true,
		Version: version(),
		Args:    noSuchCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = checkLists
	root.AddCommand(runCommand(drivers, systems), compareCommand(), reportCommand(), topologyCommand(), planCommand(drivers),
		protocolsCommand(drivers), validateCommand(drivers), checkCommand(drivers), scenarioCommand(drivers), graphCommand(drivers), reproduceCommand(drivers), mergeCommand(drivers), predictCommand(drivers), costsCommand(drivers), playgroundCommand(), serveCommand(), schemaCommand(drivers), initCommand(), keysCommand(drivers), siteCommand(drivers), collectCommand(), deployCommand(drivers), imageCommand(), wanCommand(drivers), keepAwakeCommand())
	root.SetHelpCommand(helpCommand())
	strictCompletion(root)
	return root
}

// noSuchCommand refuses the first argument of a command that only has commands, which is there if it is none of them.
func noSuchCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !root.HasAvailableSubCommands() {
		return usage(fmt.Errorf("%s: found %q; accepted: no more words", strings.TrimPrefix(root.CommandPath(), root.Root().Name()+" "), args[0]))
	}
	path := strings.TrimPrefix(root.CommandPath(), root.Root().Name())
	if path != "" {
		path = strings.TrimPrefix(path, " ") + ": "
	}
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return usage(fmt.Errorf("%sfound the command %q; accepted: %s%s", path, args[0], strings.Join(names, ", "), strictyaml.DidYouMean(args[0], names)))
}

// arguments makes a wrong number of arguments a usage error that tells what is wanted.
func arguments(check cobra.PositionalArgs, wanted string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%s: found %d arguments; accepted: %s (see %s --help)",
				strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), len(args), wanted, cmd.CommandPath()))
		}
		return nil
	}
}
