package cli

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spf13/cobra/doc"

	"quorumbench/protocols/registry"
)

//go:generate go test . -run "TestTheDocumentationOfTheCommandsIsCurrent|TestTheOutsideTablesInTheDocumentationAreCurrent" -update

var update = flag.Bool("update", false, "write docs/cli and docs/man anew")

// docs/cli has a Markdown page, and docs/man a manual page, of each command, as cobra generates them.
func TestTheDocumentationOfTheCommandsIsCurrent(t *testing.T) {
	date := time.Date(2026, time.November, 27, 0, 0, 0, 0, time.UTC) // fixed, so that pages change when commands do
	for folder, generate := range map[string]func(folder string) error{
		"cli": func(folder string) error {
			root := rootCommand(registry.Drivers)
			root.DisableAutoGenTag = true
			return doc.GenMarkdownTree(root, folder)
		},
		"man": func(folder string) error {
			root := rootCommand(registry.Drivers)
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Title: "QUORUMBENCH", Section: "1", Source: "quorumbench", Date: &date}, folder)
		},
	} {
		fresh, checkedIn := t.TempDir(), filepath.Join("..", "..", "docs", folder)
		if err := generate(fresh); err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.RemoveAll(checkedIn); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(checkedIn, os.DirFS(fresh)); err != nil {
				t.Fatal(err)
			}
		}
		want, got := pages(t, fresh), pages(t, checkedIn)
		if len(want) < 10 {
			t.Errorf("docs/%s: only %d pages are generated", folder, len(want))
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if !bytes.Equal(got[name], want[name]) {
				t.Errorf("docs/%s/%s is not what the command says today: go generate ./cmd/cli", folder, name)
			}
			delete(got, name)
		}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			t.Errorf("docs/%s/%s is of no command: go generate ./cmd/cli", folder, name)
		}
	}
}

// pages reads the files of a folder.
func pages(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = data
	}
	return all
}
