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

// Pace doubles a size that was answered within the timeout, keeps it up to twice the timeout, halves it beyond, and stays
// within the limits.
func TestPace(t *testing.T) {
	const timeout = 100 * time.Millisecond
	drawn := flow.Limits{MinBytes: 100, MaxBytes: 1000}
	for _, c := range []struct {
		limits   flow.Limits
		size     int
		answered time.Duration
		want     int
	}{
		{drawn, 400, 0, 800},
		{drawn, 400, timeout, 800},
		{drawn, 400, timeout + 1, 400},
		{drawn, 400, 2 * timeout, 400},
		{drawn, 400, 2*timeout + 1, 200},
		{drawn, 600, timeout, 1000},
		{drawn, 1000, timeout, 1000},
		{drawn, 150, time.Second, 100},
		{drawn, 100, time.Second, 100},
		{drawn, 0, timeout, 100},
		{drawn, 5000, 2 * timeout, 1000},
		{flow.Limits{}, flow.MinBytes, timeout, 2 * flow.MinBytes},
		{flow.Limits{}, flow.MinBytes, time.Second, flow.MinBytes},
		{flow.Limits{}, flow.MaxBytes, timeout, flow.MaxBytes},
		{flow.Limits{}, flow.MaxBytes, time.Second, flow.MaxBytes / 2},
	} {
		if got := c.limits.Pace(c.size, c.answered, timeout); got != c.want {
			t.Errorf("%d bytes answered after %v are followed by %d within %+v, want %d", c.size, c.answered, got, c.limits, c.want)
		}
	}
}

func TestTransmission(t *testing.T) {
	if got := flow.Transmission(250_000); got != time.Second {
		t.Errorf("2 Mbit take %v at 2 Mbit/s", got)
	}
}

// A window follows the rule of Pace with twice its times, up to eight messages of the largest size.
func TestWindow(t *testing.T) {
	const timeout = 100 * time.Millisecond
	drawn := flow.Limits{MinBytes: 100, MaxBytes: 1000}
	for _, c := range []struct {
		size     int
		answered time.Duration
		want     int
	}{{1000, 2 * timeout, 2000}, {6000, 2 * timeout, 8000}, {6000, 4 * timeout, 6000}, {6000, 5 * timeout, 3000}, {150, 5 * timeout, 100}} {
		if got := drawn.Window(c.size, c.answered, timeout); got != c.want {
			t.Errorf("a window of %d bytes answered after %v is followed by one of %d, want %d", c.size, c.answered, got, c.want)
		}
	}
}
