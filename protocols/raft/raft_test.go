package raft_test

import (
	"testing"

	"quorumbench/protocols/prototest"
	"quorumbench/protocols/raft"
	"quorumbench/protocols/relay/relaytest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, raft.Driver) }

func TestLeaderConformance(t *testing.T) { relaytest.Conformance(t, raft.Driver) }

func BenchmarkWrite(b *testing.B) { relaytest.BenchmarkWrite(b, raft.Driver) }
