package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// Format is how tables are written.
type Format string

// The formats. A page as text or markdown has sentences between its tables; as CSV, LaTeX and JSON it has the data alone,
// and its sentences go elsewhere (see Output).
const (
	FormatTable    Format = "table"
	FormatMarkdown Format = "markdown"
	FormatCSV      Format = "csv"
	FormatJSON     Format = "json"
	FormatLaTeX    Format = "latex"
)

// Formats are all formats, the default first.
var Formats = []Format{FormatTable, FormatMarkdown, FormatCSV, FormatJSON, FormatLaTeX}

// Output says how and where tables are written. The zero value writes text of any width, without colour.
type Output struct {
	Format Format
	// Width is the greatest number of columns of a text table, 0 for any: cells of wider tables are wrapped.
	Width int
	// Aside is where the sentences go if the format has no place for them; nil drops them.
	Aside io.Writer
}

// TerminalWidth is the number of columns of the terminal that w writes to, 0 if it is none.
func TerminalWidth(w io.Writer) int {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// OnlyData reports whether nothing but data goes to the output.
func (f Format) OnlyData() bool {
	return f == FormatCSV || f == FormatJSON || f == FormatLaTeX
}

// String implements pflag.Value.
func (f *Format) String() string { return string(*f) }

// Type implements pflag.Value.
func (*Format) Type() string { return "format" }

// Set implements pflag.Value.
func (f *Format) Set(word string) error {
	if !slices.Contains(Formats, Format(word)) {
		return fmt.Errorf("found the format %q; accepted: table, markdown, csv, json or latex", word)
	}
	*f = Format(word)
	return nil
}

// Page collects sentences and tables, and writes them in a format.
type Page struct {
	Output
	all, aside strings.Builder
}

// Write implements io.Writer: it adds sentences.
func (p *Page) Write(text []byte) (int, error) {
	switch {
	case p.Format.OnlyData():
		p.aside.Write(text)
	case p.Format == FormatMarkdown: // a line is a paragraph
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" {
				p.all.WriteString(markdown.Replace(line) + "\n\n")
			}
		}
	default:
		p.all.Write(text)
	}
	return len(text), nil
}

var markdown = strings.NewReplacer("*", `\*`, "_", `\_`, "<", "&lt;", "|", `\|`)

// Table adds a table.
func (p *Page) Table(t table.Writer) {
	if p.Format.OnlyData() && p.all.Len() > 0 {
		p.all.WriteString("\n")
	}
	switch p.Format {
	case FormatMarkdown:
		p.all.WriteString(t.RenderMarkdown() + "\n\n")
	case FormatCSV:
		p.all.WriteString(filledCSV(t.RenderCSV()))
	case FormatLaTeX:
		p.all.WriteString(latex(t.RenderCSV()))
	case FormatJSON: // what there is to write is no table
	default:
		p.all.WriteString(within(t, p.Width) + "\n")
	}
}

// WriteTo writes the page, and its sentences where the format wants them. It implements io.WriterTo.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	if p.Aside != nil {
		if _, err := io.WriteString(p.Aside, p.aside.String()); err != nil {
			return 0, err
		}
	}
	n, err := io.WriteString(w, p.all.String())
	return int64(n), err
}

// The widths to which figures and names are wrapped, one after the other, until a table fits. A figure with its unit has room
// in the narrowest cell.
const widestCell, narrowestCell = 24, 8

// within renders a table so that it is not wider than width, if that can be had: it wraps figures and their headings, then
// leaves the borders out, then wraps names. A table of very many columns stays wider: nothing is cut off.
func within(t table.Writer, width int) string {
	rendered := t.Render()
	fits := func(figures, names int) bool {
		t.SetColumnConfigs(wrapped(figures, names))
		rendered = t.Render()
		return tableWidth(rendered) <= width
	}
	if width <= 0 || tableWidth(rendered) <= width {
		return rendered
	}
	for figures := widestCell; figures >= narrowestCell; figures -= 2 {
		if fits(figures, 0) {
			return rendered
		}
	}
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", " "
	style.Options = table.Options{SeparateHeader: true}
	t.SetStyle(style)
	for names := widestCell; names >= narrowestCell; names -= 2 {
		if fits(narrowestCell, names) {
			return rendered
		}
	}
	return rendered
}

func tableWidth(rendered string) int {
	widest := 0
	for line := range strings.Lines(rendered) {
		widest = max(widest, text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")))
	}
	return widest
}

// mostColumns is more than any table has.
const mostColumns = 64

// wrapped are the columns of a table whose first two columns are names, with their greatest widths, 0 for any.
func wrapped(figures, names int) []table.ColumnConfig {
	columns := append([]table.ColumnConfig{{Number: 1, WidthMax: names}, {Number: 2, WidthMax: names}}, figuresFrom(3, mostColumns)...)
	for i := range columns {
		if i >= 2 {
			columns[i].WidthMax = figures
		}
		columns[i].WidthMaxEnforcer = text.WrapSoft
	}
	return columns
}

// filledCSV writes, where the first cell of a row is empty since it is that of the row above, that cell.
func filledCSV(rows string) string {
	records, err := csv.NewReader(strings.NewReader(rows)).ReadAll()
	if err != nil {
		return rows + "\n"
	}
	for i := 2; i < len(records); i++ { // the first is the header
		if records[i][0] == "" {
			records[i][0] = records[i-1][0]
		}
	}
	var b strings.Builder
	_ = csv.NewWriter(&b).WriteAll(records) // a Builder takes everything
	return b.String()
}

// latex makes a LaTeX table of one of CSV, for the package booktabs.
func latex(rows string) string {
	records, err := csv.NewReader(strings.NewReader(rows)).ReadAll()
	if err != nil || len(records) == 0 {
		return ""
	}
	var b strings.Builder
	columns := len(records[0])
	fmt.Fprintf(&b, "\\begin{tabular}{%s}\n\\toprule\n", strings.Repeat("l", min(2, columns))+strings.Repeat("r", max(0, columns-2)))
	for i, record := range records {
		for j := range record {
			record[j] = latexText.Replace(record[j])
		}
		fmt.Fprintf(&b, "%s \\\\\n", strings.Join(record, " & "))
		if i == 0 {
			b.WriteString("\\midrule\n")
		}
	}
	b.WriteString("\\bottomrule\n\\end{tabular}\n")
	return b.String()
}

var latexText = strings.NewReplacer(`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`,
	"{", `\{`, "}", `\}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "×", `$\times$`, "−", `$-$`, "–", "--", "<", `$<$`, ">", `$>$`)
