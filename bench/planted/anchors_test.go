package planted

import (
	"testing"

	"quorumbench/bench/variants"
)

// root is the module's folder.
const root = "../.."

// Every edit of every bug is found in the sources.
func TestAnchors(t *testing.T) {
	s, err := variants.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Variants(s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compose(all); err != nil {
		t.Error(err)
	}
	for _, e := range Explorations {
		if e.bug() < 0 {
			t.Errorf("%s has no bug %q that could be explored", e.Driver, e.Name)
		}
	}
}

// Every bug compiles, so that none is found because it does not.
func TestBugsCompile(t *testing.T) {
	s, err := variants.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Variants(s)
	if err != nil {
		t.Skip("TestAnchors tells what is wrong")
	}
	overlay, err := s.Compose(all)
	if err != nil {
		t.Fatal(err)
	}
	failed, err := overlay.Errors()
	if err != nil {
		t.Fatal(err)
	}
	for id, errs := range failed {
		if id == 0 {
			t.Errorf("outside of the bugs: %v", errs)
			continue
		}
		b := All[id-1]
		t.Errorf("bench/planted/%s: %s, %q: %v", b.Edits[0].row, b.Driver, b.Name, errs)
	}
}
