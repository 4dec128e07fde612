package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// line tells what became of a mutant.
func (v *verdict) line() string {
	fate := fmt.Sprintf("SURVIVES %d lives", v.Lives)
	switch {
	case v.By != "" && v.Seed > 0:
		fate = fmt.Sprintf("%s life %d: %s", v.Driver, v.Seed, v.By)
	case v.By != "":
		fate = fmt.Sprintf("%s %s", v.Driver, v.By)
	}
	return fmt.Sprintf("%-36s %-20s %-10s  %s  %s", v.Place, v.Function, v.Rule, v.Change, fate)
}

// report writes the score by rule, how many lives were needed, and the survivors.
func report(out io.Writer, o options, total int, verdicts []verdict) {
	survivors, inLives, inScenarios := 0, []uint64{}, 0
	byRule := map[string][2]int{} // caught, tried
	for _, v := range verdicts {
		score := byRule[v.Rule]
		score[1]++
		switch {
		case v.By == "":
			survivors++
			score[0]--
		case v.Seed > 0:
			inLives = append(inLives, v.Seed)
		case strings.HasPrefix(v.By, "scenario "):
			inScenarios++
		}
		score[0]++
		byRule[v.Rule] = score
	}
	slices.Sort(inLives)
	fmt.Fprintf(out, "%s: %d of %d mutants caught (of %d; sample %d, seed %d, %d lives): %d in lives, %d in scenarios, %d died\n",
		o.of, len(verdicts)-survivors, len(verdicts), total, o.sample, o.seed, o.seeds,
		len(inLives), inScenarios, len(verdicts)-survivors-len(inLives)-inScenarios)
	if len(inLives) > 0 {
		fmt.Fprintf(out, "lives needed: median %d, nine in ten %d, most %d\n",
			inLives[len(inLives)/2], inLives[len(inLives)*9/10], inLives[len(inLives)-1])
	}
	for _, rule := range rules {
		if score := byRule[rule]; score[1] > 0 {
			fmt.Fprintf(out, "  %-10s  %3d of %3d\n", rule, score[0], score[1])
		}
	}
	fmt.Fprintf(out, "\n%d survivors:\n", survivors)
	for _, v := range verdicts {
		if v.By == "" {
			fmt.Fprintf(out, "| %s | %s | %s | `%s` | %s |\n", v.Place, v.Function, v.Rule, v.Change, v.Test)
		}
	}
}
