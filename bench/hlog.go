package bench

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// tag names a series in latency.hlog: protocol.region.kind. The kinds are write, the response
// time, and write-service, the service time. The format has no room for commas and spaces.
func tag(protocol, region, kind string) string {
	return strings.NewReplacer(",", "_", " ", "_").Replace(protocol + "." + region + "." + kind)
}

const (
	responseKind = "write"
	serviceKind  = "write-service"
)

// writeLog writes the histograms of all intervals, in the order of time. Values are in
// nanoseconds; times are absolute.
func writeLog(w io.Writer, r *Result) error {
	log := hdrhistogram.NewHistogramLogWriter(w)
	steps := []func() error{
		func() error { return log.OutputLogFormatVersion() },
		func() error {
			return log.OutputComment("[quorumbench: write latencies in ns, tagged protocol.region.kind]")
		},
		func() error { return log.OutputStartTime(r.start().UnixMilli()) },
		func() error { return log.OutputLegend() },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for _, run := range r.Runs {
		intervals := 0
		for _, region := range run.Regions {
			intervals = max(intervals, len(region.Intervals))
		}
		for i := range intervals {
			for _, region := range run.Regions {
				if i >= len(region.Intervals) {
					continue
				}
				interval := region.Intervals[i]
				for _, series := range []struct {
					kind      string
					histogram *hdrhistogram.Histogram
				}{{responseKind, interval.Response}, {serviceKind, interval.Service}} {
					h := series.histogram
					h.SetTag(tag(run.Protocol, region.Region, series.kind))
					h.SetStartTimeMs(run.Started.Add(interval.Start).UnixMilli())
					h.SetEndTimeMs(run.Started.Add(interval.Start + interval.Length).UnixMilli())
					if err := log.OutputIntervalHistogram(h); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// start is when the first run's measured part began.
func (r *Result) start() time.Time {
	if len(r.Runs) == 0 {
		return r.Started
	}
	return r.Runs[0].Started
}

// readLog puts the histograms of a log back where they belong.
func readLog(from io.Reader, r *Result) error {
	reader := hdrhistogram.NewHistogramLogReader(from)
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			return err
		}
		if h == nil {
			return nil
		}
		region, started, kind := r.find(h)
		if region == nil {
			return fmt.Errorf("%s at %d ms belongs to no run of this result", h.Tag(), h.StartTimeMs())
		}
		since := func(milliseconds int64) time.Duration {
			// The reader makes them from decimal seconds; intervals are multiples of 10 ms.
			return (time.Duration(milliseconds-started.UnixMilli()) * time.Millisecond).Round(10 * time.Millisecond)
		}
		start, end := since(h.StartTimeMs()), since(h.EndTimeMs())
		n := len(region.Intervals)
		if n == 0 || region.Intervals[n-1].Start != start {
			region.Intervals = append(region.Intervals, Interval{Start: start, Length: end - start})
			n++
		}
		if kind == responseKind {
			region.Intervals[n-1].Response = h
		} else {
			region.Intervals[n-1].Service = h
		}
	}
}

// find returns the region and the start of the last run, with the histogram's tag, that had begun
// by the histogram's time.
func (r *Result) find(h *hdrhistogram.Histogram) (region *RegionRun, started time.Time, kind string) {
	for i := range r.Runs {
		run := &r.Runs[i]
		if run.Started.UnixMilli() > h.StartTimeMs()+1 {
			continue
		}
		for j := range run.Regions {
			for _, k := range []string{responseKind, serviceKind} {
				if h.Tag() == tag(run.Protocol, run.Regions[j].Region, k) {
					region, started, kind = &run.Regions[j], run.Started, k
				}
			}
		}
	}
	return region, started, kind
}
