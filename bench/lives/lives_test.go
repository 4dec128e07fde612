package lives_test

import (
	"context"
	"testing"

	"quorumbench/bench/lives"
	"quorumbench/protocols/registry"
)

func TestLives(t *testing.T) {
	for _, d := range registry.Drivers {
		t.Run(d.Name, func(t *testing.T) {
			found, tally, err := lives.Search(context.Background(), d, 1, 200, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v  %.0f lives/s, %d commands/life", tally, float64(tally.Lives)/tally.Elapsed.Seconds(), tally.Commands/max(1, tally.Lives))
			if found != nil {
				t.Errorf("seed %d: %v", found.Seed, found.Failed)
			}
		})
	}
}
