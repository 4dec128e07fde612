package mmp3_test

import (
	"testing"

	"quorumbench/protocols/mmp3"
	"quorumbench/protocols/prototest"
)

func TestConformance(t *testing.T) { prototest.Conformance(t, mmp3.Driver) }
