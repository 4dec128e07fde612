package linear_test

import (
	"testing"
	"time"

	"quorumbench/protocols/kv/linear"
)

func write(value string, called, returned time.Duration) linear.Operation {
	return linear.Operation{Key: "k", Value: value, Called: called, Answered: true, Returned: returned}
}

func read(value string, called, returned time.Duration) linear.Operation {
	op := write(value, called, returned)
	op.Read = true
	return op
}

func TestCheck(t *testing.T) {
	lost := linear.Operation{Key: "k", Value: "lost", Called: 5}
	other := write("b", 0, 10)
	other.Key = "other"
	for _, c := range []struct {
		name    string
		history []linear.Operation
		want    linear.Verdict
	}{
		{"nothing", nil, linear.Linearizable},
		{"a read after a write", []linear.Operation{write("a", 0, 10), read("a", 11, 20)}, linear.Linearizable},
		{"a read of nothing before", []linear.Operation{read("", 0, 5), write("a", 6, 10)}, linear.Linearizable},
		{"a stale read", []linear.Operation{write("a", 0, 10), read("", 11, 20)}, linear.Violated},
		{"a read while it is written, either way", []linear.Operation{write("a", 0, 10), read("", 1, 2), read("a", 3, 4)}, linear.Linearizable},
		{"reads that go back", []linear.Operation{write("a", 0, 10), read("a", 1, 2), read("", 3, 4)}, linear.Violated},
		{"an overwritten value comes back", []linear.Operation{write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)}, linear.Violated},
		{"a write without an answer may take effect", []linear.Operation{lost, read("", 6, 7), read("lost", 100, 101)}, linear.Linearizable},
		{"but not before it began", []linear.Operation{lost, read("lost", 1, 2)}, linear.Violated},
		{"a read without an answer says nothing", []linear.Operation{{Key: "k", Read: true, Value: "x", Called: 1}}, linear.Linearizable},
		{"keys do not mix", []linear.Operation{other, read("b", 11, 12)}, linear.Violated},
	} {
		if got := linear.Check(c.history, 0); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
