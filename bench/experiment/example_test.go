package experiment_test

import (
	"fmt"
	"log"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

func ExampleParse() {
	plan, err := experiment.Parse("mine.yaml", []byte(`
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [mmp3, {name: raft, leader: auto}]
`), registry.Drivers)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range plan.Experiment.Protocols {
		fmt.Printf("%s, leader %q\n", p.Label, p.Leader)
	}
	fmt.Println(plan.Topology.OneWay[0][1], "one way")
	// Output:
	// mmp3, leader ""
	// raft, leader "us-east-1"
	// 35.254ms one way
}

func ExampleParse_mistake() {
	_, err := experiment.Parse("mine.yaml", []byte("topology: aws-2020-06-05\nload: {rate: 50}\n"), registry.Drivers)
	fmt.Println(err)
	// Output:
	// mine.yaml:2:14: found "50"; accepted: a rate above zero with its unit, as in 50/s or 3000/min
}
