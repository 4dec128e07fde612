package host

import "time"

// Clock is a node's own clock, by which it gets the time of inputs and by which its timers run. A fault may make it run
// fast or slow. It never goes back. Not safe for use by several goroutines.
type Clock struct {
	rate  float64       // how long one of its seconds takes, in right seconds
	since time.Duration // when it got this rate
	then  time.Duration // the time that it showed then
}

// NewClock returns a clock that is right.
func NewClock() Clock { return Clock{rate: 1} }

// Read returns what the clock shows at a right time.
func (c *Clock) Read(now time.Duration) time.Duration {
	if c.rate == 1 {
		return c.then + now - c.since
	}
	return c.then + time.Duration(float64(now-c.since)/c.rate)
}

// Set changes the rate from now on: how long one of the clock's seconds takes, in right seconds, above 0.
func (c *Clock) Set(now time.Duration, rate float64) {
	c.then, c.since, c.rate = c.Read(now), now, rate
}

// Length converts the length of a timer from the node's clock to right time, rounded up so that no timer is early.
func (c *Clock) Length(after time.Duration) time.Duration {
	if c.rate == 1 {
		return after
	}
	return time.Duration(float64(after)*c.rate) + 2 // both conversions may round down
}
