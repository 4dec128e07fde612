package experiment_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// withTrace reads an experiment whose trace is the given text, in the file t.csv beside it.
func withTrace(t *testing.T, trace, load string) (*experiment.Plan, error) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "t.csv"), []byte(trace), 0o644); err != nil {
		t.Fatal(err)
	}
	yaml := "topology: aws-2020-06-05\nregions: [us-east-1, eu-west-1, ap-northeast-1]\nload: {trace: t.csv" + load + "}\n"
	plan, err := experiment.Parse(filepath.Join(folder, "e.yaml"), []byte(yaml), registry.Drivers)
	if err == nil {
		return plan, nil
	}
	return nil, &shortened{strings.ReplaceAll(err.Error(), folder+string(filepath.Separator), "")}
}

type shortened struct{ text string }

func (s *shortened) Error() string { return s.text }

const traceHead = "time,region,op,key,size\n"

// The load says what the trace has: rates, shares, keys, sizes, and how long is measured.
func TestATraceSaysWhatTheLoadIs(t *testing.T) {
	plan, err := withTrace(t, traceHead+"0,us-east-1,read,a,\n0.5,us-east-1,write,b,100\n250ms,us-east-1,write,b,100\n", ", warmup: 0s")
	if err == nil || !strings.Contains(err.Error(), "t.csv:4:1: found 250ms after 500ms; accepted: lines in the order of time") {
		t.Fatalf("found %v, %v", plan, err)
	}
	plan, err = withTrace(t, traceHead+"0,us-east-1,read,a,\n250ms,us-east-1,write,b,100\n0.5,eu-west-1,rmw,\"b,\n\",50\n1.995,us-east-1,write,a,300\n", ", warmup: 0s")
	if err != nil {
		t.Fatal(err)
	}
	l := &plan.Experiment.Load
	if l.Duration != 2*time.Second || l.Arrivals != experiment.Replayed || l.Reads != 0.25 || l.RMW.Share != 0.25 || l.Keys.Count != 3 || l.ValueSize != 150 {
		t.Errorf("found %+v", l)
	}
	if l.Rates["us-east-1"] != 1.5 || l.Rates["eu-west-1"] != 0.5 || l.Rates["ap-northeast-1"] != 0 || l.Traced.Keys[2] != "b,\n" || l.Traced.Commands["us-east-1"] != 3 {
		t.Errorf("found %+v", l.Traced)
	}
	text, err := plan.Experiment.YAML()
	if err != nil || strings.Contains(string(text), "rate:") || strings.Contains(string(text), "keys:") || !strings.Contains(string(text), "trace: t.csv") {
		t.Errorf("written as YAML: %v\n%s", err, text)
	}
}

func TestMistakesInATraceAreToldWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ trace, load, want string }{
		{"", "", `t.csv:1:1: found no commands; accepted: the line time,region,op,key,size, and a line for each command`},
		{traceHead, "", `t.csv:1:1: found no commands`},
		{"time,op\n", "", `t.csv:1:1: found the header "time,op"; accepted: time,region,op,key,size`},
		{traceHead + "1,us-east-1,read,a\n", "", `t.csv:2:18: found 4 fields; accepted: 5, time,region,op,key,size`},
		{traceHead + "1,us-east-1,read,a,1,2\n", "", `t.csv:2:22: found 6 fields`},
		{traceHead + "x,us-east-1,read,a,\n", "", `t.csv:2:1: found "x"; accepted: the time since the trace begins, in seconds, as in 12.5, or with a unit`},
		{traceHead + "-1,us-east-1,read,a,\n", "", `t.csv:2:1: found "-1"`},
		{traceHead + "1e3,us-east-1,read,a,\n", "", `t.csv:2:1: found "1e3"`},
		{traceHead + ",us-east-1,read,a,\n", "", `t.csv:2:1: found ""`},
		{traceHead + "1,us-east-2,read,a,\n", "", `t.csv:2:3: found the region "us-east-2"; accepted: the regions with clients, us-east-1, eu-west-1, ap-northeast-1; did you mean us-east-1?`},
		{traceHead + "1,us-east-1,reed,a,\n", "", `t.csv:2:13: found "reed"; accepted: write, read, rmw; did you mean read?`},
		{traceHead + "1,us-east-1,read,,\n", "", `t.csv:2:18: found a key of 0 bytes; accepted: 1 to 1024`},
		{traceHead + "1,us-east-1,write,a,\n", "", `t.csv:2:21: found ""; accepted: the bytes of the value, 0 to 1048576; nothing if it is read`},
		{traceHead + "1,us-east-1,write,a,2000000\n", "", `t.csv:2:21: found "2000000"`},
		{traceHead + "1,us-east-1,write,a,5B\n", "", `t.csv:2:21: found "5B"`},
		{traceHead + "1,us-east-1,\"write,a,5\n", "", `found what is no CSV: `},
		{traceHead + "1,us-east-1,read,a,\n", "", `found a trace of 1s, which is over before the warm-up of 2s is`},
		{traceHead + "5,us-east-1,read,a,\n", ", duration: 1s", `found no command within the first 3s`},
		{traceHead + "5,us-east-1,read,a,\n", ", rate: 5/s", `e.yaml:3:28: found it beside a trace, which says it`},
		{traceHead + "5,us-east-1,read,a,\n", ", keys: {count: 5}", `found it beside a trace`},
		{traceHead + "5,us-east-1,read,a,\n", ", reads: 5%", `found it beside a trace`},
		{traceHead + "5,us-east-1,read,a,\n", ", mix: ycsb-a", `found it beside a trace`},
		{traceHead + "5,us-east-1,read,a,\n", ", value_size: 5B", `found it beside a trace`},
		{traceHead + "5,us-east-1,read,a,\n", ", sizes: {distribution: uniform}", `found it beside a trace`},
		{traceHead + "5,us-east-1,read,a,\n", ", arrivals: closed", `found closed beside a trace, which says when commands arrive; accepted: trace`},
		{traceHead + "5,us-east-1,read,a,\n", ", peak: 5", `found it with arrivals: trace`},
		{traceHead + "5,us-east-1,read,a,\n", ", rmw: {atomic: true}", `found it without read-modify-writes`},
	} {
		if _, err := withTrace(t, c.trace, c.load); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q%s: found    %v\nexpected %s", strings.TrimPrefix(c.trace, traceHead), c.load, err, c.want)
		}
	}
	for load, want := range map[string]string{
		"{trace: none.csv}": `e.yaml:2:15: found "none.csv", which cannot be read`, "{trace: ''}": `e.yaml:2:15: found ""; accepted: the path of a CSV file`,
		"{arrivals: trace}": `e.yaml:2:18: found it without a trace`,
	} {
		if _, err := experiment.Parse("e.yaml", []byte("topology: aws-2020-06-05\nload: "+load+"\n"), registry.Drivers); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found    %v\nexpected %s", load, err, want)
		}
	}
}
