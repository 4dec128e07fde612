package outside_test

import (
	"context"
	"fmt"
	"log"

	"quorumbench/bench"
	"quorumbench/bench/outside"
	"quorumbench/protocols/registry"
)

func ExampleMeasure() {
	tables, err := outside.Find("fantoch")
	if err != nil {
		log.Fatal(err)
	}
	report, err := outside.Measure(context.Background(), tables, registry.Drivers, false, bench.Options{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range report.Cells {
		if c.Protocol == "mmp3" {
			fmt.Printf("%s: theirs %v, ours %+.1f %%\n", c.Client, c.Theirs, 100*c.Sim.Off)
		}
	}
	// Output:
	// us-west1: theirs 34ms, ours +2.8 %
	// us-west2: theirs 58ms, ours +3.4 %
}
