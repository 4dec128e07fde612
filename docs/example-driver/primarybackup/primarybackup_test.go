package primarybackup_test

import (
	"testing"

	"quorumbench/protocols/prototest"

	"example/primarybackup"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, primarybackup.Driver) }
