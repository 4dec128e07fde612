package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"quorumbench/bench/result"
	"quorumbench/reports"
)

// regressionCheck are the flags with which compare holds a result against a baseline.
type regressionCheck struct {
	baseline, failAbove, annotate string
	allowed                       float64 // failAbove as a share
}

func (c *regressionCheck) validate(cmd *cobra.Command, folders []string) error {
	flags := cmd.Flags()
	if !flags.Changed("baseline") {
		for _, name := range []string{"fail-above", "annotate"} {
			if flags.Changed(name) {
				return fmt.Errorf("--%s: found no --baseline; accepted: --%s together with --baseline FOLDER", name, name)
			}
		}
		return nil
	}
	if c.baseline == "" {
		return errors.New(`--baseline: found ""; accepted: a result folder`)
	}
	if len(folders) != 1 {
		return fmt.Errorf("--baseline: found %d result folders beside it; accepted: one", len(folders))
	}
	if flags.Changed("out") {
		return errors.New("--out: found --baseline beside it; accepted: one of the two")
	}
	number, isPercent := strings.CutSuffix(c.failAbove, "%")
	percent, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !isPercent || !(percent >= 0) || math.IsInf(percent, 1) {
		return fmt.Errorf("--fail-above: found %q; accepted: a percentage of 0%% or more, such as 3%%", c.failAbove)
	}
	c.allowed = percent / 100
	if flags.Changed("annotate") && c.annotate != "github" {
		return fmt.Errorf("--annotate: found %q; accepted: github", c.annotate)
	}
	return nil
}

// run compares results[1] with results[0], the baseline; a regression is an error with exit code 3.
func (c *regressionCheck) run(cmd *cobra.Command, results []*result.Result, names []string, format reports.Format, options reports.CompareOptions) error {
	if names[0] == names[1] {
		names[0] += " (baseline)"
	}
	regressions, err := reports.Baseline(cmd.OutOrStdout(), results[0], results[1], names[0], names[1], reports.BaselineOptions{
		FailAbove: c.allowed, Force: options.Force, Protocols: options.Protocols, Output: outputOf(cmd, format)})
	var unprinted *fs.PathError
	if errors.As(err, &unprinted) {
		return err
	} else if err != nil {
		return usage(err)
	}
	if len(regressions) == 0 {
		return nil
	}
	if c.annotate == "github" {
		file := filepath.ToSlash(filepath.Join(cmd.Flags().Arg(0), "run.json"))
		for _, line := range regressions {
			fmt.Fprintf(aside(cmd, format), "::error file=%s,title=%s::%s\n", githubProperty(file), githubProperty("Latency regression"), githubText(line))
		}
	}
	return &codedError{exitMissed, fmt.Errorf("regressed:\n  %s", strings.Join(regressions, "\n  "))}
}

// githubText and githubProperty escape the message and the properties of a workflow command, as GitHub's toolkit does
// (actions/toolkit, packages/core/src/command.ts).
func githubText(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
