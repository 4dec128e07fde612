package reports

import (
	"bytes"
	"compress/zlib"
	"encoding/csv"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// everything draws in all formats.
var everything = FigureOptions{Formats: FigureFormats, Width: ColumnWide, Command: "quorumbench run ä.yaml"}

func files(t *testing.T, opts FigureOptions) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	if _, err := Draw(dir, withBreakdowns(threeRegions().result()), opts); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, entry := range entries {
		if all[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestTheSameResultGivesTheSameFiles(t *testing.T) {
	first, second := files(t, everything), files(t, everything)
	if len(first) != 5*4 { // five figures, in three formats and as data
		t.Errorf("%d files, want 20", len(first))
	}
	for name, content := range first {
		if !bytes.Equal(content, second[name]) {
			t.Errorf("%s differs when it is drawn again", name)
		}
		if strings.HasSuffix(name, ".csv") {
			rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
			if err != nil || len(rows) < 10 {
				t.Errorf("%s: %d rows, %v", name, len(rows), err)
			}
		}
	}
}

// Inside each file stand its title, the seed, the experiment's hash and the command, as readers of the format find them.
func TestFiguresSayWhereTheyComeFrom(t *testing.T) {
	hash := ExperimentHash(withBreakdowns(threeRegions().result()))
	if len(hash) != 64 {
		t.Fatalf("the hash is %q", hash)
	}
	all := files(t, everything)
	for _, c := range []struct {
		name string
		text string
	}{
		{"latency.png", pngText(t, all["latency.png"])},
		{"latency.svg", svgFacts(t, all["latency.svg"])},
		{"latency.pdf", pdfInfo(t, all["latency.pdf"])},
	} {
		for _, want := range []string{"Write latency by region", "Software", "quorumbench", hash, "Seed", "7", "Command", "quorumbench run ä.yaml"} {
			if !strings.Contains(c.text, want) {
				t.Errorf("%s says %q, want %q in it", c.name, c.text, want)
			}
		}
	}
}

// pngText joins the texts of a PNG, of which it checks all chunks.
func pngText(t *testing.T, data []byte) string {
	t.Helper()
	if _, err := png.Decode(bytes.NewReader(data)); err != nil { // it checks the sums of all chunks
		t.Fatal(err)
	}
	var texts []string
	for at := 8; at < len(data); {
		size := int(data[at])<<24 | int(data[at+1])<<16 | int(data[at+2])<<8 | int(data[at+3])
		if string(data[at+4:at+8]) == "iTXt" {
			texts = append(texts, strings.ReplaceAll(string(data[at+8:at+8+size]), "\x00", " "))
		}
		at += 12 + size
	}
	return strings.Join(texts, "\n")
}

// svgFacts joins the texts of the title and the metadata of an SVG, which must be well-formed.
func svgFacts(t *testing.T, data []byte) string {
	t.Helper()
	var texts, open []string
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return strings.Join(texts, "\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if n := len(open); n > 0 && (open[n-1] == "title" || open[n-1] == "metadata") {
				texts = append(texts, string(token))
			}
		}
	}
}

// pdfInfo returns the texts of a PDF's information as a reader finds it: by the table at the end, which must point to it.
func pdfInfo(t *testing.T, data []byte) string {
	t.Helper()
	tail := string(data[bytes.LastIndex(data, []byte("startxref")):])
	at, err := strconv.Atoi(strings.Fields(tail)[1])
	if err != nil || !bytes.HasPrefix(data[at:], []byte("xref\n")) {
		t.Fatalf("the end is %q, and no table is there: %v", tail, err)
	}
	entry := strings.Fields(string(data[at:]))
	info, err := strconv.Atoi(entry[3])
	if err != nil || !bytes.HasPrefix(data[info:], []byte(entry[1]+" 0 obj")) {
		t.Fatalf("the table says that object %s is at %s, where there is %q", entry[1], entry[3], data[info:info+10])
	}
	var texts []string
	for _, part := range strings.Split(string(data[info:at]), "<FEFF")[1:] {
		digits, _, _ := strings.Cut(part, ">")
		raw, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		var units []uint16
		for i := 0; i < len(raw); i += 2 {
			units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
		}
		texts = append(texts, string(utf16.Decode(units)))
	}
	return strings.Join(texts, "\n")
}

func TestAColumnIs85Millimetres(t *testing.T) {
	all := files(t, everything)
	picture, err := png.DecodeConfig(bytes.NewReader(all["latency.png"]))
	if err != nil {
		t.Fatal(err)
	}
	if want := int(math.Round(85 / 25.4 * 300)); picture.Width < want-2 || picture.Width > want+2 {
		t.Errorf("the PNG is %d pixels wide, want about %d", picture.Width, want)
	}
	if want := `<svg width="240.94pt"`; !bytes.Contains(all["latency.svg"], []byte(want)) {
		t.Errorf("the SVG begins with %.200s, want %s in it", all["latency.svg"], want)
	}
	if want := "/MediaBox [0 0 240.94 "; !bytes.Contains(all["latency.pdf"], []byte(want)) {
		t.Errorf("the PDF has no %s", want)
	}
}

// The first six protocols' colours can be told apart from each other and from the page, in both themes, also by those who
// lack one kind of cones.
func TestColorsCanBeToldApart(t *testing.T) {
	for _, theme := range []Theme{Light, Dark} {
		for name, see := range map[string]func(color.Color) [3]float64{"all cones": linear, "no L cones": protanope, "no M cones": deuteranope} {
			var seen [][3]float64
			for _, c := range palette[:6] {
				seen = append(seen, lab(see(theme.shown(c))))
			}
			seen = append(seen, lab(see(theme.background())))
			for i, a := range seen {
				for j, b := range seen[:i] {
					if d := math.Sqrt(sq(a[0]-b[0]) + sq(a[1]-b[1]) + sq(a[2]-b[2])); d < 11 {
						t.Errorf("%s, %s: colours %d and %d are %.1f apart, want 11", theme, name, j, i, d)
					}
				}
			}
		}
	}
}

func sq(x float64) float64 { return x * x }

// linear returns the light of a colour, by sRGB (IEC 61966-2-1).
func linear(c color.Color) (out [3]float64) {
	r, g, b, _ := c.RGBA()
	for i, v := range []uint32{r, g, b} {
		x := float64(v) / 0xffff
		if x <= 0.04045 {
			out[i] = x / 12.92
		} else {
			out[i] = math.Pow((x+0.055)/1.055, 2.4)
		}
	}
	return out
}

// protanope and deuteranope see as Viénot, Brettel and Mollon simulate it (Color Research and Application 24, 1999).
func protanope(c color.Color) [3]float64 {
	l := linear(c)
	r := 0.11238*l[0] + 0.88762*l[1]
	return [3]float64{r, r, 0.00401*l[0] - 0.00401*l[1] + l[2]}
}

func deuteranope(c color.Color) [3]float64 {
	l := linear(c)
	r := 0.29275*l[0] + 0.70725*l[1]
	return [3]float64{r, r, -0.02234*l[0] + 0.02234*l[1] + l[2]}
}

// lab returns CIE 1976 L*a*b* of linear light.
func lab(l [3]float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 216./24389 {
			return math.Cbrt(t)
		}
		return (24389./27*t + 16) / 116
	}
	x := f((0.4124*l[0] + 0.3576*l[1] + 0.1805*l[2]) / 0.9505)
	y := f(0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2])
	z := f((0.0193*l[0] + 0.1192*l[1] + 0.9505*l[2]) / 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// A path that is made for a PDF is where the letters are: as wide as the line of text.
func TestOutlinesAreAsWideAsTheText(t *testing.T) {
	style := titleText
	const s = "AVe 70.8 ms (−0.3) ×m"
	face := style.Handler.Cache().Lookup(style.Font, style.Font.Size)
	var low, high vg.Length = math.MaxFloat32, 0
	for _, part := range outlineOf(face, vg.Point{X: 100}, s) {
		if part.Type != vg.CloseComp {
			low, high = min(low, part.Pos.X), max(high, part.Pos.X)
		}
	}
	if want := style.Width(s); low < 100 || low > 102 || high > 100+want || high < 98+want {
		t.Errorf("the letters are from %v to %v, want from 100 to %v", low, high, 100+want)
	}
}

// What is transparent in a PDF has its own colour, and is not darker.
func TestTransparentColoursOfAPDFAreNotDarker(t *testing.T) {
	d := &drawing{width: 100, height: 50, scale: 1, draw: func(page draw.Canvas) { fill(page, faded(palette[1], bandOpacity), page.Rectangle) }}
	pdf, err := d.encode(PDF, Light, provenance{})
	if err != nil {
		t.Fatal(err)
	}
	var content []byte
	for _, stream := range regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`).FindAllSubmatch(pdf, -1) {
		r, err := zlib.NewReader(bytes.NewReader(stream[1]))
		if err != nil {
			continue // a stream that is not compressed
		}
		page, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, page...)
	}
	c := palette[1]
	if want := fmt.Sprintf("%.3f %.3f %.3f rg", float64(c.R)/255, float64(c.G)/255, float64(c.B)/255); !bytes.Contains(content, []byte(want)) {
		t.Errorf("the PDF has no colour %s: %s", want, content)
	}
}
