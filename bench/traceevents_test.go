package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// The trace is a JSON array whose events have what viewers require, whose flows begin and end inside slices of the threads
// that they name, and which has a thread for each replica and each region's clients.
func TestATraceIsWhatViewersOpen(t *testing.T) {
	plan, err := experiment.Parse("test.yaml", []byte(`topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
world: sim
protocols: [{name: raft, leader: us-east-1}, mmp3]
load: {rate: 20/s, duration: 3s, warmup: 1s}
faults: [{at: 1s, crash: eu-west-1, for: 500ms}]
`), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	trace := bench.NewTraceWriter(&out)
	if _, err := bench.Execute(context.Background(), plan, bench.Options{Trace: trace}); err != nil {
		t.Fatal(err)
	}
	if err := trace.Close(); err != nil {
		t.Fatal(err)
	}
	var events []struct {
		Name, Ph, Cat, S string
		Ts, Dur          float64
		Pid, Tid, ID     int
		Args             map[string]string
	}
	if err := json.Unmarshal(out.Bytes(), &events); err != nil {
		t.Fatalf("not a JSON array: %v", err)
	}
	type track struct{ pid, tid int }
	type span struct{ from, to float64 }
	names, slices := map[track]string{}, map[track][]span{}
	phases := map[string]int{}
	open := map[[3]int]float64{}
	sent := map[int]float64{}
	for _, e := range events {
		phases[e.Ph]++
		switch e.Ph {
		case "M":
			if e.Name == "thread_name" {
				names[track{e.Pid, e.Tid}] = e.Args["name"]
			}
		case "X":
			slices[track{e.Pid, e.Tid}] = append(slices[track{e.Pid, e.Tid}], span{e.Ts, e.Ts + e.Dur})
		case "b":
			open[[3]int{e.Pid, e.Tid, e.ID}] = e.Ts
		case "e":
			began, ok := open[[3]int{e.Pid, e.Tid, e.ID}]
			if took := e.Ts - began; !ok || took < 30_000 || took > 10_000_000 {
				t.Errorf("a write took %v µs, begun: %v; the least round trip takes more than 60 ms", took, ok)
			}
		case "s":
			sent[e.ID] = e.Ts
		case "f":
			if began, ok := sent[e.ID]; !ok || e.Ts < began {
				t.Errorf("message %d arrives at %v, sent at %v: %v", e.ID, e.Ts, began, ok)
			}
		case "i":
			if e.Cat != "fault" || e.S != "p" || e.Ts < 1_000_000 {
				t.Errorf("an instant: %+v", e)
			}
		default:
			t.Errorf("an event of phase %q", e.Ph)
		}
	}
	if len(names) != 12 || names[track{1, 1}] != "replica us-east-1" || names[track{2, 6}] != "clients ap-northeast-1" {
		t.Errorf("the threads of two runs: %v", names)
	}
	if phases["b"] < 200 || phases["b"] != phases["e"] || phases["s"] < 2*phases["b"] || phases["s"] != phases["f"] || phases["i"] != 2 {
		t.Errorf("the events by phase: %v", phases)
	}
	for _, e := range events {
		if e.Ph != "s" && e.Ph != "f" {
			continue
		}
		inside := false
		for _, s := range slices[track{e.Pid, e.Tid}] {
			inside = inside || s.from <= e.Ts && e.Ts < s.to
		}
		if !inside {
			t.Fatalf("a flow that is bound to no slice: %+v", e)
		}
	}
}
