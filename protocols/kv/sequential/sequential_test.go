package sequential_test

import (
	"testing"
	"time"

	"quorumbench/protocols/kv/sequential"
)

// read is of what stood after the from-th command of the order and up to the to-th.
func read(issued, answered time.Duration, from, to int) sequential.Operation {
	return sequential.Operation{Issued: issued, Answered: answered, From: sequential.After(from), To: sequential.After(to)}
}

func write(issued, answered time.Duration, n int) sequential.Operation {
	return sequential.Operation{Issued: issued, Answered: answered, From: sequential.At(n), To: sequential.At(n)}
}

func TestCheck(t *testing.T) {
	type history = []sequential.Operation
	for _, c := range []struct {
		name  string
		of    history
		later int // of the violation; -1: none
	}{
		{"nothing", nil, -1},
		{"reads may miss what others have written", history{read(0, 1, 3, 3), read(2, 3, 3, 3), read(4, 5, 9, 9)}, -1},
		{"a read goes back", history{read(0, 1, 4, 6), read(2, 3, 2, 3)}, 1},
		{"a read of another key that may stand behind the first", history{read(0, 1, 4, 6), read(2, 3, 2, 4)}, -1},
		{"reads at the same time may be in any order", history{read(0, 5, 4, 6), read(4, 6, 2, 3)}, -1},
		{"the time of issue counts, not the place in the history", history{read(2, 3, 2, 3), read(0, 1, 4, 6)}, 0},
		{"a client sees its write", history{write(0, 1, 4), read(2, 3, 4, 4)}, -1},
		{"a client misses its write", history{write(0, 1, 4), read(2, 3, 1, 3)}, 1},
		{"a client misses its write, which is not answered before", history{write(0, 3, 4), read(2, 4, 1, 3)}, -1},
		{"a write is applied before what its client had read", history{read(0, 1, 5, 5), write(2, 3, 4)}, 1},
		{"a write is applied right after what its client had read", history{read(0, 1, 5, 5), write(2, 3, 6)}, -1},
		{"two writes of a client change places", history{write(0, 1, 5), write(2, 3, 4)}, 1},
		{"the first position is taken, not the last", history{read(0, 1, 2, 9), read(2, 3, 3, 3), read(4, 5, 2, 3)}, -1},
		{"a violation by way of a third", history{read(0, 1, 7, 9), read(2, 3, 2, 8), read(4, 5, 2, 6)}, 2},
	} {
		later := -1
		if v := sequential.Check(c.of); v != nil {
			later = v.Later
		}
		if later != c.later {
			t.Errorf("%s: found a violation by %d, want %d", c.name, later, c.later)
		}
	}
}
