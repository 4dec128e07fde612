package reports

import (
	"fmt"
	"image/color"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// outlined is a canvas that draws letters and circles by their outlines. PDFs need it: the library writes letters of
// Western European only, and draws arcs apart from the path that they belong to.
type outlined struct{ vg.CanvasSizer }

// FillString implements vg.Canvas.
func (o outlined) FillString(face plotfont.Face, at vg.Point, s string) {
	o.CanvasSizer.Fill(outlineOf(face, at, s))
}

// Stroke implements vg.Canvas.
func (o outlined) Stroke(p vg.Path) { o.CanvasSizer.Stroke(withoutArcs(p)) }

// Fill implements vg.Canvas.
func (o outlined) Fill(p vg.Path) { o.CanvasSizer.Fill(withoutArcs(p)) }

// SetColor implements vg.Canvas. The library multiplies colours with their opacity before it writes both, which would darken what is
// transparent.
func (o outlined) SetColor(c color.Color) {
	if c != nil {
		c = straight{color.NRGBA64Model.Convert(c).(color.NRGBA64)}
	}
	o.CanvasSizer.SetColor(c)
}

// straight is a colour that tells its parts without multiplying them with its opacity.
type straight struct{ color.NRGBA64 }

// RGBA implements color.Color.
func (s straight) RGBA() (r, g, b, a uint32) {
	return uint32(s.R), uint32(s.G), uint32(s.B), uint32(s.A)
}

// outlineOf is the path around the letters of a line of text that begins at a point of its base line. Letters are as far
// apart as plotfont.Face.Width measures them, kerning included.
func outlineOf(face plotfont.Face, begin vg.Point, s string) vg.Path {
	var buffer sfnt.Buffer
	units := face.Face.UnitsPerEm()
	perEm := fixed.I(int(units))
	scale := face.Font.Size / vg.Length(units) / 64
	var path vg.Path
	var previous sfnt.GlyphIndex
	x := begin.X
	for i, letter := range []rune(s) {
		glyph, err := face.Face.GlyphIndex(&buffer, letter)
		if err == nil && i > 0 {
			if kern, err := face.Face.Kern(&buffer, previous, glyph, perEm, font.HintingNone); err == nil {
				x += vg.Length(kern) * scale
			}
		}
		segments, failed := face.Face.LoadGlyph(&buffer, glyph, perEm, nil)
		if err != nil || failed != nil {
			panic(fmt.Sprintf("reports: the embedded font cannot be read: %v, %v", err, failed))
		}
		at := func(p fixed.Point26_6) vg.Point {
			return vg.Point{X: x + vg.Length(p.X)*scale, Y: begin.Y - vg.Length(p.Y)*scale}
		}
		for j, segment := range segments {
			switch segment.Op {
			case sfnt.SegmentOpMoveTo:
				if j > 0 {
					path.Close()
				}
				path.Move(at(segment.Args[0]))
			case sfnt.SegmentOpLineTo:
				path.Line(at(segment.Args[0]))
			case sfnt.SegmentOpQuadTo:
				path.QuadTo(at(segment.Args[0]), at(segment.Args[1]))
			case sfnt.SegmentOpCubeTo:
				path.CubeTo(at(segment.Args[0]), at(segment.Args[1]), at(segment.Args[2]))
			}
		}
		if len(segments) > 0 {
			path.Close()
		}
		advance, err := face.Face.GlyphAdvance(&buffer, glyph, perEm, font.HintingNone)
		if err != nil {
			panic(fmt.Sprintf("reports: the embedded font cannot be read: %v", err))
		}
		x += vg.Length(advance) * scale
		previous = glyph
	}
	return path
}

// withoutArcs replaces the arcs of a path by Bézier curves, one for each quarter of a circle.
func withoutArcs(p vg.Path) vg.Path {
	var path vg.Path
	for i, part := range p {
		if part.Type != vg.ArcComp {
			path = append(path, part)
			continue
		}
		on := func(angle float64) vg.Point {
			return part.Pos.Add(vg.Point{X: part.Radius * vg.Length(math.Cos(angle)), Y: part.Radius * vg.Length(math.Sin(angle))})
		}
		if i == 0 {
			path.Move(on(part.Start))
		} else {
			path.Line(on(part.Start))
		}
		parts := math.Ceil(math.Abs(part.Angle) / (math.Pi / 2))
		step := part.Angle / parts
		reach := part.Radius * vg.Length(4./3*math.Tan(step/4))
		for n := 0.; n < parts; n++ {
			from, to := part.Start+n*step, part.Start+(n+1)*step
			begin, end := on(from), on(to)
			path.CubeTo(
				begin.Add(vg.Point{X: -reach * vg.Length(math.Sin(from)), Y: reach * vg.Length(math.Cos(from))}),
				end.Add(vg.Point{X: reach * vg.Length(math.Sin(to)), Y: -reach * vg.Length(math.Cos(to))}), end)
		}
	}
	return path
}
