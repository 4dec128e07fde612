package bench

import "time"

// clock is a replica's own: right, unless a fault makes it run fast or slow. Its timers run out by
// it, and it never goes back.
type clock struct {
	rate  float64       // the length of one of its seconds, in right ones
	since time.Duration // it has had this rate
	then  time.Duration // what it showed then
}

// read is what the clock shows.
func (c *clock) read(now time.Duration) time.Duration {
	if c.rate == 1 {
		return c.then + now - c.since
	}
	return c.then + time.Duration(float64(now-c.since)/c.rate)
}

// set changes the rate from now on.
func (c *clock) set(now time.Duration, rate float64) {
	c.then, c.since, c.rate = c.read(now), now, rate
}

// length is how long a timer of that length takes: long enough that it is never early.
func (c *clock) length(after time.Duration) time.Duration {
	if c.rate == 1 {
		return after
	}
	return time.Duration(float64(after)*c.rate) + 2
}
