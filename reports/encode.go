package reports

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// drawing is something that can be drawn into a file of any format: of the given size in points, by a function that draws
// on a canvas of that size.
type drawing struct {
	width, height vg.Length
	scale         float64 // of the file's size to this one
	draw          func(page draw.Canvas)
}

// encode returns the file of a drawing. The same drawing with the same provenance gives the same bytes.
func (d *drawing) encode(format FigureFormat, theme Theme, made provenance) ([]byte, error) {
	var encoded bytes.Buffer
	switch format {
	case PNG:
		// A picture that is to be smaller has fewer pixels: as many as 300 dpi ask for at its own size.
		pixels := vgimg.NewWith(vgimg.UseWH(d.width, d.height), vgimg.UseDPI(int(dpi*d.scale+0.5)), vgimg.UseBackgroundColor(theme.background()))
		d.draw(draw.New(themed{pixels, theme}))
		if _, err := (vgimg.PngCanvas{Canvas: pixels}).WriteTo(&encoded); err != nil {
			return nil, fmt.Errorf("encoding a PNG: %w", err)
		}
		return withChunks(encoded.Bytes(), made), nil
	case SVG:
		vectors := vgsvg.New(d.width, d.height)
		d.drawOn(vectors, theme)
		if _, err := vectors.WriteTo(&encoded); err != nil {
			return nil, fmt.Errorf("encoding an SVG: %w", err)
		}
		return withMetadata(withFallbackFonts(d.scaled(encoded.Bytes())), made), nil
	case PDF:
		vectors := vgpdf.New(d.width*vg.Length(d.scale), d.height*vg.Length(d.scale))
		vectors.Scale(d.scale, d.scale)
		d.drawOn(outlined{sized{vectors, d.width, d.height}}, theme)
		if _, err := vectors.WriteTo(&encoded); err != nil {
			return nil, fmt.Errorf("encoding a PDF: %w", err)
		}
		return withInfo(encoded.Bytes(), made)
	}
	return nil, fmt.Errorf("found the format %q; accepted: png, svg or pdf", format)
}

// drawOn draws on a canvas without a background, which it fills first.
func (d *drawing) drawOn(c vg.CanvasSizer, theme Theme) {
	page := draw.New(themed{c, theme})
	fill(page, plotBackground, page.Rectangle)
	d.draw(page)
}

// scaled gives an SVG its size: the first two sizes in it are those of the page, the others those of its coordinates.
func (d *drawing) scaled(svg []byte) []byte {
	if d.scale == 1 {
		return svg
	}
	from := fmt.Sprintf(`width="%.*gpt" height="%.*gpt"`, svgDigits, d.width, svgDigits, d.height)
	to := fmt.Sprintf(`width="%.*gpt" height="%.*gpt"`, svgDigits, float64(d.width)*d.scale, svgDigits, float64(d.height)*d.scale)
	return bytes.Replace(svg, []byte(from), []byte(to), 1)
}

// svgText is a line of text as vgsvg writes it: what stands before its style, the style with weight and size, the letters.
var svgText = regexp.MustCompile(`(<text [^>]*?)(\s+style="[^"]*font-weight:(\w+);[^"]*font-size:([0-9.]+)px[^"]*")>([^<]*)</text>`)

// withFallbackFonts names fonts for where Liberation is not installed, since with the font in it an SVG would be a megabyte;
// and tells how wide each line of text is, so that it takes as much room in any font.
func withFallbackFonts(svg []byte) []byte {
	svg = svgText.ReplaceAllFunc(svg, func(found []byte) []byte {
		parts := svgText.FindSubmatch(found)
		size, err := strconv.ParseFloat(string(parts[4]), 64)
		if err != nil {
			return found
		}
		style := letters(vg.Length(size), ink)
		if string(parts[3]) == "bold" {
			style = bold(style)
		}
		width := style.Width(html.UnescapeString(string(parts[5])))
		return fmt.Appendf(nil, `%s textLength="%.*g" lengthAdjust="spacingAndGlyphs"%s>%s</text>`, parts[1], svgDigits, width, parts[2], parts[5])
	})
	family := []byte("font-family:Liberation Sans")
	return bytes.ReplaceAll(svg, family, append(family, ",Arial,Helvetica,sans-serif"...))
}

// svgDigits is with how many digits vgsvg writes a number.
const svgDigits = 5

// sized is a canvas that says another size, since it is scaled.
type sized struct {
	vg.Canvas
	width, height vg.Length
}

// Size implements vg.CanvasSizer.
func (s sized) Size() (width, height vg.Length) { return s.width, s.height }
