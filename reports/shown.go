package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// compared is one ratio of a comparison.
type compared struct {
	about  string // the sentence's subject: member against first, at a point, and the percentile
	region string
	ratio  estimate
	pairs  int
	p      float64
}

// shown says in sentences which differences the comparisons show and how large the noise is. The error rate of 5 % is
// that of all sentences together.
func shown(comparisons []comparison) []string {
	var cells []compared
	for _, c := range comparisons {
		cells = append(cells, c.ratios()...)
	}
	if len(cells) == 0 {
		return nil
	}
	fewest := slices.MinFunc(cells, func(a, b compared) int { return a.pairs - b.pairs }).pairs
	if needed := pairsNeeded(len(cells)); fewest < needed {
		return append([]string{fmt.Sprintf("No verdict: to show a difference among %s takes %s; a ratio here has %d.",
			plural(len(cells), "ratio"), plural(needed, "paired repeat"), fewest)}, noise(comparisons)...)
	}
	ps := make([]float64, len(cells))
	for i, cell := range cells {
		ps[i] = cell.p
	}
	differs := holm(ps)
	var lines []string
	for i := 0; i < len(cells); {
		about := cells[i].about
		var parts, none []string
		all := 0
		for ; i < len(cells) && cells[i].about == about; i++ {
			all++
			if !differs[i] {
				none = append(none, cells[i].region)
				continue
			}
			parts = append(parts, inWords(cells[i].ratio)+" in "+cells[i].region)
		}
		if len(none) > 0 {
			part := "no difference shown"
			if len(none) < all {
				part += " in " + list(none)
			}
			parts = append(parts, part)
		}
		lines = append(lines, about+": "+strings.Join(parts, "; ")+".")
	}
	lines = append(lines, fmt.Sprintf("If nothing differed, one of these %s would show a difference in 5 %% of such tables (sign-flip tests, Holm's correction).", plural(len(cells), "ratio")))
	return append(lines, noise(comparisons)...)
}

// ratios are the ratios of a comparison to its first member, by member, percentile and region.
func (c comparison) ratios() []compared {
	var cells []compared
	for _, m := range c.members[1:] {
		for _, p := range []percentile{p50, p99} {
			for region, name := range m.regions {
				first, s := c.members[0].series[region], m.series[region]
				if first == nil || s == nil {
					continue
				}
				from, to := pairsOf(first, s, p)
				if len(from) == 0 {
					continue
				}
				logs := logRatios(from, to)
				about := m.full(c) + " against " + c.members[0].name + ", "
				if c.what != "" {
					about += c.what + ", "
				}
				cells = append(cells, compared{about + fmt.Sprintf("p%g", p.at), name, exp(centreOf(logs, m.seed)), len(logs), signFlipP(logs, m.seed)})
			}
		}
	}
	return cells
}

// tooMuch is the ratio from which on its digits say nothing.
const tooMuch = 1000.

// inWords says how much slower or faster: by the interval if there is one.
func inWords(ratio estimate) string {
	word := "slower"
	if ratio.value < 1 {
		word = "faster"
		ratio = estimate{1 / ratio.value, ratio.hasInterval, 1 / ratio.high, 1 / ratio.low}
	}
	if ratio.value < 1.1 {
		percent := func(r float64) string { return fmt.Sprintf("%.1f", 100*(r-1)) }
		if low, high := percent(ratio.low), percent(ratio.high); ratio.hasInterval && low != high {
			return low + "–" + high + " % " + word
		}
		return percent(ratio.value) + " % " + word
	}
	if ratio.value >= tooMuch {
		return fmt.Sprintf("more than %s× %s", count(int64(tooMuch)), word) // than what takes no time, or nearly none
	}
	low, high := fmt.Sprintf("%.2f", ratio.low), fmt.Sprintf("%.2f", ratio.high)
	if !ratio.hasInterval || low == high {
		return times(ratio.value) + " " + word
	}
	return low + "–" + high + "× " + word
}

// noise tells how far two runs of the same are apart: what a comparison of a protocol with itself shows of one pair.
// It is the 95 % quantile over all pairs of runs of the noisiest cell.
func noise(comparisons []comparison) []string {
	var parts []string
	for _, p := range []percentile{p50, p99} {
		most, where := 0.0, ""
		for _, c := range comparisons {
			for _, m := range c.members {
				for region, s := range m.series {
					if s == nil || s.saturated {
						continue
					}
					if apart, ok := apart(s.byRepeat(p)); ok && apart >= most {
						most, where = apart, m.full(c)+" in "+m.regions[region]
					}
				}
			}
		}
		if where != "" {
			parts = append(parts, fmt.Sprintf("%.1f %% (p%g, %s)", 100*(math.Exp(most)-1), p.at, where))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{"Noise: two runs of the same differ by up to " + list(parts) + " in 95 % of pairs."}
}

// apart returns the 95 % quantile of the distance between the logarithms of any two of the values; ok is false with fewer
// than two.
func apart(runs []repeated) (quantile float64, ok bool) {
	var distances []float64
	for i, a := range runs {
		for _, b := range runs[:i] {
			if a.value > 0 && b.value > 0 {
				distances = append(distances, math.Abs(math.Log(a.value/b.value)))
			}
		}
	}
	if len(distances) == 0 {
		return 0, false
	}
	slices.Sort(distances)
	return distances[int(math.Ceil(confidenceLevel*float64(len(distances))))-1], true
}
