package main_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const document = "../writing-a-driver.md"

// block is a code block of the document that says which file it is a part of.
type block struct {
	file  string
	lines []string
}

// blocks returns the document's code blocks in the languages of files. Each must name its file behind the
// language.
func blocks(t *testing.T) (all []block) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	for i, line := range strings.Split(string(text), "\n") {
		language, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			language, file, _ := strings.Cut(language, " ")
			open = &block{file: file}
			if !slices.Contains([]string{"sh", "console"}, language) && file == "" {
				t.Errorf("%s:%d: the block does not say which file it is from", document, i+1)
			}
		case isFence:
			if open.file != "" {
				all = append(all, *open)
			}
			open = nil
		case open != nil:
			open.lines = append(open.lines, line)
		}
	}
	return all
}

func TestTheDocumentShowsTheFilesAsTheyAre(t *testing.T) {
	for _, b := range blocks(t) {
		content, err := os.ReadFile(b.file)
		if err != nil {
			t.Error(err)
			continue
		}
		if part := strings.Join(b.lines, "\n") + "\n"; !strings.Contains(string(content), part) {
			t.Errorf("%s has not what the document shows of it:\n%s", b.file, part)
		}
	}
}

func TestTheDocumentShowsTheWholeDriver(t *testing.T) {
	const file = "primarybackup/primarybackup.go"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{"": true}
	for _, b := range blocks(t) {
		for _, line := range b.lines {
			shown[line] = shown[line] || b.file == file
		}
	}
	for i, line := range strings.Split(string(content), "\n") {
		if !shown[line] {
			t.Errorf("%s:%d is not in the document: %s", file, i+1, line)
		}
	}
}
