package flow_test

import (
	"testing"
	"time"

	"quorumbench/protocols/flow"
)

func TestBatch(t *testing.T) {
	const m = flow.MaxBytes
	for _, c := range []struct {
		sizes []int
		want  int
	}{{nil, 0}, {[]int{1, 2, 3}, 3}, {[]int{m, 1}, 1}, {[]int{2 * m, 1}, 1}, {[]int{m / 2, m / 2, 1}, 2}, {[]int{1, 2 * m}, 1}} {
		if got := flow.Batch(flow.MaxBytes, c.sizes, func(size int) int { return size }); len(got) != c.want {
			t.Errorf("of items of %v bytes, %d are taken, want %d", c.sizes, len(got), c.want)
		}
	}
}

func TestTransmission(t *testing.T) {
	if got := flow.Transmission(250_000); got != time.Second {
		t.Errorf("2 Mbit take %v at 2 Mbit/s", got)
	}
}
