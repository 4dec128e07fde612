package planted

import (
	"errors"
	"fmt"
	"slices"

	"quorumbench/bench/variants"
)

// Bug is a few wrong lines in a driver, or in what drivers share.
type Bug struct {
	Driver string // whose lives are played
	Name   string
	Found  Found
	Edits  []Edit
}

// Found is where a bug is found: in the lives of the seeds from 1 on, or, if chance hardly ever leads
// there, in a scenario, or by a test of the package that has the bug.
type Found struct {
	Seeds    uint64
	Scenario string
	Test     string // package.TestName, the package as in Place
}

func within(seeds uint64) Found    { return Found{Seeds: seeds} }
func inScenario(name string) Found { return Found{Scenario: name} }
func inTest(name string) Found     { return Found{Test: name} }

// All are the bugs, by driver.
var All = slices.Concat(mmp3Bugs, epaxosBugs, paxosBugs, paxos1Bugs, fastpaxosBugs, multipaxosBugs, raftBugs, zabBugs, shardedBugs, asyncBugs, hostBugs, wasteBugs)

// Variants returns the variants of the program that have the bugs of All: number i+1 is that of bug i.
// The error tells of all that is not found in the sources any more.
func Variants(s *variants.Sources) ([]variants.Variant, error) {
	var all []variants.Variant
	var failed []error
	for i, b := range All {
		v := variants.Variant{ID: i + 1}
		for _, e := range b.Edits {
			resolved, err := e.resolve(s)
			if err != nil {
				failed = append(failed, fmt.Errorf("%s, %q: %w", b.Driver, b.Name, err))
				continue
			}
			v.Edits = append(v.Edits, resolved)
		}
		all = append(all, v)
	}
	return all, errors.Join(failed...)
}
