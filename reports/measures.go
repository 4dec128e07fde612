package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quorumbench/bench/result"
)

// This file writes what drivers noted.

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
