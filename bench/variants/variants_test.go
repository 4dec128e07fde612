package variants

import (
	"go/ast"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const toy = `package main

import "fmt"

func main() { fmt.Print(sum(1, 2), pair{}.name(7), unnamed(1, 2)) }

func sum(all ...int) (n int) {
	for _, a := range all {
		n += a
	}
	return n
}

type pair struct{}

func (pair) name(_ int) string { return "pair" }

func unnamed(int, int) string { return "none" }
`

// read returns the sources of a module with the toy.
func read(t *testing.T) (*Sources, *Package) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module toy\n\ngo 1.26\n", "toy.go": toy} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Package(".")
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

// edit replaces a text of the toy.
func edit(p *Package, old, changed string) Edit {
	at := p.Files[0].Syntax.FileStart
	start := strings.Index(toy, old)
	return Edit{Pos: at + token.Pos(start), End: at + token.Pos(start+len(old)), New: changed}
}

func TestOneProgramHasAllVariants(t *testing.T) {
	s, p := read(t)
	upper := edit(p, `"pair"`, `strings.ToUpper("pair")`)
	upper.Import = "strings"
	overlay, err := s.Compose([]Variant{
		{ID: 1, Edits: []Edit{edit(p, "n += a", "n -= a")}},
		{ID: 2, Edits: []Edit{upper}},
		{ID: 5, Edits: []Edit{edit(p, "n += a", "n += 2 * a"), edit(p, `"none"`, `"five"`), edit(p, "range all", "range all[:1]")}},
		{ID: 6, Edits: []Edit{edit(p, "struct{}", "struct{ n int }"), edit(p, `"none"`, `fmt.Sprint(pair{6}.n)`)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	program, err := overlay.Build(t.Context(), t.TempDir(), ".", false)
	if err != nil {
		t.Fatal(err)
	}
	for variant, want := range map[string]string{"": "3pairnone", "0": "3pairnone", "1": "-3pairnone", "2": "3PAIRnone", "5": "2pairfive", "6": "3pair6"} {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), Environment+"="+variant)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := string(out); got != want {
			t.Errorf("variant %q prints %q, not %q", variant, got, want)
		}
	}
}

func TestErrorsAreOfTheirVariant(t *testing.T) {
	s, p := read(t)
	overlay, err := s.Compose([]Variant{
		{ID: 1, Edits: []Edit{edit(p, "n += a", "n -= a")}},
		{ID: 2, Edits: []Edit{edit(p, "n += a", "")}},                   // a is not used
		{ID: 3, Edits: []Edit{edit(p, `"none"`, `1`)}},                  // no string
		{ID: 4, Edits: []Edit{edit(p, `return "none"`, ``)}},            // nothing is returned
		{ID: 5, Edits: []Edit{edit(p, `"none"`, `fmt.Sprint("five")`)}}, //
	})
	if err != nil {
		t.Fatal(err)
	}
	failed, err := overlay.Errors()
	if err != nil {
		t.Fatal(err)
	}
	for id, wrong := range []bool{false, false, true, true, true, false} {
		if (len(failed[id]) > 0) != wrong {
			t.Errorf("variant %d: %v", id, failed[id])
		}
	}
}

func TestEditsThatCannotBe(t *testing.T) {
	s, p := read(t)
	for _, edits := range [][]Edit{
		{edit(p, "n += a", "n -= a"), edit(p, "n += a", "n = 0")},
		{edit(p, "fmt.Print", "fmt.Println")}, // main
		{edit(p, "n int) {", "m int) {")},     // a head
		{{Pos: 1 << 30, End: 1 << 30}},
	} {
		if _, err := s.Compose([]Variant{{ID: 1, Edits: edits}}); err == nil {
			t.Errorf("%v is composed", edits)
		}
	}
	if got := s.Place(p.Files[0].Syntax.Decls[2].(*ast.FuncDecl).Pos()); got != "toy.go:7" {
		t.Errorf("sum is at %s", got)
	}
}
