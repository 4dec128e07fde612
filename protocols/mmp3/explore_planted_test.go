//go:build planted

package mmp3_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each of these bugs is put into a copy of a source file, and this package's tests are built with the
// copy in place of the file: the exploration of one bound has to find it, by the check that is stated.
// Where it can, it judges by what is applied and answered alone, without the driver's invariants. It
// runs with
//
//	go test -tags planted ./protocols/mmp3 -run ExploreFinds -v
var explorable = []struct {
	name     string
	file     string
	old, new string // old stands in the file exactly once
	bound    string
	inside   bool   // with the driver's invariants
	breaks   string // the check that fails first
}{
	{"indirect dependencies are not seen", "instance.go",
		"\tr.seen.raise(x.deps)\n", "",
		"abc", false, "real time"},
	{"a write is answered at its own commit", "propose.go",
		"\t\tr.mark(x, protocols.MarkCommitted)\n",
		"\t\tr.mark(x, protocols.MarkCommitted)\n\t\tfor _, w := range wishes {\n\t\t\tr.answer(w, nil)\n\t\t}\n",
		"abbc", false, "real time"},
	{"a retry at the other replica has the same ballot", "propose.go",
		"\tr.prepareAgain(x, max(x.ballot, p.met))\n",
		"\tif p.refused {\n\t\tr.prepareAgain(x, max(x.ballot, p.met))\n\t}\n",
		"ab-3timers", true, "invariants"},
	{"a void answer counts", "propose.go",
		" || b != x.proposal.ballot || b != x.ballot {", " || b != x.proposal.ballot {",
		"ab-2timers", false, "apply order"},
	{"recovery ignores an accepted value", "recover.go",
		"\t\t\t\tx.proposal = &proposal{}\n", "\t\t\t\tx.proposal = &proposal{}\n\t\t\t\tx.commands, x.valueBallot = nil, 0\n",
		"ab-2timers", false, "apply order"},
	{"the acceptor adds no dependencies", "propose.go",
		"\t\t\tdeps.raise(r.fresh(x.at))\n", "",
		"ab-2timers", false, "apply order"},
	{"heads that are not committed are passed over", "apply.go",
		"if head == nil || !head.committed {\n\t\t\t\treturn nil, met", "if head == nil || !head.committed {\n\t\t\t\tcontinue",
		"ab-2timers", false, "apply order"},
	{"the acceptor's accept is not durable", "propose.go",
		"x.ballot, x.valueBallot = b, b\n\t\tr.keep(x)", "x.ballot, x.valueBallot = b, b\n\t\tr.fold(x)",
		"ab-crash", false, "apply order"},
	{"nothing is recovered", "recover.go",
		"\tr.sweeping = false\n", "\treturn\n",
		"ab-crash", false, "stuck"},
}

func TestExploreFindsPlantedBugs(t *testing.T) {
	for _, b := range explorable {
		t.Run(b.name, func(t *testing.T) {
			program := buildWith(t, b.file, b.old, b.new)
			arguments := []string{"-test.run", "^TestExplore$", "-test.failfast", "-explore", b.bound}
			if !b.inside {
				arguments = append(arguments, "-outside")
			}
			out, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput()
			if err == nil {
				t.Fatalf("the bound %s does not find it", b.bound)
			}
			if found := regexp.MustCompile(`explore_test.go:\d+: ` + b.breaks + ": "); !found.Match(out) {
				t.Errorf("not found by the check of %s", b.breaks)
			}
			t.Logf("%s", out)
		})
	}
}

// buildWith builds the tests of this package with a change in a file.
func buildWith(t *testing.T, file, old, changed string) (program string) {
	t.Helper()
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), old); n != 1 {
		t.Fatalf("%s has this text %d times, where the bug needs it once:\n%s", file, n, old)
	}
	folder := t.TempDir()
	mutant, overlay, program := filepath.Join(folder, "mutant.go"), filepath.Join(folder, "overlay.json"), filepath.Join(folder, "explore")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutant}})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{mutant: []byte(strings.Replace(string(source), old, changed, 1)), overlay: replace} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building with the bug: %v\n%s", err, out)
	}
	return program
}
