package scenario_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

var update = flag.Bool("update", false, "write the traces anew")

// play plays a scenario that comes with the program.
func play(t *testing.T, name string) *scenario.Run {
	t.Helper()
	script, err := scenario.Load(name, registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	run, err := script.Play()
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// What must come out stands in the script: writing the traces anew cannot bless a wrong outcome.
func TestScenariosComeOutAsExpected(t *testing.T) {
	for _, name := range scenario.Names() {
		t.Run(name, func(t *testing.T) {
			run := play(t, name)
			if err := run.Check(); err != nil {
				t.Error(err)
			}
			var trace bytes.Buffer
			if err := run.Trace(&trace); err != nil {
				t.Fatal(err)
			}
			matchGolden(t, name, trace.Bytes())
		})
	}
}

func TestARunIsTheSameEveryTime(t *testing.T) {
	var first, second bytes.Buffer
	if err := play(t, "mmp3-stress").Trace(&first); err != nil {
		t.Fatal(err)
	}
	if err := play(t, "mmp3-stress").Trace(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two plays of one script give different traces")
	}
}

// matchGolden compares a trace with testdata/name.trace, or writes it with -update.
func matchGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".trace")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from the run (go test -update writes it anew); got:\n%s", path, got)
	}
}
