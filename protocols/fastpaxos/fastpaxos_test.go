package fastpaxos_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/fastpaxos"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, fastpaxos.Driver) }

func TestConformanceWithoutRevert(t *testing.T) {
	prototest.Conformance(t, prototest.With(fastpaxos.Driver, protocols.Choices{"revert": "off"}))
}
