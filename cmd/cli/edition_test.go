package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/protocols/registry"
)

// A result of the first edition is read, with today's names, and compared with one of the same file today.
func TestTheFirstEditionsFilesAreRead(t *testing.T) {
	former := t.TempDir()
	if err := os.CopyFS(former, os.DirFS("testdata/first-edition")); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run(registry.Drivers, "report", former)
	for _, want := range []string{"multipaxos+phase23", "mmp3+batch5ms", "│ multipaxos+phase23: us-east-1 │ a write from us-east-1 is answered", "instances recovered", "election ms"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if code != 0 {
		t.Errorf("report: code %d\n%s%s", code, stdout, stderr)
	}
	if _, err := os.Stat(filepath.Join(former, "breakdown.png")); err != nil {
		t.Errorf("what writes waited for is not drawn: %v", err)
	}

	today := filepath.Join(t.TempDir(), "today")
	if code, stdout, stderr = run(registry.Drivers, "run", filepath.Join(former, "experiment.yaml"), "-q", "-o", today); code != 0 {
		t.Fatalf("run: code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = run(registry.Drivers, "compare", former, today)
	if code != 0 || !strings.Contains(stdout, "multipaxos+phase23") {
		t.Errorf("compare: code %d\n%s%s", code, stdout, stderr)
	}
}

func TestAResultOfAnUnknownSchemaSaysWhatToDo(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "run.json"), []byte(`{"schema": 1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := run(registry.Drivers, "report", folder)
	if code != 2 || !strings.Contains(stderr, "is of schema 1; accepted: 2") || !strings.Contains(stderr, "run the experiment again") {
		t.Errorf("code %d\n%s", code, stderr)
	}
}
