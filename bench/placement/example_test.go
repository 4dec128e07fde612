package placement_test

import (
	"fmt"
	"log"
	"time"

	"quorumbench/bench/placement"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

// Where should Raft's leader be, for clients in the first region? Nothing is run.
func ExampleOf() {
	const ms = time.Millisecond
	n := &placement.Network{
		Regions: []string{"a", "b", "c"},
		OneWay:  protocols.Delays{{0, 10 * ms, 50 * ms}, {10 * ms, 0, 40 * ms}, {50 * ms, 40 * ms, 0}},
	}
	raft := placement.Protocol{Label: "raft", Driver: registry.Drivers.Find("raft")}
	clients := []placement.Client{{Region: 0, Weight: 1}}
	placements, err := placement.Of(n, []placement.Protocol{raft}, []int{0, 1, 2}, clients)
	if err != nil {
		log.Fatal(err)
	}
	placement.Rank(n, placements, result.ByMean)
	for _, p := range placements {
		fmt.Printf("leader %s: %v\n", n.Regions[p.Leader], p.Mean)
	}
	// Output:
	// leader a: 20ms
	// leader b: 40ms
	// leader c: 180ms
}
