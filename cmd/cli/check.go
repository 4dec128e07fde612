package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench/lives"
	"quorumbench/bench/result"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
)

// shrinkLimit is the greatest number of lives that are played to simplify a failing one.
const shrinkLimit = 400

func checkCommand(drivers protocols.Drivers) *cobra.Command {
	var protocol string
	var count, from, replay uint64
	var minutes float64
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for bugs: play random lives of a driver in virtual time",
		Long: `Play lives of a small cluster in virtual time, each drawn from a seed: 3 or 5 replicas, links of
random delays, a few clients who read and write a few keys and ask other replicas when an answer is
late, and faults: crashes (with disks that lose what was not durable yet), partitions, loss, delay,
slow replicas, wrong clocks. Every life is judged: same order on all replicas, nothing lost, real
time kept, linearizable, the driver's invariants, and every command answered in the end.

A life that fails ends the search, with exit code 4, its seed, and a simpler life that fails in the
same way. --replay plays the life of a seed and prints it step by step.`,
		Example: `  quorumbench check --protocol raft --seeds 1000
  quorumbench check --minutes 10
  quorumbench check --protocol mmp3 --replay 42`,
		Args: arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			checked := drivers
			if protocol != "" {
				d := drivers.Find(protocol)
				if d == nil {
					return usage(fmt.Errorf("--protocol: found %q; accepted: %s%s", protocol,
						strings.Join(drivers.Names(), ", "), strictyaml.DidYouMean(protocol, drivers.Names())))
				}
				checked = protocols.Drivers{d}
			}
			if cmd.Flags().Changed("replay") {
				if len(checked) != 1 {
					return usage(errors.New("--replay plays the life of one protocol; accepted: --protocol NAME --replay SEED"))
				}
				return replayLife(cmd.Context(), cmd.OutOrStdout(), checked[0], replay)
			}
			if minutes > 0 && !cmd.Flags().Changed("seeds") {
				count = 0
			}
			for _, d := range checked {
				if err := search(cmd, d, from, count, time.Duration(minutes*float64(time.Minute))/time.Duration(len(checked))); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&protocol, "protocol", "", "the driver to check (default: all, one after the other)")
	cmd.Flags().Uint64Var(&count, "seeds", 1000, "how many lives of each driver")
	cmd.Flags().Uint64Var(&from, "from", 1, "the first seed")
	cmd.Flags().Float64Var(&minutes, "minutes", 0, "how long in all, in place of a number of lives")
	cmd.Flags().Uint64Var(&replay, "replay", 0, "play the life of this seed and print it step by step")
	_ = cmd.RegisterFlagCompletionFunc("protocol", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return drivers.Names(), cobra.ShellCompDirectiveNoFileComp
	}) // fails only for a flag that does not exist
	return cmd
}

// search plays lives of one driver and prints what it found.
func search(cmd *cobra.Command, d *protocols.Driver, from, count uint64, limit time.Duration) error {
	ctx := cmd.Context()
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	terminal := isTerminal(cmd.ErrOrStderr())
	found, tally, err := lives.Search(ctx, d, from, count, func(t lives.Tally) {
		if terminal {
			fmt.Fprintf(cmd.ErrOrStderr(), "\r%s   ", describeTally(d, t))
		}
	})
	if terminal {
		fmt.Fprint(cmd.ErrOrStderr(), "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), describeTally(d, tally))
	if found == nil {
		return cmd.Context().Err()
	}
	return reportFound(cmd.Context(), cmd.OutOrStdout(), d, found)
}

func describeTally(d *protocols.Driver, t lives.Tally) string {
	rate := float64(t.Lives) / max(t.Elapsed.Seconds(), 1e-9)
	return fmt.Sprintf("%-11s %d lives, %d commands, %d messages in %.1f s: %.0f lives/s; %d checks not decided",
		d.Name, t.Lives, t.Commands, t.Messages, t.Elapsed.Seconds(), rate, t.Undecided)
}

// reportFound prints a life that failed, and a simpler one that fails in the same way.
func reportFound(ctx context.Context, w io.Writer, d *protocols.Driver, found *lives.Found) error {
	fmt.Fprintf(w, "\nseed %d fails:\n", found.Seed)
	for _, c := range found.Failed {
		fmt.Fprintf(w, "  %s: %s\n", c.Name, c.Detail)
	}
	small := lives.Shrink(ctx, found.Life, found.Failed[0].Name, shrinkLimit)
	fmt.Fprintf(w, "\na simpler life that fails in the same way:\n%s\n", small)
	if err := playTraced(ctx, w, small); err != nil {
		return err
	}
	return &codedError{exitInvalid, fmt.Errorf("%s: the life of seed %d fails; quorumbench check --protocol %s --replay %d plays it again",
		d.Name, found.Seed, d.Name, found.Seed)}
}

func replayLife(ctx context.Context, w io.Writer, d *protocols.Driver, seed uint64) error {
	life := lives.Draw(d, seed)
	fmt.Fprintf(w, "%s\n", life)
	return playTraced(ctx, w, life)
}

// playTraced plays a life and prints its steps and the verdicts of the checks.
func playTraced(ctx context.Context, w io.Writer, l *lives.Life) error {
	out, err := l.Play(ctx, w)
	if err != nil {
		return err
	}
	for _, c := range out.Checks {
		fmt.Fprintf(w, "%s: %s %s\n", c.Name, c.Verdict, c.Detail)
	}
	if failed := out.Failed(); len(failed) > 0 {
		return &codedError{exitInvalid, fmt.Errorf("the life fails: %s", failedNames(failed))}
	}
	return nil
}

func failedNames(failed []result.Check) string {
	names := make([]string, len(failed))
	for i, c := range failed {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}
