package lives_test

import (
	"context"
	"fmt"
	"log"

	"quorumbench/bench/lives"
	"quorumbench/protocols/registry"
)

// A seed draws a cluster, its load and what goes wrong; playing it reports whether any check failed.
func ExampleDraw() {
	life := lives.Draw(registry.Drivers.Find("raft"), 7)
	outcome, err := life.Play(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("faults:", len(life.Experiment.Faults) > 0, "commands:", outcome.Commands > 0, "failed:", len(outcome.Failed()))
	// Output: faults: true commands: true failed: 0
}

// Search plays the lives of many seeds and stops at one that fails.
func ExampleSearch() {
	found, tally, err := lives.Search(context.Background(), lives.Generator{Driver: registry.Drivers.Find("mmp3")}, 1, 10, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found == nil, tally.Lives)
	// Output: true 10
}
