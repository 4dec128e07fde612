package reports

import (
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
)

func TestTheHeadingOfASweepNamesItsRatesOnce(t *testing.T) {
	r := threeRegions().result()
	r.Experiment.Sweep = &experiment.Sweep{Path: "load.rate", Values: []string{"10/s", "120/min"}}
	if got := headline(r); !strings.Contains(got, " 10 and 2 writes/s from each") || strings.Contains(got, "each at") {
		t.Errorf("a sweep over rates: got %q", got)
	}
	r.Experiment.Sweep = &experiment.Sweep{Path: "network.loss", Values: []string{"0%", "5%"}}
	if got := headline(r); !strings.Contains(got, ", each at network.loss: 0%, 5%") {
		t.Errorf("a sweep over the loss: got %q", got)
	}
}

func TestTheHeadingCountsARegionOnce(t *testing.T) {
	r := threeRegions().result()
	r.Experiment.Replicas = []string{"a", "a#2", "b"}
	r.Experiment.Clients = r.Experiment.Replicas
	if got := headline(r); !strings.Contains(got, ": 3 replicas in 2 regions on ") {
		t.Errorf("got %q", got)
	}
}

func TestLossIsToldAtEachPointAndWithoutCuts(t *testing.T) {
	r := &result.Result{Experiment: experiment.Experiment{World: experiment.Simulated,
		Sweep: &experiment.Sweep{Path: "network.loss", Values: []string{"0%", "1%", "5%"}}}}
	for i, lost := range []uint64{0, 9, 50} {
		r.Runs = append(r.Runs, result.Run{Point: r.Experiment.Sweep.Values[i], Network: result.NetworkRun{Messages: 1100, Cut: 100, Lost: lost}})
	}
	want := []string{
		"loss at 1%: 9 of 1,000 messages (0.90 %; 1% asked for)",
		"loss at 5%: 50 of 1,000 messages (5.00 %; 5% asked for)",
		"network: 300 messages lost where a fault had cut the link",
	}
	if got := networkLines(r); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
