package bench_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/protocols/registry"
)

// replayed reads an experiment that replays a trace.
func replayed(t *testing.T, trace string) *experiment.Plan {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "t.csv"), []byte(trace), 0o644); err != nil {
		t.Fatal(err)
	}
	plan, err := experiment.Parse(filepath.Join(folder, "e.yaml"), []byte(threeRegions+"load: {trace: t.csv, warmup: 0s}\n"), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

const smallTrace = `time,region,op,key,size
0,us-east-1,write,a,100
0,us-east-1,read,a,
0.25,eu-west-1,read,b,
500ms,us-east-1,rmw,b,7
1.999,eu-west-1,write,a,0
`

// Under every protocol the commands of a trace arrive at their times, in their regions, and are what the trace says.
func TestATraceIsReplayed(t *testing.T) {
	const ms = time.Millisecond
	plan := replayed(t, smallTrace)
	type command struct {
		at   time.Duration
		key  string
		read bool
	}
	want := [][]command{
		{{0, "a", false}, {0, "a", true}, {500 * ms, "b", true}},
		{{250 * ms, "b", true}, {1999 * ms, "a", false}},
		nil,
	}
	for _, protocol := range plan.Experiment.Protocols {
		record, err := run.Play(context.Background(), run.Config{Plan: plan, Protocol: protocol})
		if err != nil {
			t.Fatal(err)
		}
		for region, c := range record.Clients {
			var got []command
			for i := range c.Samples.Len() {
				if s := c.Samples.At(i); region > 0 || i < 3 { // the fourth ends the read-modify-write
					got = append(got, command{s.Intended, c.KeyName(s.Key), s.Read})
				}
			}
			if len(got) != len(want[region]) {
				t.Fatalf("%s: region %d has issued %v, want %v", protocol.Label, region, got, want[region])
			}
			for i := range got {
				if got[i] != want[region][i] {
					t.Errorf("%s: region %d has issued %v, want %v", protocol.Label, region, got[i], want[region][i])
				}
			}
		}
		if m := record.Clients[0].Modifications(); len(m) != 1 || m[0].Answered == result.Never {
			t.Errorf("%s: read-modify-writes %+v", protocol.Label, m)
		}
		for _, c := range verify.Conclude(record, false).Checks {
			if c.Verdict != result.Passed {
				t.Errorf("%s: the check %q: %s %s", protocol.Label, c.Name, c.Verdict, c.Detail)
			}
		}
	}
}

// The folder of a result has the trace that was replayed.
func TestAResultHasItsTrace(t *testing.T) {
	found, err := bench.Execute(context.Background(), replayed(t, smallTrace), bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "result")
	if err := result.Write(found, folder); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(folder, "trace.csv")); err != nil || string(data) != smallTrace {
		t.Errorf("found %q, %v", data, err)
	}
	again, err := result.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := again.Experiment.Load.Traced.String(), found.Experiment.Load.Traced.String(); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}
