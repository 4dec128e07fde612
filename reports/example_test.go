package reports_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"quorumbench/bench"
	"quorumbench/reports"
)

// twoProtocols is what bench.Execute or bench.Read return, cut down to one region.
func twoProtocols() *bench.Result {
	run := func(label string, p50 time.Duration) bench.Run {
		return bench.Run{Protocol: label, Regions: []bench.RegionRun{{
			Region: "us-east-1", Quorum: 70 * time.Millisecond, Floor: p50 - time.Millisecond,
			Operations: bench.Operations{
				Offered: 1200, Answered: 1200, Response: bench.Summary{Count: 1200, P50: p50, P99: p50 + 2*time.Millisecond},
			},
		}}}
	}
	return &bench.Result{
		Experiment: bench.Experiment{
			Name: "example", Regions: []string{"us-east-1"}, World: bench.Simulated, Repeats: 1, Seed: 1,
			Protocols: []bench.Protocol{{Name: "quick", Label: "quick"}, {Name: "slow", Label: "slow"}},
			Load:      bench.Load{Arrivals: bench.Poisson, Rate: 120, Duration: 10 * time.Second},
		},
		Topology: bench.Topology{Name: "aws"},
		Runs:     []bench.Run{run("quick", 71*time.Millisecond), run("slow", 141*time.Millisecond)},
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
	results, names := []*bench.Result{twoProtocols()}, []string{"example"}
	if err := reports.Compare(os.Stdout, results, names, reports.CompareOptions{Protocols: []string{"slow", "quick"}}); err != nil {
		log.Fatal(err)
	}
}

func ExampleDrawCompare() {
	results, names := []*bench.Result{twoProtocols()}, []string{"example"}
	if err := reports.DrawCompare("compare.png", results, names, reports.CompareOptions{}); err != nil {
		log.Fatal(err)
	}
}
