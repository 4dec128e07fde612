package scenario_test

import (
	"fmt"
	"log"

	"quorumbench/bench/scenario"
	"quorumbench/protocols/registry"
)

// A script of one's own is parsed, played and judged. reports.DrawSpaceTime draws what Play returns.
func ExampleParse() {
	script, err := scenario.Parse("mine.txt", []byte(`
title    A follower that is cut off does not delay a write
protocol raft
replicas 3
leader   R0
delay    10ms
at 0ms   partition R0 R1 | R2
at 100ms R0 put k foo as w
at 300ms end
expect   at 120ms R0 answers w
expect   log R2
`), registry.Drivers)
	if err != nil {
		log.Fatal(err)
	}
	run, err := script.Play()
	if err != nil {
		log.Fatal(err)
	}
	for _, outcome := range run.Outcomes()[:2] {
		fmt.Println(outcome.Expected, outcome.Err)
	}
	fmt.Println(run.Check())
	// Output:
	// at 120ms R0 answers w <nil>
	// log R2 <nil>
	// <nil>
}
