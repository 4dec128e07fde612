package reports

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"quorumbench/bench/result"
)

// alike is how far apart, as a ratio, two medians may be and still be called the same.
const alike = 1.05

// Verdict says in sentences what a result shows: first why it must not be believed, if so; then
// how many round trips a write takes under the quickest protocol and how the others differ from
// it; then what went unanswered. With enough repeats, a difference is only called one if a test shows it. Protocols whose runs are invalid or saturated, and medians of too
// few writes, are left out of the comparison.
func Verdict(r *result.Result) []string {
	if r.Experiment.Sweep != nil {
		return sweepOf(r).verdict()
	}
	return viewOf(r).verdict()
}

func (v *view) verdict() []string {
	var lines []string
	lines = append(lines, invalidLines(v.Result)...)
	lines = append(lines, v.busyLines()...)
	for _, one := range v.kinds() {
		lines = append(append(lines, one.costLines()...), one.errorLines()...)
	}
	return lines
}

// mostReasons is how many reasons are listed of the runs of a protocol at a point; a saturated run has one for each region.
const mostReasons = 3

// invalidLines lists why the runs must not be believed, by protocol and point. Of many reasons it has the first.
func invalidLines(r *result.Result) []string {
	var lines []string
	for _, label := range r.Labels() {
		for _, point := range r.Points() {
			some := *r
			some.Runs = slices.DeleteFunc(r.RunsOf(label), func(run result.Run) bool { return run.Point != point })
			reasons := some.Invalid()
			for i, reason := range reasons {
				if i == mostReasons-1 && len(reasons) > mostReasons {
					at := label
					if point != "" {
						at += ": " + r.Experiment.Sweep.Path + " " + point
					}
					lines = append(lines, fmt.Sprintf("INVALID: %s: %s more like these; run.json has all", at, count(len(reasons)-i)))
					break
				}
				lines = append(lines, "INVALID: "+reason)
			}
		}
	}
	return lines
}

// costs are the medians of one protocol by region; nil where there is none.
type costs struct {
	label   string // of the protocol
	variant string // the label without the leader
	leader  string // empty without one
	medians []*median
	series  []*series // by region
	tests   *tests    // of all differences between protocols; nil if there are too few repeats
}

type median struct {
	region string
	p50    time.Duration
	words  string // one round trip; a time where the quorum is the replica itself
}

func (v *view) costLines() []string {
	var all []costs
	for i := range v.Experiment.Protocols {
		protocol := &v.Experiment.Protocols[i]
		c := costs{label: protocol.Label, variant: protocol.Variant(), leader: protocol.Leader, medians: v.mediansOf(protocol.Label), series: v.of(protocol.Label)}
		if c.known() > 0 {
			all = append(all, c)
		}
	}
	if len(all) == 0 && !v.ofWrites() {
		return nil
	}
	if len(all) == 0 {
		return []string{fmt.Sprintf("No verdict: no valid run has the %d writes from a region that a median takes, more than half of them answered.", result.SamplesNeeded(50))}
	}

	tests, remark := v.testsOf(all)
	for i := range all {
		all[i].tests = tests
	}
	best := quickest(all)
	var peers, others []costs
	for _, c := range all {
		if c.like(best) {
			peers = append(peers, c)
		} else {
			others = append(others, c)
		}
	}
	best = peers[0] // the others are compared with the one that is named first
	begin, does := "", "commit"
	if !v.ofWrites() {
		begin, does = v.title("s: "), "answer"
	}
	lines := []string{fmt.Sprintf("%s%s %s in %s.", begin, subject(peers), verb(peers, does), best.sentence())}
	for len(others) > 0 {
		said := others[0].comparison(best)
		same := func(c costs) bool { return c.comparison(best) == said }
		var together []costs
		for _, c := range others {
			if same(c) {
				together = append(together, c)
			}
		}
		others = slices.DeleteFunc(others, same)
		lines = append(lines, fmt.Sprintf("%s%s %s %s.", begin, subject(together), verb(together, "take"), said))
	}
	if remark != "" {
		lines = append(lines, begin+remark)
	}
	return lines
}

// tests tells which differences between the medians of two protocols in a region are shown, at an error rate of 5 % for all.
type tests struct {
	shown map[pairOfLabels]bool // false: tested, and not shown
}

// pairOfLabels is a comparison of two protocols in a region.
type pairOfLabels struct {
	a, b   string
	region int
}

// testsOf tests the p50 of each two protocols in each region over paired repeats. All pairs of protocols count in Holm's
// correction, since which is the quickest is known from the same data. The remark says what was tested, or how many repeats it
// takes; it is empty if nothing was repeated.
func (v *view) testsOf(all []costs) (*tests, string) {
	var cells []pairOfLabels
	var ps []float64
	fewest := math.MaxInt
	for i, a := range all {
		for _, b := range all[i+1:] {
			for region := range v.regions {
				if a.medians[region] == nil || b.medians[region] == nil {
					continue
				}
				from, to := pairsOf(a.series[region], b.series[region], p50)
				if len(from) == 0 {
					continue // one of them takes no time: there is no ratio
				}
				cells = append(cells, pairOfLabels{a.label, b.label, region})
				ps = append(ps, signFlipP(logRatios(from, to), v.Experiment.Seed))
				fewest = min(fewest, len(from))
			}
		}
	}
	needed := pairsNeeded(len(cells))
	switch {
	case len(cells) == 0 || fewest == 1:
		return nil, ""
	case fewest < needed:
		return nil, fmt.Sprintf("Not tested: to show a difference among %s takes %s, and there are %d.", plural(len(cells), "ratio"), plural(needed, "repeat"), fewest)
	}
	t := &tests{map[pairOfLabels]bool{}}
	for i, rejected := range holm(ps) {
		cell := cells[i]
		t.shown[cell] = rejected
		t.shown[pairOfLabels{cell.b, cell.a, cell.region}] = rejected
	}
	return t, fmt.Sprintf("Called slower or faster is what differs by more than %.0f %% and is shown to differ (sign-flip tests of %s over %s, Holm's correction, error rate 5 %%).",
		100*(alike-1), plural(len(cells), "ratio"), plural(fewest, "repeat"))
}

// mediansOf returns the medians of a protocol by region; nil where too few writes were measured, and where half of
// them or more had no answer: the median is the timeout then, and nothing was committed in it.
func (v *view) mediansOf(label string) []*median {
	medians := make([]*median, len(v.regions))
	if invalid(v.RunsOf(label)) {
		return medians
	}
	for i, s := range v.of(label) {
		if s == nil || s.confidence(50) == result.Withheld || 2*s.Errors >= s.Offered {
			continue
		}
		medians[i] = &median{region: s.Region, p50: s.Response.P50, words: ms(s.Response.P50)}
		if n, ok := s.trips(); ok {
			medians[i].words = roundTrips(n)
		}
	}
	return medians
}

func (c costs) known() int {
	n := 0
	for _, m := range c.medians {
		if m != nil {
			n++
		}
	}
	return n
}

// quickest returns the protocol with the least geometric mean of its medians, among those of
// which most regions are known: one that lacks its slow regions does not win by it.
func quickest(all []costs) costs {
	return slices.MinFunc(all, func(a, b costs) int {
		if d := b.known() - a.known(); d != 0 {
			return d
		}
		switch la, lb := a.meanLog(), b.meanLog(); {
		case la < lb:
			return -1
		case la > lb:
			return 1
		}
		return 0
	})
}

func (c costs) meanLog() float64 {
	sum := 0.0
	for _, m := range c.medians {
		if m != nil {
			sum += math.Log(float64(m.p50))
		}
	}
	return sum / float64(c.known())
}

// like reports whether the same regions are known of both, with the same medians.
func (c costs) like(o costs) bool {
	for i, m := range c.medians {
		if (m == nil) != (o.medians[i] == nil) {
			return false
		}
		if m == nil {
			continue
		}
		if _, word := c.difference(i, o); word != "" {
			return false
		}
	}
	return true
}

// sentence says what a write takes from where: one round trip from a, 1.5 from b and c.
func (c costs) sentence() string {
	groups := c.group(func(_ int, m *median) string { return m.words })
	parts := make([]string, len(groups))
	for i, g := range groups {
		parts[i] = c.medians[g.regions[0]].words + " " + c.from(g.regions)
	}
	return list(parts)
}

// comparison says where a write takes more or less than under the best, and how much; regions
// without a difference are passed over, unless there is none at all.
func (c costs) comparison(best costs) string {
	groups := c.group(func(i int, m *median) string {
		ratio, word := c.difference(i, best)
		switch {
		case word == "":
			return ""
		case math.IsInf(ratio, 1): // told apart from regions with a ratio
			return m.words + word + " without a ratio"
		}
		return m.words + word
	})
	if len(groups) == 0 {
		return c.sentence()
	}
	parts := make([]string, len(groups))
	for i, g := range groups {
		least, most, word := math.Inf(1), 0.0, ""
		for _, region := range g.regions {
			var ratio float64
			ratio, word = c.difference(region, best)
			least, most = min(least, ratio), max(most, ratio)
		}
		than := ""
		if i == 0 {
			than = " than " + best.label
		}
		by := ratioRange(least, most) + " "
		if math.IsInf(most, 1) {
			by = "" // one of the two takes no time, to the nanosecond: nothing is so many times as long
		}
		if word == unshown {
			by, than = "", ""
			if i == 0 {
				than = " from " + best.label
			}
		}
		parts[i] = fmt.Sprintf("%s %s (%s%s%s)", c.medians[g.regions[0]].words, c.from(g.regions), by, word, than)
	}
	return list(parts)
}

// ratioRange writes one ratio if both are the same in the digits shown.
func ratioRange(least, most float64) string {
	low, high := fmt.Sprintf("%.1f", least), fmt.Sprintf("%.1f", most)
	if low == high {
		return low + "×"
	}
	return low + " to " + high + "×"
}

// unshown stands for slower or faster where the tests do not show it.
const unshown = "not shown to differ"

// difference says by which factor the median of a region is slower or faster than another protocol's, +Inf if one of them is
// 0; the word is empty if they are alike or there is no other.
func (c costs) difference(region int, than costs) (ratio float64, word string) {
	m, other := c.medians[region], than.medians[region]
	if m == nil || other == nil {
		return 1, ""
	}
	switch ratio = float64(m.p50) / float64(other.p50); {
	case ratio > alike:
		word = "slower"
	case 1/ratio > alike:
		ratio, word = 1/ratio, "faster"
	default:
		return 1, ""
	}
	if c.tests != nil {
		if shown, tested := c.tests.shown[pairOfLabels{c.label, than.label, region}]; tested && !shown {
			return 1, unshown
		}
	}
	return ratio, word
}

// grouped are the regions, by number, that have something in common.
type grouped struct {
	key     string
	regions []int
}

// group gathers the known regions by key, in the order of their first region; an empty key leaves
// a region out.
func (c costs) group(key func(i int, m *median) string) []grouped {
	var groups []grouped
	for i, m := range c.medians {
		if m == nil || key(i, m) == "" {
			continue
		}
		k := key(i, m)
		at := slices.IndexFunc(groups, func(g grouped) bool { return g.key == k })
		if at < 0 {
			at, groups = len(groups), append(groups, grouped{key: k})
		}
		groups[at].regions = append(groups[at].regions, i)
	}
	return groups
}

// from says from where: everywhere, if these are all regions and there are several.
func (c costs) from(regions []int) string {
	if len(regions) > 1 && len(regions) == len(c.medians) {
		return "everywhere"
	}
	names := make([]string, len(regions))
	for i, region := range regions {
		names[i] = c.medians[region].region
	}
	return "from " + list(names)
}

// subject names protocols: a and b with leader x; a with leader x and b.
func subject(all []costs) string {
	sameLeader := !slices.ContainsFunc(all, func(c costs) bool { return c.leader != all[0].leader })
	names := make([]string, len(all))
	for i, c := range all {
		switch {
		case c.leader == "":
			names[i] = c.label
		case sameLeader:
			names[i] = c.variant
		default:
			names[i] = c.variant + " with leader " + c.leader
		}
	}
	if leader := all[0].leader; sameLeader && leader != "" {
		return list(names) + " with leader " + leader
	}
	return list(names)
}

func verb(all []costs, plural string) string {
	if len(all) > 1 {
		return plural
	}
	return plural + "s"
}

// busyLines tells, for each protocol, which percentiles are withheld since too much of them may be the instrument's.
func (v *view) busyLines() []string {
	var lines []string
	for i, label := range v.labels {
		if invalid(v.RunsOf(label)) {
			continue // it says so itself
		}
		var spoilt []string
		worst, names := time.Duration(0), map[string]bool{}
		for _, p := range []percentile{p50, p99} {
			for _, s := range v.series[i] {
				if s != nil && s.spoilt(p.at) && result.ConfidenceIn(p.at, s.Response.Count) != result.Withheld {
					names[fmt.Sprintf("p%g", p.at)] = true
					worst = max(worst, s.Bound(p.at))
					if !slices.Contains(spoilt, s.Region) {
						spoilt = append(spoilt, s.Region)
					}
				}
			}
		}
		if len(spoilt) > 0 {
			of, is, from := "it", "is", "from "+list(spoilt)
			if len(names)*len(spoilt) > 1 {
				of, is = "them", "are"
			}
			if len(spoilt) > 1 && len(spoilt) == len(v.regions) {
				from = "everywhere"
			}
			lines = append(lines, fmt.Sprintf("The machine was busy: %s's %s %s may be off by up to %s, more than 5 %% of %s, and %s withheld.",
				label, list(slices.Sorted(maps.Keys(names))), from, ms(worst), of, is))
		}
	}
	return lines
}

func (v *view) errorLines() []string {
	var lines []string
	for i, label := range v.labels {
		offered := slices.ContainsFunc(v.series[i], func(s *series) bool { return s != nil && s.Offered > 0 })
		if offered && !slices.ContainsFunc(v.series[i], func(s *series) bool { return s == nil || s.Offered > s.Errors }) {
			lines = append(lines, fmt.Sprintf("%s answered no %s within %s, from any region.", label, v.noun(), span(v.Experiment.Load.Timeout)))
			continue
		}
		for _, s := range v.series[i] {
			if s != nil && s.Errors > 0 {
				lines = append(lines, fmt.Sprintf("%s left %s of %s from %s without an answer within %s.",
					label, count(s.Errors), plural(s.Offered, v.noun()), s.Region, span(v.Experiment.Load.Timeout)))
			}
		}
	}
	return lines
}
