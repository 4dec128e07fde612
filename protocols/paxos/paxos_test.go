package paxos_test

import (
	"testing"

	"quorumbench/protocols/paxos"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, paxos.Driver) }
