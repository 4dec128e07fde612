package reports

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// Beside writes how far another result of the same sweep over the load is from r, such as a simulated one from a live one: a
// row for each protocol and load, and a line for the knees of each protocol. It returns an error if the two cannot be put side
// by side.
func Beside(w io.Writer, r, other *result.Result, out Output) error {
	if err := sameSweep(r, other); err != nil {
		return err
	}
	a, b := sweepOf(r), sweepOf(other)
	names := sides(r, other)
	t := newTable("protocol", a.Experiment.Sweep.Path, names[0]+", answered/s", names[1]+", answered/s", "p50, "+names[1]+" ÷ "+names[0], "p99, "+names[1]+" ÷ "+names[0])
	for i, label := range a.points[0].labels {
		name := label
		theirs := b.loads(b.protocol(label))
		for _, one := range a.loads(i) {
			row := table.Row{name, one.value, one.answered()}
			if at := slices.IndexFunc(theirs, func(l loaded) bool { return l.value == one.value }); at < 0 {
				row = append(row, "not run", withheldMark, withheldMark)
			} else {
				row = append(row, theirs[at].answered(), one.ratios(theirs[at], p50), one.ratios(theirs[at], p99))
			}
			t.AppendRow(row)
			name = ""
		}
		t.AppendSeparator()
	}
	page := &Page{Output: out}
	fmt.Fprintf(page, "\n%s: %s\n%s: %s\n", names[0], headline(r), names[1], headline(other))
	page.Table(t)
	fmt.Fprintf(page, "A ratio is of the regions in which both percentiles are shown: the least and the greatest.\n")
	for i, label := range a.points[0].labels {
		fmt.Fprintf(page, "%s: %s %s; %s %s.\n", label, names[0], a.kneeWords(i), names[1], b.kneeWords(b.protocol(label)))
	}
	_, err := page.WriteTo(w)
	return err
}

// DrawBeside draws throughput-both into the folder dir: the curves of r and, dotted, those of another result of the same sweep
// over the load. It returns the paths of the figure in all formats that the options name; see Draw.
func DrawBeside(dir string, r, other *result.Result, opts FigureOptions) ([]string, error) {
	if err := sameSweep(r, other); err != nil {
		return nil, err
	}
	one := file{name: "throughput-both", figure: func([]int) *figure { return sweepOf(r).labelled().throughputFigure(sweepOf(other).labelled()) }}
	return one.write(dir, r, &opts)
}

// sameSweep returns an error unless two results are sweeps over the same load, with the same protocols from the same regions.
func sameSweep(r, other *result.Result) error {
	for _, one := range []*result.Result{r, other} {
		if s := one.Experiment.Sweep; s == nil || !s.OfLoad() {
			return fmt.Errorf("found %s without a sweep over the load; accepted: two results of sweeps over load.rate or load.clients", one.Experiment.Name)
		}
	}
	differs := func(what string, a, b any) error {
		return fmt.Errorf("found two results that differ in %s: %v and %v; accepted: the same, as of a live run and a simulated one of an experiment", what, a, b)
	}
	a, b := r.Experiment.Sweep, other.Experiment.Sweep
	switch {
	case a.Path != b.Path:
		return differs("what they sweep over", a.Path, b.Path)
	case !slices.Equal(r.Experiment.Clients, other.Experiment.Clients):
		return differs("their regions", r.Experiment.Clients, other.Experiment.Clients)
	case !slices.Equal(slices.Sorted(slices.Values(r.Labels())), slices.Sorted(slices.Values(other.Labels()))):
		return differs("their protocols", r.Labels(), other.Labels())
	case !slices.ContainsFunc(a.Values, func(value string) bool { return slices.Contains(b.Values, value) }):
		return errors.New("found two results without a load in common; accepted: at least one load that both have")
	}
	return nil
}

// sides are what two results are called: by their worlds, if these differ.
func sides(r, other *result.Result) [2]string {
	if a, b := r.Experiment.IsSimulated(), other.Experiment.IsSimulated(); a != b {
		names := map[bool]string{false: "live", true: "simulated"}
		return [2]string{names[a], names[b]}
	}
	return [2]string{"first", "second"}
}

// protocol is the index of a protocol.
func (s *sweep) protocol(label string) int { return slices.Index(s.points[0].labels, label) }

// answered writes the throughput, and of what if that is more.
func (l loaded) answered() string {
	if l.saturated {
		return rate(l.achieved) + " of " + rate(l.offered) + ", saturated"
	}
	return rate(l.achieved)
}

// ratios writes the least and the greatest ratio of a percentile of another load to that of l, over all regions that show both.
func (l loaded) ratios(other loaded, p percentile) string {
	var all []float64
	for region, s := range l.series {
		o := other.series[region]
		if s == nil || o == nil || s.confidence(p.at) == result.Withheld || o.confidence(p.at) == result.Withheld || p.of(s.Response) == 0 {
			continue
		}
		all = append(all, p.of(o.Response)/p.of(s.Response))
	}
	if len(all) == 0 {
		return withheldMark
	}
	least, greatest := times(slices.Min(all)), times(slices.Max(all))
	if least == greatest {
		return least
	}
	return strings.TrimSuffix(least, "×") + "–" + greatest
}

// kneeWords tell where the knee of a protocol is.
func (s *sweep) kneeWords(protocol int) string {
	loads := s.loads(protocol)
	if len(loads) == 0 {
		return "not run"
	}
	switch at, beyond := knee(loads); {
	case !beyond:
		return fmt.Sprintf("has no knee up to %s/s", rate(loads[at].achieved))
	case at < 0:
		return "is beyond its knee at the least load"
	default:
		limit := cmp.Or(loads[at+1].limit, "a p99 that doubles")
		return fmt.Sprintf("has its knee at %s/s, limited by %s", rate(loads[at].achieved), limit)
	}
}

// dataBeside is the data of two sweeps, with a column that tells of which a row is.
func dataBeside(a, b *sweep) *figureData {
	names := sides(a.Result, b.Result)
	data := newData(append([]string{"result"}, a.data().header...)...)
	for i, one := range []*sweep{a, b} {
		for _, row := range one.data().rows {
			data.rows = append(data.rows, append([]string{names[i]}, row...))
		}
	}
	return data
}

// besideLine is a percentile of a protocol in another result: a thin dotted line, with a cross at each point if it is the p50.
type besideLine struct {
	points  plotter.XYs
	of      look
	crossed bool
}

// Plot implements plot.Plotter.
func (l besideLine) Plot(c draw.Canvas, chart *plot.Plot) {
	x, y := chart.Transforms(&c)
	at := make([]vg.Point, len(l.points))
	for i, p := range l.points {
		at[i] = vg.Point{X: x(p.X), Y: y(p.Y)}
	}
	c.StrokeLines(l.style(), at)
	if !l.crossed {
		return
	}
	for _, p := range at {
		crossAt(c, p, l.of)
	}
}

func (l besideLine) style() draw.LineStyle {
	return draw.LineStyle{Color: l.of.color(), Width: 0.9, Dashes: []vg.Length{1.2, 1.8}}
}

func crossAt(c draw.Canvas, at vg.Point, of look) {
	c.DrawGlyph(draw.GlyphStyle{Color: of.color(), Radius: 3, Shape: draw.CrossGlyph{}}, at)
}

// besideEntry is the legend of such lines.
func besideEntry(r, other *result.Result) legendEntry {
	return legendEntry{sides(r, other)[1] + ": dotted, p50 with crosses", func(c draw.Canvas) {
		l := besideLine{of: looksOf(r)[0]}
		c.StrokeLine2(l.style(), c.Min.X, c.Y(0.5), c.Max.X, c.Y(0.5))
		crossAt(c, c.Center(), l.of)
	}}
}
