package async_test

import (
	"testing"

	"quorumbench/protocols/async"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, async.Driver) }
