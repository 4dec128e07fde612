package protocols_test

import (
	"testing"

	"quorumbench/protocols"
)

func TestWhenASnapshotIsDue(t *testing.T) {
	for _, c := range []struct {
		name        string
		every       uint64
		commands    uint64
		bytes, last int
		due         bool
	}{
		{"too few commands", 0, 9_999, 1 << 20, 0, false},
		{"enough", 0, 10_000, 1 << 20, 1 << 18, true},
		{"enough for a small state only", 0, 10_000, 1 << 20, 1<<18 + 1, false},
		{"few large commands", 0, 10, 32 << 20, 1 << 20, true},
		{"as a test says", 5, 5, 0, 1 << 20, true},
		{"fewer than a test says", 5, 4, 32 << 20, 0, false},
	} {
		config := protocols.Config{SnapshotEvery: c.every}
		if due := config.SnapshotDue(c.commands, c.bytes, c.last); due != c.due {
			t.Errorf("%s: due %t", c.name, due)
		}
	}
}
