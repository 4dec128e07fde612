package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"quorumbench/bench/variants"
)

// read returns the sources of a module that has one file.
func read(t *testing.T, text string) (*variants.Sources, *variants.Package) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module toy\n\ngo 1.26\n", "toy.go": text} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := variants.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Package(".")
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		body string
		want []string // rule: change
	}{
		{`return a < b`, []string{"comparison: a < b → a >= b", "boundary: a < b → a <= b"}},
		{`return a >= b`, []string{"comparison: a >= b → a < b", "boundary: a >= b → a > b"}},
		{`return a == b`, []string{"comparison: a == b → a != b"}},
		{`x := a + 1; _ = x`, []string{"boundary: a + 1 → a", "statement: without _ = x"}},
		{`x := a + 2`, nil},
		{`if ok { return }`, []string{"condition: ok → !(ok)"}},
		{`if !ok { return }`, []string{"condition: !ok → ok"}},
		{`for r.busy() { }`, []string{"condition: r.busy() → !(r.busy())"}},
		{`switch { case ok: }`, []string{"condition: ok → !(ok)"}},
		{`return ok && r.busy()`, []string{"condition: ok && r.busy() → !(ok && r.busy())", "operand: without r.busy()", "operand: without ok"}},
		{`_ = ok || r.busy() || done`, []string{"statement: without _ = ok || r.busy() || done",
			"operand: without done", "operand: without r.busy()", "operand: without ok"}},
		{`x = min(a, b)`, []string{"extreme: min(a, b) → max"}},
		{`r.votes = 3`, []string{"statement: without r.votes = 3"}},
		{`r.votes[a], r.done = 3, true`, []string{"statement: without r.votes[a], r.done = 3, true"}},
		{`r.votes++`, []string{"statement: without r.votes++"}},
		{`x = 3; x++; y := 4`, nil}, // variables are no state
		{`delete(r.votes, a)`, []string{"statement: without delete(r.votes, a)"}},
		{`r.send(a)`, []string{"statement: without r.send(a)"}},
		{`r.out.Persist(a)`, []string{"persist: without r.out.Persist(a)"}},
		{`r.keep(a)`, []string{"persist: without r.keep(a)"}},
		{`return r.phase1.IsQuorum(r.votes)`, []string{"quorum: r.phase1.IsQuorum(r.votes) with one more"}},
		{`return quorum.MajoritySize(a)`, []string{"quorum: quorum.MajoritySize(a) → (quorum.MajoritySize(a) - 1)"}},
		{`return quorum.Size(2, a)`, []string{"quorum: 2 → 2 - 1"}},
		{`return &T{A: a, B: 2}`, []string{"field: without A: a", "field: without B: 2"}},
		{`return map[string]int{"a": 1}`, nil},
		{`r.out.Mark(a < b); r.out.Measure("a", a+1); panic(a < b); fmt.Errorf("", a < b)`, nil},
	} {
		s, p := read(t, "package toy\n\nfunc f() {\n"+c.body+"\n}\n\nfunc String() { return a < b }\n")
		var got []string
		for _, m := range mutate(s, p) {
			got = append(got, m.Rule+": "+m.Change)
			if m.Function != "f" || m.Place != "toy.go:4" {
				t.Errorf("%s: in %s, %s", c.body, m.Function, m.Place)
			}
		}
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(c.want))) {
			t.Errorf("%s\n got %q\nwant %q", c.body, got, c.want)
		}
	}
}

// Each mutant of a program is in the one program that is built of them all, and prints what it should.
func TestMutantsAreSwitched(t *testing.T) {
	s, p := read(t, `package main

import "fmt"

type counter struct{ n, limit int }

func (c *counter) add(n int) bool {
	if c.n+n > c.limit {
		return false
	}
	c.n += n
	return true
}

func play() string {
	c := counter{limit: 3}
	return fmt.Sprintln(c.add(3), c.add(1), c.n)
}

func main() { fmt.Print(play()) }
`)
	all := mutate(s, p)
	overlay, err := s.Compose(variantsOf(all))
	if err != nil {
		t.Fatal(err)
	}
	program, err := overlay.Build(t.Context(), t.TempDir(), ".", false)
	if err != nil {
		t.Fatal(err)
	}
	prints := map[string]string{"none": "true false 3"}
	for _, m := range append([]mutant{{}}, all...) {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), variants.Environment+"="+strconv.Itoa(m.ID))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		what := m.Change
		if m.ID == 0 {
			what = "none"
		}
		prints[what] = strings.TrimSpace(string(out))
	}
	want := map[string]string{
		"none":                               "true false 3",
		"c.n+n > c.limit → c.n+n <= c.limit": "false false 0",
		"c.n+n > c.limit → c.n+n >= c.limit": "false true 1",
		"without c.n += n":                   "true true 0",
		"without limit: 3":                   "false false 0",
	}
	for what, printed := range prints {
		if printed != want[what] {
			t.Errorf("%s: it prints %q, not %q", what, printed, want[what])
		}
	}
	if len(prints) != len(want) {
		t.Errorf("%d mutants, not %d", len(prints)-1, len(want)-1)
	}
}

func TestASampleFollowsFromItsSeed(t *testing.T) {
	var all []mutant
	for i := range 100 {
		all = append(all, mutant{ID: i + 1})
	}
	first := sample(all, 10, 1)
	if len(first) != 10 || !slices.Equal(first, sample(all, 10, 1)) || slices.Equal(first, sample(all, 10, 2)) {
		t.Errorf("the samples are %v, %v, %v", first, sample(all, 10, 1), sample(all, 10, 2))
	}
	if len(sample(all, 0, 1)) != 100 {
		t.Error("no sample is not all")
	}
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	report(&out, options{of: "toy", seeds: 300, seed: 1}, 5, []verdict{
		{mutant: mutant{Rule: ruleBoundary}, Seed: 2, By: "linearizable"},
		{mutant: mutant{Rule: ruleBoundary}, By: "scenario toy: an answer"},
		{mutant: mutant{Rule: rulePersist}, By: "died: panic"},
		{mutant: mutant{Rule: rulePersist, Place: "toy.go:3", Function: "f", Change: "without r.keep(x)"}, Lives: 300, Test: "TestKeep"},
	})
	for _, want := range []string{
		"toy: 3 of 4 mutants caught (of 5; sample 0, seed 1, 300 lives): 1 in lives, 1 in scenarios, 1 died",
		"boundary      2 of   2", "persist       1 of   2", "| toy.go:3 | f | persist | `without r.keep(x)` | TestKeep |",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the report:\n%s", want, &out)
		}
	}
}
