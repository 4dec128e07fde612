package paxos1_test

import (
	"testing"

	"quorumbench/protocols/paxos1"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, paxos1.Driver) }

func TestItIsForThreeReplicas(t *testing.T) {
	for n := range 8 {
		if err := paxos1.Driver.CheckReplicas(n); (err == nil) != (n == 3) {
			t.Errorf("%d replicas: %v", n, err)
		}
	}
}
