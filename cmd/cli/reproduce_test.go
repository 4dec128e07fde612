package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"quorumbench/protocols/registry"
)

// docs/outside-tables.md ends with what the command prints.
func TestTheOutsideTablesInTheDocumentationAreCurrent(t *testing.T) {
	const file, marker = "../../docs/outside-tables.md", "<!-- written by go generate ./cmd/cli -->\n"
	var stdout, stderr bytes.Buffer
	if code := Run(t.Context(), registry.Drivers, []string{"reproduce", "--tables", "--format", "markdown"}, strings.NewReader(""), &stdout, &stderr); code != exitFine {
		t.Fatalf("code %d\n%s", code, &stderr)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, _, found := strings.Cut(string(data), marker)
	if !found {
		t.Fatalf("%s has no line %s", file, marker)
	}
	want := text + marker + "\n" + stdout.String()
	for line := range strings.Lines(stderr.String()) { // the sources
		want += "\n- " + line
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Errorf("%s is not what reproduce --tables prints today: go generate ./cmd/cli", file)
	}
}
