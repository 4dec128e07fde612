package reports

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"

	"quorumbench/bench/result"
)

// InlineFigure is a figure as an element that a page of HTML can have inside.
type InlineFigure struct {
	Name string // as its files are called, without an extension
	SVG  []byte // an svg element; texts of the result in it are escaped
}

// InlineFigures returns the figures that Draw draws, for a white page, as elements of HTML. They have no style attribute, which a
// content security policy may forbid, refer to nothing outside, and bear the title as their alternative text. The same result gives the
// same bytes.
func InlineFigures(r *result.Result) ([]InlineFigure, error) {
	var figures []InlineFigure
	for _, file := range figuresOf(r) {
		if file.empty() != "" {
			continue
		}
		f, picture := file.drawing(&FigureOptions{})
		svg, err := picture.encode(SVG, Light, provenance{})
		if err != nil {
			return nil, fmt.Errorf("drawing %s: %w", file.name, err)
		}
		figures = append(figures, InlineFigure{file.name, inline(svg, f.title)})
	}
	return figures, nil
}

var (
	svgTag   = regexp.MustCompile(`<svg [^>]*(viewBox="[^"]*")[^>]*>\s*<title>[^<]*</title>\s*<metadata>[^<]*</metadata>`)
	svgStyle = regexp.MustCompile(`\s+style="([^"]*)"`)
)

// inline makes an element of HTML of the file of an SVG: without what only a file needs, and with attributes in place of styles.
func inline(svg []byte, title string) []byte {
	if at := svgTag.FindSubmatchIndex(svg); at != nil {
		box := svg[at[2]:at[3]]
		svg = append(fmt.Appendf(nil, `<svg %s role="img" aria-label="%s">`, box, html.EscapeString(title)), svg[at[1]:]...)
	}
	svg = svgStyle.ReplaceAllFunc(svg, func(found []byte) []byte {
		var attributes strings.Builder
		for one := range strings.SplitSeq(string(svgStyle.FindSubmatch(found)[1]), ";") {
			name, value, ok := strings.Cut(one, ":")
			if usual := inherited[name]; ok && value != usual {
				fmt.Fprintf(&attributes, ` %s="%s"`, name, value)
			}
		}
		return []byte(attributes.String())
	})
	return bytes.TrimSpace(svg)
}

// inherited are properties of an SVG that a page sets anyway.
var inherited = map[string]string{
	"font-family": "Liberation Sans,Arial,Helvetica,sans-serif", "font-variant": "normal", "font-weight": "normal", "font-style": "normal",
}
