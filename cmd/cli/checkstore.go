package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"quorumbench/bench/lives"
	"quorumbench/reports"
)

// keepCheckEvery is how often what a search has found is stored while it goes.
const keepCheckEvery = 10 * time.Second

// storedCheck is a check whose findings are stored. A nil one stores nothing.
type storedCheck struct {
	folder   *resultFolder
	findings *lives.Findings
	ctx      context.Context

	undelivered bool      // the object store has failed
	last        time.Time // it was stored
}

// before is what was played of a driver by an earlier process.
func (s *storedCheck) before(g lives.Generator) lives.Tally {
	if s != nil {
		if one := s.findings.Of(g.Driver.Name); one != nil {
			return one.Tally()
		}
	}
	return lives.Tally{}
}

// keep stores what was played until now, now and then, so that --resume can go on with it after the process was killed. If that
// fails, the end of the search says so.
func (s *storedCheck) keep(g lives.Generator, t lives.Tally) {
	if s == nil || time.Since(s.last) < keepCheckEvery {
		return
	}
	s.last = time.Now()
	s.findings.Enter(g.Driver, t, nil)
	_ = s.store()
}

// end stores what a search has found. Of one that was interrupted, what was stored last stays, since lives were played by then
// whose predecessors were not.
func (s *storedCheck) end(ctx context.Context, g lives.Generator, t lives.Tally, found *lives.Found) error {
	if s == nil || found == nil && ctx.Err() != nil {
		return nil
	}
	s.findings.Enter(g.Driver, t, found)
	return s.store()
}

func (s *storedCheck) store() error {
	content, err := s.findings.JSON()
	if err != nil {
		return err
	}
	if err := s.folder.Put(lives.FindingsFile, content); err != nil {
		return err
	}
	if !s.undelivered { // if it cannot be put into the object store, the end says so
		s.undelivered = s.folder.deliver(s.ctx, meanwhileWithin) != nil
	}
	return nil
}

// checkStored plays the lives of a shard, or all if there are none, and stores what it finds in the folder that --out or --resume
// names, or of a shard in one below it.
func checkStored(cmd *cobra.Command, format reports.Format, generators []lives.Generator, fresh *lives.Findings, out, resume, trace string) (failed error) {
	path, resumed := out, cmd.Flags().Changed("resume")
	switch {
	case fresh.Shard != nil:
		var err error
		if path, err = shardFolder(cmd, fresh.Shard, out, resume); err != nil {
			return usage(err)
		}
	case resumed && cmd.Flags().Changed("out"):
		return usage(fmt.Errorf("--resume: %w", errBothFolders))
	case resumed:
		path = resume
	}
	stored := &storedCheck{findings: fresh, ctx: cmd.Context(), last: time.Now()}
	var err error
	if resumed {
		if resumed, err = hasResult(cmd, path, lives.FindingsFile); err != nil {
			return usage(fmt.Errorf("--resume: %w", err))
		}
	}
	if resumed {
		stored.folder, err = reopen(cmd, path, lives.FindingsFile)
	} else {
		stored.folder, err = reserveAt(cmd, path)
	}
	if err != nil {
		return usage(err)
	}
	defer stored.folder.Release()
	if resumed {
		if stored.findings, err = lives.ReadFindings(stored.folder.Path); err == nil {
			err = fresh.SameSearch(stored.findings)
		}
		if err != nil {
			return usage(fmt.Errorf("--resume %s: %w", path, err))
		}
		if !stored.findings.Partial {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is whole already\n", path)
			return showFindings(cmd, format, stored.findings)
		}
	}
	keepOnInterrupt(cmd.Context())
	defer func() { failed = errors.Join(failed, stored.folder.deliverAll(cmd, aside(cmd, format))) }()
	all := []checkedJSON{}
	defer func() {
		if format != reports.FormatTable {
			failed = errors.Join(failed, printChecked(cmd, format, all))
		}
	}()
	first, count := fresh.Range()
	for _, g := range generators {
		if one := stored.findings.Of(g.Driver.Name); one != nil && one.Lives == count {
			all = append(all, checkedOf(one))
			showFinding(aside(cmd, format), fresh.Scenario, one)
			continue
		}
		one, err := search(cmd, aside(cmd, format), g, first, count, 0, trace, stored)
		all = append(all, one)
		switch {
		case cmd.Context().Err() != nil && errors.Is(err, context.Canceled):
			return interrupted("interrupted; %s --resume goes on after what is stored in %s", cmd.CommandPath(), path)
		case err != nil:
			return err
		}
	}
	fmt.Fprintf(aside(cmd, format), "result: %s\n", filepath.Join(stored.folder.Path, lives.FindingsFile))
	return nil
}

// mergeChecks merges what check --shard has stored.
func mergeChecks(cmd *cobra.Command, format reports.Format, folders []string, out string) error {
	var parts []lives.Part
	for _, folder := range folders {
		f, err := lives.ReadFindings(folder)
		if err != nil {
			return usage(err)
		}
		parts = append(parts, lives.Part{Name: folder, Findings: f})
	}
	merged, err := lives.Merge(parts)
	if err != nil {
		return usage(err)
	}
	folder, err := reserve(cmd, "check", out)
	if err != nil {
		return usage(err)
	}
	defer folder.Release()
	stored := &storedCheck{folder: folder, findings: merged, ctx: cmd.Context()}
	if err := stored.store(); err != nil {
		return err
	}
	failed := showFindings(cmd, format, merged)
	fmt.Fprintf(aside(cmd, format), "result: %s\n", filepath.Join(folder.Path, lives.FindingsFile))
	return errors.Join(failed, folder.deliverAll(cmd, aside(cmd, format)))
}

// showFindings prints findings, and returns an error if a life fails, as check does.
func showFindings(cmd *cobra.Command, format reports.Format, f *lives.Findings) error {
	all := []checkedJSON{}
	for i := range f.Searches {
		showFinding(aside(cmd, format), f.Scenario, &f.Searches[i])
		all = append(all, checkedOf(&f.Searches[i]))
	}
	if format != reports.FormatTable {
		if err := printChecked(cmd, format, all); err != nil {
			return err
		}
	}
	failing := f.Failing()
	if failing == nil {
		return nil
	}
	if f.Scenario != "" {
		return seedFails(f.Scenario, *failing.Seed)
	}
	alone := ""
	if f.Habit != "" {
		alone = " --habit " + f.Habit
	}
	return lifeFails(failing.Protocol, alone, *failing.Seed)
}

// showFinding prints what was found of a protocol, or of a scenario of it if that is not empty.
func showFinding(w io.Writer, scenario string, f *lives.Finding) {
	if scenario != "" {
		fmt.Fprintf(w, "%s: %d seeds, %d commands, %d messages\n", scenario, f.Lives, f.Commands, f.Messages)
	} else {
		fmt.Fprintf(w, "%-11s %d lives, %d commands, %d messages; %d checks not decided\n", f.Protocol, f.Lives, f.Commands, f.Messages, f.Undecided)
	}
	fmt.Fprint(w, describeShares(f.Tally()))
	if f.Seed != nil {
		fmt.Fprintf(w, "\nseed %d fails:\n", *f.Seed)
		for _, c := range f.Failed {
			fmt.Fprintf(w, "  %s: %s\n", c.Name, c.Detail)
		}
	}
}

// checkedOf is what was found of a protocol, for programs.
func checkedOf(f *lives.Finding) checkedJSON {
	return checkedJSON{Protocol: f.Protocol, Lives: f.Lives, Commands: f.Commands, Messages: f.Messages, Undecided: f.Undecided,
		Habits: f.Habits, Seed: f.Seed, Failed: f.Failed}
}
