package bench_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

func ExampleExecute() {
	plan, err := experiment.Parse("mine.yaml", []byte(`
topology: aws-2020-06-05
regions: [us-east-1, eu-west-1, ap-northeast-1]
protocols: [mmp3]
load: {rate: 20/s, duration: 5s}
world: sim
`), registry.Drivers)
	if err != nil {
		log.Fatal(err)
	}
	found, err := bench.Execute(context.Background(), plan, bench.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, region := range found.Runs[0].Regions {
		fmt.Printf("%s: median %v, at least %v\n", region.Region, region.Response.P50.Round(time.Millisecond), region.Floor.Round(time.Millisecond))
	}
	// Output:
	// us-east-1: median 71ms, at least 71ms
	// eu-west-1: median 71ms, at least 71ms
	// ap-northeast-1: median 152ms, at least 152ms
}
