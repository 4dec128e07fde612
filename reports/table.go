package reports

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"quorumbench/bench/result"
)

// TableOptions says how a table is written.
type TableOptions struct {
	Output
	Color bool // faint cells by escape sequences; see ColorTerminal
}

// ColorTerminal reports whether w is a terminal that may be sent escape sequences: not if NO_COLOR
// is set (https://no-color.org) or the terminal calls itself dumb.
func ColorTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// withheldMark stands for a percentile that too few samples lie beyond.
const withheldMark = "–"

// Table writes what was run, a row for each protocol and region, of reads and read-modify-writes after the writes if there
// were any, what may be concluded (Verdict), what the drivers noted, what became of crashes, and how
// far to trust it (Quality). Repeats are merged. Of a sweep it has a column for each point.
func Table(w io.Writer, r *result.Result, opts TableOptions) error {
	if opts.Format == FormatJSON {
		return WriteJSON(w, describeResult(r))
	}
	out := Page{Output: opts.Output}
	fmt.Fprintf(&out, "%s\n", headline(r))
	var verdict []string
	if r.Experiment.Sweep != nil {
		sweep := sweepOf(r)
		for _, one := range sweep.kinds() {
			one.write(&out, opts)
		}
		sweep.writeExecution(&out)
		verdict = sweep.verdict()
	} else {
		v := viewOf(r)
		for _, one := range v.kinds() {
			if !one.ofWrites() {
				fmt.Fprint(&out, "\n"+one.title("s"))
			}
			one.write(&out, opts)
		}
		verdict = v.verdict()
	}
	writeParagraph(&out, verdict)
	writeCrashes(&out, r)
	writeParagraph(&out, measureLines(r))
	writeParagraph(&out, Quality(r))
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("writing the table of %s: %w", r.Experiment.Name, err)
	}
	return nil
}

func writeParagraph(out *Page, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(out, "\n%s\n", strings.Join(lines, "\n"))
	}
}

// write writes the table of the view's operations, and what there is to say of it.
func (v *view) write(out *Page, opts TableOptions) {
	header := []any{"protocol", "region", "p50", "p99", "floor", "× floor", "WAN round trips", "offered/s", "achieved/s", "writes", "errors"}
	if !v.ofWrites() {
		header = []any{"protocol", "region", "p50", "p99", "WAN round trips", "offered/s", "achieved/s", v.noun() + "s", "errors"}
	}
	t := newTable(header...)
	var missing withheld
	mark, bounded := opts.marking(opts.Color), false
	for i, label := range v.labels {
		first := v.withCaveat(label)
		var all totals
		for _, s := range v.series[i] {
			if s == nil {
				t.AppendRow(table.Row{first})
				break
			}
			missing.note(s)
			percentile := func(p float64, d time.Duration) string {
				cell := latencyCell(s, p, d, mark)
				bounded = bounded || strings.Contains(cell, "(−")
				return cell
			}
			row := table.Row{first, s.Region, percentile(50, s.Response.P50), percentile(99, s.Response.P99)}
			if v.ofWrites() {
				row = append(row, ms(s.Floor), ratioCell(s.aboveFloor()))
			}
			all.add(s)
			t.AppendRow(append(row, tripsCell(s.trips()), rate(s.Rate(s.measured())), rate(s.Throughput(s.measured())), count(s.Offered), count(s.Errors)))
			first = ""
		}
		if all.regions > 1 {
			row := table.Row{"", "all", "", ""}
			if v.ofWrites() {
				row = append(row, "", "")
			}
			t.AppendRow(append(row, "", rate(all.offered), rate(all.achieved), count(all.operations), count(all.errors)))
		}
		t.AppendSeparator()
	}
	fmt.Fprintln(out)
	out.Table(t)
	for _, line := range missing.footnotes(v.Result) {
		fmt.Fprintf(out, "%s %s\n", withheldMark, line)
	}
	fmt.Fprint(out, mark.explanation())
	if bounded {
		fmt.Fprintf(out, "(−0.1) so much less, at most, without the lag of the load generator and the lateness of the emulator\n")
	}
	if v.Experiment.Load.IsClosed() {
		fmt.Fprintf(out, "closed loop: percentiles are of service times, at as many writes/s as the clients could do\n")
	}
	v.writeRepeats(out)
}

// totals sums up the series of a protocol.
type totals struct {
	regions            int
	offered, achieved  float64 // a second
	operations, errors int64
}

func (t *totals) add(s *series) {
	t.regions++
	t.offered += s.Rate(s.measured())
	t.achieved += s.Throughput(s.measured())
	t.operations += s.Offered
	t.errors += s.Errors
}

// newTable returns a table whose first two columns are names and the others numbers.
func newTable(header ...any) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendHeader(header)
	t.SetColumnConfigs(figuresFrom(3, len(header)))
	return t
}

// figuresFrom aligns columns of figures to the right: those from first, which counts from 1, to last.
func figuresFrom(first, last int) []table.ColumnConfig {
	var columns []table.ColumnConfig
	for number := first; number <= last; number++ {
		columns = append(columns, table.ColumnConfig{Number: number, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	return columns
}

// busyMark stands for a percentile of which too much may be the instrument's.
const busyMark = "busy"

// latencyText writes a response percentile, and how much of it may be the instrument's. One of writes without an answer is a
// lower bound.
func latencyText(s *series, percentile float64, d time.Duration) string {
	if s.unanswered(percentile) {
		return "> " + ms(d)
	}
	return lessBound(d, s.Bound(percentile))
}

// latencyCell writes a response percentile as far as the samples and the instrument bear it, and how much of it may be the
// instrument's.
func latencyCell(s *series, percentile float64, d time.Duration, mark marking) string {
	if s.saturated {
		return "saturated"
	}
	if result.ConfidenceIn(percentile, s.Response.Count) != result.Withheld && s.spoilt(percentile) {
		return busyMark
	}
	cell := latencyText(s, percentile, d)
	switch s.confidence(percentile) {
	case result.Withheld:
		return withheldMark
	case result.Dimmed:
		return mark.uncertain(cell)
	}
	return cell
}

// uncertainMark stands before a percentile that is uncertain, with colour or without.
const uncertainMark = "~"

// marking is how tables mark what is uncertain.
type marking struct {
	format Format
	color  bool  // also by faint letters
	used   *bool // whether anything was
}

// marking is how these tables mark what is uncertain: data for programs has no marks.
func (o *Output) marking(color bool) marking {
	return marking{o.Format, color && !o.Format.OnlyData() && o.Format != FormatMarkdown, new(bool)}
}

// uncertain marks a cell.
func (m marking) uncertain(cell string) string {
	*m.used = true
	switch {
	case m.format.OnlyData():
		return cell
	case m.format == FormatMarkdown:
		return `\` + uncertainMark + cell // two of them would strike out what is between
	case m.color:
		return faintText(uncertainMark + cell)
	}
	return uncertainMark + cell
}

// explanation tells what the mark means, in a line; empty if nothing was marked.
func (m marking) explanation() string {
	if !*m.used {
		return ""
	}
	mark := uncertainMark
	if m.color {
		mark = faintText(uncertainMark)
	}
	return mark + " uncertain: fewer than 100 samples lie beyond the percentile, or more than 1 % of it may be the instrument's\n"
}

// faintText asks a terminal for faint letters, and for normal ones after them (ECMA-48, SGR 2
// and 22). The table library's own colours follow the process's environment, not the writer.
func faintText(s string) string { return "\x1b[2m" + s + "\x1b[22m" }

func ratioCell(ratio float64, ok bool) string {
	if !ok {
		return ""
	}
	return times(ratio)
}

func tripsCell(n float64, ok bool) string {
	if !ok {
		return ""
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

// writeRepeats writes the medians over runs, the run being the unit of analysis; nothing if
// nothing was repeated.
func (v *view) writeRepeats(out *Page) {
	most := 0
	t := newTable(append([]any{"protocol", "region"}, medianHeader...)...)
	for i, label := range v.labels {
		first := label
		for _, s := range v.series[i] {
			if s == nil || s.saturated {
				continue
			}
			most = max(most, len(s.runs))
			t.AppendRow(append(table.Row{first, s.Region}, s.medianRow()...))
			first = ""
		}
		t.AppendSeparator()
	}
	if most < 2 {
		return
	}
	fmt.Fprintln(out)
	out.Table(t)
	for _, line := range append(v.tooShort(), noInterval(most)...) {
		fmt.Fprintln(out, line)
	}
}

// tooShort says which percentiles no single run has enough operations for, although all of them together have.
func (v *view) tooShort() []string {
	var lines []string
	for _, p := range []percentile{p50, p99} {
		if slices.ContainsFunc(v.series, func(row []*series) bool {
			return slices.ContainsFunc(row, func(s *series) bool {
				return s != nil && !s.saturated && s.confidence(p.at) != result.Withheld && len(s.byRepeat(p)) == 0
			})
		}) {
			lines = append(lines, fmt.Sprintf("%s p%g of a single run takes %s %ss from a region", withheldMark, p.at, count(result.SamplesNeeded(p.at)), v.noun()))
		}
	}
	return lines
}

// noInterval says how many repeats an interval of a median takes, if there are fewer.
func noInterval(repeats int) []string {
	if repeats >= runsForInterval {
		return nil
	}
	return []string{fmt.Sprintf("A 95 %% interval of a median cannot be had with fewer than %d repeats; there are %d.", runsForInterval, repeats)}
}

var medianHeader = []any{"p50, median of runs", "95 % interval", "p99, median of runs", "95 % interval", "runs"}

// medianRow are the cells under medianHeader.
func (s *series) medianRow() table.Row {
	p50, interval50 := medianCells(s, p50)
	p99, interval99 := medianCells(s, p99)
	return table.Row{p50, interval50, p99, interval99, len(s.runs)}
}

// medianCells writes the median over runs of a percentile, and its interval where it has one.
func medianCells(s *series, p percentile) (middle, interval string) {
	values := s.byRepeat(p)
	if len(values) == 0 {
		return withheldMark, ""
	}
	m := medianOf(values)
	if m.hasInterval {
		interval = fmt.Sprintf("%s to %s", ms(time.Duration(m.low)), ms(time.Duration(m.high)))
	}
	return ms(time.Duration(m.value)), interval
}
