package reports

import (
	"cmp"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// figure is a page: title, legend, and panels of equal data areas in a grid, which share the names
// of their axes. It is as high as that takes.
type figure struct {
	width       vg.Length // for which it is laid out; pageWidth unless set
	title       string    // what is shown
	subtitle    []string  // of which run; each begins a line
	legend      []legendEntry
	panels      []panel
	columns     int       // at most: there are fewer if panels would be narrower than narrowest
	narrowest   vg.Length // width of a panel with its axes; narrowestPanel unless set
	dataHeight  vg.Length // of each panel
	leastHeight vg.Length // to which data areas shrink if the figure would be higher than a page; dataHeight unless set
	upright     bool      // labels of the x axis are turned where they would cover each other; else some are left out
	rightEdge   vg.Length // left free beside each data area, for what the panel writes there
	xLabel      string
	sharedX     int    // labels of the x axis that the panels share, at round numbers: the lowest of each column bear them; 0: each its own
	yLabel      string // none if empty
	data        *figureData
}

// panel is a plot and what stands above it.
type panel struct {
	title    string
	plot     *plot.Plot
	unmarked bool                // the ticks of the x axis have no labels
	over     vg.Length           // the room between title and data area
	overlay  func(c draw.Canvas) // draws into the room around the data area, which is the canvas's
}

// legendEntry is a sample, drawn into the rectangle of the canvas it is given, and its name. What
// is named but not drawn has no sample.
type legendEntry struct {
	name   string
	sample func(c draw.Canvas)
}

const (
	lineSpacing  = 1.25
	sampleWidth  = vg.Length(24)
	sampleGap    = vg.Length(4)
	entryGap     = vg.Length(14)
	betweenParts = vg.Length(7)
	betweenCells = vg.Length(12)
)

func lineHeight(s text.Style) vg.Length { return s.Font.Size * lineSpacing }

// margins are what a plot's axes take around its data area.
type margins struct{ left, right, bottom vg.Length }

// layout is a figure's arrangement on the page.
type layout struct {
	head    []headLine
	legend  [][]legendEntry
	axes    margins     // the most that a panel takes: data areas are alike, whatever their axes
	titles  [][]string  // of the panels, broken into lines
	over    vg.Length   // the most between the top of a panel and its data area
	bottoms []vg.Length // below the data areas, by row
	left    vg.Length   // where the first column begins
	cell    vg.Length   // the width of a column
	height  vg.Length   // of the page
}

// narrowestPanel is the least width of a panel with its axes, in points, where there are several beside each other, unless a
// figure asks for more.
const narrowestPanel = 145

// drawing lays the figure out and returns what draws it.
func (f *figure) drawing(opts *FigureOptions) *drawing {
	width, scale := opts.layoutWidth()
	f.width = width
	narrowest := max(narrowestPanel, f.narrowest)
	f.columns = max(1, min(f.columns, int((width-2*pageEdge+betweenCells)/(narrowest+betweenCells))))
	for i := range f.panels {
		if f.sharedX > 0 {
			p := &f.panels[i]
			p.unmarked = i+f.columns < len(f.panels)
			p.plot.X.Tick.Marker = roundTicks{most: f.sharedX, unlabelled: p.unmarked}
		}
	}
	l := f.layout()
	if most := pageHeight / vg.Length(scale); l.height > most && f.leastHeight > 0 {
		f.dataHeight = max(f.leastHeight, f.dataHeight-(l.height-most)/vg.Length(len(l.bottoms)))
		l = f.layout()
	}
	if f.thinOut(l.cell - l.axes.left - l.axes.right) {
		l = f.layout()
	}
	return &drawing{width: width, height: l.height, scale: scale, draw: func(page draw.Canvas) { f.draw(page, l) }}
}

// regionsFitting is for how many of the regions of the figure there is room on a page of a height, data areas being as low as
// they may.
func (f *figure) regionsFitting(regions int, height vg.Length) int {
	l := f.layout()
	row := l.over + max(f.leastHeight, 1) + betweenParts
	free := height - l.height - lineHeight(labelText) // for the line that says how many there are
	for _, bottom := range l.bottoms {
		free += l.over + f.dataHeight + bottom + betweenParts
		row = max(row, l.over+max(f.leastHeight, 1)+bottom+betweenParts)
	}
	perRegion := max(1, len(f.panels)/max(1, regions))
	return max(1, int(free/row)*f.columns/perRegion)
}

// thinOut sees to it that the labels of the x axes do not cover each other on data areas of a width: it turns them, or leaves
// every second out, or more. It reports whether the layout has changed.
func (f *figure) thinOut(width vg.Length) (changed bool) {
	for _, p := range f.panels {
		letters := func(string) vg.Length { return 0.85 * smallText.Font.Size } // the height of digits, and a little
		if _, every := thinned(&p.plot.Y, f.dataHeight, 0, letters); every > 1 {
			p.plot.Y.Tick.Marker = everyTick{p.plot.Y.Tick.Marker, every}
		}
		axis := &p.plot.X
		ticks, every := thinned(axis, width, sampleGap, smallText.Width)
		if every == 1 {
			continue
		}
		changed = true
		if label := &axis.Tick.Label; f.upright {
			label.Rotation, label.XAlign, label.YAlign = math.Pi/2, text.XRight, text.YCenter
			// They take less room now: the height of a line each.
			ticks, every = thinned(axis, width, 0, func(string) vg.Length { return smallText.Font.Size })
		}
		axis.Tick.Marker = everyTick{plot.ConstantTicks(ticks), every}
	}
	return changed
}

// everyTick writes every so many-th label of other ticks.
type everyTick struct {
	of    plot.Ticker
	every int
}

// Ticks implements plot.Ticker.
func (e everyTick) Ticks(low, high float64) []plot.Tick {
	ticks := slices.Clone(e.of.Ticks(low, high))
	slices.SortStableFunc(ticks, func(a, b plot.Tick) int { return cmp.Compare(a.Value, b.Value) })
	labelled := 0
	for i := range ticks {
		if ticks[i].Label == "" {
			continue
		}
		if labelled%e.every != 0 {
			ticks[i].Label = " " // without any it would be a minor tick
		}
		labelled++
	}
	return ticks
}

// thinned returns the ticks of an axis of a length, and of how many labels one may be written so that none covers another; size
// is how long a label is along the axis.
func thinned(axis *plot.Axis, length, gap vg.Length, size func(string) vg.Length) (ticks []plot.Tick, every int) {
	ticks = axis.Tick.Marker.Ticks(axis.Min, axis.Max)
	slices.SortStableFunc(ticks, func(a, b plot.Tick) int { return cmp.Compare(a.Value, b.Value) })
	for every = 1; every < len(ticks) && crowded(ticks, every, axis, length, gap, size); every++ {
	}
	return ticks, every
}

// crowded reports whether of the labels of an axis, of which only every so many-th is written, two are closer than a gap.
func crowded(ticks []plot.Tick, every int, axis *plot.Axis, length, gap vg.Length, size func(string) vg.Length) bool {
	until, labelled := vg.Length(math.Inf(-1)), 0
	for _, tick := range ticks {
		if tick.Label == "" {
			continue
		}
		if labelled%every == 0 {
			middle, half := vg.Length(axis.Norm(tick.Value))*length, size(tick.Label)/2
			if middle-half < until+gap {
				return true
			}
			until = middle + half
		}
		labelled++
	}
	return false
}

// draw draws the figure as it is laid out.
func (f *figure) draw(page draw.Canvas, l layout) {
	top := l.drawHead(page)
	bottom := f.drawPanels(page, l, top)

	middle := (l.left + l.axes.left + f.width - pageEdge - l.axes.right) / 2
	page.FillText(aligned(labelText, text.XCenter, text.YBottom), vg.Point{X: middle, Y: pageEdge - labelText.FontExtents().Descent/2}, f.xLabel)
	style := aligned(labelText, text.XCenter, text.YTop)
	style.Rotation = math.Pi / 2
	page.FillText(style, vg.Point{X: pageEdge, Y: (top + bottom) / 2}, f.yLabel)
}

func (f *figure) layout() layout {
	inner := f.width - 2*pageEdge
	rows := (len(f.panels) + f.columns - 1) / f.columns
	l := layout{
		head: f.headLines(inner), legend: f.legendLines(inner),
		axes: margins{right: f.rightEdge}, bottoms: make([]vg.Length, rows), left: pageEdge,
	}
	for i, p := range f.panels {
		m := marginsOf(p)
		l.axes.left, l.axes.right = max(l.axes.left, m.left), max(l.axes.right, m.right)
		row := i / f.columns
		l.bottoms[row] = max(l.bottoms[row], m.bottom)
	}
	if f.yLabel != "" {
		l.left += lineHeight(labelText) + sampleGap
	}
	l.cell = (f.width - pageEdge - l.left - vg.Length(f.columns-1)*betweenCells) / vg.Length(f.columns)
	for _, p := range f.panels {
		lines := wrap(p.title, func(s string) bool { return headText.Width(s) <= l.cell })
		for i := range lines {
			lines[i] = shortened(lines[i], headText, l.cell)
		}
		l.titles = append(l.titles, lines)
		l.over = max(l.over, vg.Length(max(1, len(lines)))*lineHeight(headText)+p.over)
	}

	l.height = 2*pageEdge + 2*betweenParts + vg.Length(len(l.legend)+1)*lineHeight(labelText)
	l.height += headHeight(l.head)
	for _, bottom := range l.bottoms {
		l.height += l.over + f.dataHeight + bottom + betweenParts
	}
	return l
}

// drawHead draws title and legend and returns where the panels begin.
func (l layout) drawHead(page draw.Canvas) vg.Length {
	y := drawHeadLines(page, l.head, l.height-pageEdge) - betweenParts
	for _, line := range l.legend {
		drawLegendLine(page, line, pageEdge, y)
		y -= lineHeight(labelText)
	}
	return y - betweenParts
}

// drawPanels draws the panels row by row from y down and returns where they end.
func (f *figure) drawPanels(page draw.Canvas, l layout, y vg.Length) vg.Length {
	for row, bottom := range l.bottoms {
		for column, p := range f.panels[row*f.columns : min(len(f.panels), (row+1)*f.columns)] {
			x := l.left + vg.Length(column)*(l.cell+betweenCells)
			titleStyle := aligned(headText, text.XLeft, text.YTop)
			for i, line := range l.titles[row*f.columns+column] {
				page.FillText(titleStyle, vg.Point{X: x, Y: y - vg.Length(i)*lineHeight(headText)}, line)
			}
			p.draw(page, vg.Rectangle{
				Min: vg.Point{X: x + l.axes.left, Y: y - l.over - f.dataHeight},
				Max: vg.Point{X: x + l.cell - l.axes.right, Y: y - l.over},
			})
		}
		y -= l.over + f.dataHeight + bottom + betweenParts
	}
	return y
}

// draw draws the panel with its data area where it is told.
func (p panel) draw(page draw.Canvas, data vg.Rectangle) {
	// What the axes take depends a little on the size: two steps come to rest.
	c := page
	c.Rectangle = data
	for range 2 {
		got := p.plot.DataCanvas(c).Rectangle
		c.Min = c.Min.Add(data.Min.Sub(got.Min))
		c.Max = c.Max.Add(data.Max.Sub(got.Max))
	}
	p.plot.Draw(c)
	page.StrokeLines(axisLine, []vg.Point{{X: data.Min.X, Y: data.Max.Y}, data.Min, {X: data.Max.X, Y: data.Min.Y}})
	if p.overlay != nil {
		area := page
		area.Rectangle = data
		p.overlay(area)
	}
}

// marginsOf measures on a canvas of about the size of a panel.
func marginsOf(p panel) margins {
	c := draw.NewCanvas(vgimg.New(1, 1), 3*vg.Inch, 2*vg.Inch)
	data := p.plot.DataCanvas(c)
	m := margins{left: data.Min.X - c.Min.X, right: c.Max.X - data.Max.X, bottom: data.Min.Y - c.Min.Y}
	if p.unmarked {
		m.bottom = p.plot.X.Tick.Length
	}
	return m
}

// headLine is a line of the title or of the subtitle.
type headLine struct {
	text  string
	style text.Style
}

func (f *figure) headLines(width vg.Length) []headLine {
	parts := []headLine{{f.title, titleText}}
	for _, s := range f.subtitle {
		parts = append(parts, headLine{s, labelText})
	}
	return wrapHead(parts, width)
}

// wrapHead breaks each part into lines of the given width.
func wrapHead(parts []headLine, width vg.Length) []headLine {
	var lines []headLine
	for _, part := range parts {
		for _, line := range wrap(part.text, func(s string) bool { return part.style.Width(s) <= width }) {
			lines = append(lines, headLine{line, part.style})
		}
	}
	return lines
}

func headHeight(lines []headLine) (height vg.Length) {
	for _, line := range lines {
		height += lineHeight(line.style)
	}
	return height
}

// drawHeadLines draws lines from y down and returns where they end.
func drawHeadLines(page draw.Canvas, lines []headLine, y vg.Length) vg.Length {
	for _, line := range lines {
		page.FillText(aligned(line.style, text.XLeft, text.YTop), vg.Point{X: pageEdge, Y: y}, line.text)
		y -= lineHeight(line.style)
	}
	return y
}

// legendLines breaks the legend into lines of the given width.
func (f *figure) legendLines(width vg.Length) [][]legendEntry {
	var lines [][]legendEntry
	var used vg.Length
	for _, entry := range brokenEntries(f.legend, width) {
		w := entry.width()
		if len(lines) == 0 || used+w > width || entry.continues {
			lines, used = append(lines, nil), 0
		}
		last := len(lines) - 1
		lines[last] = append(lines[last], entry.legendEntry)
		used += w + entryGap
	}
	return lines
}

// entryPart is an entry of a legend, or the next line of one whose name does not fit on a line.
type entryPart struct {
	legendEntry
	continues bool
}

// brokenEntries breaks the names that are longer than a line.
func brokenEntries(entries []legendEntry, width vg.Length) []entryPart {
	var all []entryPart
	for _, entry := range entries {
		room := width - entry.sampleRoom()
		for i, line := range wrap(entry.name, func(s string) bool { return labelText.Width(s) <= room }) {
			part := entryPart{legendEntry{line, entry.sample}, i > 0}
			if i > 0 && entry.sample != nil {
				part.sample = func(draw.Canvas) {} // the room of one
			}
			all = append(all, part)
		}
	}
	return all
}

func (e legendEntry) width() vg.Length { return e.sampleRoom() + labelText.Width(e.name) }

func (e legendEntry) sampleRoom() vg.Length {
	if e.sample == nil {
		return 0
	}
	return sampleWidth + sampleGap
}

func drawLegendLine(page draw.Canvas, entries []legendEntry, x, y vg.Length) {
	for _, entry := range entries {
		height := labelText.Font.Size
		if entry.sample != nil {
			c := page
			c.Rectangle = vg.Rectangle{Min: vg.Point{X: x, Y: y - height}, Max: vg.Point{X: x + sampleWidth, Y: y}}
			entry.sample(c)
		}
		writeBeside(page, labelText, vg.Point{X: x + entry.sampleRoom(), Y: y - height/2}, entry.name)
		x += entry.width() + entryGap
	}
}

// lineSample is the legend's sample of a protocol's line, with its band if it has one.
func lineSample(of look, band bool) func(draw.Canvas) {
	return func(c draw.Canvas) {
		if band {
			fill(c, faded(of.color(), bandOpacity), c.Rectangle)
		}
		c.StrokeLine2(of.line(), c.Min.X, c.Center().Y, c.Max.X, c.Center().Y)
	}
}

// writeBeside writes to the right of a point, with its small letters centred on it: centring the
// font's whole height sets them too low.
func writeBeside(c draw.Canvas, style text.Style, at vg.Point, s string) {
	at.Y -= 0.4 * style.Font.Size
	c.FillText(aligned(style, text.XLeft, text.YBottom), at, s)
}

func fill(c draw.Canvas, clr color.Color, r vg.Rectangle) {
	c.FillPolygon(clr, []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}})
}

// shortened is a text, cut so that it is not wider than a width, with three dots at its end if it is cut.
func shortened(s string, style text.Style, width vg.Length) string {
	letters := []rune(s)
	for n := len(letters); n > 0; n-- {
		cut := s
		if n < len(letters) {
			cut = string(letters[:n]) + "…"
		}
		if style.Width(cut) <= width {
			return cut
		}
	}
	return ""
}

// wrap breaks a text between words into the fewest lines that fit, filled from the first. A word
// that does not fit stands in a line of its own.
func wrap(s string, fits func(string) bool) []string {
	var lines []string
	for _, word := range strings.Fields(s) {
		last := len(lines) - 1
		if last >= 0 && fits(lines[last]+" "+word) {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
