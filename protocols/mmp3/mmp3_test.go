package mmp3_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/mmp3"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, mmp3.Driver) }

func TestAReplicaCatchesUpOverSlowLinks(t *testing.T) {
	prototest.CatchesUpSlowly(t, mmp3.Driver)
	prototest.CatchesUpSlowlyWith(t, mmp3.Driver, 1000) // by the instances, which the others have kept
}

func TestConformanceWithBatchesAndQuorumReads(t *testing.T) {
	prototest.Conformance(t, prototest.With(mmp3.Driver, protocols.Choices{"batch": "5ms", "reads": "quorum", "kept": "8"}))
}
