package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"quorumbench/cmd/cli"
	"quorumbench/protocols/registry"

	"context"
)

// stored is the folder of a result with three repeats.
func stored(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "e.yaml"), filepath.Join(dir, "result")
	err := os.WriteFile(file, []byte(`topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [mmp3]
load: {rate: 20/s, duration: 3s, warmup: 500ms, reads: 20%}
repeats: 3
world: sim
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := run(registry.Drivers, "run", file, "-q", "-o", folder); code != 0 {
		t.Fatalf("run: code %d\n%s", code, stderr)
	}
	return folder
}

// unsummed removes the checksums from a result, as one of a former edition has none.
func unsummed(t *testing.T, folder string) {
	t.Helper()
	if err := os.Remove(filepath.Join(folder, "SHA256SUMS")); err != nil {
		t.Fatal(err)
	}
}

// refused expects that a result is not reported, but refused with what is wrong in which file.
func refused(t *testing.T, what, folder, file, want string) {
	t.Helper()
	for _, command := range []string{"report", "compare"} {
		code, stdout, stderr := run(registry.Drivers, command, folder)
		if code != 2 || stdout != "" || !strings.Contains(stderr, filepath.Join(folder, file)+": ") || !regexp.MustCompile(want).MatchString(stderr) {
			t.Errorf("%s: %s: code %d, want 2, %s and %s\n%s%s", what, command, code, file, want, stdout, stderr)
		}
	}
}

// write writes a file of the result.
func write(t *testing.T, folder, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, file), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, folder, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// withoutSum removes from a run.json what it says of the log as a whole, as one of the first edition has it.
func withoutSum(t *testing.T, content []byte) []byte {
	t.Helper()
	without := regexp.MustCompile(`(?s)"latency_hlog": \{.*?\},\s*`).ReplaceAll(content, nil)
	if bytes.Equal(without, content) {
		t.Fatal("run.json does not tell the log's checksum")
	}
	return without
}

// A log of histograms that was cut, or changed, is not reported, wherever it was cut; also if run.json does not have
// its checksum.
func TestADamagedLogOfHistogramsIsRefused(t *testing.T) {
	folder := stored(t)
	unsummed(t, folder)
	summary, log := read(t, folder, "run.json"), read(t, folder, "latency.hlog")
	lines := bytes.SplitAfter(log, []byte("\n"))
	for _, sums := range []bool{true, false} {
		want := `SHA-256 .*; run.json expects \d+ histograms in \d+ bytes`
		if !sums {
			write(t, folder, "run.json", withoutSum(t, summary))
			want = `run.json expects \d+: the log was changed or cut|found no histogram of|found two histograms of`
		}
		for n := len(lines) - 2; n > 4; n -= len(lines) / 3 {
			write(t, folder, "latency.hlog", bytes.Join(lines[:n], nil))
			refused(t, "a log cut after a line", folder, "latency.hlog", want)
		}
		for n := 5; n < len(lines)-1; n += len(lines) / 2 {
			write(t, folder, "latency.hlog", append(bytes.Join(lines[:n], nil), bytes.Join(lines[n+1:], nil)...))
			refused(t, "a log without one line", folder, "latency.hlog", want)
		}
		write(t, folder, "latency.hlog", append(bytes.Clone(log), lines[len(lines)-2]...))
		refused(t, "a log with a line twice", folder, "latency.hlog", want)
		write(t, folder, "latency.hlog", nil)
		refused(t, "an empty log", folder, "latency.hlog", want)
	}
	write(t, folder, "run.json", summary)
	changed := bytes.Clone(log)
	changed[len(changed)/2] ^= 1
	write(t, folder, "latency.hlog", changed)
	refused(t, "a log with a changed bit", folder, "latency.hlog", "SHA-256")
	write(t, folder, "latency.hlog", log)
	if code, _, stderr := run(registry.Drivers, "report", folder); code != 0 {
		t.Errorf("the result as it was is refused: code %d\n%s", code, stderr)
	}
}

// A run.json whose parts do not fit together is refused, with what was found and what was expected.
func TestADamagedRunIsRefused(t *testing.T) {
	folder := stored(t)
	good := read(t, folder, "run.json")
	write(t, folder, "run.json", bytes.Replace(good, []byte(`"seed": 1`), []byte(`"seed": 2`), 1))
	refused(t, "another seed", folder, "run.json", `found SHA-256 [0-9a-f]{12}…; SHA256SUMS expects [0-9a-f]{12}…: the file was changed or cut after the run`)
	unsummed(t, folder)

	type object = map[string]any
	runOf := func(r object, i int) object { return r["runs"].([]any)[i].(object) }
	regions := func(r object) []any { return runOf(r, 1)["regions"].([]any) }
	for _, test := range []struct {
		name, want string
		change     func(r object)
	}{
		{"a region is missing", `runs\[1\]: found 2 regions; expected 3: us-east-1, eu-west-1, ap-northeast-1`, func(r object) { runOf(r, 1)["regions"] = regions(r)[:2] }},
		{"regions in another order", `regions\[0\]: found "eu-west-1"; expected us-east-1`, func(r object) { all := regions(r); all[0], all[1] = all[1], all[0] }},
		{"a negative repeat", `runs\[1\]: found repeat -1; expected 0 to 2`, func(r object) { runOf(r, 1)["repeat"] = -1 }},
		{"a repeat too many", `runs\[1\]: found repeat 3; expected 0 to 2`, func(r object) { runOf(r, 1)["repeat"] = 3 }},
		{"a repeat twice", `runs\[1\]: found the run of mmp3.* that runs\[0\] is`, func(r object) { runOf(r, 1)["repeat"] = 0 }},
		{"a run is missing", `found 2 runs; expected 3`, func(r object) { r["runs"] = r["runs"].([]any)[:2] }},
		{"an unknown protocol", `runs\[1\]: found the protocol "paxos"; expected one of mmp3`, func(r object) { runOf(r, 1)["protocol"] = "paxos" }},
		{"a point without a sweep", `runs\[1\]: found the point "5"; expected one of`, func(r object) { runOf(r, 1)["point"] = "5" }},
		{"no regions", `found 0 regions with clients`, func(r object) { r["experiment"].(object)["clients"] = nil }},
		{"no repeats", `found -3 repeats; expected 1 or more`, func(r object) { r["experiment"].(object)["repeats"] = -3 }},
		{"a negative count", `found -5 offered`, func(r object) { regions(r)[0].(object)["offered"] = -5 }},
		{"more answers than writes", `expected as many answered and errors as offered`, func(r object) { regions(r)[0].(object)["answered"] = 1e6 }},
		{"a median above the maximum", `expected .* times that rise`, func(r object) { regions(r)[0].(object)["response"].(object)["p50_ns"] = 1e15 }},
		{"a negative floor", `found a floor of -1ns`, func(r object) { regions(r)[0].(object)["floor_ns"] = -1 }},
		{"no time measured", `found 0s measured`, func(r object) { runOf(r, 1)["measured_ns"] = 0 }},
	} {
		var r object
		if err := json.Unmarshal(good, &r); err != nil {
			t.Fatal(err)
		}
		test.change(r)
		changed, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		write(t, folder, "run.json", changed)
		refused(t, test.name, folder, "run.json", test.want)
	}
	for name, content := range map[string][]byte{"empty": nil, "cut": good[:len(good)/2], "no object": []byte("[1]"), "followed by more": append(bytes.Clone(good), '{')} {
		write(t, folder, "run.json", content)
		refused(t, name, folder, "run.json", "JSON|json")
	}
}

// intruder puts a folder in the place of a file when it is first written to, which is when the run begins.
type intruder struct {
	bytes.Buffer
	paths []string
}

func (i *intruder) Write(p []byte) (int, error) {
	for _, path := range i.paths {
		if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o755); err != nil {
			return 0, err
		}
	}
	return i.Buffer.Write(p)
}

// What cannot be written is said; the table is printed, and everything else is written.
func TestWhatCannotBeWrittenIsSaid(t *testing.T) {
	all := []string{"SHA256SUMS", "bench.txt", "breakdown.csv", "breakdown.png", "latency.csv", "latency.hlog", "latency.png", "report.html",
		"run.json", "summary.csv", "writes.json"}
	for _, lost := range []string{"run.json", "latency.png", "report.html"} {
		folder := filepath.Join(t.TempDir(), "result")
		stderr := &intruder{paths: []string{filepath.Join(folder, lost)}}
		var stdout bytes.Buffer
		code := cli.Run(context.Background(), registry.Drivers, []string{"run", "smoke", "--sim", "-o", folder}, strings.NewReader(""), &stdout, stderr)
		if code != 1 || !strings.Contains(stderr.String(), lost+" was not ") {
			t.Errorf("%s: code %d, want 1\n%s", lost, code, stderr)
		}
		if !strings.Contains(stdout.String(), "us-east-1") {
			t.Errorf("%s: the table is not printed:\n%s", lost, &stdout)
		}
		if said := strings.Contains(stdout.String(), "result: "); said != (lost != "run.json") {
			t.Errorf("%s: run.json is said to be written: %t", lost, said)
		}
		entries, _ := os.ReadDir(folder)
		for _, file := range all {
			info, err := os.Stat(filepath.Join(folder, file))
			if err != nil || (file != lost) != info.Mode().IsRegular() {
				t.Errorf("%s: %s: %v, %v", lost, file, info, err)
			}
		}
		if len(entries) != len(all) {
			t.Errorf("%s: the folder holds %v", lost, entries)
		}
	}
}
