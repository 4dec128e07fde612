package raft_test

import (
	"maps"
	"slices"
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/prototest"
	"quorumbench/protocols/prototest/leadertest"
	"quorumbench/protocols/raft"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, raft.Driver) }

func TestAReplicaCatchesUpOverSlowLinks(t *testing.T) { prototest.CatchesUpSlowly(t, raft.Driver) }

func TestLeaderConformance(t *testing.T) { leadertest.Conformance(t, raft.Driver) }

func BenchmarkWrite(b *testing.B) { leadertest.BenchmarkWrite(b, raft.Driver) }

// choices are the options one by one, and some that meet.
var choices = map[string]protocols.Choices{
	"prevote":             {"prevote": "on"},
	"checkquorum":         {"checkquorum": "on"},
	"prevote checkquorum": {"prevote": "on", "checkquorum": "on"},
	"revert":              {"revert": "on"},
	"reads index":         {"reads": "index"},
	"reads lease":         {"reads": "lease"},
	"transfer off":        {"transfer": "off"},
	"all":                 {"prevote": "on", "checkquorum": "on", "revert": "on", "reads": "lease"},
}

func TestConformanceWithOptions(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(choices)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prototest.Conformance(t, prototest.With(raft.Driver, choices[name]))
		})
	}
}
