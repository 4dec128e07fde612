package paxos

import (
	"testing"

	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

var bounds = []exploretest.Bound{
	{Name: "ab-calm", Commands: "ab", Timers: 1, Network: explore.Network{Orderly: true, Calm: true, Late: 1}},
}

func TestExplore(t *testing.T) {
	exploretest.Run(t, explore.Cluster{
		Driver: Driver, Replicas: 3, PerKey: true, ReadsAside: true,
		Ignored: []string{"Replica.in", "Replica.sent", "Replica.entry", "Replica.record", "Replica.freeInstances", "Replica.logged", "Request.attempts", "Request.timeouts", "Request.lostVersions"},
	}, bounds)
}
