package bench

import (
	"cmp"
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

// TraceWriter writes the sampled writes of runs as trace events in the JSON array format, for Perfetto and speedscope
// (Trace Event Format, https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU). Each run is a
// process; each replica and each region's clients are a thread of it. In that format the slices of a thread lie one within the
// other or apart; where steps of a replica overlap, since one waited for another, it has further threads. The zero value is
// not usable; see NewTraceWriter.
type TraceWriter struct {
	w    io.Writer
	runs int
	ids  int // of writes and flows; they are unique in the whole file, since viewers do not tell processes apart by them
	any  bool
	err  error

	// Of the run that is being written:
	slices []traceSlice
	flows  []traceFlow
}

// NewTraceWriter returns a TraceWriter that writes to w. Close ends the array.
func NewTraceWriter(w io.Writer) *TraceWriter { return &TraceWriter{w: w} }

// traceSlice is a stretch of time on a track: a replica, or the clients of a region.
type traceSlice struct {
	track    int
	name     string
	from, to time.Duration
}

// traceFlow is an arrow from one slice to another, by their indices.
type traceFlow struct {
	from, to      int
	sent, arrived time.Duration
}

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
	t.slices, t.flows = nil, nil
	replicas, clients := r.Plan.Experiment.Replicas, r.Plan.Experiment.Clients
	t.meta("process_name", 0, "name", fmt.Sprintf("run %d: %s", t.runs, name))
	t.meta("process_sort_index", 0, "sort_index", t.runs)
	var tracks []string
	for _, region := range replicas {
		tracks = append(tracks, "replica "+region)
	}
	for _, region := range clients {
		tracks = append(tracks, "clients "+region)
	}
	for _, f := range r.Faults {
		t.put(chromeEvent{Name: f.Text, Category: "fault", Phase: "i", Time: micros(f.At + r.Plan.Experiment.Load.Warmup), Process: t.runs, Thread: 1, Scope: "p"})
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
				t.one(len(replicas)+region, w, traces.Events(region, w.Seq))
			}
		}
	}
	t.putTracks(tracks)
}

// putTracks writes the slices and flows of a run, and names the threads that they are on.
func (t *TraceWriter) putTracks(tracks []string) {
	threads, lanes := lanesOf(t.slices, len(tracks))
	for track, name := range tracks {
		for lane := range max(1, lanes[track]) {
			thread := threadOf(track, lane, len(tracks))
			called := name
			if lane > 0 {
				called = fmt.Sprintf("%s (%d)", name, lane+1)
			}
			t.meta("thread_name", thread, "name", called)
			t.meta("thread_sort_index", thread, "sort_index", track*len(t.slices)+lane)
		}
	}
	for i, s := range t.slices {
		length := micros(s.to - s.from)
		t.put(chromeEvent{Name: s.name, Category: "step", Phase: "X", Time: micros(s.from), Length: &length, Process: t.runs, Thread: threads[i]})
	}
	for _, f := range t.flows {
		t.ids++
		t.put(chromeEvent{Name: "message", Category: "message", Phase: "s", Time: micros(f.sent), Process: t.runs, Thread: threads[f.from], ID: t.ids})
		t.put(chromeEvent{Name: "message", Category: "message", Phase: "f", Time: micros(f.arrived), Process: t.runs, Thread: threads[f.to], ID: t.ids, Binding: "e"})
	}
}

// threadOf is the number of a thread: tracks are numbered from 1 on, and their further lanes after all of them.
func threadOf(track, lane, tracks int) int { return 1 + track + lane*tracks }

// lanesOf puts each slice on a thread on which it overlaps no other, except for those that it lies within or that lie within
// it, and tells how many lanes each track has for that.
func lanesOf(all []traceSlice, tracks int) (threads, lanes []int) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { // of those that begin together, the longest first
		return cmp.Or(cmp.Compare(all[a].from, all[b].from), cmp.Compare(all[b].to, all[a].to))
	})
	threads, lanes = make([]int, len(all)), make([]int, tracks)
	open := make([][][]time.Duration, tracks) // of each track and lane, when the slices end that are open, the innermost last
	for _, i := range order {
		s := &all[i]
		fits := func(ends []time.Duration) bool { return len(ends) == 0 || s.to <= ends[len(ends)-1] }
		lane := 0
		for ; lane < len(open[s.track]); lane++ {
			ends := &open[s.track][lane]
			for len(*ends) > 0 && (*ends)[len(*ends)-1] <= s.from {
				*ends = (*ends)[:len(*ends)-1]
			}
			if fits(*ends) {
				break
			}
		}
		if lane == len(open[s.track]) {
			open[s.track] = append(open[s.track], nil)
			lanes[s.track]++
		}
		open[s.track][lane] = append(open[s.track][lane], s.to)
		threads[i] = threadOf(s.track, lane, tracks)
	}
	return threads, lanes
}

// runName names a run of an experiment.
func runName(label, point string, repeat int) string {
	if point != "" {
		label += " at " + point
	}
	return fmt.Sprintf("%s, repeat %d", label, repeat+1)
}

func (t *TraceWriter) meta(what string, thread int, key string, value any) {
	t.put(chromeEvent{Name: what, Phase: "M", Process: t.runs, Thread: thread, Args: map[string]any{key: value}})
}

// one adds a write: two slices of the clients, one for each mark of a replica, and flows for the messages that led from one to
// the next. A flow begins when the effects of a step were released, and ends where the input arrived that led to the next
// mark. The marks tell these times and not the messages; other messages are not shown.
func (t *TraceWriter) one(clients int, w result.AnsweredWrite, events []result.TraceEvent) {
	name := fmt.Sprintf("write %d", w.Seq)
	t.ids++
	for _, e := range []chromeEvent{{Phase: "b", Time: micros(w.Intended)}, {Phase: "e", Time: micros(w.Answered)}} {
		e.Name, e.Category, e.Process, e.Thread, e.ID = name, "write", t.runs, 1+clients, t.ids
		t.put(e)
	}
	arrives := t.slice(clients, name+" arrives", w.Intended, w.Intended)
	answered := t.slice(clients, name+" is answered", w.Answered, w.Answered)
	type step struct {
		*result.TraceEvent
		slice int
	}
	var byTime []step
	for i := range events {
		e := &events[i]
		byTime = append(byTime, step{e, t.slice(e.Replica, name+" "+e.Mark, e.In, e.Out)})
	}
	slices.SortStableFunc(byTime, func(a, b step) int { return cmp.Compare(a.In, b.In) })
	var proposal, decision *step
	for i := range byTime {
		e := &byTime[i]
		switch e.Mark {
		case "proposed", "retried":
			if proposal == nil {
				t.flow(arrives, e.slice)
			}
			proposal = e
		case "prepared", "accepted":
			if proposal != nil && e.Replica != proposal.Replica && proposal.Out <= e.In {
				t.flow(proposal.slice, e.slice)
			}
		case "committed":
			if decision != nil {
				if decision.Replica != e.Replica && decision.Out <= e.In {
					t.flow(decision.slice, e.slice)
				}
				continue
			}
			decision = e
			for j := range byTime[:i] {
				if a := &byTime[j]; a.Mark == "accepted" && a.Replica != e.Replica && a.Out <= e.In {
					t.flow(a.slice, e.slice)
				}
			}
		}
	}
	if decision != nil && decision.Out <= w.Answered {
		t.flow(decision.slice, answered)
	}
}

// slice adds a slice to a track and returns its index. One that takes no time has the least length that the format has, so
// that a flow can be bound to it.
func (t *TraceWriter) slice(track int, name string, from, to time.Duration) int {
	t.slices = append(t.slices, traceSlice{track, name, from, max(to, from+time.Nanosecond)})
	return len(t.slices) - 1
}

// flow adds an arrow from the end of a slice, of which its last nanosecond is part, to the beginning of another.
func (t *TraceWriter) flow(from, to int) {
	t.flows = append(t.flows, traceFlow{from, to, t.slices[from].to - time.Nanosecond, t.slices[to].from})
}
