package reports

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"quorumbench/bench/result"
)

// Drawn is what Draw has written.
type Drawn struct {
	Paths   []string // of the figures, without the data beside them
	LeftOut []string // a line for each figure in which there was nothing to see: its name, and why
}

// Draw writes the figures of a result into the folder dir, which must be there: latency (p50 and p99 of each region and
// protocol, beside floors and round trips), distribution (all percentiles that the samples bear, above the floor), timeline
// (the median over the measured time), heat (all latencies over it) and breakdown (what a write waited for), the first four
// for reads and read-modify-writes, too, if there were any, as latency-reads and so on. Of a sweep it draws sweep, sweep-reads and
// sweep-read-modify-writes alone, and of one over the load throughput (latency over throughput). If replicas crashed, there is outages. Of live runs it draws trust (how exact the instrument was). A figure
// that would show flat lines only is left out, and that is said.
//
// Each is written in all formats that the options name, and its data beside it as CSV. Inside are the title, the program, the
// experiment with its hash, the seed and the command; the same result and the same options give the same bytes. A file appears
// as a whole or not at all. A result without runs gives figures that say so. If a figure cannot be drawn, the others are.
func Draw(dir string, r *result.Result, opts FigureOptions) (Drawn, error) {
	var drawn Drawn
	var missing []error
	for _, file := range figuresOf(r) {
		if why := file.empty(); why != "" {
			drawn.LeftOut = append(drawn.LeftOut, file.name+" ("+why+")")
			continue
		}
		paths, err := file.write(dir, r, &opts)
		drawn.Paths, missing = append(drawn.Paths, paths...), append(missing, err)
	}
	return drawn, errors.Join(missing...)
}

// write writes the figure into a folder, in all formats that the options name, and its data. It returns the paths without that of
// the data.
func (file *file) write(dir string, r *result.Result, opts *FigureOptions) (paths []string, err error) {
	var missing []error
	f := file.figure()
	picture, made := f.drawing(opts), provenanceOf(f.title, opts.Command, r)
	path := filepath.Join(dir, file.name)
	write := func(extension string, content []byte, err error) bool {
		if err == nil {
			err = writeWhole(path+extension, content)
		}
		if err != nil {
			missing = append(missing, fmt.Errorf("%s%s was not drawn: %w", path, extension, err))
		}
		return err == nil
	}
	for _, format := range opts.formats() {
		content, err := picture.encode(format, opts.Theme, made)
		if write("."+string(format), content, err) {
			paths = append(paths, path+"."+string(format))
		}
	}
	write(".csv", f.data.encode(), nil)
	return paths, errors.Join(missing...)
}

// file is a figure and the name of its files, without an extension.
type file struct {
	name   string
	figure func() *figure
	flat   func() string // says why there is nothing to see in the figure; empty where there is, nil where there always is
}

// empty says why the figure is left out; nothing if it is not.
func (f *file) empty() string {
	if f.flat == nil {
		return ""
	}
	return f.flat()
}

// LeftOut tells which figures of a result Draw leaves out, since there is nothing to see in them, and why, a line each.
func LeftOut(r *result.Result) []string {
	var lines []string
	for _, file := range figuresOf(r) {
		if why := file.empty(); why != "" {
			lines = append(lines, file.name+" ("+why+")")
		}
	}
	return lines
}

func figuresOf(r *result.Result) []file { return append(latencyFigures(r), crashFigures(r)...) }

// crashFigures is the figure of the crashes, if there were any.
func crashFigures(r *result.Result) []file {
	if !slices.ContainsFunc(r.Runs, func(run result.Run) bool { return len(run.Crashes) > 0 }) {
		return nil
	}
	return []file{{name: "outages", figure: func() *figure { return crashFigure(r) }}}
}

func latencyFigures(r *result.Result) []file {
	var trust []file
	if !r.Experiment.IsSimulated() && len(r.Runs) > 0 {
		trust = []file{{name: "trust", figure: func() *figure { return trustFigure(r) }}}
	}
	if r.Experiment.Sweep != nil {
		writes := sweepOf(r)
		if r.Experiment.Load.IsSearch() {
			return append([]file{{name: "throughput", figure: func() *figure { return writes.throughputFigure(nil) }}}, trust...)
		}
		files := append([]file{{name: "sweep", figure: writes.figure}}, trust...)
		if r.Experiment.Sweep.OfLoad() {
			files = append(files, file{name: "throughput", figure: func() *figure { return writes.throughputFigure(nil) }})
		}
		for _, one := range writes.kinds() {
			if !one.ofWrites() {
				files = append(files, file{name: "sweep" + one.suffix(), figure: one.figure})
			}
		}
		return files
	}
	writes := viewOf(r)
	var files []file
	for _, v := range writes.kinds() {
		suffix := v.suffix()
		files = append(files,
			file{name: "latency" + suffix, figure: func() *figure { return latencyFigure(v) }},
			file{"distribution" + suffix, func() *figure { return distributionFigure(v) }, v.noDistribution},
			file{"timeline" + suffix, func() *figure { return timelineFigure(v) }, v.noTimeline},
			file{"heat" + suffix, func() *figure { return heatFigure(v) }, v.noHeat})
	}
	if writes.hasBreakdowns() {
		files = append(files, file{name: "breakdown", figure: func() *figure { return breakdownFigure(writes) }})
	}
	return append(files, trust...)
}

// suffix ends the names of the view's figures: nothing for writes, else -reads or -read-modify-writes.
func (v *view) suffix() string {
	if v.ofWrites() {
		return ""
	}
	return "-" + v.noun() + "s"
}

// subtitle says of which run a figure is, and whether it was cut short.
func subtitle(r *result.Result) string {
	if r.Partial {
		return headline(r) + "; PARTIAL: interrupted"
	}
	return headline(r)
}

// subtitles are the lines that say of which run a figure is, and which faults there were: each figure of a run with faults
// says so.
func subtitles(r *result.Result) []string { return append([]string{subtitle(r)}, faultList(r)...) }

// latencyFigure shows which regions pay for how many round trips under which protocol.
func latencyFigure(v *view) *figure {
	var panels []barPanel
	for region, name := range v.regions {
		p := barPanel{region: name}
		for i, label := range v.labels {
			s := v.series[i][region]
			p.bars = append(p.bars, barOf(s, label+v.reservation(label), protocolColor(i)))
			if s != nil {
				p.quorum = s.Quorum
			}
		}
		panels = append(panels, p)
	}
	return barFigure(v.title(" latency by region"), subtitles(v.Result), timeName(v.Result), panels)
}
