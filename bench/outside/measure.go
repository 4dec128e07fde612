package outside

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/protocols"
)

// Report has ours beside theirs.
type Report struct {
	Cells   []Cell    `json:"cells"`
	Waiting []Waiting `json:"waiting"` // rows, or parts of them, that need a driver which there is not
	Invalid []string  `json:"invalid"` // why runs of ours must not be believed, a sentence each
}

// Cell is a published figure, and ours under one of our protocols.
type Cell struct {
	Table    string        `json:"table"`
	Row      string        `json:"row"`
	Protocol string        `json:"protocol"` // ours
	Client   string        `json:"client"`   // the region
	Theirs   time.Duration `json:"theirs_ns"`
	Floor    *Range        `json:"floor"` // null where the disk takes part, of which a floor knows nothing
	Sim      Range         `json:"simulated_p50"`
	Live     *Range        `json:"live_p50"`  // null without live runs
	Bound    float64       `json:"bound"`     // a share of Theirs
	Held     bool          `json:"held"`      // floor and simulated must be within the bound
	HeldLive bool          `json:"held_live"` // so must live
}

// Range is from our least to our greatest figure on the networks of a table; both are the same where there is one network.
type Range struct {
	Least    time.Duration `json:"least_ns"`
	Greatest time.Duration `json:"greatest_ns"`
	Off      float64       `json:"off"` // how far it is from Theirs, as a share of Theirs; 0 if Theirs is within the range
}

// add widens a range to a figure of ours, and tells how far it is from a published one. Nil is a range of nothing.
func (r *Range) add(d, theirs time.Duration) *Range {
	wider := Range{Least: d, Greatest: d}
	if r != nil {
		wider.Least, wider.Greatest = min(r.Least, d), max(r.Greatest, d)
	}
	nearest := min(max(theirs, wider.Least), wider.Greatest)
	wider.Off = float64(nearest-theirs) / float64(theirs)
	return &wider
}

// Waiting is a row for which this program has no driver.
type Waiting struct {
	Table  string `json:"table"`
	Row    string `json:"row"`
	Driver string `json:"driver"`
}

// Missed lists the figures of ours that are further from theirs than the bound, a sentence each.
func (r *Report) Missed() (missed []string) {
	for _, c := range r.Cells {
		for _, of := range []struct {
			name string
			ours *Range
			held bool
		}{{"the floor", c.Floor, c.Held}, {"the simulated p50", &c.Sim, c.Held}, {"the live p50", c.Live, c.HeldLive}} {
			if of.ours == nil || !of.held {
				continue
			}
			if off := of.ours.Off; off > c.Bound || off < -c.Bound {
				missed = append(missed, fmt.Sprintf("%s, %s, %s from %s: %s is %+.1f %% off; the bound is %.0f %%",
					c.Table, c.Row, c.Protocol, c.Client, of.name, 100*off, 100*c.Bound))
			}
		}
	}
	return missed
}

// Measure computes the floors of tables, runs their rows in virtual time and, if live is true, over QUIC, and puts ours
// beside theirs. Options are those of every run; begin, if not nil, is told which row begins, on which network and in which
// world, before each experiment. It returns an error if a run cannot be made or ctx ends.
func Measure(ctx context.Context, tables []Table, drivers protocols.Drivers, live bool, options bench.Options, begin func(t *Table, row *Row, plan *experiment.Plan)) (*Report, error) {
	report := &Report{Cells: []Cell{}, Waiting: []Waiting{}, Invalid: []string{}}
	for i := range tables {
		t := &tables[i]
		for j := range t.Rows {
			row := &t.Rows[j]
			var ours []Protocol // those that there is a driver for
			for _, p := range row.Ours {
				if drivers.Find(p.Name) == nil {
					report.Waiting = append(report.Waiting, Waiting{t.Name, row.Title, p.Name})
					continue
				}
				ours = append(ours, p)
			}
			if len(ours) == 0 {
				continue
			}
			cells, err := report.row(ctx, t, row, ours, drivers, live, options, begin)
			if err != nil {
				return nil, fmt.Errorf("reproducing %s, %s: %w", t.Name, row.Title, err)
			}
			report.Cells = append(report.Cells, cells...)
		}
	}
	return report, nil
}

// row measures a row on all networks of its table. The cells of a protocol follow each other.
func (r *Report) row(ctx context.Context, t *Table, row *Row, ours []Protocol, drivers protocols.Drivers, live bool, options bench.Options, begin func(t *Table, row *Row, plan *experiment.Plan)) ([]Cell, error) {
	cells := make([]Cell, 0, len(ours)*len(row.Cells))
	for _, p := range ours {
		for _, published := range row.Cells {
			cells = append(cells, Cell{Table: t.Name, Row: row.Title, Protocol: p.Name, Client: published.Client, Theirs: published.Figure,
				Bound: cmp.Or(t.Plausible, Bound), Held: !published.Loose, HeldLive: live && !published.Loose && t.OneNode == 0})
		}
	}
	worlds := []experiment.World{experiment.Simulated}
	if live {
		worlds = append(worlds, experiment.Live)
	}
	sim := make([]*Range, len(cells))
	for n := range t.Networks {
		for _, world := range worlds {
			plan, err := t.plan(row, ours, &t.Networks[n], world, drivers)
			if err != nil {
				return nil, err
			}
			if begin != nil {
				begin(t, row, plan)
			}
			found, err := bench.Execute(ctx, plan, options)
			if err != nil {
				return nil, err
			}
			for _, reason := range found.Invalid() {
				on := ""
				if len(t.Networks) > 1 {
					on = " on " + t.Networks[n].Name
				}
				r.Invalid = append(r.Invalid, fmt.Sprintf("%s, %s, %s%s: %s", t.Name, row.Title, world, on, reason))
			}
			for i, p := range plan.Experiment.Protocols {
				for client := range row.Cells {
					at := i*len(row.Cells) + client
					of, ok := found.Merged(p.Label, client)
					if !ok {
						return nil, fmt.Errorf("%s has not run", p.Label)
					}
					if world == experiment.Live {
						cells[at].Live = cells[at].Live.add(of.Response.P50, cells[at].Theirs)
						continue
					}
					sim[at] = sim[at].add(of.Response.P50, cells[at].Theirs)
					if t.OneNode == 0 {
						cells[at].Floor = cells[at].Floor.add(plan.Floor(p, client), cells[at].Theirs)
					}
				}
			}
		}
	}
	for at := range cells {
		cells[at].Sim = *sim[at]
	}
	return cells, nil
}

// plan makes the experiment of a row on one of its networks. It is given to the reader of experiment files, so that a row
// runs exactly as a file would.
func (t *Table) plan(row *Row, ours []Protocol, network *Network, world experiment.World, drivers protocols.Drivers) (*experiment.Plan, error) {
	var clients []string
	for _, c := range row.Cells {
		clients = append(clients, c.Client)
	}
	var listed []map[string]string
	for _, p := range ours {
		one := map[string]string{"name": p.Name}
		if p.Leader != "" {
			one["leader"] = p.Leader
		}
		listed = append(listed, one)
	}
	load := map[string]any{"duration": "10s", "warmup": "2s", "keys": map[string]any{"conflicts": "0%"}}
	if t.Clients > 0 {
		load["arrivals"], load["clients"] = experiment.Closed, t.Clients
	} else {
		load["arrivals"], load["rate"] = experiment.Poisson, "20/s"
	}
	if t.ValueSize != "" {
		load["value_size"] = t.ValueSize
	}
	file := map[string]any{"name": t.Name, "topology": network.Name, "replicas": row.Replicas, "clients": clients,
		"protocols": listed, "load": load, "world": world}
	switch {
	case t.OneNode == 0:
	case world == experiment.Simulated:
		file["simulation"] = map[string]string{"persist_cost": t.OneNode.String()}
	default:
		file["durability"] = experiment.Fsync
	}
	text, err := json.Marshal(file) // JSON is YAML
	if err != nil {
		return nil, err
	}
	given := map[string][]byte{}
	if len(network.RTT) > 0 {
		given[network.Name] = network.file(t.Source)
	}
	return experiment.ParseWith(t.Name, text, given, drivers)
}

// file is the network as a topology file.
func (n *Network) file(source string) []byte {
	var regions []string
	seen := map[string]bool{}
	var links strings.Builder
	for _, one := range n.RTT {
		for _, region := range []string{one.A, one.B} {
			if !seen[region] {
				regions, seen[region] = append(regions, region), true
			}
		}
		for _, way := range [][2]string{{one.A, one.B}, {one.B, one.A}} {
			rtt := time.Duration(one.Milliseconds * float64(ms))
			fmt.Fprintf(&links, "  - {from: %s, to: %s, min: %v, avg: %v, max: %v, mdev: 0s}\n", way[0], way[1], rtt, rtt, rtt)
		}
	}
	return fmt.Appendf(nil, "name: %s\nsource: %q\nmeasured: as published\nregions: [%s]\nlinks:\n%s", n.Name, source, strings.Join(regions, ", "), links.String())
}
