package reports

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"quorumbench/bench/result"
)

// DrawGraph draws the dependencies of a run's instances: the columns of the replicas are vertical lines, and instances are
// discs on them, from above in the order in which they are applied, whose numbers stand in them. The file is a PNG at 300
// dpi, an SVG or a PDF, by the extension of path, and appears as a whole or not at all.
func DrawGraph(path string, graph *result.Graph, look FigureOptions) error {
	format, err := FormatOfFile(path)
	if err != nil {
		return fmt.Errorf("drawing dependencies: %w", err)
	}
	d := newGraphDrawing(graph)
	picture := drawing{width: d.width, height: d.height, scale: 1, draw: d.draw}
	made := provenance{title: graph.Title}
	if look.Command != "" {
		made.facts = append(made.facts, fact{"Command", look.Command})
	}
	encoded, err := picture.encode(format, look.Theme, made)
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	return writeWhole(path, encoded)
}

// The measures of a figure of dependencies.
const (
	graphRow    = vg.Length(19) // between two instances
	graphDisc   = vg.Length(7)  // radius
	graphBeside = vg.Length(78) // beside the outermost columns: what stands beside a disc
)

// graphDrawing is a figure of dependencies, laid out.
type graphDrawing struct {
	graph         *result.Graph
	head          []headLine
	width, height vg.Length
	top           vg.Length   // of the first instance, from below
	columns       []vg.Length // from the left
	colors        map[int]color.NRGBA
}

func newGraphDrawing(g *result.Graph) *graphDrawing {
	n := len(g.Columns)
	d := &graphDrawing{graph: g, width: max(pageWidth, 2*pageEdge+2*graphBeside+vg.Length(n-1)*100), colors: map[int]color.NRGBA{}}
	first, last := pageEdge+graphBeside, d.width-pageEdge-graphBeside
	for c := range n {
		at := (first + last) / 2
		if n > 1 {
			at = first + vg.Length(c)*(last-first)/vg.Length(n-1)
		}
		d.columns = append(d.columns, at)
	}
	lines := []headLine{{g.Title, titleText}}
	for _, about := range g.About {
		lines = append(lines, headLine{about, labelText})
	}
	key := ""
	if g.Key != "" {
		key = fmt.Sprintf(" The instances are those of key %q.", g.Key)
	}
	lines = append(lines, headLine{fmt.Sprintf("In the whole run: %d instances in %d components, the largest of %d; at most %d were looked at to find the next one to apply.",
		g.Instances, g.Components, g.Largest, g.Reached), labelText},
		headLine{"In a disc is the instance's place in the order of applying, along the grey path; beside it its name and Deps: it depends on all instances of each column below that number. " +
			"An arrow leads to the last of them, unless the instance before it in its column has it, too. Discs of one colour depend on each other, directly or by way of others; a white one stands alone. " +
			"Red arrows lead to what is applied later, dashed ones to what is not drawn." + key, remarkText})
	d.head = wrapHead(lines, d.width-2*pageEdge)
	rows := vg.Length(max(1, len(g.Drawn)))
	d.height = 2*pageEdge + headHeight(d.head) + 2.5*lineHeight(headText) + rows*graphRow
	d.top = pageEdge + (rows-0.5)*graphRow
	for _, x := range g.Drawn {
		if _, known := d.colors[x.Component]; !known && x.Together > 1 {
			d.colors[x.Component] = graphColors[len(d.colors)%len(graphColors)]
		}
	}
	return d
}

// graphColors are those of components: pale, so that numbers can be read on them.
var graphColors = []color.NRGBA{
	faint(palette[5]), faint(palette[4]), faint(palette[2]), faint(palette[3]), faint(palette[7]), faint(palette[0]),
}

// faint mixes a colour with as much white.
func faint(c color.NRGBA) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8((int(v) + 0xff) / 2) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 0xff}
}

// at is where an instance is drawn.
func (d *graphDrawing) at(x *result.Instance) vg.Point {
	return vg.Point{X: d.columns[x.Column], Y: d.top - vg.Length(x.Applied-1)*graphRow}
}

func (d *graphDrawing) draw(page draw.Canvas) {
	drawHeadLines(page, d.head, d.height-pageEdge)
	all := d.graph.Drawn
	for c, x := range d.columns {
		name := fmt.Sprintf("%s  (%s)", columnName(c), d.graph.Columns[c])
		page.FillText(aligned(headText, text.XCenter, text.YBottom), vg.Point{X: x, Y: d.top + graphRow*0.8}, name)
		page.StrokeLine2(lifeLine, x, d.top+graphRow*0.6, x, pageEdge)
	}
	for i := 1; i < len(all); i++ { // the path of applying
		a, b := d.at(&all[i-1]), d.at(&all[i])
		page.StrokeLine2(draw.LineStyle{Color: pale, Width: 6}, a.X, a.Y, b.X, b.Y)
	}
	for i := range all {
		d.drawDeps(page, &all[i])
	}
	for i := range all {
		d.drawInstance(page, &all[i])
	}
}

// find returns the instance of a column with a number, nil if it is not drawn.
func (d *graphDrawing) find(column int, number uint64) *result.Instance {
	i := slices.IndexFunc(d.graph.Drawn, func(x result.Instance) bool { return x.Column == column && x.Number == number })
	if i < 0 {
		return nil
	}
	return &d.graph.Drawn[i]
}

// drawDeps draws an arrow to the last instance of each other column that an instance depends on, unless the instance before
// it in its own column depends on that, too. One that is not drawn is below: the arrow ends there.
func (d *graphDrawing) drawDeps(page draw.Canvas, x *result.Instance) {
	before := &result.Instance{}
	if x.Number > 0 {
		if y := d.find(x.Column, x.Number-1); y != nil {
			before = y
		}
	}
	for c, end := range x.Deps {
		if c == x.Column || end == 0 || c < len(before.Deps) && before.Deps[c] >= end {
			continue
		}
		from, line := d.at(x), draw.LineStyle{Color: shade, Width: 0.9}
		to := vg.Point{X: d.columns[c], Y: pageEdge}
		y := d.find(c, end-1)
		if y == nil || y.Applied > x.Applied {
			line.Color = palette[1]
		}
		if y != nil {
			to = d.at(y)
		} else {
			line.Dashes = []vg.Length{3, 2}
		}
		way := to.Sub(from)
		length := vg.Length(math.Hypot(float64(way.X), float64(way.Y)))
		if y != nil {
			to = to.Sub(way.Scale((graphDisc + 1) / length))
		}
		page.StrokeLine2(line, from.X, from.Y, to.X, to.Y)
		angle := math.Atan2(float64(way.Y), float64(way.X))
		corner := func(turn float64) vg.Point {
			sin, cos := math.Sincos(angle + turn)
			return to.Add(vg.Point{X: vg.Length(cos), Y: vg.Length(sin)}.Scale(arrowHead))
		}
		page.FillPolygon(line.Color, []vg.Point{to, corner(math.Pi - 0.3), corner(math.Pi + 0.3)})
	}
}

func (d *graphDrawing) drawInstance(page draw.Canvas, x *result.Instance) {
	at := d.at(x)
	var inside color.Color = color.White
	if c, together := d.colors[x.Component]; together {
		inside = c
	}
	page.DrawGlyphNoClip(draw.GlyphStyle{Color: inside, Radius: graphDisc, Shape: draw.CircleGlyph{}}, at)
	page.DrawGlyphNoClip(draw.GlyphStyle{Color: ink, Radius: graphDisc, Shape: draw.RingGlyph{}}, at)
	page.FillText(aligned(letters(7.5, ink), text.XCenter, text.YCenter), at, fmt.Sprint(x.Applied))
	label := instanceName(x)
	beside := vg.Point{X: at.X + graphDisc + 4, Y: at.Y}
	if x.Column == 0 { // arrows leave to the right
		beside.X = at.X - graphDisc - 4 - noteText.Width(label)
	}
	page.FillPolygon(color.NRGBA{0xff, 0xff, 0xff, 0xd8}, boxAround(beside.Add(vg.Point{X: noteText.Width(label) / 2}), noteText.Width(label)+2, lineHeight(noteText)-1, 0))
	writeBeside(page, noteText, beside, label)
}

// columnName is the letter of a column: a, b and so on.
func columnName(c int) string { return string(rune('a' + c)) }

// instanceName is the name of an instance with its Deps, as in "b4 [4,4,2]".
func instanceName(x *result.Instance) string {
	var ends []string
	for _, end := range x.Deps {
		ends = append(ends, fmt.Sprint(end))
	}
	return fmt.Sprintf("%s%d [%s]", columnName(x.Column), x.Number, strings.Join(ends, ","))
}
