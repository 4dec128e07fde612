package bench

import (
	"testing"
	"time"
)

// The time left of a simulated experiment is real time: five hours of virtual time of which half took a second take one more.
func TestTheTimeLeftOfASimulatedExperimentIsReal(t *testing.T) {
	const half = 150 * time.Minute
	if got := realLeft(time.Second, half, half); got != time.Second {
		t.Errorf("half of it took a second: got %v left", got)
	}
	if got := realLeft(time.Millisecond, time.Second, half); got != Unknown {
		t.Errorf("after a millisecond: got %v left, which is a guess", got)
	}
}
