package reports

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
)

// FigureFormat is a format of figure files, which is also the extension of their names.
type FigureFormat string

// The formats of figures: pixels at 300 dpi, and two with lines and letters that stay sharp at any size.
const (
	PNG FigureFormat = "png"
	SVG FigureFormat = "svg"
	PDF FigureFormat = "pdf"
)

// FigureFormats are all formats of figures, the default first.
var FigureFormats = []FigureFormat{PNG, SVG, PDF}

// Theme is what figures look like: dark lines on a white page, or light ones on a dark one.
type Theme string

// The themes.
const (
	Light Theme = "light"
	Dark  Theme = "dark"
)

// FigureWidth says how wide figures are. Letters are at least 6 points high at either width.
type FigureWidth string

// The widths of figures.
const (
	PageWide   FigureWidth = "page"   // 7.25 inches, for a page, a slide or a screen
	ColumnWide FigureWidth = "column" // 85 mm, for one of two columns
)

// FigureOptions says how figures are drawn. The zero value draws PNGs for a white page.
type FigureOptions struct {
	Formats []FigureFormat // each figure is written in all of them; none stands for PNG
	Theme   Theme          // Light unless set
	Width   FigureWidth    // PageWide unless set
	Command string         // by which the figures were drawn; it is written into them
}

// formats are the formats to write, each once.
func (o *FigureOptions) formats() []FigureFormat {
	if len(o.Formats) == 0 {
		return []FigureFormat{PNG}
	}
	var all []FigureFormat
	for _, f := range o.Formats {
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}

// FormatOfFile returns the format that a file's name asks for by its extension, or an error that names those that there are.
func FormatOfFile(name string) (FigureFormat, error) {
	for _, f := range FigureFormats {
		if strings.HasSuffix(name, "."+string(f)) {
			return f, nil
		}
	}
	return "", fmt.Errorf("found %q; accepted: a name that ends in .png, .svg or .pdf", name)
}

// columnWidth is the width of a column of a paper with two: 85 mm.
const columnWidth = 85 * vg.Millimeter

// columnScale is by how much figures for a column are drawn smaller than those for a page: their smallest letters, of 8.5
// points on a page, are 6 points high.
const columnScale = 6 / 8.5

// layoutWidth is the width for which a figure is laid out, and scale what it is then multiplied by.
func (o *FigureOptions) layoutWidth() (width vg.Length, scale float64) {
	if o.Width == ColumnWide {
		return columnWidth / columnScale, columnScale
	}
	return pageWidth, 1
}

// unthemed is a colour that is the same in all themes, for what is written on a colour that is.
type unthemed struct{ color.Color }

// background is the colour of the page.
func (t Theme) background() color.Color { return t.shown(color.Gray{0xff}) }

// The ends of the scale of greys of the dark theme: what is white in the light one, and what is black.
const darkPage, darkInk = 0x1b, 0xf2

// darkColors stand on a dark page for colours that would be hard to see on it.
var darkColors = map[color.NRGBA]color.NRGBA{
	palette[0]: {0x3d, 0x8f, 0xe6, 0xff},
	palette[1]: {0xf5, 0x7a, 0x2a, 0xff},
	palette[2]: {0x1c, 0xc4, 0x95, 0xff},
	palette[3]: {0xe6, 0x9a, 0xc4, 0xff},
	palette[4]: {0xff, 0xc2, 0x40, 0xff},
	palette[5]: {0xa4, 0xdb, 0xff, 0xff},
}

// shown is the colour that stands for c, which is given as it is on a white page: in the dark theme greys are turned over,
// and colours that are too dark are replaced. Transparency stays.
func (t Theme) shown(c color.Color) color.Color {
	if f, ok := c.(unthemed); ok {
		return f.Color
	}
	if t != Dark {
		return c
	}
	if c == nil {
		c = color.Black
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	opacity := n.A
	n.A = 0xff
	if n.R == n.G && n.G == n.B {
		grey := uint8(darkInk - int(n.R)*(darkInk-darkPage)/0xff)
		return color.NRGBA{grey, grey, grey, opacity}
	}
	if other, ok := darkColors[n]; ok {
		n = other
	}
	n.A = opacity
	return n
}

// themed is a canvas on which colours are those of a theme.
type themed struct {
	vg.CanvasSizer
	theme Theme
}

// SetColor implements vg.Canvas.
func (t themed) SetColor(c color.Color) { t.CanvasSizer.SetColor(t.theme.shown(c)) }
