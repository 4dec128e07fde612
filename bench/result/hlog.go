package result

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// tag names a series in latency.hlog: protocol.region.kind, and after the protocol, in brackets, the
// point of a sweep. The kinds are write, read and read-modify-write, the response times, and the same with -service, the
// service times. The format has no room for commas and spaces.
func tag(run *Run, region, kind string) string {
	protocol := run.Protocol
	if run.Point != "" {
		protocol += "[" + run.Point + "]"
	}
	return strings.NewReplacer(",", "_", " ", "_").Replace(protocol + "." + region + "." + kind)
}

// logged is a series of a region in the log.
type logged struct {
	name    string
	kind    Kind
	service bool
}

// kinds are the series of a region in the log: of each kind, the response times and the service times.
var kinds = func() (all []logged) {
	for _, kind := range Kinds {
		all = append(all, logged{string(kind), kind, false}, logged{string(kind) + "-service", kind, true})
	}
	return all
}()

// writeSummedLog is writeLog, and enters into the result what was written.
func writeSummedLog(w io.Writer, r *Result) error {
	var content bytes.Buffer
	if err := writeLog(&content, r); err != nil {
		return err
	}
	r.Log = &Log{Bytes: content.Len(), SHA256: fmt.Sprintf("%x", sha256.Sum256(content.Bytes()))}
	for i := range r.Runs {
		r.Log.Histograms += len(r.Runs[i].entries())
	}
	_, err := content.WriteTo(w)
	return err
}

// checkLog checks that a log is the one that was written with the result. Results of the first edition do not tell.
func (r *Result) checkLog(content []byte) error {
	if r.Log == nil {
		return nil
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(content)); len(content) != r.Log.Bytes || sum != r.Log.SHA256 {
		return fmt.Errorf("found %d bytes with SHA-256 %.12s…; %s expects %d histograms in %d bytes with %.12s…: the file was changed or cut after the run",
			len(content), sum, runFile, r.Log.Histograms, r.Log.Bytes, r.Log.SHA256)
	}
	return nil
}

// checkHistograms checks that the histograms of every region have as many values as run.json says.
func (r *Result) checkHistograms() error {
	for i := range r.Runs {
		run := &r.Runs[i]
		for j := range run.Regions {
			for _, kind := range kinds {
				of := run.Regions[j].Of(kind.kind)
				want := of.Response.Count - of.Response.Dropped
				if kind.service {
					want = of.Service.Count - of.Service.Dropped
				}
				got := int64(0)
				for k, interval := range of.Intervals {
					h := interval.Response
					if kind.service {
						h = interval.Service
					}
					if h == nil {
						return fmt.Errorf("found no histogram of %s for interval %d; the log was changed or cut after the run", tag(run, run.Regions[j].Region, kind.name), k+1)
					}
					got += h.TotalCount()
				}
				if got != want {
					return fmt.Errorf("found %d values of %s in repeat %d; %s expects %d: the log was changed or cut after the run",
						got, tag(run, run.Regions[j].Region, kind.name), run.Repeat+1, runFile, want)
				}
			}
		}
	}
	return nil
}

// writeLog writes the histograms of all intervals, in the order of time. Values are in
// nanoseconds; times are absolute.
func writeLog(w io.Writer, r *Result) error {
	log := hdrhistogram.NewHistogramLogWriter(w)
	steps := []func() error{
		func() error { return log.OutputLogFormatVersion() },
		func() error {
			return log.OutputComment("[quorumbench: latencies in ns, tagged protocol.region.kind]")
		},
		func() error { return log.OutputStartTime(r.start().UnixMilli()) },
		func() error { return log.OutputLegend() },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	h := NewHistogram()
	for i := range r.Runs {
		for _, e := range r.Runs[i].entries() {
			h.Reset()
			e.histogram.AddTo(h)
			h.SetTag(e.tag)
			h.SetStartTimeMs(e.start.UnixMilli())
			h.SetEndTimeMs(e.end.UnixMilli())
			if err := log.OutputIntervalHistogram(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry is a histogram as the log has it.
type entry struct {
	tag        string
	start, end time.Time
	histogram  *PackedHistogram
}

// entries are the histograms of a run as the log has them, in the order of time.
func (r *Run) entries() []entry {
	var all []entry
	for i := range r.Regions {
		region := &r.Regions[i]
		for _, kind := range kinds {
			for _, interval := range region.Of(kind.kind).Intervals {
				h := interval.Response
				if kind.service {
					h = interval.Service
				}
				start := r.Started.Add(interval.Start)
				all = append(all, entry{tag(r, region.Region, kind.name), start, start.Add(interval.Length), h})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.start.Compare(b.start) })
	return all
}

// start is when the first run's measured part began.
func (r *Result) start() time.Time {
	if len(r.Runs) == 0 {
		return r.Started
	}
	return r.Runs[0].Started
}

// readLog puts the histograms of a log back where they belong. A histogram belongs to the first run with a series of its tag
// that has not yet as many values as run.json says: each histogram has a value, and the log has the runs in the order of
// run.json. Times do not tell, since runs with the same tag overlap if they are of shards that ran side by side, or of a search
// whose runs in virtual time are longer than the load says.
func readLog(from io.Reader, r *Result) error {
	reader := hdrhistogram.NewHistogramLogReader(from)
	awaited := r.awaited()
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			return err
		}
		if h == nil {
			return nil
		}
		all := awaited[h.Tag()]
		for len(all) > 1 && all[0].left <= 0 {
			all = all[1:]
		}
		if len(all) == 0 {
			return fmt.Errorf("%s at %d ms belongs to no run of this result", h.Tag(), h.StartTimeMs())
		}
		awaited[h.Tag()] = all
		all[0].left -= h.TotalCount()
		if err := all[0].put(h); err != nil {
			return err
		}
	}
}

// awaitedSeries is a series of a region in a run whose histograms are being read.
type awaitedSeries struct {
	run     *Run
	of      *Operations
	service bool
	left    int64 // values that have not been read
}

// awaited are all series that have values, by their tags, in the order of the runs.
func (r *Result) awaited() map[string][]*awaitedSeries {
	all := map[string][]*awaitedSeries{}
	for i := range r.Runs {
		run := &r.Runs[i]
		for j := range run.Regions {
			for _, kind := range kinds {
				of := run.Regions[j].Of(kind.kind)
				s := &awaitedSeries{run: run, of: of, service: kind.service, left: of.Response.Count - of.Response.Dropped}
				if kind.service {
					s.left = of.Service.Count - of.Service.Dropped
				}
				name := tag(run, run.Regions[j].Region, kind.name)
				all[name] = append(all[name], s)
			}
		}
	}
	return all
}

// put adds a histogram to the series.
func (s *awaitedSeries) put(h *hdrhistogram.Histogram) error {
	since := func(milliseconds int64) time.Duration {
		// The reader makes them from decimal seconds; intervals are multiples of 10 ms.
		return (time.Duration(milliseconds-s.run.Started.UnixMilli()) * time.Millisecond).Round(10 * time.Millisecond)
	}
	start, end := since(h.StartTimeMs()), since(h.EndTimeMs())
	if (end - s.run.Measured).Abs() < 10*time.Millisecond { // the last one ends with what was measured
		end = s.run.Measured
	}
	n := len(s.of.Intervals)
	if n == 0 || s.of.Intervals[n-1].Start != start {
		s.of.Intervals = append(s.of.Intervals, Interval{Start: start, Length: end - start})
		n++
	}
	place := &s.of.Intervals[n-1].Response
	if s.service {
		place = &s.of.Intervals[n-1].Service
	}
	if *place != nil {
		return fmt.Errorf("found two histograms of %s at %d ms; expected one: the log was changed after the run", h.Tag(), h.StartTimeMs())
	}
	*place = PackHistogram(h)
	return nil
}
