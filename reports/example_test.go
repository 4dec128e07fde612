package reports_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/reports"
)

// twoProtocols is what bench.Execute or result.Read return, cut down to one region.
func twoProtocols() *result.Result {
	run := func(label string, p50 time.Duration) result.Run {
		return result.Run{Protocol: label, Regions: []result.RegionRun{{
			Region: "us-east-1", Quorum: 70 * time.Millisecond, Floor: p50 - time.Millisecond,
			Operations: result.Operations{
				Offered: 1200, Answered: 1200, Response: result.Summary{Count: 1200, P50: p50, P99: p50 + 2*time.Millisecond},
			},
		}}}
	}
	return &result.Result{
		Experiment: experiment.Experiment{
			Name: "example", Regions: []string{"us-east-1"}, World: experiment.Simulated, Repeats: 1, Seed: 1,
			Protocols: []experiment.Protocol{{Name: "quick", Label: "quick"}, {Name: "slow", Label: "slow"}},
			Load:      experiment.Load{Arrivals: experiment.Poisson, Rate: 120, Duration: 10 * time.Second},
		},
		Topology: experiment.Topology{Name: "aws"},
		Runs:     []result.Run{run("quick", 71*time.Millisecond), run("slow", 141*time.Millisecond)},
	}
}

func ExampleTable() {
	if err := reports.Table(os.Stdout, twoProtocols(), reports.TableOptions{Color: reports.ColorTerminal(os.Stdout)}); err != nil {
		log.Fatal(err)
	}
}

func ExampleVerdict() {
	for _, line := range reports.Verdict(twoProtocols()) {
		fmt.Println(line)
	}
	// Output:
	// quick commits in one round trip from us-east-1.
	// slow takes two round trips from us-east-1 (2.0× slower than quick).
}

func ExampleQuality() {
	for _, line := range reports.Quality(twoProtocols()) {
		fmt.Println(line)
	}
	// Output:
	// world: simulated (virtual time; no processing time, messages without packets)
}

func ExampleDraw() {
	paths, err := reports.Draw(os.TempDir(), twoProtocols())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(paths)
}

func ExampleCompare() {
	results, names := []*result.Result{twoProtocols()}, []string{"example"}
	if err := reports.Compare(os.Stdout, results, names, reports.CompareOptions{Protocols: []string{"slow", "quick"}}); err != nil {
		log.Fatal(err)
	}
}

func ExampleDrawCompare() {
	results, names := []*result.Result{twoProtocols()}, []string{"example"}
	if err := reports.DrawCompare("compare.png", results, names, reports.CompareOptions{}); err != nil {
		log.Fatal(err)
	}
}
