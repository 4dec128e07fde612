package paxos1_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/paxos1"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, paxos1.Driver) }

func TestConformanceWithRevert(t *testing.T) {
	prototest.Conformance(t, prototest.With(paxos1.Driver, protocols.Choices{"revert": "on"}))
}

func TestItIsForThreeReplicas(t *testing.T) {
	for n := range 8 {
		if err := paxos1.Driver.CheckReplicas(n); (err == nil) != (n == 3) {
			t.Errorf("%d replicas: %v", n, err)
		}
	}
}
