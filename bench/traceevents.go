package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"quorumbench/bench/result"
	"quorumbench/bench/verify"
)

// maxTraced is how many writes of a region and run a trace has, spread over the measured time: what a viewer shows at once.
const maxTraced = 500

// TraceWriter writes the sampled writes of runs as trace events in the JSON array format, which Perfetto and Chrome open
// (Trace Event Format, https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU). Each run is a
// process; each replica and each region's clients are a thread of it. The zero value is not usable; see NewTraceWriter.
type TraceWriter struct {
	w     io.Writer
	runs  int
	flows int
	any   bool
	err   error
}

// NewTraceWriter returns a TraceWriter that writes to w. Close ends the array.
func NewTraceWriter(w io.Writer) *TraceWriter { return &TraceWriter{w: w} }

// chromeEvent is an event of the format. Times are in microseconds.
type chromeEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Time     float64        `json:"ts"`
	Length   *float64       `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	ID       int            `json:"id,omitempty"`
	Binding  string         `json:"bp,omitempty"` // e: the flow ends in the slice around it
	Scope    string         `json:"s,omitempty"`  // of an instant; p: the process
	Args     map[string]any `json:"args,omitempty"`
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func (t *TraceWriter) put(e chromeEvent) {
	if t.err != nil {
		return
	}
	data, err := json.Marshal(e)
	if err == nil {
		before := ",\n"
		if !t.any {
			before = "[\n"
		}
		t.any = true
		_, err = fmt.Fprintf(t.w, "%s%s", before, data)
	}
	t.err = err
}

// Close ends the array and returns the first error.
func (t *TraceWriter) Close() error {
	if t.err == nil && !t.any {
		_, t.err = io.WriteString(t.w, "[")
	}
	if t.err == nil {
		_, t.err = io.WriteString(t.w, "\n]\n")
	}
	return t.err
}

// write adds the writes of a run.
func (t *TraceWriter) write(r *verify.Record, name string) {
	t.runs++
	traces := r.Traces()
	if traces == nil {
		return
	}
	replicas, clients := r.Plan.Experiment.Replicas, r.Plan.Experiment.Clients
	t.name("process_name", 0, fmt.Sprintf("run %d: %s", t.runs, name))
	for i, region := range replicas {
		t.name("thread_name", 1+i, "replica "+region)
	}
	for i, region := range clients {
		t.name("thread_name", 1+len(replicas)+i, "clients "+region)
	}
	for _, f := range r.Faults {
		t.put(chromeEvent{Name: f.Text, Category: "fault", Phase: "i", Time: micros(f.At + r.Plan.Experiment.Load.Warmup), Process: t.runs, Scope: "p"})
	}
	for region, c := range r.Clients {
		var traced []result.AnsweredWrite
		for w := range c.Writes(r.Until) {
			if traces.Events(region, w.Seq) != nil {
				traced = append(traced, w)
			}
		}
		step := (len(traced) + maxTraced - 1) / maxTraced
		for i, w := range traced {
			if i%step == 0 {
				t.one(region, 1+len(replicas)+region, w, traces.Events(region, w.Seq))
			}
		}
	}
}

// runName names a run of an experiment.
func runName(label, point string, repeat int) string {
	if point != "" {
		label += " at " + point
	}
	return fmt.Sprintf("%s, repeat %d", label, repeat+1)
}

func (t *TraceWriter) name(what string, thread int, name string) {
	t.put(chromeEvent{Name: what, Phase: "M", Process: t.runs, Thread: thread, Args: map[string]any{"name": name}})
}

// one adds a write: a slice of the clients, which may overlap others of theirs, a slice for each mark of a replica, and flows
// for the messages that led from one to the next. A flow begins when the effects of a step were released, and ends where
// the input arrived that led to the next mark. The marks tell these times and not the messages; other messages are not shown.
func (t *TraceWriter) one(region, clients int, w result.AnsweredWrite, events []result.TraceEvent) {
	name := fmt.Sprintf("write %d", w.Seq)
	id := region<<32 | w.Seq // unique in the run
	for _, e := range []chromeEvent{{Phase: "b", Time: micros(w.Intended)}, {Phase: "e", Time: micros(w.Answered)}} {
		e.Name, e.Category, e.Process, e.Thread, e.ID = name, "write", t.runs, clients, id
		t.put(e)
	}
	t.slice(clients, name+" arrives", w.Intended, w.Intended)
	t.slice(clients, name+" is answered", w.Answered, w.Answered)
	for _, e := range events {
		t.slice(1+e.Replica, name+" "+e.Mark, e.In, e.Out)
	}
	byTime := slices.Clone(events)
	slices.SortStableFunc(byTime, func(a, b result.TraceEvent) int { return int(a.In - b.In) })
	var proposal, decision *result.TraceEvent
	for i := range byTime {
		e := &byTime[i]
		switch e.Mark {
		case "proposed", "retried":
			if proposal == nil {
				t.flow(clients, w.Intended, 1+e.Replica, e.In)
			}
			proposal = e
		case "prepared", "accepted":
			if proposal != nil && e.Replica != proposal.Replica && proposal.Out <= e.In {
				t.flow(1+proposal.Replica, proposal.Out, 1+e.Replica, e.In)
			}
		case "committed":
			if decision != nil {
				if decision.Replica != e.Replica && decision.Out <= e.In {
					t.flow(1+decision.Replica, decision.Out, 1+e.Replica, e.In)
				}
				continue
			}
			decision = e
			for j := range byTime[:i] {
				if a := &byTime[j]; a.Mark == "accepted" && a.Replica != e.Replica && a.Out <= e.In {
					t.flow(1+a.Replica, a.Out, 1+e.Replica, e.In)
				}
			}
		}
	}
	if decision != nil && decision.Out <= w.Answered {
		t.flow(1+decision.Replica, decision.Out, clients, w.Answered)
	}
}

func (t *TraceWriter) slice(thread int, name string, from, to time.Duration) {
	length := micros(to-from) + 1 // so that a flow that begins at its end is in it
	t.put(chromeEvent{Name: name, Category: "step", Phase: "X", Time: micros(from), Length: &length, Process: t.runs, Thread: thread})
}

func (t *TraceWriter) flow(from int, sent time.Duration, to int, arrived time.Duration) {
	t.flows++
	t.put(chromeEvent{Name: "message", Category: "message", Phase: "s", Time: micros(sent), Process: t.runs, Thread: from, ID: t.flows})
	t.put(chromeEvent{Name: "message", Category: "message", Phase: "f", Time: micros(arrived), Process: t.runs, Thread: to, ID: t.flows, Binding: "e"})
}
