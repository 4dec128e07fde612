package paxos_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/paxos"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, paxos.Driver) }

func TestConformanceWithRevert(t *testing.T) {
	prototest.Conformance(t, prototest.With(paxos.Driver, protocols.Choices{"revert": "on"}))
}

func TestConformanceWithBroadcastAcceptances(t *testing.T) {
	prototest.Conformance(t, prototest.With(paxos.Driver, protocols.Choices{"learn": "broadcast"}))
}

func TestConformanceWithSilentRefusals(t *testing.T) {
	prototest.Conformance(t, prototest.With(paxos.Driver, protocols.Choices{"refusals": "silent", "revert": "on"}))
}
