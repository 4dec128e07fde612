//go:build planted

package lives_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/lives"
	"quorumbench/protocols/registry"
)

// The tests of this file prove that the checks find bugs: each bug of the table is put into a copy
// of a source file, a program that searches is built with the copy in place of the file, and the
// search must fail. They take half an hour, or minutes without the bugs that need many lives, and run
// with
//
//	go test -tags planted ./bench/lives -run Planted -timeout 1h
//	go test -tags planted ./bench/lives -run Planted -timeout 15m -args -most 400

var most = flag.Uint64("most", math.MaxUint64, "only bugs that are found in at most so many lives")

// bug is a few wrong lines.
type bug struct {
	driver string // whose lives are played
	name   string
	file   string // below protocols
	edits  []edit
	found  place
}

// place is where a bug is found: in the lives of the seeds from 1 on, or, if chance hardly ever
// leads there, in a scenario.
type place struct {
	seeds    uint64
	scenario string
}

func within(seeds uint64) place    { return place{seeds: seeds} }
func inScenario(name string) place { return place{scenario: name} }

var bugs = slices.Concat(mmp3Bugs, paxosBugs, paxos1Bugs, multipaxosBugs, raftBugs)

// edit replaces a text that stands in the file exactly once.
type edit struct{ old, new string }

// root is the module's folder.
const root = "../.."

func TestPlantedBugsAreFound(t *testing.T) {
	rows := make([]string, len(bugs))
	t.Run("bugs", func(t *testing.T) {
		for i, b := range bugs {
			t.Run(b.driver+"/"+b.name, func(t *testing.T) {
				t.Parallel()
				if b.found.seeds > *most {
					t.Skipf("it may take %d lives", b.found.seeds)
				}
				program := b.plant(t)
				if b.found.scenario != "" {
					out := search(t, program, "scenario", b.found.scenario)
					rows[i] = fmt.Sprintf("%-10s  %-62s  scenario %s: %s", b.driver, b.name, b.found.scenario, strings.Join(out.Failed, ", "))
					if len(out.Failed) == 0 {
						t.Errorf("not found in the scenario %s", b.found.scenario)
					}
					t.Log(rows[i])
					return
				}
				out := search(t, program, "lives", b.driver, "1", fmt.Sprint(b.found.seeds))
				rows[i] = fmt.Sprintf("%-10s  %-62s  %5d of %5d  %4.0f lives/s  %s", b.driver, b.name, out.Seed, b.found.seeds,
					out.rate(), strings.Join(out.Failed, ", "))
				if out.Seed == 0 {
					t.Errorf("not found in %d lives", b.found.seeds)
				}
				t.Log(rows[i])
			})
		}
	})
	rows = slices.DeleteFunc(rows, func(row string) bool { return row == "" })
	t.Logf("the seed that found each bug, of those it may take, the speed, and which checks failed:\n%s", strings.Join(rows, "\n"))
}

// Without a bug, ten times as many lives as any of a driver's bugs may take are clean.
func TestPlantedNothingIsFoundNothing(t *testing.T) {
	program := bug{}.plant(t)
	for _, d := range registry.Drivers {
		t.Run(d.Name, func(t *testing.T) {
			wanted := uint64(500) // of a driver that is not ours to break
			for _, b := range bugs {
				if b.driver == d.Name && b.found.seeds <= *most {
					wanted = max(wanted, 10*b.found.seeds)
				}
			}
			out := search(t, program, "lives", d.Name, "1", fmt.Sprint(wanted))
			if out.Seed != 0 {
				t.Errorf("seed %d: %v", out.Seed, out.Failed)
			}
			if out.Tally.Lives < wanted {
				t.Errorf("%d lives were played of %d", out.Tally.Lives, wanted)
			}
			t.Logf("%d lives, %.0f a second, of %d commands", out.Tally.Lives, out.rate(), out.Tally.Commands/out.Tally.Lives)
		})
	}
}

// plant builds the searching program with the bug in it and returns its path.
func (b bug) plant(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	replace := map[string]string{}
	if b.file != "" {
		file, err := filepath.Abs(filepath.Join(root, "protocols", b.file))
		if err != nil {
			t.Fatal(err)
		}
		mutant := filepath.Join(folder, "mutant.go")
		if err := os.WriteFile(mutant, []byte(b.mutate(t, file)), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[file] = mutant
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile, program := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "search")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", overlayFile, "-ldflags", "-s -w", "-o", program, "./bench/lives/internal/search")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building with the bug: %v\n%s", err, out)
	}
	return program
}

// mutate returns the source of a file with the bug in it.
func (b bug) mutate(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	source := string(data)
	for _, e := range b.edits {
		if n := strings.Count(source, e.old); n != 1 {
			t.Fatalf("%s has this text %d times, where the bug needs it once:\n%s", b.file, n, e.old)
		}
		source = strings.Replace(source, e.old, e.new, 1)
	}
	return source
}

// outcome is what the program prints.
type outcome struct {
	Seed   uint64   // that failed, 0 for none
	Failed []string // checks, or what a scenario expects
	Tally  lives.Tally
}

// rate is in lives a second.
func (o *outcome) rate() float64 { return float64(o.Tally.Lives) / o.Tally.Elapsed.Seconds() }

// search runs the program.
func search(t *testing.T, program string, arguments ...string) *outcome {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, arguments...)
	cmd.Env, cmd.Stderr = append(os.Environ(), "GOGC=400"), os.Stderr
	data, err := cmd.Output()
	if err != nil {
		t.Fatalf("searching: %v", err)
	}
	var out outcome
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("reading what was found: %v", err)
	}
	return &out
}
