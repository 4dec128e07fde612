package epaxos_test

import (
	"testing"

	"quorumbench/protocols"
	"quorumbench/protocols/epaxos"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, epaxos.Driver) }

func TestConformanceThrifty(t *testing.T) {
	prototest.Conformance(t, prototest.With(epaxos.Driver, protocols.Choices{"thrifty": "on"}))
}

func TestConformanceForgettingAtOnce(t *testing.T) {
	prototest.Conformance(t, prototest.With(epaxos.Driver, protocols.Choices{"kept": "0"}))
}
