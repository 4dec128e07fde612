package reports

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"quorumbench/bench/result"
)

// provenance tells inside a figure's file where the figure comes from.
type provenance struct {
	title string
	facts []fact
	date  time.Time // of the result, not of the drawing: a figure drawn again is the same
}

type fact struct{ name, value string }

// provenanceOf tells of which results a figure is: program, experiment with its SHA-256, seed, and the command.
func provenanceOf(title, command string, results ...*result.Result) provenance {
	p := provenance{title: title}
	for _, r := range results {
		p.facts = append(p.facts,
			fact{"Software", "quorumbench " + cmp.Or(r.Machine.Tool, "unknown")},
			fact{"Experiment", r.Experiment.Name + ", " + worldName(r) + ", SHA-256 " + ExperimentHash(r)},
			fact{"Seed", strconv.FormatUint(r.Experiment.Seed, 10)})
		if r.Finished.After(p.date) {
			p.date = r.Finished
		}
	}
	if command != "" {
		p.facts = append(p.facts, fact{"Command", command})
	}
	return p
}

// ExperimentHash is the SHA-256, in hexadecimal digits, of what was run: the experiment with its defaults filled in and the
// topology, as JSON. The same experiment has the same hash in live and simulated results of all machines, whatever their seeds.
func ExperimentHash(r *result.Result) string {
	e := r.Experiment
	e.Seed, e.World = 0, ""
	data, err := json.Marshal([]any{e, r.Topology})
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// text is the facts, a line each.
func (p *provenance) text() string {
	lines := make([]string, len(p.facts))
	for i, f := range p.facts {
		lines[i] = f.name + ": " + f.value
	}
	return strings.Join(lines, "\n")
}

// dpi is the resolution of figures, which is what journals ask of line art in colour.
const dpi = 300

// afterHeader is where a PNG's second chunk begins: after the signature and the IHDR chunk.
const afterHeader = 8 + 4 + 4 + 13 + 4

// withChunks adds what the encoder of PNGs does not write: the chunk pHYs (PNG specification, section 11.3.4.3), which makes
// programs place the figure in the size for which it was drawn, and a chunk iTXt (section 11.3.3.4) for each fact.
func withChunks(png []byte, made provenance) []byte {
	out := append([]byte(nil), png[:afterHeader]...)
	add := func(kind string, body []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
		begin := len(out)
		out = append(append(out, kind...), body...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[begin:]))
	}
	perMetre := uint32(math.Round(dpi / 0.0254))
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, perMetre), perMetre)
	add("pHYs", append(size, 1)) // 1: the unit is the metre
	for _, f := range append([]fact{{"Title", made.title}}, made.facts...) {
		// keyword, no compression, no language, no translated keyword, text in UTF-8
		add("iTXt", []byte(f.name+"\x00\x00\x00\x00\x00"+f.value))
	}
	return append(out, png[afterHeader:]...)
}

// svgOpen is the tag with which the content of an SVG begins.
var svgOpen = regexp.MustCompile(`<svg [^>]*>\n`)

// withMetadata adds the title and the facts to an SVG.
func withMetadata(svg []byte, made provenance) []byte {
	at := svgOpen.FindIndex(svg)
	if at == nil {
		return svg
	}
	added := fmt.Sprintf("<title>%s</title>\n<metadata>%s</metadata>\n", html.EscapeString(made.title), html.EscapeString(made.text()))
	return append(append(append([]byte(nil), svg[:at[1]]...), added...), svg[at[1]:]...)
}

var (
	pdfDates   = regexp.MustCompile(`\(D:\d{14}\)`)
	pdfTrailer = regexp.MustCompile(`trailer\s*<<\s*/Size (\d+)\s*/Root (\d+) 0 R\s*/Info (\d+) 0 R\s*>>\s*startxref\s*(\d+)`)
)

// withInfo replaces the document information of a PDF, which the library that writes it fills in with the time of the day,
// by an update at the end of the file (PDF 1.7, sections 7.5.6 and 14.3.3).
func withInfo(pdf []byte, made provenance) ([]byte, error) {
	date := []byte("(D:" + made.date.UTC().Format("20060102150405") + ")")
	pdf = pdfDates.ReplaceAll(pdf, date)
	trailer := pdfTrailer.FindSubmatch(pdf)
	if trailer == nil {
		return nil, fmt.Errorf("encoding a PDF: its trailer was not found")
	}
	size, root, info, table := trailer[1], trailer[2], trailer[3], trailer[4]
	out := bytes.NewBuffer(append(bytes.TrimRight(pdf, "\n"), '\n'))
	at := out.Len()
	fmt.Fprintf(out, "%s 0 obj\n<<\n/Title %s\n/Subject %s\n/Creator (quorumbench)\n/CreationDate %s\n/ModDate %s\n>>\nendobj\n",
		info, pdfText(made.title), pdfText(made.text()), date, date)
	update := out.Len()
	fmt.Fprintf(out, "xref\n%s 1\n%010d 00000 n \ntrailer\n<<\n/Size %s\n/Root %s 0 R\n/Info %s 0 R\n/Prev %s\n>>\nstartxref\n%d\n%%%%EOF\n",
		info, at, size, root, info, table, update)
	return out.Bytes(), nil
}

// pdfText writes a text string of a PDF: UTF-16 in hexadecimal digits, after a byte order mark.
func pdfText(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	b.WriteString(">")
	return b.String()
}
