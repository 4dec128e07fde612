package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/lives"
	"quorumbench/bench/result"
	"quorumbench/bench/shard"
	"quorumbench/bench/site"
	"quorumbench/protocols"
	"quorumbench/reports"
)

func mergeCommand(drivers protocols.Drivers) *cobra.Command {
	var out string
	var partial bool
	var format *reports.Format
	var look *reports.FigureOptions
	cmd := &cobra.Command{
		Use:   "merge FOLDER...",
		Short: "Put the results of shards together",
		Long: `Put the results that run --shard or check --shard have written together, as one process would
have written them: of simulated runs and of checks, the same bytes. Print the table, draw the figures,
and end with the exit code that one process would have had.

Each argument is the folder of a shard's result, or a folder with such folders in it. A shard that is
given twice, because it was run again, counts once. The URL of an object store may stand for a folder. Refused are shards of different experiments, seeds,
versions or numbers of shards, simulated ones that were run twice and differ, and, unless --partial is
given, an incomplete set: what is missing is named.

Files named .part are what the sites of quorumbench site have left whose coordinator was lost. Those of one
deployment make a partial result, without the part of the coordinator.`,
		Example: `  quorumbench run conflicts --sim --shard 1/2 --out results/shards
  quorumbench run conflicts --sim --shard 2/2 --out results/shards
  quorumbench merge results/shards --out results/conflicts
  quorumbench merge site-eu-west-1-1.part site-ap-northeast-1-1.part --out results/lost`,
		Args: arguments(cobra.MinimumNArgs(1), "one or more folders of shards, or files that sites have left"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.ContainsFunc(args, site.IsLeft) {
				return mergeLeft(cmd, args, out, *format, lookOf(cmd, args, look), drivers)
			}
			read, done, err := readable(cmd, args...)
			if err != nil {
				return usage(err)
			}
			defer done()
			folders, file, err := shard.Folders(read, "result", runFile, lives.FindingsFile)
			if err != nil {
				return usage(err)
			}
			outliveReader(cmd.Context())
			if file == lives.FindingsFile {
				if partial {
					return usage(errors.New("--partial: found what check has stored; accepted: results of run"))
				}
				return mergeChecks(cmd, *format, folders, out)
			}
			return mergeRuns(cmd, folders, out, partial, *format, lookOf(cmd, args, look), drivers)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder for the merged result, or URL in an object store (default results/NAME-TIME)")
	cmd.Flags().BoolVar(&partial, "partial", false, "leave out what is missing, and mark the result as partial: run --resume makes the other runs")
	format = formatFlag(cmd)
	look = figureFlags(cmd, true)
	return cmd
}

// mergeRuns merges the results of run --shard.
func mergeRuns(cmd *cobra.Command, folders []string, out string, partial bool, format reports.Format, look reports.FigureOptions, drivers protocols.Drivers) error {
	var parts []bench.Part
	for _, folder := range folders {
		r, err := result.Read(folder)
		if err != nil {
			return usage(err)
		}
		parts = append(parts, bench.Part{Name: folder, Result: r})
	}
	plan, err := restore(folders[0], parts[0].Result, drivers)
	if err != nil {
		return usage(err)
	}
	found, err := bench.Merge(plan, parts, partial)
	var missing *bench.MissingError
	switch {
	case errors.As(err, &missing):
		return usage(fmt.Errorf("%w, or --partial", err))
	case err != nil:
		return usage(err)
	}
	return keepMerged(cmd, plan, found, out, format, look)
}

// mergeLeft makes a partial result of the files that sites have left.
func mergeLeft(cmd *cobra.Command, files []string, out string, format reports.Format, look reports.FigureOptions, drivers protocols.Drivers) error {
	if i := slices.IndexFunc(files, func(file string) bool { return !site.IsLeft(file) }); i >= 0 {
		return usage(fmt.Errorf("found %s beside files that sites have left; accepted: files named .part alone", files[i]))
	}
	found, plan, err := site.ReadLeft(files, drivers)
	if err != nil {
		return usage(err)
	}
	outliveReader(cmd.Context())
	return keepMerged(cmd, plan, found, out, format, look)
}

// keepMerged writes a result that was put together into a folder, and tells and judges it as a run's.
func keepMerged(cmd *cobra.Command, plan *experiment.Plan, found *result.Result, out string, format reports.Format, look reports.FigureOptions) error {
	keepOnInterrupt(cmd.Context())
	folder, err := reserve(cmd, plan.Experiment.Name, out)
	if err != nil {
		return usage(err)
	}
	defer folder.Release()
	told := tell(cmd, plan, found)
	err = errors.Join(folder.Write(found), show(cmd, format, found, folder.Path, look, told))
	if err = errors.Join(err, folder.deliverAll(cmd, aside(cmd, format))); err != nil {
		return err
	}
	return judge(found)
}
