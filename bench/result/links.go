package result

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/netem"
)

// Clock is what is known of the clock of a site, compared with the coordinator's.
type Clock struct {
	Region string        `json:"region"`
	Bound  time.Duration `json:"bound_ns"` // by how much its times may be wrong, either way; 0 for the coordinator
	Drift  float64       `json:"drift"`    // by how much it gained or lost, as a share of the time; its times are corrected by that
	Wall   time.Duration `json:"wall_ns"`  // by how much the wall clock of its machine was ahead, on which nothing depends
}

// Link is what a site has measured of the real link to another one.
type Link struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Joined is the least round trip when the sites joined. From it follow the floors on real links, and how much of an emulated link
	// the real one takes.
	Joined time.Duration `json:"joined_ns"`
	Before RoundTrips    `json:"before"` // the run
	After  RoundTrips    `json:"after"`
}

// RoundTrips sums up the round trips that probes have found, without the time that the other site took to answer. Of percentiles, half or
// one hundredth of the probes took at least as long.
type RoundTrips struct {
	Probes int           `json:"probes"` // those that were lost included; 0 if nothing was measured
	Lost   int           `json:"lost"`
	Min    time.Duration `json:"min_ns"`
	P50    time.Duration `json:"p50_ns"`
	Mean   time.Duration `json:"mean_ns"`
	P99    time.Duration `json:"p99_ns"`
	Max    time.Duration `json:"max_ns"`
	Mdev   time.Duration `json:"mdev_ns"` // the standard deviation, as ping prints it
}

// answered is how many probes had an answer.
func (t RoundTrips) answered() int { return t.Probes - t.Lost }

// and puts two measurements together. Least, greatest, mean and deviation are exact; a percentile is the mean of the two, weighted by their
// numbers.
func (t RoundTrips) and(o RoundTrips) RoundTrips {
	a, b := float64(t.answered()), float64(o.answered())
	switch {
	case b == 0:
		t.Probes, t.Lost = t.Probes+o.Probes, t.Lost+o.Lost
		return t
	case a == 0:
		return o.and(t)
	}
	weighted := func(x, y time.Duration) time.Duration {
		return time.Duration((float64(a*float64(x)) + float64(b*float64(y))) / (a + b))
	}
	both := RoundTrips{
		Probes: t.Probes + o.Probes, Lost: t.Lost + o.Lost, Min: min(t.Min, o.Min), Max: max(t.Max, o.Max),
		P50: weighted(t.P50, o.P50), Mean: weighted(t.Mean, o.Mean), P99: weighted(t.P99, o.P99),
	}
	spread := func(of RoundTrips) float64 {
		off := float64(of.Mean - both.Mean)
		return float64(float64(of.Mdev)*float64(of.Mdev)) + float64(off*off)
	}
	both.Mdev = time.Duration(math.Sqrt((float64(a*spread(t)) + float64(b*spread(o))) / (a + b)))
	return both
}

// MeasuredLink is what all runs together have measured of a link.
type MeasuredLink struct {
	From, To string
	RoundTrips
}

// MeasuredLinks sums up what was measured of the links between sites, over all runs; nil if each run was made by one process.
func (r *Result) MeasuredLinks() (all []MeasuredLink) {
	for i := range r.Runs {
		for _, l := range r.Runs[i].Links {
			at := slices.IndexFunc(all, func(m MeasuredLink) bool { return m.From == l.From && m.To == l.To })
			if at < 0 {
				at, all = len(all), append(all, MeasuredLink{From: l.From, To: l.To})
			}
			all[at].RoundTrips = all[at].RoundTrips.and(l.Before).and(l.After)
		}
	}
	return all
}

// OnRealLinks reports whether the links of the result are real.
func (r *Result) OnRealLinks() bool { return r.Experiment.Network.Links == experiment.Real }

// TypicalDelays are the one-way delays of the links as all runs have measured them: half of the median round trip, of both directions
// together. Nil if they are not known of each link. The diagonal, within a region, is that of the result's topology.
func (r *Result) TypicalDelays() [][]time.Duration {
	regions := r.Experiment.Regions
	delays := make([][]time.Duration, len(regions))
	for i, from := range regions {
		delays[i] = make([]time.Duration, len(regions))
		for j, to := range regions {
			if i == j {
				delays[i][j] = r.Topology.OneWay[i][i]
				continue
			}
			var both RoundTrips
			for _, l := range r.MeasuredLinks() {
				if l.From == from && l.To == to || l.From == to && l.To == from {
					both = both.and(l.RoundTrips)
				}
			}
			if both.answered() == 0 {
				return nil
			}
			delays[i][j] = both.P50 / 2
		}
	}
	return delays
}

// writeMeasured writes the links as a topology file, for other experiments. A region with several replicas is one region in it, with a link
// to itself.
func writeMeasured(w io.Writer, r *Result) error {
	e := &r.Experiment
	f := netem.TopologyFile{
		Name: "measured", Description: "the links between the sites of " + oneLine(e.Name),
		Source: "measured by quorumbench site, by probes before and after each run; one_way is half of the median round trip", Measured: r.Started.UTC().Format("2006-01-02 15:04"),
	}
	place := func(region string) string {
		name, number, numbered := strings.Cut(region, "#")
		if _, err := strconv.Atoi(number); numbered && err == nil && slices.Contains(e.Regions, name) {
			return name
		}
		return region
	}
	for _, region := range e.Regions {
		if name := place(region); !slices.Contains(f.Regions, name) {
			f.Regions = append(f.Regions, name)
		}
	}
	for _, l := range r.MeasuredLinks() {
		for _, t := range []*time.Duration{&l.Min, &l.Mean, &l.Max, &l.Mdev, &l.P50} {
			*t = t.Round(time.Microsecond)
		}
		line := netem.LinkLine{From: place(l.From), To: place(l.To), Min: &l.Min, Avg: l.Mean, Max: &l.Max, Mdev: &l.Mdev}
		half := l.P50 / 2
		line.OneWay = &half
		twice := slices.ContainsFunc(f.Links, func(o netem.LinkLine) bool { return o.From == line.From && o.To == line.To })
		if !twice && l.answered() > 0 {
			f.Links = append(f.Links, line)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return fmt.Errorf("writing the measured links: %w", err)
	}
	_, err := b.WriteTo(w)
	return err
}

// oneLine makes a name a part of a line.
func oneLine(name string) string { return strings.Join(strings.Fields(name), " ") }
