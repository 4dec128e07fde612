package linear_test

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols/kv"
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

// named makes an operation name a version, with an outcome.
func named(op linear.Operation, version uint64, outcome kv.Outcome) linear.Operation {
	op.Version, op.Outcome = version, outcome
	return op
}

// Many writes at one time and a read of what none has written: the search tries their subsets in vain. It ends when its
// steps are used up, and does not call that a violation.
func TestASearchEndsWithItsSteps(t *testing.T) {
	var history []linear.Operation
	for i := range 40 {
		history = append(history, write(fmt.Sprint(i), 0, 100))
	}
	history = append(history, read("never", 50, 60))
	if got := linear.Check(history, 100_000); got != linear.Undecided {
		t.Errorf("%s, want %s", got, linear.Undecided)
	}
	other := read("never", 50, 60)
	other.Key = "l" // of one operation: its violation is found with the first steps
	if got := linear.Check(append(history, other), 100_000); got != linear.Violated {
		t.Errorf("beside another key: %s, want %s", got, linear.Violated)
	}
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
		{"a version that becomes one", []linear.Operation{write("a", 0, 1), named(write("b", 2, 3), 2, kv.Outcome_NOTED), read("b", 4, 5)}, linear.Linearizable},
		{"one that exists", []linear.Operation{write("a", 0, 1), named(write("b", 2, 3), 1, kv.Outcome_NOTED)}, linear.Violated},
		{"one that exists is refused", []linear.Operation{write("a", 0, 1), named(write("b", 2, 3), 1, kv.Outcome_REFUSED), read("a", 4, 5)}, linear.Linearizable},
		{"what is refused takes no effect", []linear.Operation{write("a", 0, 1), named(write("b", 2, 3), 1, kv.Outcome_REFUSED), read("b", 4, 5)}, linear.Violated},
		{"the next is refused", []linear.Operation{write("a", 0, 1), named(write("b", 2, 3), 2, kv.Outcome_REFUSED)}, linear.Violated},
		{"the next is refused, or not, beside another", []linear.Operation{write("a", 0, 9), named(write("b", 2, 3), 2, kv.Outcome_REFUSED)}, linear.Linearizable},
		{"one too early is refused", []linear.Operation{named(write("b", 2, 3), 2, kv.Outcome_REFUSED), named(read("", 4, 5), 1, kv.Outcome_ABSENT)}, linear.Linearizable},
		{"a version is read when there is a later one", []linear.Operation{write("a", 0, 1), write("b", 2, 3), named(read("a", 4, 5), 1, kv.Outcome_NOTED)}, linear.Linearizable},
		{"it is another's value", []linear.Operation{write("a", 0, 1), write("b", 2, 3), named(read("b", 4, 5), 1, kv.Outcome_NOTED)}, linear.Violated},
		{"it is read before it exists", []linear.Operation{named(read("a", 0, 1), 1, kv.Outcome_NOTED), write("a", 2, 3)}, linear.Violated},
		{"it is dropped", []linear.Operation{write("a", 0, 1), write("b", 2, 3), named(read("", 4, 5), 1, kv.Outcome_DROPPED)}, linear.Linearizable},
		{"it is dropped, and there is none later", []linear.Operation{write("a", 0, 1), named(read("", 4, 5), 1, kv.Outcome_DROPPED)}, linear.Violated},
		{"it is absent, and exists", []linear.Operation{write("a", 0, 1), named(read("", 4, 5), 1, kv.Outcome_ABSENT)}, linear.Violated},
		{"a lost write makes a version", []linear.Operation{lost, named(write("b", 7, 8), 2, kv.Outcome_NOTED)}, linear.Linearizable},
		{"a lost write that names one may", []linear.Operation{named(lost, 1, 0), named(write("b", 7, 8), 2, kv.Outcome_NOTED)}, linear.Linearizable},
		{"or may not", []linear.Operation{named(lost, 1, 0), named(write("b", 7, 8), 1, kv.Outcome_NOTED)}, linear.Linearizable},
		{"but not become another", []linear.Operation{named(lost, 2, 0), named(write("b", 7, 8), 2, kv.Outcome_NOTED)}, linear.Violated},
		{"keys do not mix", []linear.Operation{other, read("b", 11, 12)}, linear.Violated},
	} {
		if got := linear.Check(c.history, 0); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
