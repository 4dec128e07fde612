package reports

import (
	"fmt"
	"math"
	"slices"
	"time"

	"quorumbench/bench/result"
)

// siteLines tells of a result of which each region was run by a process of its own how long the real links took and how far the clocks
// agreed; nothing of others.
func siteLines(r *result.Result) (lines []string) {
	if all := r.MeasuredLinks(); len(all) > 0 {
		slowest, unsteady := all[0], all[0]
		probes, lost := 0, 0
		for _, l := range all {
			probes, lost = probes+l.Probes, lost+l.Lost
			if l.Min > slowest.Min {
				slowest = l
			}
			if l.Mdev > unsteady.Mdev {
				unsteady = l
			}
		}
		role := "what the real links take is part of the emulated ones"
		if r.OnRealLinks() {
			role = "floors are of the least when the sites joined, half of it each way, since a round trip does not tell how its two ways divide it"
		}
		lines = append(lines, fmt.Sprintf("real links: least round trips up to %s (%s – %s), varying by up to %s (mdev, %s – %s), %d of %d probes lost; %s",
			ms(slowest.Min), slowest.From, slowest.To, ms(unsteady.Mdev), unsteady.From, unsteady.To, lost, probes, role))
	}
	if all := worstClocks(r); len(all) > 0 {
		var bound, wall time.Duration
		var drift float64
		var of [3]string
		for _, c := range all {
			if c.Bound > bound {
				bound, of[0] = c.Bound, c.Region
			}
			if math.Abs(c.Drift) > math.Abs(drift) {
				drift, of[1] = c.Drift, c.Region
			}
			if c.Wall.Abs() > wall.Abs() {
				wall, of[2] = c.Wall, c.Region
			}
		}
		if bound > 0 {
			lines = append(lines, fmt.Sprintf("clocks: times of different sites agree within %s at worst (%s); drift up to %+.1f parts in a million (%s), which is corrected; machines' wall clocks were apart by %s, which decides nothing",
				ms(bound), of[0], 1e6*drift, of[1], ms(wall.Abs())))
		}
	}
	return lines
}

// worstClocks are the clocks of the sites: of each, the greatest bound, drift and offset of all runs. Nil if there was one process.
func worstClocks(r *result.Result) (all []result.Clock) {
	for i := range r.Runs {
		for _, c := range r.Runs[i].Clocks {
			at := slices.IndexFunc(all, func(o result.Clock) bool { return o.Region == c.Region })
			if at < 0 {
				all = append(all, c)
				continue
			}
			worst := &all[at]
			worst.Bound = max(worst.Bound, c.Bound)
			if math.Abs(c.Drift) > math.Abs(worst.Drift) {
				worst.Drift = c.Drift
			}
			if c.Wall.Abs() > worst.Wall.Abs() {
				worst.Wall = c.Wall
			}
		}
	}
	return all
}

// LinkRow is a real link as a page shows it.
type LinkRow struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Min    string `json:"min"`
	P50    string `json:"p50"`
	Mean   string `json:"mean"`
	P99    string `json:"p99"`
	Mdev   string `json:"mdev"`
	Probes int    `json:"probes"`
	Lost   int    `json:"lost"`
}

// ClockRow is a site's clock as a page shows it.
type ClockRow struct {
	Region string `json:"region"`
	Bound  string `json:"bound"`
	Drift  string `json:"drift"` // parts in a million
	Wall   string `json:"wall"`
}

// siteRows are the links and clocks of a result for a page.
func siteRows(r *result.Result) (links []LinkRow, clocks []ClockRow) {
	links, clocks = []LinkRow{}, []ClockRow{}
	for _, l := range r.MeasuredLinks() {
		links = append(links, LinkRow{l.From, l.To, ms(l.Min), ms(l.P50), ms(l.Mean), ms(l.P99), ms(l.Mdev), l.Probes, l.Lost})
	}
	for _, c := range worstClocks(r) {
		clocks = append(clocks, ClockRow{c.Region, "±" + ms(c.Bound), fmt.Sprintf("%+.1f", 1e6*c.Drift), ms(c.Wall)})
	}
	return links, clocks
}
