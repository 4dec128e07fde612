package reports_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/bench/result"
	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
	"quorumbench/reports"
)

// The whole way: an experiment is loaded and run in virtual time, its result is stored, read and drawn.
func Example() {
	folder, err := os.MkdirTemp("", "example-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "mine.yaml")
	if err := os.WriteFile(file, []byte(`
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [{name: raft, leader: us-east-1}]
load: {rate: 20/s, duration: 5s}
world: sim
`), 0o644); err != nil {
		log.Fatal(err)
	}
	plan, err := experiment.Read(file, registry.Drivers)
	if err != nil {
		log.Fatal(err)
	}
	found, err := bench.Execute(context.Background(), plan, bench.Options{})
	if err != nil {
		log.Fatal(err)
	}
	stored := filepath.Join(folder, "results")
	if err := result.Write(found, stored); err != nil {
		log.Fatal(err)
	}
	again, err := result.Read(stored)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := reports.Draw(stored, again, reports.FigureOptions{}); err != nil {
		log.Fatal(err)
	}
	for _, line := range reports.Verdict(again) {
		fmt.Println(line)
	}
	entries, err := os.ReadDir(stored)
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range entries {
		fmt.Println(entry.Name())
	}
	// Output:
	// raft with leader us-east-1 commits in one round trip from us-east-1, two round trips from eu-west-1 and 1.5 round trips from ap-northeast-1.
	// SHA256SUMS
	// bench.txt
	// breakdown.csv
	// breakdown.png
	// latency.csv
	// latency.hlog
	// latency.png
	// run.json
	// summary.csv
}

// twoProtocols is what bench.Execute or result.Read return, cut down to one region.
func twoProtocols() *result.Result {
	run := func(label string, p50 time.Duration) result.Run {
		return result.Run{Protocol: label, Measured: 10 * time.Second, Regions: []result.RegionRun{{
			Region: "us-east-1", Quorum: 70 * time.Millisecond, Floor: p50 - time.Millisecond,
			Operations: result.Operations{
				Offered: 1200, Answered: 1200, Completed: 1199, Response: result.Summary{Count: 1200, P50: p50, P99: p50 + 2*time.Millisecond},
			},
		}}}
	}
	return &result.Result{
		Experiment: experiment.Experiment{
			Name: "example", Regions: []string{"us-east-1"}, Replicas: []string{"us-east-1"}, Clients: []string{"us-east-1"}, World: experiment.Simulated, Repeats: 1, Seed: 1,
			Protocols: []experiment.Protocol{{Name: "quick", Label: "quick"}, {Name: "slow", Label: "slow"}},
			Load:      experiment.Load{Arrivals: experiment.Poisson, Rate: 120, Duration: 10 * time.Second},
		},
		Topology: experiment.Topology{Name: "aws"},
		Runs:     []result.Run{run("quick", 71*time.Millisecond), run("slow", 141*time.Millisecond)},
	}
}

// TableOptions{Color: reports.ColorTerminal(os.Stdout)} colours the table on a terminal.
func ExampleTable() {
	if err := reports.Table(os.Stdout, twoProtocols(), reports.TableOptions{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// example: 1 region on aws, 120 writes/s from each (poisson arrivals) for 10 s; simulated, seed 1
	//
	// ┌──────────┬───────────┬──────────┬───────────┬──────────┬─────────┬─────────────────┬───────────┬────────────┬────────┬────────┐
	// │ protocol │ region    │      p50 │       p99 │    floor │ × floor │ WAN round trips │ offered/s │ achieved/s │ writes │ errors │
	// ├──────────┼───────────┼──────────┼───────────┼──────────┼─────────┼─────────────────┼───────────┼────────────┼────────┼────────┤
	// │ quick    │ us-east-1 │  71.0 ms │  ~73.0 ms │  70.0 ms │   1.01× │            1.01 │       120 │        120 │  1,200 │      0 │
	// ├──────────┼───────────┼──────────┼───────────┼──────────┼─────────┼─────────────────┼───────────┼────────────┼────────┼────────┤
	// │ slow     │ us-east-1 │ 141.0 ms │ ~143.0 ms │ 140.0 ms │   1.01× │            2.01 │       120 │        120 │  1,200 │      0 │
	// └──────────┴───────────┴──────────┴───────────┴──────────┴─────────┴─────────────────┴───────────┴────────────┴────────┴────────┘
	// ~ uncertain: fewer than 100 samples lie beyond the percentile, or more than 1 % of it may be the instrument's
	//
	// quick commits in one round trip from us-east-1.
	// slow takes two round trips from us-east-1 (2.0× slower than quick).
	//
	// world: simulated (virtual time; no processing time, messages without packets)
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
	folder, err := os.MkdirTemp("", "example-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	drawn, err := reports.Draw(folder, twoProtocols(), reports.FigureOptions{Formats: []reports.FigureFormat{reports.PNG, reports.SVG}})
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range drawn.Paths {
		fmt.Println(filepath.Base(path))
	}
	// Output:
	// latency.png
	// latency.svg
}

func ExampleCompare() {
	results, names := []*result.Result{twoProtocols()}, []string{"example"}
	if err := reports.Compare(os.Stdout, results, names, reports.CompareOptions{Protocols: []string{"slow", "quick"}}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// example = example: 1 region on aws, 120 writes/s from each (poisson arrivals) for 10 s; simulated, seed 1
	//
	// ┌───────────┬───────┬──────────┬──────────┬───────┬───────────────┬───────────┬───────┬───────────────┐
	// │ region    │       │    floor │      p50 │     × │ 95 % interval │       p99 │     × │ 95 % interval │
	// ├───────────┼───────┼──────────┼──────────┼───────┼───────────────┼───────────┼───────┼───────────────┤
	// │ us-east-1 │ slow  │ 140.0 ms │ 141.0 ms │       │               │ ~143.0 ms │       │               │
	// │           │ quick │  70.0 ms │  71.0 ms │ 0.50× │               │  ~73.0 ms │ 0.51× │               │
	// └───────────┴───────┴──────────┴──────────┴───────┴───────────────┴───────────┴───────┴───────────────┘
	// ~ uncertain: fewer than 100 samples lie beyond the percentile, or more than 1 % of it may be the instrument's
	// × is the ratio to the first: the geometric mean over repeats, paired by number. Intervals are by resampling of the pairs.
	// A 95 % interval of a ratio cannot be had with fewer than 6 paired repeats; a ratio here has 1.
	//
	// No verdict: to show a difference among 2 ratios takes 7 paired repeats; a ratio here has 1.
}

func ExampleDrawCompare() {
	results, names := []*result.Result{twoProtocols()}, []string{"example"}
	folder, err := os.MkdirTemp("", "example-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "compare.png")
	if err := reports.DrawCompare(path, results, names, reports.CompareOptions{}, reports.FigureOptions{}); err != nil {
		log.Fatal(err)
	}
	_, err = os.Stat(path)
	fmt.Println(err)
	// Output: <nil>
}

// A scenario that was played is drawn as a space-time diagram.
func ExampleDrawSpaceTime() {
	script, err := scenario.Load("paxos-one-proposer", registry.Drivers)
	if err != nil {
		log.Fatal(err)
	}
	run, err := script.Play()
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "example-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "diagram.svg")
	if err := reports.DrawSpaceTime(path, &run.SpaceTime); err != nil {
		log.Fatal(err)
	}
	svg, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(string(svg), "R0"))
	// Output: true
}
