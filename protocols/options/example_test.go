package options_test

import (
	"fmt"
	"time"

	"quorumbench/protocols/options"
)

func ExampleFields() {
	type Options struct {
		Batch time.Duration `option:"batch" range:"0s..1m" zero:"off" help:"how long a command waits for others"`
		Size  int           `option:"phase2" range:"1..n" unit:"replicas" default:"a majority" help:"replicas in a phase-2 quorum"`
	}
	made := &Options{Size: 2}
	for _, f := range options.Fields(made) {
		fmt.Printf("%s: %s; by default %s\n", f.Name, f.Accepted(3), f.Default())
	}
	batch := options.Fields(made)[0]
	fmt.Println(batch.Set("7ms"), batch.IsAccepted(3), made.Batch)
	// Output:
	// batch: a duration from 0s to 1m, off; by default off
	// phase2: 1 to 3 replicas; by default a majority
	// true true 7ms
}
