package primarybackup_test

import (
	"testing"

	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"

	"example/primarybackup"
)

// All that can happen to two writes at a backup and the primary, with one tick and one crash.
func TestExplore(t *testing.T) {
	exploretest.Run(t, explore.Cluster{Driver: primarybackup.Driver, Replicas: 3, Repairs: true},
		[]exploretest.Bound{
			{Name: "ab", Commands: "ab", Timers: 1, Network: explore.Network{Orderly: true, Late: 1}},
			{Name: "b-crash", Commands: "b", Timers: 1, Crashes: 1, Network: explore.Network{Orderly: true, Late: 1}},
		})
}
