package reports

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"quorumbench/bench/result"
)

// BaselineOptions says when a result has regressed.
type BaselineOptions struct {
	// FailAbove is the slowdown, as a share of the baseline, beyond which a percentile fails; 0 or more.
	FailAbove float64
	// Force compares results of different conditions and machines all the same.
	Force bool
	// Protocols are the labels to compare; empty: all that both results have.
	Protocols []string
	Output
}

// checked is one percentile of a result beside that of its baseline.
type checked struct {
	about string
	ratio estimate // now ÷ baseline
	p     float64  // of the hypothesis that now is at most so much slower
}

// baselineJSON is what Baseline says, for programs.
type baselineJSON struct {
	Baseline    string        `json:"baseline"` // names of the results
	Now         string        `json:"now"`
	FailAbove   float64       `json:"fail_above"` // a share
	Different   []string      `json:"different"`  // conditions, of results that were compared by force
	Percentiles []checkedJSON `json:"percentiles"`
	Regressions []string      `json:"regressions"` // sentences
}

// checkedJSON is one percentile of a result beside that of its baseline. Medians are over runs.
type checkedJSON struct {
	About      string         `json:"about,omitempty"` // the protocol, the kind of operations, the point of a sweep
	Region     string         `json:"region"`
	Percentile float64        `json:"percentile"`
	Baseline   time.Duration  `json:"baseline_ns"`
	Now        *time.Duration `json:"now_ns"` // null if it is missing
	Ratio      *estimateJSON  `json:"ratio"`  // null if now is missing, or without a number
	Regressed  bool           `json:"regressed"`
}

// Baseline writes, for each protocol and region, p50 and p99 of a result beside those of its baseline, and returns a
// sentence for each percentile that is shown to be slower by more than FailAbove. The runs of the two are not paired. The
// error rate of 5 % is that of all percentiles together. Results of different conditions or machines, and those with too
// few repeats to show anything, are refused; the error says what was found and what is accepted.
func Baseline(w io.Writer, base, now *result.Result, baseName, nowName string, opts BaselineOptions) (regressions []string, err error) {
	results, names := []*result.Result{base, now}, []string{baseName, nowName}
	if a, b := machineOf(base), machineOf(now); a != b && !opts.Force {
		return nil, fmt.Errorf("a baseline of another machine says nothing about a change unless forced; found %s in %s, %s in %s", a, baseName, b, nowName)
	}
	for i, r := range results {
		if reasons := r.Invalid(); len(reasons) > 0 && !opts.Force {
			return nil, fmt.Errorf("%s must not be believed, and is not compared with a baseline unless forced: %s", names[i], firstOf(reasons))
		}
	}
	comparisons, err := comparisonsOf(results, names, CompareOptions{Force: opts.Force, Protocols: opts.Protocols})
	if err != nil {
		return nil, err
	}
	var cells []checked
	var rows []int // of found, for each of cells
	found := baselineJSON{Baseline: baseName, Now: nowName, FailAbove: opts.FailAbove, Different: []string{}, Percentiles: []checkedJSON{}, Regressions: []string{}}
	out := Page{Output: opts.Output}
	for i, r := range results {
		fmt.Fprintf(&out, "%s = %s\n", names[i], subtitle(r))
	}
	if opts.Force {
		found.Different = some(allDifferences(results, names))
		for _, line := range found.Different {
			fmt.Fprintf(&out, "DIFFERENT: %s\n", line)
		}
	}
	runs, missing := math.MaxInt, []string(nil)
	for _, c := range comparisons {
		title := c.about()
		first, second := c.members[0], c.members[1]
		t := newTable(aboutCell(&out, title, "compared", "region", "percentile", baseName, nowName, "×", "95 % interval")...)
		for region, regionName := range first.regions {
			for _, p := range []percentile{p50, p99} {
				a, b := logsOf(first.series[region], p), logsOf(second.series[region], p)
				name := fmt.Sprintf("p%g", p.at)
				about := strings.TrimPrefix(title+", "+regionName+", "+name, ", ")
				if len(a) == 0 {
					continue // the baseline sets no mark
				}
				one := checkedJSON{About: title, Region: regionName, Percentile: p.at, Baseline: medianTime(a), Regressed: len(b) == 0}
				if len(b) == 0 {
					missing = append(missing, fmt.Sprintf("%s: %s has it and %s has not: saturated, not run, or withheld", about, baseName, nowName))
					found.Percentiles = append(found.Percentiles, one)
					continue
				}
				runs = min(runs, len(a), len(b))
				ratio, pValue := unpaired(a, b, math.Log1p(opts.FailAbove))
				ratio = exp(ratio)
				cells, rows = append(cells, checked{about, ratio, pValue}), append(rows, len(found.Percentiles))
				now := medianTime(b)
				one.Now, one.Ratio = &now, estimateOf(ratio, min(len(a), len(b)))
				found.Percentiles = append(found.Percentiles, one)
				t.AppendRow(aboutCell(&out, title, title, regionName, name, ms(one.Baseline), ms(now), times(ratio.value), intervalCell(ratio)))
			}
			t.AppendSeparator()
		}
		if title != "" {
			fmt.Fprintf(&out, "\n%s", title)
		}
		fmt.Fprintln(&out)
		out.Table(t)
	}
	if len(cells)+len(missing) == 0 {
		return nil, errors.New("the baseline has no percentile that may be shown; accepted: a baseline with enough writes")
	}
	if needed := runsNeeded(len(cells)); len(cells) > 0 && runs < needed {
		return nil, fmt.Errorf("a slowdown among %s cannot be shown: found %s; accepted: %s or more in each result (repeats: %d), or fewer --protocols",
			plural(len(cells), "percentile"), plural(runs, "repeat"), count(needed), needed)
	}
	ps := make([]float64, len(cells))
	for i, cell := range cells {
		ps[i] = cell.p
	}
	regressions = missing
	for i, slower := range holm(ps) {
		if slower {
			regressions = append(regressions, fmt.Sprintf("%s: %s than %s, more than the %.3g %% allowed", cells[i].about, inWords(cells[i].ratio), baseName, 100*opts.FailAbove))
			found.Percentiles[rows[i]].Regressed = true
		}
	}
	fmt.Fprintln(&out, "× is the median of the ratios of each run to each of the baseline (Hodges and Lehmann); medians are over runs.")
	for _, line := range regressions {
		fmt.Fprintf(&out, "REGRESSION: %s\n", line)
	}
	if len(regressions) == 0 {
		fmt.Fprintf(&out, "No slowdown of more than %.3g %% shown in any of %s (Mann-Whitney tests, Holm's correction, error rate 5 %%).\n", 100*opts.FailAbove, plural(len(cells), "percentile"))
	}
	if opts.Format == FormatJSON {
		found.Regressions = some(regressions)
		err = WriteJSON(w, found)
	} else {
		_, err = out.WriteTo(w)
	}
	if err != nil {
		return nil, fmt.Errorf("writing the comparison: %w", err)
	}
	return regressions, nil
}

// machineOf tells machines apart as far as results do. Simulated results are of no machine.
func machineOf(r *result.Result) string {
	if r.Experiment.IsSimulated() {
		return "a simulation"
	}
	return fmt.Sprintf("%s/%s with %s", r.Machine.OS, r.Machine.Arch, plural(r.Machine.CPUs, "CPU"))
}

// logsOf returns the logarithms of a percentile of each run; none of a saturated series. A percentile of 0, which a simulated
// region that is its own quorum may have, counts as the nanosecond that times are measured in.
func logsOf(s *series, p percentile) []float64 {
	if s == nil || s.saturated {
		return nil
	}
	var logs []float64
	for _, run := range s.byRepeat(p) {
		logs = append(logs, math.Log(max(1, run.value)))
	}
	return logs
}

// medianTime is the median of runs of which the logarithms of a percentile are given.
func medianTime(logs []float64) time.Duration {
	runs := make([]repeated, len(logs))
	for i, v := range logs {
		runs[i] = repeated{i, math.Exp(v)}
	}
	return time.Duration(medianOf(runs).value)
}

// firstOf joins the first of many reasons, and says how many more there are.
func firstOf(reasons []string) string {
	if len(reasons) <= mostReasons {
		return strings.Join(reasons, "; ")
	}
	return fmt.Sprintf("%s; and %s more, which its run.json has", strings.Join(reasons[:mostReasons-1], "; "), count(len(reasons)-mostReasons+1))
}
