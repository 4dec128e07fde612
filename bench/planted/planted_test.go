//go:build planted

package planted

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/variants"
	"quorumbench/protocols/registry"
)

var (
	most  = flag.Uint64("most", math.MaxUint64, "only bugs that are found in at most so many lives")
	least = flag.Uint64("least", 0, "only bugs for which so many lives are played, or more")
)

// build builds a program that has all the bugs.
func build(t *testing.T, path string, tests bool) string {
	t.Helper()
	s, err := variants.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Variants(s)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := s.Compose(all)
	if err != nil {
		t.Fatal(err)
	}
	program, err := overlay.Build(t.Context(), t.TempDir(), path, tests)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// testPrograms are the tests of packages, with all the bugs, by package.
type testPrograms map[string]string

// buildTests builds the tests of the packages that are to find bugs.
func buildTests(t *testing.T) testPrograms {
	programs := testPrograms{}
	for _, b := range All {
		if of := in(b.Found.Test); b.Found.Test != "" && programs[of.Package] == "" {
			programs[of.Package] = build(t, "./"+of.dir(), true)
		}
	}
	return programs
}

// find runs a test with a bug, which must fail.
func (p testPrograms) find(t *testing.T, variant int, test string) {
	t.Helper()
	of := in(test)
	cmd := exec.CommandContext(t.Context(), p[of.Package], "-test.run", "^"+of.Name+"$", "-test.v")
	cmd.Dir = filepath.Join(root, of.dir())
	cmd.Env = append(cmd.Environ(), fmt.Sprintf("%s=%d", variants.Environment, variant))
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- FAIL: "+of.Name) {
		t.Errorf("the test does not find it:\n%s", out)
	}
}

func TestPlantedBugsAreFound(t *testing.T) {
	program := build(t, variants.SearchProgram, false)
	tests := buildTests(t)
	rows := make([]string, len(All))
	t.Run("bugs", func(t *testing.T) {
		for i, b := range All {
			t.Run(b.Driver+"/"+b.Name, func(t *testing.T) {
				t.Parallel()
				if b.Found.Seeds > *most || b.Found.Seeds < *least {
					t.Skipf("it may take %d lives", b.Found.Seeds)
				}
				if b.Found.Test != "" {
					rows[i] = fmt.Sprintf("%-10s  %-62s  test %s", b.Driver, b.Name, b.Found.Test)
					tests.find(t, i+1, b.Found.Test)
					return
				}
				arguments := []string{"lives", b.Driver, "1", fmt.Sprint(b.Found.Seeds)}
				if b.Found.Scenario != "" {
					arguments = []string{"scenario", b.Found.Scenario}
				}
				out, err := variants.Search(t.Context(), program, i+1, arguments...)
				if err != nil {
					t.Fatal(err)
				}
				if len(out.Failed) == 0 {
					t.Errorf("not found: %s", strings.Join(arguments, " "))
				}
				where := "scenario " + b.Found.Scenario
				if b.Found.Scenario == "" {
					where = fmt.Sprintf("%5d of %5d  %4.0f lives/s", out.Seed, b.Found.Seeds, out.Rate())
				}
				rows[i] = fmt.Sprintf("%-10s  %-62s  %s  %s", b.Driver, b.Name, where, strings.Join(out.Failed, ", "))
				t.Log(rows[i])
			})
		}
	})
	rows = slices.DeleteFunc(rows, func(row string) bool { return row == "" })
	t.Logf("the seed that found each bug, of those it may take, the speed, and which checks failed:\n%s", strings.Join(rows, "\n"))
}

// Without a bug, ten times as many lives as any of a driver's bugs may take are clean.
func TestPlantedNothingIsFoundNothing(t *testing.T) {
	s, err := variants.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	none, err := s.Compose(nil)
	if err != nil {
		t.Fatal(err)
	}
	program, err := none.Build(t.Context(), t.TempDir(), variants.SearchProgram, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range registry.Drivers {
		t.Run(d.Name, func(t *testing.T) {
			wanted := uint64(500) // of a driver that is not ours to break
			for _, b := range All {
				if b.Driver == d.Name && b.Found.Seeds <= *most {
					wanted = max(wanted, 10*b.Found.Seeds)
				}
			}
			out, err := variants.Search(t.Context(), program, 0, "lives", d.Name, "1", fmt.Sprint(wanted))
			if err != nil {
				t.Fatal(err)
			}
			if out.Seed != 0 {
				t.Errorf("seed %d: %v", out.Seed, out.Failed)
			}
			if out.Tally.Lives < wanted {
				t.Errorf("%d lives were played of %d", out.Tally.Lives, wanted)
			}
			t.Logf("%d lives, %.0f a second, of %d commands", out.Tally.Lives, out.Rate(), out.Tally.Commands/out.Tally.Lives)
		})
	}
}

func TestExplorationFindsPlantedBugs(t *testing.T) {
	programs := map[string]string{}
	for _, e := range Explorations {
		if programs[e.Driver] == "" {
			programs[e.Driver] = build(t, "./protocols/"+e.Driver, true)
		}
		t.Run(fmt.Sprintf("%s/%s/%s", e.Driver, e.Name, e.Bound), func(t *testing.T) {
			arguments := []string{"-test.run", "^" + cmp.Or(e.Test, "TestExplore") + "$", "-test.failfast", "-test.v", "-explore", e.Bound}
			if !e.Inside {
				arguments = append(arguments, "-outside")
			}
			cmd := exec.CommandContext(t.Context(), programs[e.Driver], arguments...)
			cmd.Env = append(cmd.Environ(), fmt.Sprintf("%s=%d", variants.Environment, e.bug()+1))
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if e.Breaks == "" {
				if err != nil {
					t.Errorf("the bound %s finds something", e.Bound)
				}
				return
			}
			if err == nil {
				t.Fatalf("the bound %s does not find it", e.Bound)
			}
			if found := regexp.MustCompile(`\.go:\d+: ` + e.Breaks + ": "); !found.Match(out) {
				t.Errorf("not found by the check of %s", e.Breaks)
			}
		})
	}
}
