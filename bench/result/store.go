package result

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"quorumbench/bench/experiment"
	"quorumbench/configs"
)

// The files of a result folder, besides the figures.
const (
	runFile     = "run.json"      // the Result
	logFile     = "latency.hlog"  // its histograms, HdrHistogram log format, version 2
	summaryFile = "summary.csv"   // a line for each run and region
	crashesFile = "crashes.csv"   // a line for each crash of a replica and region with clients, if there were crashes
	benchFile   = "bench.txt"     // the Go benchmark format, for benchstat
	linksFile   = "measured.yaml" // the real links between sites, as a topology
	sumsFile    = "SHA256SUMS"    // checksums of all these, as sha256sum -c reads them
)

// Write puts a result into a folder, which must not be there or be empty; see Folder.Write.
func Write(r *Result, folder string) error {
	f, err := Reserve(folder)
	if err != nil {
		return err
	}
	defer f.Release()
	return f.Write(r)
}

// Write puts a result into the folder. Each file appears as a whole or not at all, SHA256SUMS and run.json last. If one cannot
// be written, the others are, and the error names those that are missing. Files of an earlier result, which a run goes on
// with, are replaced when all new ones are written. Write enters into the result what latency.hlog has in it.
func (f *Folder) Write(r *Result) error {
	var missing []error
	var sums bytes.Buffer
	var renames [][2]string // from and to
	put := func(name string, write func(io.Writer, *Result) error) {
		var content bytes.Buffer
		path, temporary, err := filepath.Join(f.Path, name), "", write(&content, r)
		if err == nil {
			temporary, err = writeTemporary(f.Path, content.Bytes())
		}
		if err != nil {
			missing = append(missing, fmt.Errorf("%s was not written: %w", path, err))
			return
		}
		renames = append(renames, [2]string{temporary, path})
		addSum(&sums, name, content.Bytes())
	}
	for i, t := range r.Experiment.Traces() { // copies, so that the folder is enough to replay them
		if t.File != nil {
			put(experiment.TraceFile(i), func(w io.Writer, _ *Result) error {
				_, err := w.Write(t.File)
				return err
			})
		}
	}
	put(logFile, writeSummedLog)
	put(summaryFile, writeSummary)
	put(benchFile, writeBench)
	if slices.ContainsFunc(r.Runs, func(run Run) bool { return len(run.Crashes) > 0 }) {
		put(crashesFile, writeCrashes)
	}
	if r.OnRealLinks() && len(r.MeasuredLinks()) > 0 {
		put(linksFile, writeMeasured)
	}
	for i := range r.Runs {
		if run := &r.Runs[i]; run.History != nil {
			put(run.historyFile(), func(w io.Writer, _ *Result) error {
				_, err := w.Write(run.History)
				return err
			})
		}
	}
	others := len(renames)
	put(runFile, writeJSON)
	put(sumsFile, func(w io.Writer, _ *Result) error {
		_, err := sums.WriteTo(w)
		return err
	})
	slices.Reverse(renames[others:]) // the sums stand beside run.json as soon as it is there
	for _, r := range renames {
		if err := os.Rename(r[0], r[1]); err != nil {
			missing = append(missing, fmt.Errorf("%s was not written: %w", r[1], errors.Join(err, os.Remove(r[0]))))
		}
	}
	return errors.Join(missing...)
}

// Put writes one file into the folder, or replaces it: it is there as a whole or as it was before.
func (f *Folder) Put(name string, content []byte) error {
	path := filepath.Join(f.Path, name)
	temporary, err := writeTemporary(f.Path, content)
	if err == nil {
		if err = os.Rename(temporary, path); err != nil {
			err = errors.Join(err, os.Remove(temporary))
		}
	}
	if err != nil {
		return fmt.Errorf("%s was not written: %w", path, err)
	}
	return nil
}

// historyFile is the name of the file that shows the clients' history, if it is not linearizable.
func (r *Run) historyFile() string {
	return fmt.Sprintf("history-%s%s-%d.html", r.Protocol, oneWord(r.Point), r.Repeat+1)
}

// readHistories reads the pages of histories that are not linearizable, where there are any.
func (r *Result) readHistories(folder string) error {
	for i := range r.Runs {
		run := &r.Runs[i]
		if len(run.Failed()) == 0 {
			continue
		}
		page, err := configs.ReadFile(filepath.Join(folder, run.historyFile()), maxFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reading a result: %w", err)
		}
		run.History = page
	}
	return nil
}

// writeTemporary writes a file under a temporary name, to be renamed when it is there as a whole.
func writeTemporary(folder string, content []byte) (path string, err error) {
	file, err := os.CreateTemp(folder, ".tmp-*")
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// Read reads a result from its folder, histograms included.
func Read(folder string) (*Result, error) {
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is a file; accepted: a result folder", folder)
	}
	path := filepath.Join(folder, runFile)
	data, err := configs.ReadFile(path, maxFile)
	if folder == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a result folder: it has no %s", cmp.Or(folder, `""`), runFile)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	var edition struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &edition); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if edition.Schema != SchemaVersion { // of another edition, the rest may be something else
		return nil, fmt.Errorf("%s is of schema %d; accepted: %d, which this quorumbench writes: use the one that wrote the result, or run the experiment again",
			path, edition.Schema, SchemaVersion)
	}
	if err := checkSum(folder, runFile, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &Result{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	r.Experiment.Complete()
	renameMeasures(r)
	completeCounts(r)
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	path = filepath.Join(folder, logFile)
	if data, err = configs.ReadFile(path, maxFile); err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	if err := r.checkLog(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := readLog(bytes.NewReader(data), r); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := r.checkHistograms(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, errors.Join(r.readHistories(folder), r.readTraces(folder))
}

// readTraces reads the copies of the traces that the load replays, those that the folder has.
func (r *Result) readTraces(folder string) error {
	for i, t := range r.Experiment.Traces() {
		path := filepath.Join(folder, experiment.TraceFile(i))
		file, err := configs.ReadFile(path, maxFile)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return fmt.Errorf("reading a result: %w", err)
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(file)); sum != t.SHA256 {
			return fmt.Errorf("%s: found SHA-256 %.12s…; %s expects %.12s…: the file was changed or cut after the run", path, sum, runFile, t.SHA256)
		}
		r.Experiment.GiveTrace(t.SHA256, file)
	}
	return nil
}

// completeCounts fills in what an earlier version did not count, in no run: there, what was answered in time.
func completeCounts(r *Result) {
	var all []named
	for i := range r.Runs {
		for j := range r.Runs[i].Regions {
			all = append(all, r.Runs[i].Regions[j].Series()...)
		}
	}
	if slices.ContainsFunc(all, func(of named) bool { return of.Completed != 0 }) {
		return
	}
	for _, of := range all {
		of.Completed = of.Answered
	}
}

// maxFile is the greatest size of a result's files that is read, in bytes.
const maxFile = 4 << 30

func writeJSON(w io.Writer, r *Result) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func writeSummary(w io.Writer, r *Result) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"protocol", "point", "repeat", "region", "operation", "floor_ns", "quorum_ns", "offered", "answered", "errors",
		"min_ns", "mean_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "p99_99_ns", "max_ns", "service_p50_ns", "service_p99_ns", "lag_p99_ns", "valid",
		"offered_per_s", "achieved_per_s", "p50_bound_ns", "p90_bound_ns", "p99_bound_ns", "p99_9_bound_ns", "p99_99_bound_ns"}}
	for _, run := range r.Runs {
		for _, region := range run.Regions {
			for _, series := range region.Series() {
				row := []string{run.Protocol, run.Point, strconv.Itoa(run.Repeat), region.Region, series.Name, series.floor()}
				s := series.Response
				for _, n := range []int64{int64(region.Quorum), series.Offered, series.Answered, series.Errors,
					int64(s.Min), int64(s.Mean()), int64(s.P50), int64(s.P90), int64(s.P99), int64(s.P999), int64(s.P9999), int64(s.Max),
					int64(series.Service.P50), int64(series.Service.P99), int64(series.Lag.P99)} {
					row = append(row, strconv.FormatInt(n, 10))
				}
				row = append(row, strconv.FormatBool(len(run.Invalid) == 0 && !run.Saturated), perSecondText(series.Rate(run.Measured)), perSecondText(series.Throughput(run.Measured)))
				for _, p := range []float64{50, 90, 99, 99.9, 99.99} {
					row = append(row, strconv.FormatInt(int64(series.Bound(p)), 10))
				}
				rows = append(rows, row)
			}
		}
	}
	return out.WriteAll(rows)
}

// writeCrashes writes times in nanoseconds: Inf for what did not happen until the end of the run, empty for what cannot,
// such as a new leader in a protocol without one.
func writeCrashes(w io.Writer, r *Result) error {
	rows := [][]string{{"protocol", "point", "repeat", "crash", "replica", "at_ns", "region", "outage_ns", "new_leader_ns",
		"restarted_at_ns", "missed_writes", "caught_up_ns", "serving_ns", "valid"}}
	length := func(d time.Duration) string {
		if d == Never {
			return "Inf"
		}
		return strconv.FormatInt(int64(d), 10)
	}
	for _, run := range r.Runs {
		for _, c := range run.Crashes {
			leader, back := "", []string{"", "", "", ""}
			if c.NewLeader != nil {
				leader = length(*c.NewLeader)
			}
			if b := c.Recovery; b != nil {
				back = []string{length(b.At), strconv.Itoa(b.Missed), length(b.CaughtUp), length(b.Serving)}
			}
			for i, outage := range c.Outages {
				row := []string{run.Protocol, run.Point, strconv.Itoa(run.Repeat), r.CrashFault(c), c.Region, length(c.At), run.Regions[i].Region, length(outage), leader}
				rows = append(rows, append(append(row, back...), strconv.FormatBool(len(run.Invalid) == 0 && !run.Saturated)))
			}
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}

func perSecondText(rate float64) string { return strconv.FormatFloat(rate, 'f', 3, 64) }

// named are the operations of one kind in a region, with the name of the kind.
type named struct {
	*Operations
	Name   string
	Kind   Kind
	region *RegionRun
}

// Series are the operations of a region by kind, of those kinds of which there are any; if there are none at all, the writes.
func (r *RegionRun) Series() []named {
	var all []named
	for _, kind := range Kinds {
		if of := r.Of(kind); of.Offered > 0 {
			all = append(all, named{of, string(kind), kind, r})
		}
	}
	if all == nil {
		all = []named{{&r.Operations, string(Writes), Writes, r}}
	}
	return all
}

// floor is that of writes: protocols differ in what a read waits for, and none tells its least.
func (n named) floor() string {
	if n.Kind != Writes {
		return ""
	}
	return strconv.FormatInt(int64(n.region.Floor), 10)
}

// Mean is the mean of the distribution, 0 if it is empty.
func (s Summary) Mean() time.Duration {
	if s.Count == 0 {
		return 0
	}
	return s.Sum / time.Duration(s.Count)
}

// writeBench writes the Go benchmark format (golang.org/design/14313-benchmark-format): one line
// a run, region and kind of operation; ns/op is the mean.
func writeBench(w io.Writer, r *Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\nexperiment: %s\ntopology: %s\nworld: %s\n",
		r.Machine.OS, r.Machine.Arch, r.Experiment.Name, r.Topology.Name, r.Experiment.World)
	for _, run := range r.Runs {
		name := "protocol=" + oneWord(run.Protocol)
		if run.Point != "" {
			name += "/" + r.Experiment.Sweep.Key() + "=" + oneWord(run.Point)
		}
		for _, region := range run.Regions {
			for _, series := range region.Series() {
				series.writeBench(&b, name, run.Measured)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// oneWord makes a point, a label or a region fit into a file's or a benchmark's name, in which a slash divides, and which ends with a
// space.
func oneWord(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || unicode.IsSpace(r) {
			return '_'
		}
		return r
	}, text)
}

// camel writes read-modify-write as ReadModifyWrite: a hyphen has a meaning of its own in the name of a benchmark.
func camel(name string) string {
	words := strings.Split(name, "-")
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

func (n named) writeBench(b *strings.Builder, name string, measured time.Duration) {
	s := n.Response
	fmt.Fprintf(b, "Benchmark%s/%s/region=%s %d %d ns/op", camel(n.Name), name, oneWord(n.region.Region), s.Count, s.Mean())
	for _, p := range []struct {
		unit       string
		percentile float64
		value      time.Duration
	}{{"p50-ns", 50, s.P50}, {"p99-ns", 99, s.P99}, {"p99.9-ns", 99.9, s.P999}} {
		if n.Confidence(p.percentile) > Withheld {
			fmt.Fprintf(b, " %d %s", p.value, p.unit)
		}
	}
	fmt.Fprintf(b, " %s achieved/s %d errors\n", perSecondText(n.Throughput(measured)), n.Errors)
}
