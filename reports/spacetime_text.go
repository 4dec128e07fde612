package reports

import (
	"cmp"
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

var (
	nameText = letters(7.5, ink)
	noteText = letters(8, ink)
	boldNote = bold(noteText)
)

const (
	noteLine = vg.Length(9.5) // the height of a line of notes
	nameLine = vg.Length(8.4) // and of names
	noteGap  = vg.Length(5.5) // between a replica's line and the note beside it
)

// writing is a text that has found its room.
type writing struct {
	room  box
	lines []textLine
}

type textLine struct {
	text  string
	style text.Style
	at    vg.Point
}

// write writes the text on what is below, which shines through.
func (w *writing) write(page draw.Canvas) {
	page.FillPolygon(color.NRGBA{0xff, 0xff, 0xff, 0xc8}, w.room)
	for _, line := range w.lines {
		page.FillText(line.style, line.at, line.text)
	}
}

// arrange finds room for all texts, those first that have the least choice, and returns how many
// lie on others.
func (d *spaceTime) arrange() (collisions int) {
	p := &placer{}
	for _, f := range d.flights {
		p.lines = append(p.lines, box{f.begin, f.end})
		if f.fate == result.Lost {
			p.texts = append(p.texts, boxAround(f.end, 2*crossSize, 2*crossSize, 0))
		}
	}
	for id, x := range d.lines {
		p.texts = append(p.texts, boxAround(d.headAt(id).Add(vg.Point{Y: lineHeight(headText) / 2}), headText.Width(replicaName(id)), lineHeight(headText), 0))
		p.lines = append(p.lines, box{{X: x, Y: d.top}, {X: x, Y: d.top - d.axis.height}})
	}
	d.texts = nil
	for _, s := range d.strips {
		d.texts = append(d.texts, p.place([]candidate{{writing: d.stripText(s)}}))
	}
	for i := range d.notes {
		d.texts = append(d.texts, p.place(d.noteTexts(&d.notes[i])))
	}
	slices.SortStableFunc(d.flights, func(a, b flight) int { return cmp.Compare(a.span(), b.span()) })
	for i := range d.flights {
		if f := &d.flights[i]; f.cut == whole && len(d.lines) <= fewReplicas || !d.namedFarther(f) {
			d.texts = append(d.texts, p.place(d.nameTexts(f)))
		}
	}
	return p.collisions
}

// With more replicas than this, what one sends to several is named once in each direction.
const fewReplicas = 3

// namedFarther reports whether an arrow that goes farther the same way has the same names.
func (d *spaceTime) namedFarther(f *flight) bool {
	return slices.ContainsFunc(d.flights, func(g flight) bool {
		return g.from == f.from && g.sent == f.sent && g.fate == f.fate && g.cut == f.cut && slices.Equal(g.names, f.names) &&
			(g.to-f.to)*(f.to-f.from) > 0
	})
}

func (f *flight) span() int { return max(f.to-f.from, f.from-f.to) }

func (d *spaceTime) stripText(s strip) writing {
	at := vg.Point{X: d.width - pageEdge, Y: d.y(s.at) + 2}
	width := boldNote.Width(s.text)
	return writing{
		boxAround(vg.Point{X: at.X - width/2, Y: at.Y + noteLine/2}, width, noteLine, 0),
		[]textLine{{s.text, aligned(boldNote, text.XRight, text.YBottom), at}},
	}
}

// noteTexts are the two ways of writing what happens at a replica: beside its line, on either
// side. At the outermost lines the outer side is better.
func (d *spaceTime) noteTexts(n *note) []candidate {
	x, y := d.lines[n.replica], d.y(n.at)
	var width vg.Length
	for _, line := range n.lines {
		width = max(width, noteStyle(line).Width(line))
	}
	height := vg.Length(len(n.lines)) * noteLine
	var candidates []candidate
	for _, side := range []struct {
		sign      vg.Length
		align     text.XAlignment
		innermost int // the replica at which it is the inner side
	}{{1, text.XLeft, 0}, {-1, text.XRight, len(d.lines) - 1}} {
		w := writing{room: boxAround(vg.Point{X: x + side.sign*(noteGap+width/2), Y: y + noteLine/2 - height/2}, width, height, 0)}
		for i, line := range n.lines {
			at := vg.Point{X: x + side.sign*noteGap, Y: y - vg.Length(i)*noteLine - 0.4*noteText.Font.Size}
			w.lines = append(w.lines, textLine{line, aligned(noteStyle(line), side.align, text.YBottom), at})
		}
		c := candidate{writing: w, cost: d.outside(w.room)}
		if n.replica == side.innermost {
			c.cost += onLine
		}
		candidates = append(candidates, c)
	}
	return candidates
}

// noteStyle is bold for what a client gets, and for what changes a replica.
func noteStyle(line string) text.Style {
	for _, word := range []string{"answers ", "leading", "deposed", "crashes", "restarts"} {
		if strings.HasPrefix(line, word) {
			return boldNote
		}
	}
	return noteText
}

// nameTexts are the ways of writing the names of an arrow's messages along it: above or below,
// close or a little off, in the middle or aside, in lines as long as the names or half as long.
func (d *spaceTime) nameTexts(f *flight) []candidate {
	angle := f.angle()
	if math.Abs(angle) > math.Pi/2 { // read from the left
		angle -= math.Copysign(math.Pi, angle)
	}
	sin, cos := math.Sincos(angle)
	up := vg.Point{X: -vg.Length(sin), Y: vg.Length(cos)}
	style := aligned(nameText, text.XCenter, text.YCenter)
	style.Color, style.Rotation = darker(f.color), angle

	var candidates []candidate
	names := stacked(f.names)
	for folds, lines := range [][]string{names, folded(names)} {
		var width vg.Length
		for _, line := range lines {
			width = max(width, nameText.Width(line))
		}
		height := nameLine * vg.Length(len(lines))
		for _, along := range nameShares(f.span()) {
			for _, off := range []struct {
				by   vg.Length
				cost float64
			}{{height/2 + 0.6, 0}, {-height/2 - 1.4, 1.5}, {height/2 + 4, 4}, {-height/2 - 5, 5}} {
				middle := between(f.begin, f.end, along.at).Add(up.Scale(off.by))
				w := writing{room: boxAround(middle, width, height, angle)}
				for i, line := range lines {
					rise := (vg.Length(len(lines)-1)/2 - vg.Length(i)) * nameLine
					w.lines = append(w.lines, textLine{line, style, middle.Add(up.Scale(rise))})
				}
				candidates = append(candidates, candidate{w, along.cost + off.cost + 3*float64(folds) + d.outside(w.room)})
			}
		}
	}
	return candidates
}

// folded breaks long names into two lines each, of about the same length.
func folded(names []string) []string {
	const short = 16 // letters
	var lines []string
	for _, name := range names {
		lines = append(lines, wrap(name, func(s string) bool { return len(s) <= max(short, len(name)/2+3) })...)
	}
	return lines
}

// stacked are the names of messages that travel together, a line each; of many the rest is counted.
func stacked(names []string) []string {
	const most = 3
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most-1]), fmt.Sprintf("and %d more", len(names)-most+1))
}

// outside is what a place beyond the page costs.
func (d *spaceTime) outside(b box) float64 {
	left, right := b.along(vg.Point{X: 1})
	bottom, _ := b.along(vg.Point{Y: 1})
	if left < pageEdge+timeRoom-noteGap || right > d.width-pageEdge/2 || bottom < 0 {
		return offPage
	}
	return 0
}

// share is a place along an arrow and what speaks against it.
type share struct {
	at   vg.Length // of the way, from 0 to 1
	cost float64
}

// nameShares are places along an arrow that spans a number of columns: best in the middle of the
// last column, where it is farthest from those that were sent with it.
func nameShares(span int) []share {
	var shares []share
	for column := span; column >= 1; column-- {
		for _, aside := range []float64{0, -0.06, 0.06, -0.12, 0.12, -0.18, 0.18, -0.24, 0.24} {
			shares = append(shares, share{
				at:   vg.Length((float64(column) - 0.5 + aside) / float64(span)),
				cost: 10*math.Abs(aside) + 0.5*float64(span-column),
			})
		}
	}
	return shares
}

// darker makes a colour of the palette fit for small letters on white.
func darker(c color.NRGBA) color.NRGBA {
	return color.NRGBA{uint8(int(c.R) * 3 / 4), uint8(int(c.G) * 3 / 4), uint8(int(c.B) * 3 / 4), 0xff}
}
