package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumbench/bench/result"
)

// This file writes what results have besides latencies: measures and crashes.

// measureLines tell, a line for each protocol, what the driver noted, in its own words; repeats are
// summed up. Of a sweep they tell how often, at each point.
func measureLines(r *result.Result) []string {
	var lines []string
	for _, label := range r.Labels() {
		var texts []string
		if r.Experiment.Sweep != nil {
			texts = notedAtPoints(r, label)
		} else {
			for _, m := range noted(r, label) {
				one := fmt.Sprintf("%s %s×", m.Name, count(m.Count))
				if m.Sum != 0 && (m.Sum != m.Count || m.Max != 1) { // else it counts
					one += fmt.Sprintf(" (mean %s, at most %s)", meanOf(m), count(m.Max))
				}
				texts = append(texts, one)
			}
		}
		if len(texts) > 0 {
			lines = append(lines, fmt.Sprintf("noted by %s: %s", label, strings.Join(texts, "; ")))
		}
	}
	return lines
}

// noted sums up what a driver noted in all runs.
func noted(r *result.Result, label string) []result.Measure {
	var all []result.Measure
	for _, run := range r.RunsOf(label) {
		for _, m := range run.Measures {
			at := slices.IndexFunc(all, func(o result.Measure) bool { return o.Name == m.Name })
			if at < 0 {
				at, all = len(all), append(all, result.Measure{Name: m.Name})
			}
			all[at].Join(m)
		}
	}
	return all
}

func notedAtPoints(r *result.Result, label string) []string {
	var texts []string
	for _, m := range noted(r, label) {
		var times []string
		for _, point := range r.Points() {
			for _, at := range noted(r.At(point), label) {
				if at.Name == m.Name {
					times = append(times, fmt.Sprintf("%s× at %s", count(at.Count), point))
				}
			}
		}
		texts = append(texts, m.Name+" "+list(times))
	}
	return texts
}

// meanOf writes a mean with the digits that mean something.
func meanOf(m result.Measure) string {
	if mean := m.Mean(); mean < 100 {
		return strconv.FormatFloat(mean, 'g', 3, 64)
	}
	return count(int64(m.Mean()))
}

// crashLines tell of each crash of a replica how long writes went unanswered, and how long the
// replica took to recover.
func crashLines(r *result.Result) []string {
	var lines []string
	for _, label := range r.Labels() {
		for _, run := range r.RunsOf(label) {
			for _, c := range run.Crashes {
				outages := make([]string, len(c.Outages))
				for i, outage := range c.Outages {
					outages[i] = fmt.Sprintf("%s from %s", lengthOr(outage, "never"), run.Regions[i].Region)
				}
				lines = append(lines, fmt.Sprintf("%s: %s crashed at %s; time to the next write answered: %s",
					runName(r, run), c.Region, span(c.At.Round(time.Millisecond)), list(outages)))
				if c.Recovery != nil {
					lines = append(lines, fmt.Sprintf("%s: %s came back at %s; %s, %s",
						runName(r, run), c.Region, span(c.Recovery.At.Round(time.Millisecond)), caughtUp(c.Recovery), serving(c.Recovery)))
				}
			}
		}
	}
	return lines
}

func caughtUp(r *result.Recovery) string {
	missed := fmt.Sprintf("with the %s it had missed", plural(r.Missed, "write"))
	if r.CaughtUp < 0 {
		return "it had not caught up " + missed + " by the end"
	}
	return "it caught up " + missed + " in " + ms(r.CaughtUp)
}

func serving(r *result.Recovery) string {
	if r.Serving < 0 {
		return "and answered no client any more"
	}
	return "and answered its region's clients again after " + ms(r.Serving)
}

// lengthOr writes a length of time, and the word for one that has no end.
func lengthOr(d time.Duration, endless string) string {
	if d < 0 {
		return endless
	}
	return ms(d)
}
