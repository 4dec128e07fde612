package etcdraft_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/etcdraft"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, etcdraft.Driver) }

func TestAReplicaCatchesUpOverSlowLinks(t *testing.T) { prototest.CatchesUpSlowly(t, etcdraft.Driver) }

func TestConformanceWithPreVote(t *testing.T) {
	prototest.Conformance(t, prototest.With(etcdraft.Driver, protocols.Choices{"prevote": "on"}))
}
