package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"

	"quorumbench/bench/variants"
)

// longTests are not run on survivors: they play what lives and scenarios have played.
const longTests = "Conformance|Explore"

var failedTest = regexp.MustCompile(`--- FAIL: (\S+)`)

// ownTests runs the tests of the mutated package on each survivor, and notes the first that fails.
func ownTests(ctx context.Context, s *variants.Sources, of string, verdicts []verdict, progress io.Writer) error {
	var survivors []mutant
	for _, v := range verdicts {
		if v.By == "" {
			survivors = append(survivors, v.mutant)
		}
	}
	overlay, err := s.Compose(variantsOf(survivors))
	if err != nil {
		return err
	}
	place, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return fmt.Errorf("making a place for the tests: %w", err)
	}
	defer os.RemoveAll(place)
	program, err := overlay.Build(ctx, place, "./"+folder(of), true)
	if err != nil {
		return err
	}
	for i := range verdicts {
		v := &verdicts[i]
		if v.By != "" {
			continue
		}
		cmd := exec.CommandContext(ctx, program, "-test.failfast", "-test.timeout", "5m", "-test.skip", longTests)
		cmd.Dir = folder(of)
		cmd.Env = append(os.Environ(), variants.Environment+"="+strconv.Itoa(v.ID))
		out, err := cmd.CombinedOutput()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			continue
		}
		v.Test = "its tests"
		if m := failedTest.FindSubmatch(out); m != nil {
			v.Test = string(m[1])
		}
		fmt.Fprintf(progress, "%-36s %-20s %-10s  %s  %s\n", v.Place, v.Function, v.Rule, v.Change, v.Test)
	}
	return nil
}
