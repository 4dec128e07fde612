package reports

import (
	"strings"
	"testing"

	"golang.org/x/image/font/sfnt"

	"quorumbench/configs/glyphs"
)

// What experiments may name is what the font has, regular and bold.
func TestTheFontHasWhatNamesMayHave(t *testing.T) {
	var buffer sfnt.Buffer
	letters := 0
	for letter := rune(0); letter <= 0x1ffff; letter++ {
		if !glyphs.Drawable(letter) {
			continue
		}
		letters++
		for _, style := range []sfntFont{labelText.Handler.Cache().Lookup(labelText.Font, 9).Face, labelText.Handler.Cache().Lookup(titleText.Font, 9).Face} {
			if glyph, err := style.GlyphIndex(&buffer, letter); err != nil || glyph == 0 {
				t.Fatalf("the font has no %q (U+%04X), err %v", letter, letter, err)
			}
		}
	}
	if letters < 1500 {
		t.Errorf("names may have %d letters only", letters)
	}
}

type sfntFont interface {
	GlyphIndex(*sfnt.Buffer, rune) (sfnt.GlyphIndex, error)
}

func TestFiguresShowLabels(t *testing.T) {
	r := faulty(withBreakdowns(threeRegions().result()))
	for i := range r.Runs {
		r.Runs[i].Regions[0].Region = "東京"
	}
	r.Experiment.Clients = append([]string{"東京"}, r.Experiment.Clients[1:]...)
	r.Experiment.Faults[0].Crash = "東京"
	r.Experiment.Name = "世界"
	r.Experiment.Labels = map[string]string{"東京": "Tokyo"}
	for _, f := range figuresOf(r) {
		_, d := f.drawing(&FigureOptions{})
		found := false
		for _, line := range textsOf(d) {
			found = found || strings.Contains(line.text, "Tokyo")
			if err := glyphs.Check(line.text); err != nil {
				t.Errorf("%s: %v", f.name, err)
			}
		}
		if !found {
			t.Errorf("%s does not name Tokyo", f.name)
		}
	}
	var table strings.Builder
	if err := Table(&table, r, TableOptions{}); err != nil || !strings.Contains(table.String(), "東京") {
		t.Errorf("the table does not keep the name, err %v", err)
	}
}
