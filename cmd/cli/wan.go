package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"quorumbench/bench/experiment"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem/wan"
	"quorumbench/protocols"
)

// programCode is the error of a command that ends with the exit code of a program that it has run, and prints nothing itself.
type programCode int

func (c programCode) Error() string {
	return fmt.Sprintf("the program ended with exit code %d", int(c))
}

// endGrace is how long programs have to end after an interrupt before they are killed.
const endGrace = 5 * time.Second

// wanOptions are the flags of the commands of quorumbench wan.
type wanOptions struct {
	region   string
	device   string
	mtu      int
	realtime bool
	quiet    bool
}

func wanCommand(drivers protocols.Drivers) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wan",
		Short: "Run any program between regions, over emulated links",
		Long: `Run any program between the regions of an experiment, over the links that live runs have: the same
delays, jitter, losses and rates. Each region is a network namespace; names of regions resolve. Linux only;
no root where users may make namespaces. The experiment's load and faults do not apply.

Links can change while programs run: with the signal USR1 the command reads the experiment's file again and gives
all links what it says now. The regions must be the same.`,
		Example: `  quorumbench wan exec three-regions --region eu-west-1 -- ping -c 3 us-east-1
  quorumbench wan run three-regions -- sh -c 'echo {region} has {address}'
  quorumbench wan shell three-regions`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(wanExecCommand(drivers), wanRunCommand(drivers), wanShellCommand(drivers), wanInCommand(), wanCertifyCommand(drivers))
	return cmd
}

func wanExecCommand(drivers protocols.Drivers) *cobra.Command {
	var o wanOptions
	cmd := &cobra.Command{
		Use:   "exec EXPERIMENT.yaml -- PROGRAM [ARGUMENT]...",
		Short: "Run a program in one region; the other regions are there, and empty",
		Long: `Run a program in one region. The exit code is the program's; 127 if it is not found, and 128 and the
number of the signal if one ended it.`,
		Example:           `  quorumbench wan exec three-regions --region eu-west-1 -- ping -c 3 us-east-1`,
		Args:              arguments(cobra.MinimumNArgs(2), "an experiment file, and a program with its arguments"),
		ValidArgsFunction: experimentFirst,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.inside(cmd, args[0], drivers, func(ctx context.Context, w *wan.WAN) error {
				return codeOf(finish(here(ctx, w, o.region, args[1:]...)))
			})
		},
	}
	cmd.Flags().StringVar(&o.region, "region", "", "the region to run in (default the experiment's first)")
	o.flags(cmd)
	return cmd
}

func wanShellCommand(drivers protocols.Drivers) *cobra.Command {
	var o wanOptions
	cmd := &cobra.Command{
		Use:   "shell EXPERIMENT.yaml",
		Short: "Run a shell in one region, from which the others can be entered",
		Long: `Run the shell that $SHELL names in one region. Its commands run there; quorumbench wan in runs a program, or
another shell, in another region. All of them end with this shell. The exit code is the shell's.`,
		Example: `  quorumbench wan shell three-regions
  echo 'ping -c 3 us-east-1' | quorumbench wan shell three-regions --region eu-west-1`,
		Args:              arguments(cobra.ExactArgs(1), "an experiment file"),
		ValidArgsFunction: experimentFirst,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.inside(cmd, args[0], drivers, func(ctx context.Context, w *wan.WAN) error {
				if !o.quiet {
					fmt.Fprintf(cmd.ErrOrStderr(), "this shell is in %s; for another region: %s wan in REGION\n", o.region, programName())
				}
				program := here(ctx, w, o.region, shell())
				inForeground(program)
				return codeOf(finish(program))
			})
		},
	}
	cmd.Flags().StringVar(&o.region, "region", "", "the region to run in (default the experiment's first)")
	o.flags(cmd)
	return cmd
}

func wanInCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "in REGION [-- PROGRAM [ARGUMENT]...]",
		Short: "Run a program in another region of the network that this command is in",
		Long: `Run a program, by default a shell, in a region of the network that this command is in: in a shell of
quorumbench wan shell, or in what quorumbench wan exec or run have started. The region is that of the
experiment, or its name as a host. The exit code is the program's; 127 if it is not found.`,
		Example: `  quorumbench wan in eu-west-1
  quorumbench wan in eu-west-1 -- ping -c 3 us-east-1`,
		Args: arguments(cobra.MinimumNArgs(1), "a region, and maybe a program with its arguments"),
		RunE: func(_ *cobra.Command, args []string) error {
			regions, err := wan.Around()
			if err != nil {
				return usage(err)
			}
			if !slices.ContainsFunc(regions, func(r string) bool { return args[0] == r || args[0] == wan.HostName(r) }) {
				return usage(fmt.Errorf("found the region %q; accepted: %s%s", args[0], strings.Join(regions, ", "), strictyaml.DidYouMean(args[0], regions)))
			}
			argv := args[1:]
			if len(argv) == 0 {
				argv = []string{shell()}
			}
			err = wan.Become(args[0], argv...)
			if errors.Is(err, exec.ErrNotFound) {
				return &codedError{127, err}
			}
			return err
		},
	}
}

// shell is the program that a user wants for a shell. An account that is not meant for people has one that only says so.
func shell() string {
	name := os.Getenv("SHELL")
	switch filepath.Base(name) {
	case ".", "nologin", "false":
		return "sh"
	}
	return name
}

// programName is what a user types to run this program.
func programName() string {
	name := filepath.Base(os.Args[0])
	if _, err := exec.LookPath(name); err == nil {
		return name
	}
	if path, err := os.Executable(); err == nil {
		return path
	}
	return name
}

// here makes a command for a program in a region with the standard files of this process.
func here(ctx context.Context, w *wan.WAN, region string, argv ...string) *exec.Cmd {
	program := w.Command(ctx, region, argv...)
	program.Stdin, program.Stdout, program.Stderr = os.Stdin, os.Stdout, os.Stderr
	return program
}

// inForeground gives a shell a group of processes of its own, in the foreground of the terminal if it reads from one. At its end a
// shell gives the terminal back to the group in which it began, which it cannot if that is outside of its namespace.
func inForeground(program *exec.Cmd) {
	if term.IsTerminal(int(os.Stdin.Fd())) {
		program.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: int(os.Stdin.Fd())}
	}
}

func wanRunCommand(drivers protocols.Drivers) *cobra.Command {
	var o wanOptions
	cmd := &cobra.Command{
		Use:   "run EXPERIMENT.yaml -- PROGRAM [ARGUMENT]...",
		Short: "Run a program in every region at the same time, until all have ended",
		Long: `Run a program in every region at the same time, until all have ended. In its arguments {region} stands
for the region's name, {address} and {address6} for its addresses, and {index} for its number, from 0. Each
line that a program prints begins with its region. The exit code is the greatest of the programs'.`,
		Example:           `  quorumbench wan run three-regions -- sh -c 'echo {region} is number {index} and has {address}'`,
		Args:              arguments(cobra.MinimumNArgs(2), "an experiment file, and a program with its arguments"),
		ValidArgsFunction: experimentFirst,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.inside(cmd, args[0], drivers, func(ctx context.Context, w *wan.WAN) error {
				return runEverywhere(ctx, w, args[1:], cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	o.flags(cmd)
	return cmd
}

// experimentFirst completes the first argument by files of experiments.
func experimentFirst(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

func (o *wanOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.device, "device", "", "tun or veth (default tun if /dev/net/tun may be opened)")
	cmd.Flags().IntVar(&o.mtu, "mtu", 1500, "the greatest length of an IP packet, in bytes, from 1280 to 65535")
	cmd.Flags().BoolVar(&o.realtime, "realtime", true, "let other programs, and those that are run, wait for the router, where that is permitted (Linux: as root), and keep the processors awake")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "do not say what carries the packets")
}

// inside reads the experiment, starts this command again in namespaces of its own, and calls do there with the WAN of
// the experiment's regions.
func (o *wanOptions) inside(cmd *cobra.Command, name string, drivers protocols.Drivers, do func(ctx context.Context, w *wan.WAN) error) error {
	plan, err := experiment.Read(name, drivers)
	if err != nil {
		return err
	}
	e := &plan.Experiment
	if o.region == "" {
		o.region = e.Regions[0]
	} else if !slices.Contains(e.Regions, o.region) {
		return usage(fmt.Errorf("--region: found %q; accepted: %s%s", o.region, strings.Join(e.Regions, ", "), strictyaml.DidYouMean(o.region, e.Regions)))
	}
	if !slices.Contains([]string{wan.Auto, wan.TUN, wan.Veth}, o.device) {
		return usage(fmt.Errorf("--device: found %q; accepted: %s, %s", o.device, wan.TUN, wan.Veth))
	}
	if o.mtu < 1280 || o.mtu > 65535 {
		return usage(fmt.Errorf("--mtu: found %d; accepted: 1280 to 65535", o.mtu))
	}
	keepOnInterrupt(cmd.Context())
	in, code, err := wan.Inside()
	if err != nil {
		return err
	}
	if !in {
		return programCode(code)
	}
	if o.realtime {
		ordinary, _ := haveProcessors()
		defer ordinary()
	}
	w, err := wan.Open(e.Regions, plan.Link, wan.Options{Seed: e.Seed, MTU: o.mtu, Device: o.device})
	if err != nil {
		return err
	}
	if !o.quiet {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s over %v\n", e.Name, strings.Join(e.Regions, ", "), w)
	}
	stop := o.relink(cmd.ErrOrStderr(), name, drivers, w)
	err = do(cmd.Context(), w)
	stop()
	return errors.Join(err, w.Close())
}

// relink gives the links what the experiment's file says whenever the signal USR1 comes, until stop is called. What is wrong with the file
// is said, and changes nothing.
func (o *wanOptions) relink(stderr io.Writer, name string, drivers protocols.Drivers, w *wan.WAN) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	var changing sync.WaitGroup
	changing.Go(func() {
		for range signals {
			plan, err := experiment.Read(name, drivers)
			if err == nil && !slices.Equal(plan.Experiment.Regions, w.Regions()) {
				err = fmt.Errorf("%s: found the regions %v; accepted: those of the network, %v", name, plan.Experiment.Regions, w.Regions())
			}
			if err != nil {
				fmt.Fprintf(stderr, "the links are as they were: %v\n", err)
				continue
			}
			for from := range plan.Experiment.Regions {
				for to := range plan.Experiment.Regions {
					if from != to {
						w.SetLink(from, to, plan.Link(from, to))
					}
				}
			}
			if !o.quiet {
				fmt.Fprintf(stderr, "%s: the links are changed\n", plan.Experiment.Name)
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(signals)
		changing.Wait()
	}
}

// runEverywhere runs the program in every region and returns when all have ended.
func runEverywhere(ctx context.Context, w *wan.WAN, argv []string, stdout, stderr io.Writer) error {
	var printing sync.Mutex
	var running sync.WaitGroup
	regions := w.Regions()
	width := 0
	for _, region := range regions {
		width = max(width, len(region))
	}
	errs := make([]error, len(regions))
	for i, region := range regions {
		fill := strings.NewReplacer("{region}", region, "{address6}", w.Address6(region).String(), "{address}", w.Address(region).String(), "{index}", strconv.Itoa(i))
		filled := make([]string, len(argv))
		for j, argument := range argv {
			filled[j] = fill.Replace(argument)
		}
		program := w.Command(ctx, region, filled...)
		prefix := fmt.Sprintf("%-*s | ", width, region)
		out, failures := &lines{to: stdout, prefix: prefix, printing: &printing}, &lines{to: stderr, prefix: prefix, printing: &printing}
		program.Stdout, program.Stderr = out, failures
		running.Go(func() {
			errs[i] = codeOf(finish(program))
			out.rest()
			failures.rest()
		})
	}
	running.Wait()
	var greatest programCode
	for i, err := range errs {
		var code programCode
		if err != nil && !errors.As(err, &code) {
			return fmt.Errorf("%s: %w", regions[i], err)
		}
		greatest = max(greatest, code)
	}
	if greatest > 0 {
		return greatest
	}
	return nil
}

// finish runs a program to its end. When its context ends the program is asked to end, and killed if it does not.
func finish(program *exec.Cmd) error {
	program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
	program.WaitDelay = endGrace
	return program.Run()
}

// codeOf turns the error of a program that has ended into its exit code: 128 and the signal's number if one ended it.
func codeOf(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return programCode(128 + int(status.Signal()))
	}
	return programCode(exit.ExitCode())
}

// lines is a writer that puts a prefix before each line and writes whole lines only.
type lines struct {
	to       io.Writer
	prefix   string
	printing *sync.Mutex // whoever has it may write
	begun    []byte      // a line that has not ended yet
}

func (l *lines) Write(text []byte) (int, error) {
	l.begun = append(l.begun, text...)
	for {
		end := bytes.IndexByte(l.begun, '\n') + 1
		if end == 0 {
			return len(text), nil
		}
		if err := l.print(l.begun[:end]); err != nil {
			return 0, err
		}
		l.begun = l.begun[end:]
	}
}

func (l *lines) print(line []byte) error {
	l.printing.Lock()
	defer l.printing.Unlock()
	_, err := fmt.Fprintf(l.to, "%s%s", l.prefix, line)
	return err
}

// rest prints a last line that does not end.
func (l *lines) rest() {
	if len(l.begun) > 0 {
		_ = l.print(append(l.begun, '\n'))
	}
}
