package raft

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/explore"
	"quorumbench/protocols/explore/exploretest"
)

var bounds = []exploretest.Bound{
	{Name: "ab-calm", Commands: "ab", Timers: 1, Network: explore.Network{Orderly: true, Calm: true, Late: 1}},
}

func TestExplore(t *testing.T) {
	exploretest.Run(t, explore.Cluster{
		Driver: Driver, Replicas: 3, Repairs: true,
		Ignored: []string{"replica.in", "replica.matches", "peer.most", "Store.command"},
		TimerName: func(id protocols.TimerID) string {
			return map[protocols.TimerID]string{electionTimer: "election", pulseTimer: "pulse", forwardTimer: "forward"}[id]
		},
	}, bounds)
}
