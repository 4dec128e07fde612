package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/scenario"
)

var (
	picture  = regexp.MustCompile(`!\[[^\]]+\]\(([^)]+)\.svg\)`)
	toPlay   = regexp.MustCompile(`(?m)^    quorumbench scenario (\S+)$`)
	inFolder = filepath.Join("..", "docs", "stories")
)

// Each picture in docs/stories is what the command scenario draws today, -update draws them anew, and each is in a page that says
// how to play it.
func TestThePicturesOfTheStoriesAreCurrent(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(inFolder, "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("found the pages %v, %v", pages, err)
	}
	shown := map[string]bool{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		played := map[string]bool{}
		for _, m := range toPlay.FindAllStringSubmatch(string(text), -1) {
			if played[m[1]] = true; !slices.Contains(scenario.Names(), m[1]) {
				t.Errorf("%s: there is no scenario %s", page, m[1])
			}
		}
		for _, m := range picture.FindAllStringSubmatch(string(text), -1) {
			if shown[m[1]] = true; !played[m[1]] {
				t.Errorf("%s shows %s.svg, and does not say how to play it", page, m[1])
			}
		}
		if len(picture.FindAllString(string(text), -1)) == 0 {
			t.Errorf("%s has no picture", page)
		}
	}
	for name := range shown {
		drawn := filepath.Join(t.TempDir(), name+".svg")
		if err := DrawSpaceTime(drawn, &playScenario(t, name).SpaceTime); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(drawn)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(inFolder, name+".svg")
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what quorumbench scenario %s draws (go test ./reports -update draws it anew): %v", path, name, err)
		}
	}
	pictures, err := filepath.Glob(filepath.Join(inFolder, "*.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pictures {
		if name := strings.TrimSuffix(filepath.Base(path), ".svg"); !shown[name] {
			t.Errorf("%s is in no page", path)
		}
	}
}
