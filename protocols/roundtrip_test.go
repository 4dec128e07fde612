package protocols_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"quorumbench/protocols"
)

func TestTheTimeoutBeginsWithTheConfiguredRoundTrip(t *testing.T) {
	r := protocols.NewRoundTrip(80 * time.Millisecond)
	if got, want := r.Timeout(), protocols.Retry(80*time.Millisecond); got != want {
		t.Errorf("the timeout is %v, want %v", got, want)
	}
}

func TestTheTimeoutIsNeverBelowTheConfiguredOne(t *testing.T) {
	const configured = 80 * time.Millisecond
	r := protocols.NewRoundTrip(configured)
	for range 100 {
		r.Sample(0)
		if r.Timeout() < protocols.Retry(configured) {
			t.Fatalf("after answers without delay the timeout is %v", r.Timeout())
		}
	}
}

func TestASlowLinkIsLearntAndForgotten(t *testing.T) {
	const configured, slow = 10 * time.Millisecond, 400 * time.Millisecond
	r := protocols.NewRoundTrip(configured)
	r.Sample(configured)
	for range 10 {
		r.Sample(slow)
	}
	if r.Timeout() <= slow {
		t.Errorf("answers take %v, and the timeout is %v", slow, r.Timeout())
	}
	for range 100 {
		r.Sample(configured)
	}
	if got, want := r.Timeout(), protocols.Retry(configured); got != want {
		t.Errorf("long after, the timeout is %v, want %v", got, want)
	}
}

// Of answers that vary evenly by half, none is late once the estimate has settled.
func TestJitterIsAllowedFor(t *testing.T) {
	const middle = 200 * time.Millisecond
	random := rand.New(rand.NewPCG(1, 2))
	r := protocols.NewRoundTrip(middle / 4)
	for i := range 1000 {
		measured := middle/2 + time.Duration(random.Int64N(int64(middle)))
		if i > 10 && measured > r.Timeout() {
			t.Errorf("answer %d takes %v, the timeout is %v", i, measured, r.Timeout())
		}
		r.Sample(measured)
	}
}

// After timeouts in a row the configured timeout is doubled, and the measured one, if it is longer, is not.
func TestTheConfiguredTimeoutIsDoubled(t *testing.T) {
	const configured, late = 80 * time.Millisecond, 10 * time.Second
	r := protocols.NewRoundTrip(configured)
	if got, want := r.DoubledTimeout(2), 4*protocols.Retry(configured); got != want {
		t.Errorf("after two timeouts: %v, want %v", got, want)
	}
	r.Sample(late)
	if got, want := r.DoubledTimeout(2), r.Timeout(); got != want {
		t.Errorf("after a round trip of %v and two timeouts: %v, want %v", late, got, want)
	}
}
