package run_test

import (
	"context"
	"fmt"
	"log"

	"quorumbench/bench/experiment"
	"quorumbench/bench/run"
	"quorumbench/bench/verify"
	"quorumbench/protocols/registry"
)

// One run, with a crash, and what is checked of it.
func ExamplePlay() {
	plan, err := experiment.Parse("mine.yaml", []byte(`
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [raft]
load: {rate: 20/s, duration: 5s}
world: sim
faults: [{at: 1s, crash: leader, for: 2s}]
`), registry.Drivers)
	if err != nil {
		log.Fatal(err)
	}
	record, err := run.Play(context.Background(), run.Config{Plan: plan, Protocol: plan.Experiment.Protocols[0]})
	if err != nil {
		log.Fatal(err)
	}
	for _, check := range verify.Check(record) {
		fmt.Println(check.Name, check.Verdict)
	}
	// Output:
	// same order passed
	// nothing lost passed
	// real time passed
	// invariants passed
	// linearizable passed
}
