package zab_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/prototest/leadertest"
	"quorumbench/protocols/zab"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, zab.Driver) }

func TestAReplicaCatchesUpOverSlowLinks(t *testing.T) { prototest.CatchesUpSlowly(t, zab.Driver) }

// Three round trips until broadcast begins, and one one-way delay until the followers know; then forward, propose,
// acknowledge, commit.
func TestLeaderConformance(t *testing.T) { leadertest.ConformanceOf(t, zab.Driver, 11) }

func TestConformanceWithSyncReads(t *testing.T) {
	prototest.Conformance(t, prototest.With(zab.Driver, protocols.Choices{"reads": "sync"}))
}

func BenchmarkWrite(b *testing.B) { leadertest.BenchmarkWrite(b, zab.Driver) }
