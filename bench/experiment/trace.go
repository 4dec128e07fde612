package experiment

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumbench/configs"
	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// Recorded is a command of a trace.
type Recorded struct {
	At   time.Duration // since the trace begins
	Key  uint64        // index of Traced.Keys
	Op   RecordedOp
	Size int // of the value that is written, in bytes; 0 of a read
}

// RecordedOp is what a command of a trace does.
type RecordedOp uint8

// The operations of a trace.
const (
	RecordedWrite RecordedOp = iota
	RecordedRead
	RecordedRMW // a read-modify-write
)

// recordedOps are the words for them, in a trace.
var recordedOps = []string{"write", "read", "rmw"}

// Traced is what a trace has: a file in which each line is a command of the load. It is not changed after it was read.
type Traced struct {
	SHA256   string         `json:"sha256"`   // of the file, in hexadecimal digits
	Commands map[string]int `json:"commands"` // by region with clients
	Length   time.Duration  `json:"length_ns"`

	// What follows is not in run.json: the result has a copy of the file beside it.
	File   []byte                `json:"-"`
	Keys   []string              `json:"-"` // in the order in which the trace first has them
	Region map[string][]Recorded `json:"-"` // by region, in the order of time
}

// String tells traces apart.
func (t *Traced) String() string {
	commands := 0
	for _, n := range t.Commands {
		commands += n
	}
	return fmt.Sprintf("%d commands in %v, SHA-256 %.12s…", commands, t.Length.Round(time.Millisecond), t.SHA256)
}

// loads are the loads of the experiment, and of the points of its sweep.
func (e *Experiment) loads() []*Load {
	all := []*Load{&e.Load}
	if e.Sweep != nil {
		for i := range e.Sweep.Points {
			all = append(all, &e.Sweep.Points[i].Load)
		}
	}
	return all
}

// Traces are the traces that the load replays, at any point of a sweep, each once, in the order of the points.
func (e *Experiment) Traces() []*Traced {
	var all []*Traced
	for _, load := range e.loads() {
		if t := load.Traced; t != nil && !slices.ContainsFunc(all, func(other *Traced) bool { return other.SHA256 == t.SHA256 }) {
			all = append(all, t)
		}
	}
	return all
}

// GiveTrace gives the file of a trace to all loads that replay it, in a result that was read.
func (e *Experiment) GiveTrace(sha256 string, file []byte) {
	for _, load := range e.loads() {
		if t := load.Traced; t != nil && t.SHA256 == sha256 {
			t.File = file
		}
	}
}

// TraceFile is the name of a result's copy of the i-th of its experiment's Traces, counting from 0.
func TraceFile(i int) string {
	if i == 0 {
		return "trace.csv"
	}
	return fmt.Sprintf("trace-%d.csv", i+1)
}

const (
	maxTrace    = 256 << 20 // the greatest size of a trace's file, in bytes
	maxKey      = 1 << 10   // of a key, in bytes
	traceHeader = "time,region,op,key,size"
)

// IsTraced reports whether a trace says which commands there are and when they arrive.
func (l *Load) IsTraced() bool { return l.Arrivals == Replayed }

// readTrace reads the trace of the load, if there is one, from a file whose path is relative to the experiment's file. It sets what
// follows from the trace: rates, shares of reads and read-modify-writes, number of keys, mean size, and how long is measured.
func (p *Plan) readTrace(file string) func(*strictyaml.Document, *netem.Topology) error {
	return func(doc *strictyaml.Document, _ *netem.Topology) error {
		e, l := &p.Experiment, &p.Experiment.Load
		const path = "load.trace"
		switch {
		case l.Trace == "" && l.IsTraced():
			return doc.Errorf("load.arrivals", "found it without a trace; accepted: with trace, the path of a CSV file of %s", traceHeader)
		case l.Trace == "" && doc.Has(path):
			return doc.Errorf(path, "found %q; accepted: the path of a CSV file of %s", l.Trace, traceHeader)
		case l.Trace == "":
			return nil
		case doc.Has("load.arrivals") && !l.IsTraced():
			return doc.Errorf("load.arrivals", "found %s beside a trace, which says when commands arrive; accepted: %s, or one of the two", l.Arrivals, Replayed)
		}
		for _, said := range TraceSays {
			if doc.Has(said) {
				return doc.Errorf(said, "found it beside a trace, which says it; accepted: one of the two")
			}
		}
		at := l.Trace
		if !filepath.IsAbs(at) {
			at = filepath.Join(filepath.Dir(file), at)
		}
		data, err := configs.ReadFile(at, maxTrace)
		if err != nil {
			return doc.Errorf(path, "found %q, which cannot be read: %w", l.Trace, err)
		}
		if l.Traced, err = parseTrace(at, data, e.Clients); err != nil {
			return err
		}
		l.Arrivals = Replayed
		if !doc.Has("load.duration") { // the last command is measured
			l.Duration = max((l.Traced.Length-l.Warmup).Truncate(10*time.Millisecond)+10*time.Millisecond, 100*time.Millisecond)
		}
		if l.Traced.Length < l.Warmup {
			return doc.Errorf(path, "found a trace of %v, which is over before the warm-up of %v is; accepted: a longer trace, or a shorter warmup", l.Traced.Length, l.Warmup)
		}
		if l.describe(e.Clients) == 0 {
			return doc.Errorf(path, "found no command within the first %v; accepted: a trace with some, or a longer duration", l.Warmup+l.Duration)
		}
		return nil
	}
}

// describe sets what follows from the trace, and returns how many commands there are.
func (l *Load) describe(clients []string) (all int) {
	length := (l.Warmup + l.Duration).Seconds()
	l.Rates = map[string]Rate{}
	var bytes, writes int
	var ops [3]int
	for _, region := range clients {
		within := 0
		for _, r := range l.Traced.Region[region] {
			if r.At >= l.Warmup+l.Duration {
				break
			}
			within++
			ops[r.Op]++
			if r.Op != RecordedRead {
				bytes, writes = bytes+r.Size, writes+1
			}
		}
		all += within
		if within > 0 { // a file has no rate of 0
			l.Rates[region] = Rate(float64(within) / length)
		}
	}
	l.Rate = Rate(float64(all) / length / float64(len(clients)))
	share := func(op RecordedOp) Share { return Share(math.Round(1000*float64(ops[op])/float64(max(1, all))) / 1000) }
	l.Reads, l.RMW.Share = share(RecordedRead), share(RecordedRMW)
	l.Keys = Keys{Count: max(1, len(l.Traced.Keys)), Distribution: FromTrace}
	l.ValueSize = 0
	if writes > 0 {
		l.ValueSize = Size((bytes + writes/2) / writes)
	}
	return all
}

// parseTrace reads a trace with commands of regions with clients.
func parseTrace(file string, data []byte, clients []string) (*Traced, error) {
	t := &Traced{
		SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), Commands: map[string]int{}, File: data, Region: map[string][]Recorded{},
	}
	lines := csv.NewReader(bytes.NewReader(data))
	lines.FieldsPerRecord, lines.ReuseRecord = -1, true
	numbers := map[string]uint64{} // of the keys
	for n := 0; ; n++ {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, traceError(file, wrong.Line, wrong.Column, "found what is no CSV: %w", wrong.Err)
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		complain := func(field int, format string, args ...any) error {
			line, column := lines.FieldPos(min(field, len(fields)-1))
			return traceError(file, line, column, format, args...)
		}
		if n == 0 {
			if found := strings.Join(fields, ","); found != traceHeader {
				return nil, complain(0, "found the header %q; accepted: %s", found, traceHeader)
			}
			continue
		}
		if want := strings.Count(traceHeader, ",") + 1; len(fields) != want {
			return nil, complain(len(fields)-1, "found %d fields; accepted: %d, %s", len(fields), want, traceHeader)
		}
		one, err := recorded(fields, clients, complain)
		if err != nil {
			return nil, err
		}
		if one.At < t.Length {
			return nil, complain(0, "found %v after %v; accepted: lines in the order of time", one.At, t.Length)
		}
		t.Length = one.At
		number, known := numbers[fields[3]]
		if !known {
			number = uint64(len(t.Keys))
			key := strings.Clone(fields[3]) // fields share the memory of a line
			numbers[key], t.Keys = number, append(t.Keys, key)
		}
		one.Key = number
		region := clients[slices.Index(clients, fields[1])]
		t.Region[region] = append(t.Region[region], one)
		t.Commands[region]++
	}
	if len(t.Region) == 0 {
		return nil, traceError(file, 1, 1, "found no commands; accepted: the line %s, and a line for each command", traceHeader)
	}
	return t, nil
}

func traceError(file string, line, column int, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %w", file, line, column, fmt.Errorf(format, args...))
}

// recorded reads a line of a trace, without its key. Complain makes an error about a field.
func recorded(fields, clients []string, complain func(field int, format string, args ...any) error) (r Recorded, err error) {
	text := fields[0]
	if last := len(text) - 1; last >= 0 && text[last] >= '0' && text[last] <= '9' {
		text += "s"
	}
	if r.At, err = time.ParseDuration(text); err != nil || r.At < 0 || r.At > maxLength+time.Hour || strings.HasPrefix(text, "-") {
		return r, complain(0, "found %q; accepted: the time since the trace begins, in seconds, as in 12.5, or with a unit, up to 25h", fields[0])
	}
	if !slices.Contains(clients, fields[1]) {
		return r, complain(1, "found the region %q; accepted: the regions with clients, %s%s", fields[1], strings.Join(clients, ", "), strictyaml.DidYouMean(fields[1], clients))
	}
	op := slices.Index(recordedOps, fields[2])
	if op < 0 {
		return r, complain(2, "found %q; accepted: %s%s", fields[2], strings.Join(recordedOps, ", "), strictyaml.DidYouMean(fields[2], recordedOps))
	}
	r.Op = RecordedOp(op)
	if n := len(fields[3]); n == 0 || n > maxKey {
		return r, complain(3, "found a key of %d bytes; accepted: 1 to %d", n, maxKey)
	}
	if fields[4] == "" && r.Op == RecordedRead {
		return r, nil
	}
	size, err := strconv.Atoi(fields[4])
	if err != nil || size < 0 || size > maxValueSize {
		return r, complain(4, "found %q; accepted: the bytes of the value, 0 to %d; nothing if it is read", fields[4], maxValueSize)
	}
	if r.Op != RecordedRead {
		r.Size = size
	}
	return r, nil
}
