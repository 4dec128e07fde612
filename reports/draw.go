package reports

import (
	"fmt"
	"path/filepath"

	"quorumbench/bench"
)

// Draw writes the figures of a result into the folder dir, which must be there, and returns their
// paths: latency.png (p50 and p99 of each region and protocol, beside floors and round trips),
// distribution.png (all percentiles that the samples bear) and timeline.png (latency over the
// measured time). Each is 7.25 inches wide at 300 dpi and appears as a whole or not at all. A
// result without runs gives figures that say so.
func Draw(dir string, r *bench.Result) ([]string, error) {
	v := viewOf(r)
	var paths []string
	for _, f := range []struct {
		name   string
		figure func(*view) *figure
	}{{"latency.png", latencyFigure}, {"distribution.png", distributionFigure}, {"timeline.png", timelineFigure}} {
		path := filepath.Join(dir, f.name)
		if err := writePNG(path, f.figure(v).render()); err != nil {
			return paths, fmt.Errorf("drawing the result of %s: %w", r.Experiment.Name, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// subtitle says of which run a figure is, and whether it was cut short.
func subtitle(r *bench.Result) string {
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
	return barFigure("Write latency by region", []string{subtitle(v.Result)}, panels)
}
