package reports

import (
	"errors"
	"fmt"
	"path/filepath"

	"quorumbench/bench/result"
)

// Draw writes the figures of a result into the folder dir, which must be there, and returns their
// paths: latency.png (p50 and p99 of each region and protocol, beside floors and round trips),
// distribution.png (all percentiles that the samples bear), timeline.png (latency over the measured
// time) and breakdown.png (what a write waited for), the first three for reads, too, if there were
// any, as latency-reads.png and so on. Of a sweep it draws sweep.png and sweep-reads.png alone, and of one over the load
// throughput.png (latency over throughput). Each is 7.25 inches wide at 300 dpi and appears as a whole or not at all. A result without runs gives
// figures that say so. If a figure cannot be drawn, the others are.
func Draw(dir string, r *result.Result) ([]string, error) {
	var paths []string
	var missing []error
	for _, f := range figuresOf(r) {
		path := filepath.Join(dir, f.name)
		if err := writePNG(path, f.figure().render()); err != nil {
			missing = append(missing, fmt.Errorf("%s was not drawn: %w", path, err))
			continue
		}
		paths = append(paths, path)
	}
	return paths, errors.Join(missing...)
}

// file is a figure and the name of its file.
type file struct {
	name   string
	figure func() *figure
}

func figuresOf(r *result.Result) []file {
	if r.Experiment.Sweep != nil {
		writes := sweepOf(r)
		if r.Experiment.Load.IsSearch() {
			return []file{{"throughput.png", writes.throughputFigure}}
		}
		files := []file{{"sweep.png", writes.figure}}
		if r.Experiment.Sweep.OfLoad() {
			files = append(files, file{"throughput.png", writes.throughputFigure})
		}
		if reads := writes.ofReads(); reads != nil {
			files = append(files, file{"sweep-reads.png", reads.figure})
		}
		return files
	}
	writes := viewOf(r)
	var files []file
	for _, v := range []*view{writes, writes.ofReads()} {
		if v == nil {
			continue
		}
		suffix := ".png"
		if v.reads {
			suffix = "-reads.png"
		}
		files = append(files,
			file{"latency" + suffix, func() *figure { return latencyFigure(v) }},
			file{"distribution" + suffix, func() *figure { return distributionFigure(v) }},
			file{"timeline" + suffix, func() *figure { return timelineFigure(v) }})
	}
	if writes.hasBreakdowns() {
		files = append(files, file{"breakdown.png", func() *figure { return breakdownFigure(writes) }})
	}
	return files
}

// subtitle says of which run a figure is, and whether it was cut short.
func subtitle(r *result.Result) string {
	if r.Partial {
		return headline(r) + "; PARTIAL: interrupted"
	}
	return headline(r)
}

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
	return barFigure(v.title(" latency by region"), []string{subtitle(v.Result)}, timeName(v.Result), panels)
}
