package reports

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"quorumbench/bench/result"
)

// CompareOptions says what is compared.
type CompareOptions struct {
	// Force compares results of different conditions all the same.
	Force bool
	// Protocols are the labels to compare: of one result with each other, in this order, or of
	// several results one by one. Empty: all of one result, those that several have in common.
	Protocols []string
	// Color is that of TableOptions.
	Color bool
	Output
}

// comparison is a set of things compared with the first of them.
type comparison struct {
	title   string // the protocol, if all members run the same
	what    string // is compared: empty for writes, another kind of operations, or either at a point of a sweep
	members []member
}

// member is one protocol of one result.
type member struct {
	name    string
	seed    uint64
	regions []string
	series  []*series // by region
	color   color.NRGBA
}

func memberOf(name string, v *view, label string, c color.NRGBA) member {
	return member{name + v.reservation(label), v.Experiment.Seed, v.regions, v.of(label), c}
}

// Compare writes, for each region, p50 and p99 of each member and their ratio to the first's, with
// a 95 % interval from six paired repeats on. names are those of the results. Results that differ
// in anything but what is compared are refused unless forced; the error names each difference.
func Compare(w io.Writer, results []*result.Result, names []string, opts CompareOptions) error {
	comparisons, err := comparisonsOf(results, names, opts)
	if err != nil {
		return err
	}
	if opts.Format == FormatJSON {
		return WriteJSON(w, describeComparisons(comparisons))
	}
	out := Page{Output: opts.Output}
	for i, r := range results {
		fmt.Fprintf(&out, "%s = %s\n", names[i], subtitle(r))
	}
	if opts.Force {
		for _, line := range allDifferences(results, names) {
			fmt.Fprintf(&out, "DIFFERENT: %s\n", line)
		}
	}
	fewest, mark := math.MaxInt, opts.marking(opts.Color)
	for _, c := range comparisons {
		fewest = min(fewest, c.write(&out, mark))
	}
	fmt.Fprint(&out, mark.explanation())
	fmt.Fprintln(&out, "× is the ratio to the first: the geometric mean over repeats, paired by number. Intervals are by resampling of the pairs.")
	if fewest < runsForInterval {
		fmt.Fprintf(&out, "A 95 %% interval of a ratio cannot be had with fewer than %d paired repeats; a ratio here has %d.\n", runsForInterval, fewest)
	}
	if lines := shown(comparisons); len(lines) > 0 {
		fmt.Fprintf(&out, "\n%s\n", strings.Join(lines, "\n"))
	}
	for i, r := range results {
		for _, line := range invalidLines(r) {
			fmt.Fprintf(&out, "INVALID: %s: %s\n", names[i], strings.TrimPrefix(line, "INVALID: "))
		}
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("writing the comparison: %w", err)
	}
	return nil
}

// DrawCompare writes a figure of the same comparison to path, in the format of its extension: bars as in latency.png. The
// data that it is drawn from is written beside it, under the same name with the extension .csv. Look says how it is drawn;
// its formats do not matter.
func DrawCompare(path string, results []*result.Result, names []string, opts CompareOptions, look FigureOptions) error {
	format, err := FormatOfFile(path)
	if err != nil {
		return fmt.Errorf("drawing the comparison: %w", err)
	}
	comparisons, err := comparisonsOf(results, names, opts)
	if err != nil {
		return err
	}
	var panels []barPanel
	for len(comparisons) > 0 {
		what := comparisons[0].what
		n := 0
		for n < len(comparisons) && comparisons[n].what == what {
			n++
		}
		for region, regionName := range comparisons[0].members[0].regions {
			if what != "" {
				regionName += ", " + what
			}
			panels = append(panels, comparedBars(comparisons[:n], region, labelled(results[0], regionName)))
		}
		comparisons = comparisons[n:]
	}
	what := make([]string, len(results))
	for i, r := range results {
		what[i] = names[i] + " = " + drawable(labelled(r, subtitle(r)))
	}
	f := barFigure("Comparison of latency by region", what, timeName(results[0]), panels)
	encoded, err := f.drawing(&look).encode(format, look.Theme, provenanceOf(f.title, look.Command, results...))
	if err == nil {
		err = errors.Join(writeWhole(path, encoded), writeWhole(strings.TrimSuffix(path, string(format))+"csv", f.data.encode()))
	}
	if err != nil {
		return fmt.Errorf("drawing the comparison: %w", err)
	}
	return nil
}

// comparedBars returns a region's bars. Round trips are marked if all members agree on them.
func comparedBars(comparisons []comparison, region int, name string) barPanel {
	p := barPanel{region: name}
	quorums := map[time.Duration]bool{}
	for _, c := range comparisons {
		for _, m := range c.members {
			s := m.series[region]
			p.bars = append(p.bars, barOf(s, m.full(c), m.color))
			if s != nil {
				p.quorum = s.Quorum
				quorums[s.Quorum] = true
			}
		}
	}
	if len(quorums) > 1 {
		p.quorum = 0
	}
	return p
}

// full is the member's name, and what all members of the comparison run.
func (m member) full(c comparison) string {
	if c.title == "" {
		return m.name
	}
	return c.title + ", " + m.name
}

// comparisonsOf returns the comparisons of results, or an error that says why they must not be compared.
func comparisonsOf(results []*result.Result, names []string, opts CompareOptions) ([]comparison, error) {
	if len(results) == 0 || len(results) != len(names) {
		return nil, fmt.Errorf("comparing %s with %s; accepted: one result or more, each with a name",
			plural(len(results), "result"), plural(len(names), "name"))
	}
	for _, label := range opts.Protocols {
		for i, r := range results {
			if !slices.Contains(r.Labels(), label) {
				return nil, fmt.Errorf("%s has no protocol %q; accepted: %s", names[i], label, strings.Join(r.Labels(), ", "))
			}
		}
	}
	if len(results) == 1 {
		return atPoints(results, func(at []*result.Result) ([]comparison, error) { return withinResult(at[0], opts.Protocols) })
	}
	if found := allDifferences(results, names); len(found) > 0 && !opts.Force {
		return nil, fmt.Errorf("results of different conditions are not compared unless forced; they differ in\n  %s", strings.Join(found, "\n  "))
	}
	for i, r := range results[1:] {
		if a, b := len(results[0].Experiment.Clients), len(r.Experiment.Clients); a != b {
			return nil, fmt.Errorf("%s has %s and %s has %d: there is nothing to set side by side, even by force", names[0], plural(a, "region"), names[i+1], b)
		}
	}
	if opts.Force && slices.ContainsFunc(results, func(r *result.Result) bool { return !slices.Equal(r.Points(), results[0].Points()) }) {
		return nil, errors.New("the results have not the same points of a sweep: there is nothing to set side by side, even by force")
	}
	return atPoints(results, func(at []*result.Result) ([]comparison, error) { return acrossResults(at, names, opts.Protocols) })
}

// atPoints compares at each point of a sweep; without one, once.
func atPoints(results []*result.Result, compare func(at []*result.Result) ([]comparison, error)) ([]comparison, error) {
	var all []comparison
	for _, point := range results[0].Points() {
		at := make([]*result.Result, len(results))
		for i, r := range results {
			at[i] = r.At(point)
		}
		found, err := compare(at)
		if err != nil {
			return nil, err
		}
		if sweep := results[0].Experiment.Sweep; sweep != nil {
			for i := range found {
				name := sweep.Path + " " + point
				if found[i].what != "" {
					name += ", "
				}
				found[i].what = name + found[i].what
			}
		}
		all = append(all, found...)
	}
	return all, nil
}

// ofAllKinds are the comparisons of writes, and then those of the other kinds of operations of which there were any: compare makes
// them of the given views.
func ofAllKinds(writes []*view, compare func(views []*view) []comparison) (all []comparison) {
	for _, views := range kindsOf(writes) {
		for _, c := range compare(views) {
			if kind := views[0]; !kind.ofWrites() {
				c.what = kind.noun() + "s"
			}
			all = append(all, c)
		}
	}
	return all
}

func allDifferences(results []*result.Result, names []string) []string {
	var found []string
	for i := 1; i < len(results); i++ {
		found = append(found, differences(results[0], results[i], names[0], names[i])...)
	}
	return found
}

// withinResult compares the protocols of one result.
func withinResult(r *result.Result, labels []string) ([]comparison, error) {
	if len(labels) == 0 {
		labels = r.Labels()
	}
	if len(labels) < 2 {
		return nil, fmt.Errorf("comparing %s within one result; accepted: two or more of %s",
			plural(len(labels), "protocol"), strings.Join(r.Labels(), ", "))
	}
	return ofAllKinds([]*view{viewOf(r)}, func(views []*view) []comparison {
		v := views[0]
		var c comparison
		for _, label := range labels {
			c.members = append(c.members, memberOf(label, v, label, v.looks[slices.Index(v.labels, label)].color()))
		}
		return []comparison{c}
	}), nil
}

// acrossResults compares results protocol by protocol; results of one protocol each are compared
// whatever it is.
func acrossResults(results []*result.Result, names, labels []string) ([]comparison, error) {
	if len(labels) == 0 {
		for _, label := range results[0].Labels() {
			if !slices.ContainsFunc(results, func(r *result.Result) bool { return !slices.Contains(r.Labels(), label) }) {
				labels = append(labels, label)
			}
		}
	}
	views := make([]*view, len(results))
	for i, r := range results {
		views[i] = viewOf(r)
	}
	if len(labels) == 0 && slices.ContainsFunc(views, func(v *view) bool { return len(v.labels) != 1 }) {
		return nil, errors.New("the results have no protocol in common, and not one each; accepted: results with a common protocol, or of one protocol each")
	}
	return ofAllKinds(views, func(views []*view) []comparison {
		var all []comparison
		for _, label := range labels {
			c := comparison{title: label}
			for i, v := range views {
				c.members = append(c.members, memberOf(names[i], v, label, protocolColor(i)))
			}
			all = append(all, c)
		}
		if len(all) > 0 {
			return all
		}
		var c comparison
		for i, v := range views {
			c.members = append(c.members, memberOf(names[i]+": "+v.labels[0], v, v.labels[0], protocolColor(i)))
		}
		return []comparison{c}
	}), nil
}

// about is what all members of the comparison are, in words; empty if there is nothing to tell.
func (c comparison) about() string {
	return strings.Join(slices.DeleteFunc([]string{c.title, c.what}, func(s string) bool { return s == "" }), ", ")
}

// aboutCell puts a cell before those of a row if a table is of something and its format has no place for a title above it.
func aboutCell(out *Page, about, cell string, row ...any) []any {
	if about == "" || !out.Format.OnlyData() {
		return row
	}
	return append([]any{cell}, row...)
}

// write writes the table and returns the least number of pairs that a ratio rests on.
func (c comparison) write(out *Page, mark marking) (fewest int) {
	fewest = math.MaxInt
	about := c.about()
	if about != "" {
		fmt.Fprintf(out, "\n%s", about)
	}
	t := newTable(aboutCell(out, about, "compared", "region", "", "floor", "p50", "×", "95 % interval", "p99", "×", "95 % interval")...)
	for region, name := range c.members[0].regions {
		first := c.members[0].series[region]
		rest := "" // the region in the rows of other members: in CSV only the first cell of a row is filled in
		if about != "" && out.Format.OnlyData() {
			rest = name
		}
		for i, m := range c.members {
			s := m.series[region]
			if s == nil {
				t.AppendRow(aboutCell(out, about, about, name, m.name, "not run"))
				name = rest
				continue
			}
			row := table.Row{name, m.name, ms(s.Floor)}
			if s.kind != result.Writes {
				row[2] = ""
			}
			for _, p := range []percentile{p50, p99} {
				cell := latencyCell(s, p.at, time.Duration(p.of(s.Response)), mark)
				row = append(row, cell)
				if i == 0 || first == nil {
					row = append(row, "", "")
					continue
				}
				ratio, n := ratioOf(first, s, p, m.seed)
				row = append(row, ratioCell(ratio.value, n > 0), intervalCell(ratio))
				if n > 0 {
					fewest = min(fewest, n)
				}
			}
			t.AppendRow(aboutCell(out, about, about, row...))
			name = rest
		}
		t.AppendSeparator()
	}
	fmt.Fprintln(out)
	out.Table(t)
	return fewest
}

// ratioOf compares a percentile of two series over the repeats that both have it of, and returns
// of how many; saturated series have none.
func ratioOf(first, second *series, p percentile, seed uint64) (estimate, int) {
	from, to := pairsOf(first, second, p)
	if len(from) == 0 {
		return estimate{}, 0
	}
	return pairedRatio(from, to, seed), len(from)
}

// pairsOf returns a percentile of two series in the repeats that both have it of; saturated series have none, and a run in
// which it is 0 has no ratio.
func pairsOf(first, second *series, p percentile) (from, to []float64) {
	if first.saturated || second.saturated {
		return nil, nil
	}
	of := second.byRepeat(p)
	for _, a := range first.byRepeat(p) {
		i := slices.IndexFunc(of, func(b repeated) bool { return b.repeat == a.repeat })
		if i >= 0 && a.value > 0 && of[i].value > 0 {
			from, to = append(from, a.value), append(to, of[i].value)
		}
	}
	return from, to
}

func intervalCell(e estimate) string {
	if !e.hasInterval {
		return ""
	}
	return fmt.Sprintf("%s to %s", times(e.low), times(e.high))
}
