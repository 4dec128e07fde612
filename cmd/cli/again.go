package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/reports"
)

// restore makes the plan of a result from its folder alone.
func restore(folder string, r *result.Result, drivers protocols.Drivers) (*experiment.Plan, error) {
	plan, err := experiment.Restore(r.Experiment, r.Topology, drivers)
	if err != nil {
		return nil, fmt.Errorf("%s does not say all that it takes to run the experiment again: %w", filepath.Join(folder, "run.json"), err)
	}
	return plan, nil
}

// reproduce runs the experiment of a result again, with what its folder says alone. A simulated one must give the same
// bytes; a live one is compared.
func reproduce(cmd *cobra.Command, path, out string, quiet bool, format reports.Format, drivers protocols.Drivers) error {
	read, done, err := readable(cmd, path)
	if err != nil {
		return usage(err)
	}
	defer done()
	stored, err := result.Read(read[0])
	if err != nil {
		return usage(err)
	}
	plan, err := restore(path, stored, drivers)
	if err != nil {
		return usage(err)
	}
	if err := checkMemory(path, plan); err != nil {
		return err
	}
	keepOnInterrupt(cmd.Context())
	outliveReader(cmd.Context())
	folder, err := reserve(cmd, plan.Experiment.Name, out)
	if err != nil {
		return usage(err)
	}
	defer folder.Release()
	tellForecast(cmd, plan, bench.ForecastOptions{Shard: stored.Shard}, folder.Path, quiet)
	options := bench.Options{Scratch: folder.Path, Keep: keep(cmd, folder), Shard: stored.Shard}
	if stored.Live == nil || stored.Live.Realtime {
		options.Hurry = hurry(plan)
	}
	if stored.Live != nil {
		options.Spin = stored.Live.Spin
	}
	found, failed := execute(cmd, plan, options, quiet)
	if found == nil {
		return failed
	}
	told := tell(cmd, plan, found)
	if missing := errors.Join(folder.Write(found), draw(cmd, format, found, folder.Path, lookOf(cmd, []string{path}, &reports.FigureOptions{}), told), folder.deliverAll(cmd, aside(cmd, format))); failed != nil || missing != nil {
		return ended(failed, missing)
	}
	again, err := result.Read(folder.Path)
	if err != nil {
		return err
	}
	r := reproduction{Folder: path, Again: folder.Path, storedResult: stored, againResult: again}
	if plan.Experiment.IsSimulated() {
		return r.simulated(cmd, format)
	}
	return r.live(cmd, format)
}

// reproduction is a result, and another of the same experiment. As JSON it is what reproduce prints of simulated ones.
type reproduction struct {
	Folder string             `json:"folder"`
	Again  string             `json:"again"`
	Same   bool               `json:"same"`             // what both have, byte for byte
	Runs   int                `json:"runs"`             // that are the same
	First  *result.Difference `json:"first_difference"` // null if they are the same; a is what the folder has, b the new result

	// Programs says how the programs and machines of the two differ, a sentence each.
	Programs []string `json:"programs"`

	storedResult, againResult *result.Result
}

// programs are the differences between the programs and machines of the two.
func (r *reproduction) programs() []string {
	differences := []string{}
	a, b := r.storedResult.Machine, r.againResult.Machine
	for _, c := range []struct{ what, a, b string }{
		{"quorumbench", a.Tool, b.Tool}, {"built with", a.Go, b.Go}, {"machine", a.OS + "/" + a.Arch, b.OS + "/" + b.Arch},
		{"processors", fmt.Sprint(a.CPUs), fmt.Sprint(b.CPUs)},
	} {
		if c.a != c.b {
			differences = append(differences, fmt.Sprintf("%s: %s in %s, %s in %s", c.what, c.a, r.Folder, c.b, r.Again))
		}
	}
	return differences
}

// simulated says whether a simulated result was reproduced. If not, the error names the first difference.
func (r *reproduction) simulated(cmd *cobra.Command, format reports.Format) error {
	r.First, r.Runs = result.FirstDifference(r.storedResult, r.againResult)
	r.Same, r.Programs = r.First == nil, r.programs()
	for _, line := range r.Programs {
		fmt.Fprintf(aside(cmd, format), "DIFFERENT: %s\n", line)
	}
	first := ""
	if r.First != nil {
		first = r.First.String()
	}
	switch {
	case format != reports.FormatTable:
		header := table.Row{"result", "again", "runs that are the same", "the same", "first difference"}
		if err := printRows(cmd, format, header, []table.Row{{r.Folder, r.Again, r.Runs, r.Same, first}}, r); err != nil {
			return err
		}
	case r.Same:
		fmt.Fprintf(cmd.OutOrStdout(), "reproduced: the figures and histograms of %d of %d runs are the same, byte for byte\n", r.Runs, len(r.storedResult.Runs))
	}
	if !r.Same {
		return &codedError{exitMissed, fmt.Errorf("not reproduced: %s is %s in %s and %s in %s", r.First.Place, r.First.A, r.Folder, r.First.B, r.Again)}
	}
	return nil
}

// live compares the two results. The exit code is that of the new one, as if run had made it.
func (r *reproduction) live(cmd *cobra.Command, format reports.Format) error {
	for _, line := range r.programs() {
		fmt.Fprintf(aside(cmd, format), "DIFFERENT: %s\n", line)
	}
	names := []string{filepath.Base(filepath.Clean(r.Folder)), filepath.Base(filepath.Clean(r.Again))}
	if names[0] == names[1] {
		names = []string{r.Folder, r.Again}
	}
	options := reports.CompareOptions{Output: outputOf(cmd, format), Color: reports.ColorTerminal(cmd.OutOrStdout())}
	if err := reports.Compare(cmd.OutOrStdout(), []*result.Result{r.storedResult, r.againResult}, names, options); err != nil {
		return err
	}
	return judge(r.againResult)
}
