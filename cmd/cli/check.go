package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quorumbench/bench/lives"
	"quorumbench/bench/result"
	"quorumbench/configs/strictyaml"
	"quorumbench/protocols"
	"quorumbench/reports"
)

// shrinkLimit is the greatest number of lives that are played to simplify a failing one.
const shrinkLimit = 400

func checkCommand(drivers protocols.Drivers) *cobra.Command {
	var protocol, habitName string
	var count, from, replay uint64
	var minutes float64
	var trace, out, resume string
	var part *string
	var format *reports.Format
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for bugs: play random lives of a driver in virtual time",
		Long: `Play lives of a small cluster in virtual time, each drawn from a seed: 3 or 5 replicas, links of
random delays, a few clients who read and write a few keys and ask other replicas when an answer is
late, and faults: crashes (with disks that lose what was not durable yet), partitions, loss, delay,
slow replicas, wrong clocks. Every life is judged: same order on all replicas, nothing lost, real
time kept, linearizable, the driver's invariants, every step ends; and in the end every command is answered,
and all replicas have applied the same.

Some lives have habits: traits that others do not have. What is printed tells the share of the lives that
had each. --habit plays lives that have one habit and no other. The habits:

` + describeHabits() + `
A life that fails ends the search, with exit code 4, its seed, and a simpler life that fails in the
same way. --replay plays the life of a seed. The steps of the life go to a file (--trace), and what is
printed is a summary.

With --out, what was found is stored in check.json of a folder, without times, so that it follows from
the seeds alone. --shard 2/4 plays the second quarter of the seeds of each driver; quorumbench merge
puts shards together to what one process finds, byte for byte. --resume goes on with a search that
was interrupted or killed, and plays nothing if it was not.`,
		Example: `  quorumbench check --protocol raft --seeds 1000
  quorumbench check --minutes 10
  quorumbench check --habit clients-elsewhere --seeds 200
  quorumbench check --seeds 100000 --shard 2/4 --resume results/check
  quorumbench check --protocol mmp3 --replay 42`,
		Args: arguments(cobra.NoArgs, "none"),
		RunE: func(cmd *cobra.Command, _ []string) (failed error) {
			checked := drivers
			if cmd.Flags().Changed("protocol") {
				d := drivers.Find(protocol)
				if d == nil {
					return usage(fmt.Errorf("--protocol: found %q; accepted: %s%s", protocol,
						strings.Join(drivers.Names(), ", "), strictyaml.DidYouMean(protocol, drivers.Names())))
				}
				checked = protocols.Drivers{d}
			}
			var habit *lives.Habit
			if cmd.Flags().Changed("habit") {
				var err error
				if habit, err = lives.FindHabit(habitName); err != nil {
					return usage(fmt.Errorf("--habit: %w", err))
				}
			}
			limit, err := checkLength(cmd.Flags(), from, count, minutes)
			if err != nil {
				return usage(err)
			}
			var generators []lives.Generator
			for _, d := range checked {
				if habit == nil || habit.Suits(d) {
					generators = append(generators, lives.Generator{Driver: d, Habit: habit})
				}
			}
			if len(generators) == 0 {
				return usage(fmt.Errorf("--habit: lives of %s have no habit %s: %s", protocol, habit.Name, habit.Help))
			}
			share, err := shardOf(cmd, *part)
			if err != nil {
				return usage(err)
			}
			stores := share != nil || cmd.Flags().Changed("out") || cmd.Flags().Changed("resume")
			for _, flag := range []string{"minutes", "replay"} {
				if stores && cmd.Flags().Changed(flag) {
					return usage(fmt.Errorf("--%s: found it with --out, --resume or --shard; accepted: a number of seeds, on which alone depends what is stored", flag))
				}
			}
			if cmd.Flags().Changed("replay") {
				if len(checked) != 1 {
					return usage(errors.New("--replay plays the life of one protocol; accepted: --protocol NAME --replay SEED"))
				}
				return replayLife(cmd, *format, generators[0], replay, trace)
			}
			if limit > 0 && !cmd.Flags().Changed("seeds") {
				count = 0
			}
			if stores {
				fresh := lives.NewFindings(generators, from, count, share)
				if _, mine := fresh.Range(); mine == 0 {
					return usage(fmt.Errorf("--shard: found %d shards; accepted: 1 to %d, as many as there are seeds", share.Count, count))
				}
				return checkStored(cmd, *format, generators, fresh, out, resume, trace)
			}
			keepOnInterrupt(cmd.Context())
			var played uint64
			found := []checkedJSON{}
			defer func() {
				if *format != reports.FormatTable {
					failed = errors.Join(failed, printChecked(cmd, *format, found))
				}
			}()
			for _, g := range generators {
				one, err := search(cmd, aside(cmd, *format), g, from, count, limit/time.Duration(len(generators)), trace, nil)
				found = append(found, one)
				played += one.Lives
				switch {
				case cmd.Context().Err() != nil && errors.Is(err, context.Canceled):
					return interrupted("interrupted after %d lives, none of which failed", played)
				case err != nil:
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&protocol, "protocol", "", "the driver to check (default: all, one after the other)")
	cmd.Flags().StringVar(&habitName, "habit", "", "play lives that have this habit and no other")
	cmd.Flags().Uint64Var(&count, "seeds", 1000, "how many lives of each driver")
	cmd.Flags().Uint64Var(&from, "from", 1, "the first seed")
	cmd.Flags().Float64Var(&minutes, "minutes", 0, "how long in all; instead of a number of lives or, with --seeds, at most")
	cmd.Flags().Uint64Var(&replay, "replay", 0, "play the life of this seed")
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder for check.json, which has what was found, or URL in an object store")
	cmd.Flags().StringVar(&resume, "resume", "", "the same, of a search that may have begun or ended")
	part = shardFlag(cmd, "the seeds")
	cmd.Flags().StringVar(&trace, "trace", "", "file for the steps of the life that is replayed or fails, one a line; - prints them (default PROTOCOL-SEED.trace)")
	_ = cmd.RegisterFlagCompletionFunc("protocol", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return drivers.Names(), cobra.ShellCompDirectiveNoFileComp
	}) // fails only for a flag that does not exist
	format = formatFlag(cmd)
	_ = cmd.RegisterFlagCompletionFunc("habit", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return lives.HabitNames(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// The greatest values of the flags. No sum of a first seed and a number of lives exceeds 64 bits.
const (
	maxSeed    = math.MaxInt64
	maxMinutes = 1e6
)

// checkLength checks how many lives are wanted, and returns for how long, 0 for any length.
func checkLength(flags *pflag.FlagSet, from, count uint64, minutes float64) (limit time.Duration, err error) {
	switch {
	case count == 0 || count > maxSeed:
		return 0, fmt.Errorf("--seeds: found %d; accepted: 1 to %d, or --minutes instead", count, maxSeed)
	case from > maxSeed:
		return 0, fmt.Errorf("--from: found %d; accepted: 0 to %d", from, maxSeed)
	case !flags.Changed("minutes"):
		return 0, nil
	case !(minutes > 0 && minutes <= maxMinutes):
		return 0, fmt.Errorf("--minutes: found %v; accepted: a number above 0, up to %.0f", minutes, maxMinutes)
	}
	return max(1, time.Duration(minutes*float64(time.Minute))), nil
}

// search plays lives of one driver, prints what it found, and returns how many it has played.
func search(cmd *cobra.Command, w io.Writer, g lives.Generator, from, count uint64, limit time.Duration, trace string, stored *storedCheck) (checked checkedJSON, err error) {
	ctx := cmd.Context()
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	terminal := isTerminal(cmd.ErrOrStderr())
	before := stored.before(g)
	found, tally, err := lives.Search(ctx, g, from+before.Lives, count-before.Lives, func(t lives.Tally) {
		t = before.Plus(t)
		stored.keep(g, t)
		if terminal {
			fmt.Fprintf(cmd.ErrOrStderr(), "\r%s   ", describeTally(g, t))
		}
	})
	if terminal {
		fmt.Fprint(cmd.ErrOrStderr(), "\r\x1b[K")
	}
	tally = before.Plus(tally)
	checked = checkedJSON{Protocol: g.Driver.Name, Lives: tally.Lives, Commands: tally.Commands, Messages: tally.Messages,
		Undecided: tally.Undecided, Habits: tally.Habits, Elapsed: tally.Elapsed}
	if err != nil {
		return checked, err
	}
	if err := stored.end(ctx, g, tally, found); err != nil {
		return checked, err
	}
	fmt.Fprintln(w, describeTally(g, tally))
	fmt.Fprint(w, describeShares(tally))
	switch {
	case found != nil:
		checked.Seed, checked.Failed = &found.Seed, found.Failed
		return checked, reportFound(cmd.Context(), w, g, found, trace)
	case cmd.Context().Err() != nil:
		return checked, cmd.Context().Err()
	case tally.Lives == 0:
		return checked, fmt.Errorf("no life of %s was played to its end in %v; accepted: more minutes", g.Driver.Name, limit)
	}
	return checked, nil
}

// checkedJSON is what came of the lives of a protocol, for programs.
type checkedJSON struct {
	Protocol  string            `json:"protocol"`
	Lives     uint64            `json:"lives"`
	Commands  uint64            `json:"commands,omitempty"`
	Messages  uint64            `json:"messages,omitempty"`
	Undecided uint64            `json:"checks_not_decided"`
	Elapsed   time.Duration     `json:"elapsed_ns,omitempty"`
	Habits    map[string]uint64 `json:"lives_by_habit,omitempty"`
	Seed      *uint64           `json:"failing_seed"` // null if no life failed
	Failed    []result.Check    `json:"failed,omitempty"`
}

// printChecked prints a row for each protocol.
func printChecked(cmd *cobra.Command, format reports.Format, all []checkedJSON) error {
	var rows []table.Row
	for _, c := range all {
		failing := "none"
		if c.Seed != nil {
			failing = fmt.Sprintf("seed %d: %s", *c.Seed, failedNames(c.Failed))
		}
		rows = append(rows, table.Row{c.Protocol, c.Lives, c.Commands, c.Messages, c.Undecided, failing})
	}
	return printRows(cmd, format, table.Row{"protocol", "lives", "commands", "messages", "not decided", "failed"}, rows, all)
}

func describeTally(g lives.Generator, t lives.Tally) string {
	rate := float64(t.Lives) / max(t.Elapsed.Seconds(), 1e-9)
	if g.Scenario != nil {
		return fmt.Sprintf("%s: %d seeds, %d commands, %d messages in %.1f s: %.0f seeds/s", g.Scenario.Name, t.Lives, t.Commands, t.Messages, t.Elapsed.Seconds(), rate)
	}
	return fmt.Sprintf("%-11s %d lives, %d commands, %d messages in %.1f s: %.0f lives/s; %d checks not decided",
		g.Driver.Name, t.Lives, t.Commands, t.Messages, t.Elapsed.Seconds(), rate, t.Undecided)
}

// describeShares tells which share of the lives had each habit.
func describeShares(t lives.Tally) string {
	var shares []string
	for _, name := range lives.HabitNames() {
		if t.Habits[name] > 0 {
			shares = append(shares, fmt.Sprintf("%s %.0f%%", name, 100*float64(t.Habits[name])/float64(t.Lives)))
		}
	}
	if len(shares) == 0 {
		return ""
	}
	return "            of the lives: " + strings.Join(shares, ", ") + "\n"
}

// describeHabits lists the habits with what they are, one a line.
func describeHabits() string {
	var b strings.Builder
	for _, h := range lives.Habits {
		fmt.Fprintf(&b, "  %-24s %s\n", h.Name, h.Help)
	}
	return b.String()
}

// reportFound prints a life that failed, and a simpler one that fails in the same way.
func reportFound(ctx context.Context, w io.Writer, g lives.Generator, found *lives.Found, trace string) error {
	fmt.Fprintf(w, "\nseed %d fails:\n", found.Seed)
	for _, c := range found.Failed {
		fmt.Fprintf(w, "  %s: %s\n", c.Name, c.Detail)
	}
	if g.Scenario != nil {
		return seedFails(g.Scenario.Name, found.Seed)
	}
	if found.Failed[0].Name == lives.CheckEnds { // each life with such a step would take a minute
		fmt.Fprintf(w, "\n%s\n", found.Life)
	} else if err := showSimpler(ctx, w, found, traceFile(trace, g, found.Seed)); err != nil {
		return err
	}
	alone := ""
	if g.Habit != nil {
		alone = " --habit " + g.Habit.Name
	}
	return lifeFails(g.Driver.Name, alone, found.Seed)
}

// seedFails is the error of a scenario that comes out as expected with some seeds, but not with all.
func seedFails(scenario string, seed uint64) error {
	return fmt.Errorf("%s: with seed %d, something else came out than the script expects; quorumbench scenario %s --seed %d plays it again", scenario, seed, scenario, seed)
}

// lifeFails is the error of a search that has found a life that fails. Alone is the flag for its habit, if it has one alone.
func lifeFails(protocol, alone string, seed uint64) error {
	return &codedError{exitInvalid, fmt.Errorf("%s: the life of seed %d fails; quorumbench check --protocol %s%s --replay %d plays it again",
		protocol, seed, protocol, alone, seed)}
}

// showSimpler prints a simpler life that fails in the same way, with its steps.
func showSimpler(ctx context.Context, w io.Writer, found *lives.Found, trace string) error {
	small := lives.Shrink(ctx, found.Life, found.Failed[0].Name, shrinkLimit)
	fmt.Fprintf(w, "\na simpler life that fails in the same way:\n%s\n", small)
	if ctx.Err() != nil { // the life is found all the same
		return nil
	}
	if _, err := playTraced(ctx, w, small, trace); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func replayLife(cmd *cobra.Command, format reports.Format, g lives.Generator, seed uint64, trace string) error {
	ctx, w := cmd.Context(), aside(cmd, format)
	life := g.Draw(seed)
	fmt.Fprintf(w, "%s\n", life)
	failed, err := playTraced(ctx, w, life, traceFile(trace, g, seed))
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted("interrupted before the life was over")
	case err != nil:
		return err
	}
	if format != reports.FormatTable {
		one := checkedJSON{Protocol: g.Driver.Name, Lives: 1, Failed: failed}
		if len(failed) > 0 {
			one.Seed = &seed
		}
		if err := printChecked(cmd, format, []checkedJSON{one}); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return &codedError{exitInvalid, fmt.Errorf("the life fails: %s", failedNames(failed))}
	}
	return nil
}

// traceFile names the file for the steps of a life, unless the flag has named it.
func traceFile(flag string, g lives.Generator, seed uint64) string {
	return cmp.Or(flag, fmt.Sprintf("%s-%d.trace", g.Driver.Name, seed))
}

// playTraced plays a life, writes its steps into a file (- prints them), prints a summary and the verdicts of the checks,
// and returns the checks that failed.
func playTraced(ctx context.Context, w io.Writer, l *lives.Life, trace string) (failed []result.Check, err error) {
	if trace == "-" {
		out, err := l.Play(ctx, w)
		if err != nil {
			return nil, err
		}
		return printChecks(w, out), nil
	}
	if err := result.CheckNoFileOf(trace); err != nil {
		return nil, usage(fmt.Errorf("--trace: %w", err))
	}
	if err := os.MkdirAll(filepath.Dir(trace), 0o755); err != nil {
		return nil, usage(fmt.Errorf("--trace: %w", err))
	}
	file, err := os.Create(trace)
	if err != nil {
		return nil, usage(fmt.Errorf("--trace: %w", err))
	}
	defer file.Close() // a second time, unless it fails before
	buffered := bufio.NewWriter(file)
	steps := &lineCounter{Writer: buffered}
	out, unplayed := l.Play(ctx, steps)
	err = errors.Join(buffered.Flush(), file.Close())
	switch {
	case unplayed != nil:
		return nil, unplayed
	case err != nil:
		return nil, fmt.Errorf("writing the steps: %w", err)
	}
	fmt.Fprintf(w, "trace: %s, %d lines\n", trace, steps.lines)
	return printChecks(w, out), nil
}

// lineCounter counts the lines that are written through it.
type lineCounter struct {
	io.Writer
	lines int
}

func (l *lineCounter) Write(p []byte) (int, error) {
	l.lines += bytes.Count(p, []byte("\n"))
	return l.Writer.Write(p)
}

// printChecks prints the verdicts of the checks, and returns those that failed.
func printChecks(w io.Writer, out *lives.Outcome) []result.Check {
	for _, c := range out.Checks {
		fmt.Fprintf(w, "%s: %s %s\n", c.Name, c.Verdict, c.Detail)
	}
	return out.Failed()
}

func failedNames(failed []result.Check) string {
	names := make([]string, len(failed))
	for i, c := range failed {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}
