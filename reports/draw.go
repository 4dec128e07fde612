package reports

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot/vg"

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
// sweep-read-modify-writes alone, and of one over the load throughput (latency over throughput). If replicas crashed, there is outages; if other voters were asked for, membership. Of live runs it draws trust (how exact the instrument was). A figure
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
	f, picture := file.drawing(opts)
	made := provenanceOf(f.title, opts.Command, r)
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
	of     *view                       // whose regions it shows; nil of a figure that does not go by region
	dense  func() *figure              // shows all regions in less room; nil if there is no such figure
	figure func(regions []int) *figure // draws some regions, by their index; nil stands for all
	flat   func() string               // says why there is nothing to see in the figure; empty where there is, nil where there always is
}

// empty says why the figure is left out; nothing if it is not.
func (f *file) empty() string {
	if f.flat == nil {
		return ""
	}
	return f.flat()
}

// drawing makes the figure and its drawing. If it would be higher than a page, regions stand closer, or it shows as many
// of them as there is room for, and says so; its data is of all.
func (f *file) drawing(opts *FigureOptions) (*figure, *drawing) {
	whole := f.figure(nil)
	picture := whole.drawing(opts)
	if picture.height <= pageHeight/vg.Length(picture.scale)+0.1 || f.of == nil {
		return whole, picture
	}
	if f.dense != nil {
		dense := f.dense()
		dense.data = whole.data
		if picture := dense.drawing(opts); picture.height <= pageHeight/vg.Length(picture.scale)+0.1 {
			return dense, picture
		}
	}
	all := len(f.of.regions)
	for n := min(all-1, whole.regionsFitting(all, pageHeight/vg.Length(picture.scale))); n > 0; n-- {
		some := f.figure(f.of.spread(n))
		some.data = whole.data
		some.subtitle = append(some.subtitle, fmt.Sprintf("%d of %d regions, from the quickest to the slowest; the data beside the figure has all", n, all))
		if picture = some.drawing(opts); picture.height <= pageHeight/vg.Length(picture.scale)+0.1 || n == 1 {
			return some, picture
		}
	}
	return whole, picture
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

func figuresOf(r *result.Result) []file {
	return slices.Concat(latencyFigures(r), crashFigures(r), membershipFigures(r))
}

// crashFigures is the figure of the crashes, if there were any.
func crashFigures(r *result.Result) []file {
	if !slices.ContainsFunc(r.Runs, func(run result.Run) bool { return len(run.Crashes) > 0 }) {
		return nil
	}
	return []file{{name: "outages", figure: func([]int) *figure { return crashFigure(r) }}}
}

// membershipFigures is the figure of the changes of the membership, if there were any, unless the setting of a sweep changes, too.
func membershipFigures(r *result.Result) []file {
	if r.Experiment.Sweep != nil {
		return nil
	}
	v := viewOf(r).labelled()
	if len(v.changes()) == 0 {
		return nil
	}
	return []file{{name: "membership", of: v, figure: func(regions []int) *figure { return membershipFigure(v.only(regions)) }}}
}

func latencyFigures(r *result.Result) []file {
	var trust []file
	if !r.Experiment.IsSimulated() && len(r.Runs) > 0 {
		trust = []file{{name: "trust", figure: func([]int) *figure { return trustFigure(r) }}}
	}
	if r.Experiment.Sweep != nil {
		writes := sweepOf(r).labelled()
		throughput := file{name: "throughput", of: writes.points[0], figure: func(regions []int) *figure { return writes.only(regions).throughputFigure(nil) }}
		if r.Experiment.Load.IsSearch() {
			return append([]file{throughput}, trust...)
		}
		files := append([]file{sweepFile("sweep", writes)}, trust...)
		if r.Experiment.Sweep.OfLoad() {
			files = append(files, throughput)
		}
		if writes.hasComponents() {
			files = append(files, file{name: "execution", of: writes.points[0], figure: func(regions []int) *figure { return writes.only(regions).executionFigure() }})
		}
		for _, one := range writes.kinds() {
			if !one.ofWrites() {
				files = append(files, sweepFile("sweep"+one.suffix(), one))
			}
		}
		return files
	}
	writes := viewOf(r).labelled()
	var files []file
	for _, v := range writes.kinds() {
		suffix := v.suffix()
		files = append(files,
			file{name: "latency" + suffix, of: v, dense: func() *figure { return denseFigure(v) }, figure: func(regions []int) *figure { return latencyFigure(v.only(regions)) }},
			file{name: "distribution" + suffix, of: v, figure: func(regions []int) *figure { return distributionFigure(v.only(regions)) }, flat: v.noDistribution},
			file{name: "timeline" + suffix, of: v, figure: func(regions []int) *figure { return timelineFigure(v.only(regions)) }, flat: v.noTimeline},
			file{name: "heat" + suffix, of: v, figure: func(regions []int) *figure { return heatFigure(v.only(regions)) }, flat: v.noHeat})
	}
	if writes.hasBreakdowns() {
		files = append(files, file{name: "breakdown", of: writes, figure: func(regions []int) *figure { return breakdownFigure(writes.only(regions)) }})
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

func sweepFile(name string, s *sweep) file {
	return file{name: name, of: s.points[0], figure: func(regions []int) *figure { return s.only(regions).figure() }}
}

// subtitle says of which run a figure is, and whether it is all of it.
func subtitle(r *result.Result) string {
	line := headline(r)
	if r.Shard != nil {
		line += fmt.Sprintf("; SHARD %v of the runs", r.Shard)
	}
	if r.Partial {
		line += "; PARTIAL: interrupted"
	}
	return line
}

// subtitles are the lines that say of which run a figure is, and which faults there were: each figure of a run with faults
// says so.
func subtitles(r *result.Result) []string {
	lines := append([]string{subtitle(r)}, faultList(r)...)
	for i := range lines {
		lines[i] = drawable(labelled(r, lines[i]))
	}
	return lines
}

// latencyFigure shows which regions pay for how many round trips under which protocol.
func latencyFigure(v *view) *figure {
	var panels []barPanel
	for region, name := range v.regions {
		p := barPanel{region: name}
		for i, label := range v.labels {
			s := v.series[i][region]
			p.bars = append(p.bars, barOf(s, label+v.reservation(label), v.looks[i].color()))
			if s != nil {
				p.quorum = s.Quorum
			}
		}
		panels = append(panels, p)
	}
	return barFigure(v.title(" latency by region"), subtitles(v.Result), timeName(v.Result), panels)
}
