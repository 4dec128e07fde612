package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumbench/bench/result"
	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"
)

// stopper ends a context when a line is written that begins as its text does.
type stopper struct {
	bytes.Buffer
	at   string
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), s.at) {
		s.stop()
	}
	return s.Buffer.Write(p)
}

// runUntil is run, interrupted when the progress says that a run has begun.
func runUntil(t *testing.T, at string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	progress := &stopper{at: at, stop: cancel}
	code = cli.Run(ctx, registry.Drivers, args, strings.NewReader(""), &out, progress)
	return code, out.String(), progress.String()
}

// An interrupted experiment goes on where it was, in its folder, until the result is whole; and it has the bytes of one that was
// not interrupted. What is not the same experiment is refused, and the folder stays as it was.
func TestAnInterruptedExperimentGoesOn(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "e.yaml", []byte(`topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [mmp3, raft]
load: {rate: 20/s, duration: 3s, warmup: 500ms}
repeats: 3
world: sim
`))
	file, folder, uninterrupted := filepath.Join(dir, "e.yaml"), filepath.Join(dir, "result"), filepath.Join(dir, "uninterrupted")
	if code, _, stderr := run(registry.Drivers, "run", file, "-q", "-o", uninterrupted); code != 0 {
		t.Fatalf("code %d\n%s", code, stderr)
	}
	if code, _, stderr := runUntil(t, "run 3 of 6", "run", file, "-o", folder); code != 130 {
		t.Fatalf("interrupted: code %d\n%s", code, stderr)
	}
	before := read(t, folder, "run.json")
	for _, c := range []struct{ args, want string }{
		{file + " --seed 5", "result of another experiment: experiment.seed is 1 in the result and 5 now; accepted: the same experiment with the same seed\n"},
		{"smoke --sim", `result of another experiment: experiment.clients[1] is "eu-west-1" in the result and "us-west-2" now`},
		{"--out x", "--resume: found --out beside it; accepted: one of the two, since the result stays in its folder\n"},
		{"a.yaml b.yaml", "run: found 2 arguments; accepted: one experiment file"},
	} {
		code, _, stderr := run(registry.Drivers, append([]string{"run", "--resume", folder}, strings.Fields(c.args)...)...)
		if code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: code %d, want 2 and %s\n%s", c.args, code, c.want, stderr)
		}
	}
	if code, _, stderr := runUntil(t, "run 3 of 6", "run", "--resume", folder); code != 130 || !strings.HasSuffix(stderr, "quorumbench: interrupted before another run was over; the result is as it was\n") &&
		!strings.HasSuffix(stderr, "quorumbench: interrupted; the result is marked as partial\n") {
		t.Errorf("interrupted at once: code %d\n%s", code, stderr)
	}
	if code, _, stderr := runUntil(t, "run 5 of 6", "run", file, "--resume", folder); code != 130 || strings.Contains(stderr, "run 1 of 6") {
		t.Errorf("interrupted again: code %d\n%s", code, stderr)
	}
	if bytes.Equal(before, read(t, folder, "run.json")) {
		t.Error("nothing more was stored")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run(registry.Drivers, "run", "--resume", folder)
	if code != 0 || strings.Contains(stderr, "run 4 of 6") || !strings.Contains(stdout, "figure: ") {
		t.Errorf("resumed: code %d\n%s%s", code, stdout, stderr)
	}
	whole, err := result.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	want, err := result.Read(uninterrupted)
	if err != nil {
		t.Fatal(err)
	}
	if d, runs := result.FirstDifference(whole, want); whole.Partial || d != nil || runs != 6 || whole.Fingerprint != want.Fingerprint {
		t.Errorf("partial %t; %d of 6 runs are the same, but %v", whole.Partial, runs, d)
	}
	for _, name := range []string{"latency.hlog", "summary.csv", "bench.txt", "writes.json"} {
		if !bytes.Equal(read(t, folder, name), read(t, uninterrupted, name)) {
			t.Errorf("%s is not the same", name)
		}
	}
	if code, _, stderr := run(registry.Drivers, "run", "--resume", folder); code != 2 || !strings.Contains(stderr, "found a result that is whole; accepted: a partial one") {
		t.Errorf("a whole one: code %d\n%s", code, stderr)
	}
}
