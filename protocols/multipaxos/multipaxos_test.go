package multipaxos_test

import (
	"testing"

	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/relay/relaytest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, multipaxos.Driver) }

func TestLeaderConformance(t *testing.T) { relaytest.Conformance(t, multipaxos.Driver) }

func BenchmarkWrite(b *testing.B) { relaytest.BenchmarkWrite(b, multipaxos.Driver) }
