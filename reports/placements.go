package reports

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"quorumbench/bench/placement"
)

// mostClients is how many clients' floors a table of placements has columns for.
const mostClients = 6

// Placements writes ranked placements, a row each, and names the best. Replicas stand in a column
// of their own if the placements differ in them; so do the weighted mean, if weights differ, and
// the floor of each client, if they are few and the same everywhere.
func Placements(w io.Writer, n *placement.Network, placements []placement.Placement, clients []placement.Client, aim placement.Aim) error {
	if len(placements) == 0 {
		return nil
	}
	best := &placements[0]
	chosen, weighted := false, false
	for i := range placements {
		chosen = chosen || !slices.Equal(placements[i].Replicas, best.Replicas)
	}
	for _, c := range clients {
		weighted = weighted || c.Weight != clients[0].Weight
	}
	if len(clients) == 0 && !chosen { // one beside each replica
		for _, region := range best.Replicas {
			clients = append(clients, placement.Client{Region: region, Weight: 1})
		}
	}
	header := []any{"", "protocol"}
	if chosen {
		header = append(header, "replicas")
	}
	header = append(header, "leader")
	names := len(header)
	if len(clients) <= mostClients {
		for _, c := range clients {
			header = append(header, n.Regions[c.Region])
		}
	}
	if weighted {
		header = append(header, "weighted")
	}
	header = append(header, "mean", "worst")
	t := newTable(header...)
	t.SetColumnConfigs(figuresFrom(names+1, len(header))) // here more than two columns are names
	for i := range placements {
		p := &placements[i]
		row := table.Row{strconv.Itoa(i + 1), p.Protocol.Label}
		if chosen {
			row = append(row, regionNames(n, p.Replicas))
		}
		row = append(row, leaderName(n, p))
		if len(clients) > 0 && len(clients) <= mostClients {
			for _, cost := range p.Floors {
				row = append(row, ms(cost.Floor))
			}
		}
		if weighted {
			row = append(row, ms(p.Weighted))
		}
		t.AppendRow(append(row, ms(p.Mean), ms(p.Worst)))
	}
	if _, err := fmt.Fprintf(w, "%s\n%s", t.Render(), bestPlacement(n, best, weighted, chosen, aim)); err != nil {
		return fmt.Errorf("writing the placements: %w", err)
	}
	return nil
}

// bestPlacement says in a sentence which placement is the best, and by what.
func bestPlacement(n *placement.Network, p *placement.Placement, weighted, chosen bool, aim placement.Aim) string {
	var b strings.Builder
	fmt.Fprintf(&b, "best: %s", p.Protocol.Label)
	if p.Leader >= 0 {
		fmt.Fprintf(&b, ", led from %s", n.Regions[p.Leader])
	}
	if chosen {
		fmt.Fprintf(&b, ", in %s", regionNames(n, p.Replicas))
	}
	mean := ms(p.Mean) + " on average"
	if weighted && aim != placement.ByMean {
		mean = ms(p.Weighted) + " on average, clients weighted"
	}
	worst := ms(p.Worst) + " for the client that is worst off"
	if aim == placement.ByWorst {
		mean, worst = worst, mean
	}
	fmt.Fprintf(&b, ": a write takes at least %s; %s\n", mean, worst)
	return b.String()
}

func leaderName(n *placement.Network, p *placement.Placement) string {
	if p.Leader < 0 {
		return "–"
	}
	return n.Regions[p.Leader]
}

func regionNames(n *placement.Network, regions []int) string {
	var names []string
	for _, region := range regions {
		names = append(names, n.Regions[region])
	}
	return strings.Join(names, ", ")
}
