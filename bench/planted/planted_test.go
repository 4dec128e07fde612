//go:build planted

package planted

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"quorumbench/bench/variants"
	"quorumbench/protocols/registry"
)

var (
	most  = flag.Uint64("most", math.MaxUint64, "only bugs that are found in at most so many lives")
	least = flag.Uint64("least", 0, "only bugs for which so many lives are played, or more")
)

// folder is where the programs are that hold all the bugs.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "planted"); err != nil {
		fmt.Fprintln(os.Stderr, "planted:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// composed are the sources with all the bugs.
func composed() (*variants.Overlay, error) {
	s, err := variants.Read(root)
	if err != nil {
		return nil, err
	}
	all, err := Variants(s)
	if err != nil {
		return nil, err
	}
	return s.Compose(all)
}

// searchProgram builds the program that plays lives and scenarios, with all the bugs, and returns its path.
var searchProgram = sync.OnceValues(func() (string, error) {
	overlay, err := composed()
	if err != nil {
		return "", err
	}
	return overlay.Build(context.Background(), folder, variants.SearchProgram, false)
})

// testPrograms builds the tests of all packages that are to find bugs, with all the bugs.
var testPrograms = sync.OnceValue(func() error {
	overlay, err := composed()
	if err != nil {
		return err
	}
	var paths []string
	for _, b := range All {
		if b.Found.Test != "" {
			paths = append(paths, "./"+in(b.Found.Test).dir())
		}
	}
	for _, e := range Explorations {
		paths = append(paths, "./protocols/"+e.Driver)
	}
	slices.Sort(paths)
	return overlay.BuildTests(context.Background(), folder, slices.Compact(paths)...)
})

// test is a command that runs tests of a package with a bug. The package's folder is below the module's.
func test(t *testing.T, dir string, variant int, arguments ...string) *exec.Cmd {
	t.Helper()
	if err := testPrograms(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(folder, path.Base(dir)+".test"), arguments...)
	cmd.Dir = filepath.Join(root, dir)
	cmd.Env = append(cmd.Environ(), fmt.Sprintf("%s=%d", variants.Environment, variant))
	return cmd
}

// findInTest runs a test with a bug, which must fail.
func findInTest(t *testing.T, variant int, name string) {
	t.Helper()
	of := in(name)
	out, err := test(t, of.dir(), variant, "-test.run", "^"+of.Name+"$", "-test.v").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- FAIL: "+of.Name) {
		t.Errorf("the test does not find it:\n%s", out)
	}
}

func TestPlantedBugsAreFound(t *testing.T) {
	program, err := searchProgram()
	if err != nil {
		t.Fatal(err)
	}
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
					findInTest(t, i+1, b.Found.Test)
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
	for _, e := range Explorations {
		t.Run(fmt.Sprintf("%s/%s/%s", e.Driver, e.Name, e.Bound), func(t *testing.T) {
			t.Parallel()
			arguments := []string{"-test.run", "^" + cmp.Or(e.Test, "TestExplore") + "$", "-test.failfast", "-test.v", "-explore", e.Bound}
			if !e.Inside {
				arguments = append(arguments, "-outside")
			}
			out, err := test(t, "protocols/"+e.Driver, e.bug()+1, arguments...).CombinedOutput()
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
