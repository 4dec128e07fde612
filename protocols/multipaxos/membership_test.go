package multipaxos_test

import (
	"testing"
	"time"

	"quorumbench/protocols/multipaxos"
	"quorumbench/protocols/prototest/leadertest"
)

// A write takes two round trips of 20 ms, and two more while a membership of two configurations is under way: one until all before that is
// chosen, and one for that itself.
func TestMembership(t *testing.T) {
	leadertest.Membership(t, multipaxos.Driver, 81*time.Millisecond)
}
