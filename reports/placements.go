package reports

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"quorumbench/bench/result"
)

// mostClients is how many clients' floors a table of placements has columns for.
const mostClients = 6

// Placements writes ranked placements, a row each, and names the best. Replicas stand in a column
// of their own if the placements differ in them; so do the weighted mean, if weights differ, and
// the floor of each client, if they are few and the same everywhere.
func Placements(w io.Writer, p *result.Placements, output Output) error {
	if output.Format == FormatJSON {
		return WriteJSON(w, p)
	}
	if len(p.Ranked) == 0 {
		return nil
	}
	weighted := false
	for _, c := range p.Clients {
		weighted = weighted || c.Weight != p.Clients[0].Weight
	}
	header := []any{"", "protocol"}
	if p.Chosen {
		header = append(header, "replicas")
	}
	header = append(header, "leader")
	names := len(header)
	if len(p.Clients) <= mostClients {
		for _, c := range p.Clients {
			header = append(header, c.Region)
		}
	}
	if weighted {
		header = append(header, "weighted")
	}
	header = append(header, "mean", "worst", "survives")
	witnesses := slices.ContainsFunc(p.Ranked, func(one result.Placement) bool { return one.Copies != nil })
	if witnesses {
		header = append(header, "copies")
	}
	if p.Failures != nil {
		header = append(header, "available")
	}
	t := newTable(header...)
	t.SetColumnConfigs(figuresFrom(names+1, len(header))) // here more than two columns are names
	for i := range p.Ranked {
		one := &p.Ranked[i]
		row := table.Row{strconv.Itoa(i + 1), one.Protocol}
		if p.Chosen {
			row = append(row, strings.Join(one.Replicas, ", "))
		}
		row = append(row, leaderName(one))
		if len(p.Clients) > 0 && len(p.Clients) <= mostClients {
			for _, floor := range one.Floors {
				row = append(row, ms(floor))
			}
		}
		if weighted {
			row = append(row, ms(one.Weighted))
		}
		row = append(row, ms(one.Mean), ms(one.Worst), survives(one.Survival))
		if witnesses {
			row = append(row, copies(one.Copies))
		}
		if p.Failures != nil {
			row = append(row, available(one.Survival))
		}
		t.AppendRow(row)
	}
	out := Page{Output: output}
	out.Table(t)
	fmt.Fprint(&out, bestPlacement(p, weighted))
	if risk := riskOfWitnesses(p); risk != "" {
		fmt.Fprint(&out, risk)
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("writing the placements: %w", err)
	}
	return nil
}

// survives says how many replicas, and how many regions, may fail.
func survives(s *result.Survival) string {
	if s == nil {
		return "–"
	}
	return plural(s.Replicas, "replica") + ", " + plural(s.Regions, "region")
}

// copies says how often what is decided stands somewhere, at the moment of the decision.
func copies(c *result.Copies) string {
	switch {
	case c == nil:
		return "–"
	case c.Fewest == c.Nearest:
		return strconv.Itoa(c.Nearest)
	}
	return fmt.Sprintf("%d, at least %d", c.Nearest, c.Fewest)
}

// riskOfWitnesses says of the best placement whose nearest quorum holds one copy what that risks; empty if there is none.
func riskOfWitnesses(p *result.Placements) string {
	for i := range p.Ranked {
		one := &p.Ranked[i]
		if c := one.Copies; c != nil && c.Nearest == 1 {
			return fmt.Sprintf("one copy: with %s, led from %s, the first quorum is %s, and only %s has what it decides until another replica with data has it, too; "+
				"if it dies before, nothing is answered until it is back\n", one.Protocol, one.Leader, strings.Join(c.Quorum, ", "), one.Leader)
		}
	}
	return ""
}

// available is a probability in percent, with as many nines as it has and two digits more.
func available(s *result.Survival) string {
	if s == nil {
		return "–"
	}
	digits := 1
	for rest := 100 * (1 - s.Availability); rest < 10 && digits < 12; rest *= 10 {
		digits++
	}
	return strconv.FormatFloat(100*s.Availability, 'f', digits, 64) + " %"
}

// bestPlacement says in a sentence which placement is the best, and by what.
func bestPlacement(p *result.Placements, weighted bool) string {
	best := &p.Ranked[0]
	var b strings.Builder
	fmt.Fprintf(&b, "best: %s", best.Protocol)
	if best.Leader != "" {
		fmt.Fprintf(&b, ", led from %s", best.Leader)
	}
	if p.Chosen {
		fmt.Fprintf(&b, ", in %s", strings.Join(best.Replicas, ", "))
	}
	mean := ms(best.Mean) + " on average"
	if weighted && p.Aim != result.ByMean {
		mean = ms(best.Weighted) + " on average, clients weighted"
	}
	worst := ms(best.Worst) + " for the client that is worst off"
	if p.Aim == result.ByWorst {
		mean, worst = worst, mean
	}
	fmt.Fprintf(&b, ": a write takes at least %s; %s\n", mean, worst)
	return b.String()
}

func leaderName(p *result.Placement) string {
	if p.Leader == "" {
		return "–"
	}
	return p.Leader
}
