package bench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
)

// tracePhases are the phases that a trace may have, and the keys that an event of each must have, and no others, by the Trace
// Event Format.
var tracePhases = map[string][]string{
	"M": {"args", "name", "ph", "pid", "tid", "ts"},
	"X": {"cat", "dur", "name", "ph", "pid", "tid", "ts"},
	"b": {"cat", "id", "name", "ph", "pid", "tid", "ts"},
	"e": {"cat", "id", "name", "ph", "pid", "tid", "ts"},
	"s": {"cat", "id", "name", "ph", "pid", "tid", "ts"},
	"f": {"bp", "cat", "id", "name", "ph", "pid", "tid", "ts"},
	"i": {"cat", "name", "ph", "pid", "s", "tid", "ts"},
}

type (
	traceEvent struct {
		Name, Ph, Cat, S, Bp string
		Ts, Dur              float64
		Pid, Tid, ID         int
		Args                 map[string]any
	}
	traceTrack struct{ pid, tid int }
)

// traceOf runs an experiment and returns its trace, of which each event has the keys of its phase.
func traceOf(t *testing.T, plan *experiment.Plan) []traceEvent {
	t.Helper()
	var out bytes.Buffer
	trace := bench.NewTraceWriter(&out)
	if _, err := bench.Execute(t.Context(), plan, bench.Options{Trace: trace}); err != nil {
		t.Fatal(err)
	}
	if err := trace.Close(); err != nil {
		t.Fatal(err)
	}
	var raw []map[string]json.RawMessage
	var events []traceEvent
	for _, into := range []any{&raw, &events} {
		if err := json.Unmarshal(out.Bytes(), into); err != nil {
			t.Fatalf("not a JSON array of events: %v", err)
		}
	}
	for i, e := range events {
		if keys := slices.Sorted(maps.Keys(raw[i])); !slices.Equal(keys, tracePhases[e.Ph]) {
			t.Fatalf("an event of phase %q has the keys %v; accepted: %v", e.Ph, keys, tracePhases[e.Ph])
		}
		if e.Name == "" || e.Pid < 1 || e.Tid < 0 || !(e.Ts >= 0) || math.IsInf(e.Ts, 0) || e.Dur < 0 {
			t.Fatalf("an event: %+v", e)
		}
	}
	return events
}

// A trace has what viewers require: each thread that is used is named, once; slices of a thread lie one within the other, or
// apart; writes have a beginning and an end, flows two ends in slices, and ids that are theirs alone, in all runs; faults are
// instants.
func TestATraceIsWhatViewersOpen(t *testing.T) {
	for name, settings := range map[string]string{
		"steps that take no time": "load: {rate: 20/s, duration: 3s, warmup: 1s}\n",
		"steps that overlap":      "load: {rate: 20/s, duration: 2s, warmup: 1s}\nsimulation: {message_cost: 500us, persist_cost: 3ms}\n",
		"a sweep with repeats":    "load: {duration: 2s, warmup: 1s}\nsweep: {load.rate: [5/s, 10/s]}\nrepeats: 2\n",
	} {
		t.Run(name, func(t *testing.T) {
			plan := parse(t, `topology: aws-2020-06-05
replicas: [us-east-1, eu-west-1, ap-northeast-1]
clients: [us-east-1, eu-west-1, ap-northeast-1, us-west-2]
world: sim
protocols: [{name: raft, leader: us-east-1}, mmp3]
faults: [{at: 1s, crash: eu-west-1, for: 500ms}]
`+settings)
			events := traceOf(t, plan)
			runs := plan.Runs()
			processes, threads := map[int]string{}, map[traceTrack]string{}
			begun, sent := map[int]traceEvent{}, map[int]traceEvent{}
			stretches := map[traceTrack][]traceEvent{}
			phases := map[string]int{}
			ends := map[int]int{}
			for _, e := range events {
				at := traceTrack{e.Pid, e.Tid}
				phases[e.Ph]++
				switch e.Ph {
				case "M":
					text, isText := e.Args["name"].(string)
					_, isNumber := e.Args["sort_index"].(float64)
					switch {
					case len(e.Args) != 1 || strings.HasSuffix(e.Name, "_name") != isText || strings.HasSuffix(e.Name, "_sort_index") != isNumber:
						t.Errorf("metadata %+v", e)
					case e.Name == "process_name" && processes[e.Pid] == "":
						processes[e.Pid] = text
					case e.Name == "thread_name" && threads[at] == "":
						threads[at] = text
					case e.Name != "process_sort_index" && e.Name != "thread_sort_index":
						t.Errorf("metadata %+v, which is not known, or there twice", e)
					}
				case "X":
					stretches[at] = append(stretches[at], e)
				case "b", "s":
					of := map[string]map[int]traceEvent{"b": begun, "s": sent}[e.Ph]
					if _, twice := of[e.ID]; twice || e.ID == 0 {
						t.Errorf("a second beginning of %d, or one without id: %+v", e.ID, e)
					}
					of[e.ID] = e
				case "e", "f":
					of, category := begun, "write"
					if e.Ph == "f" {
						of, category = sent, "message"
					}
					began, found := of[e.ID]
					ends[e.ID]++
					if !found || began.Name != e.Name || began.Cat != category || e.Cat != category || began.Pid != e.Pid || e.Ts < began.Ts || ends[e.ID] > 1 {
						t.Errorf("the end %+v of %+v", e, began)
					}
					if e.Ph == "e" && (began.Tid != e.Tid || e.Ts-began.Ts < 10_000 || e.Ts-began.Ts > 10_000_000) {
						t.Errorf("a write from %+v to %+v; none takes less than 10 ms or more than 10 s", began, e)
					}
					if e.Ph == "f" && e.Bp != "e" {
						t.Errorf("a flow that ends beside a slice: %+v", e)
					}
				case "i":
					if e.Cat != "fault" || e.S != "p" || !strings.HasPrefix(e.Name, "crash eu-west-1") || e.Ts != 2_000_000 {
						t.Errorf("an instant: %+v", e)
					}
				}
			}
			for id := range begun {
				if _, both := sent[id]; both {
					t.Errorf("a write and a message have the id %d", id)
				}
			}
			if len(processes) != runs || phases["i"] != runs || phases["b"] != phases["e"] || phases["s"] != phases["f"] || phases["s"] < 2*phases["b"] || phases["b"] < 40*runs {
				t.Errorf("%d runs are the processes %v, with these events by phase: %v", runs, processes, phases)
			}
			overlapping := checkTracks(t, events, threads, stretches)
			if (name == "steps that overlap") != (overlapping > 0) {
				t.Errorf("%d replicas have steps that overlap", overlapping)
			}
			for pid := range processes {
				for _, track := range []string{"replica us-east-1", "replica eu-west-1", "replica ap-northeast-1", "clients us-east-1", "clients eu-west-1", "clients ap-northeast-1", "clients us-west-2"} {
					times := 0
					for at, name := range threads {
						if at.pid == pid && name == track {
							times++
						}
					}
					if times != 1 {
						t.Errorf("process %d has %d threads called %s", pid, times, track)
					}
				}
			}
		})
	}
}

// checkTracks checks that threads are named, that slices nest, and that flows are in slices. It returns how many threads are
// there because steps overlap.
func checkTracks(t *testing.T, events []traceEvent, threads map[traceTrack]string, stretches map[traceTrack][]traceEvent) (overlapping int) {
	t.Helper()
	names := map[string]bool{}
	for at, name := range threads {
		full := fmt.Sprint(at.pid, " ", name)
		if names[full] {
			t.Errorf("two threads of process %d are called %s", at.pid, name)
		}
		names[full] = true
		if strings.HasSuffix(name, "(2)") {
			overlapping++
		}
	}
	const tick = 1e-3 / 2 // half of the least time that is told apart, in µs
	for at, all := range stretches {
		slices.SortStableFunc(all, func(a, b traceEvent) int {
			if a.Ts != b.Ts {
				return int(math.Copysign(1, a.Ts-b.Ts))
			}
			return int(math.Copysign(1, b.Dur-a.Dur))
		})
		var open []float64
		for _, e := range all {
			for len(open) > 0 && open[len(open)-1] < e.Ts+tick {
				open = open[:len(open)-1]
			}
			if len(open) > 0 && open[len(open)-1] < e.Ts+e.Dur-tick || e.Dur < tick {
				t.Fatalf("on %s, %+v overlaps a slice that ends at %f, or takes no time", threads[at], e, open[len(open)-1:])
			}
			open = append(open, e.Ts+e.Dur)
		}
	}
	for _, e := range events {
		at := traceTrack{e.Pid, e.Tid}
		if e.Ph != "M" && threads[at] == "" {
			t.Fatalf("a thread without a name: %+v", e)
		}
		if e.Ph == "s" || e.Ph == "f" {
			if !slices.ContainsFunc(stretches[at], func(s traceEvent) bool { return s.Ts <= e.Ts && e.Ts < s.Ts+s.Dur }) {
				t.Fatalf("a flow that is bound to no slice: %+v", e)
			}
		}
	}
	return overlapping
}
