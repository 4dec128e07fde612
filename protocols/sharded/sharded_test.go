package sharded_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/sharded"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, sharded.Driver) }

func TestConformanceWithMultiPaxosAndPartitions(t *testing.T) {
	prototest.Conformance(t, prototest.With(sharded.Driver, protocols.Choices{"protocol": "multipaxos", "partition": "1"}))
}

func TestAReplicaCatchesUpOverSlowLinks(t *testing.T) { prototest.CatchesUpSlowly(t, sharded.Driver) }
