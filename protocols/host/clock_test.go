package host

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A timer is over, by the replica's clock, no earlier than it asked for, whatever the clock's rate.
func TestAWrongClockMakesNoTimerEarly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	for range 100_000 {
		c := Clock{rate: 1}
		now := time.Duration(random.Int64N(int64(time.Hour)))
		c.Set(now, 0.01+5*random.Float64())
		now += time.Duration(random.Int64N(int64(time.Hour)))
		after := time.Duration(random.Int64N(int64(time.Minute)))
		set := c.Read(now)
		if over := c.Read(now + c.Length(after)); over < set+after {
			t.Fatalf("at rate %v a timer of %v, set at %v, is over after %v", c.rate, after, set, over-set)
		}
	}
}

func TestAWrongClockIsFastOrSlow(t *testing.T) {
	for _, test := range []struct {
		rate       float64
		shows, tim time.Duration
	}{
		{1, time.Second, 100 * time.Millisecond},
		{0.5, 2 * time.Second, 50 * time.Millisecond},
		{2, time.Second / 2, 200 * time.Millisecond},
	} {
		c := Clock{rate: 1}
		c.Set(time.Minute, test.rate)
		if got := c.Read(time.Minute+time.Second) - time.Minute; got != test.shows {
			t.Errorf("at rate %v it shows %v after a second", test.rate, got)
		}
		if got := c.Length(100 * time.Millisecond); got < test.tim || got > test.tim+2 {
			t.Errorf("at rate %v a timer of 100ms takes %v", test.rate, got)
		}
	}
}

func TestAClockNeverGoesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 0))
	c := Clock{rate: 1}
	var now, last time.Duration
	for range 10_000 {
		now += time.Duration(random.Int64N(int64(time.Second)))
		if random.IntN(3) == 0 {
			c.Set(now, 0.1+3*random.Float64())
		}
		if shown := c.Read(now); shown < last {
			t.Fatalf("it showed %v and then %v", last, shown)
		} else {
			last = shown
		}
	}
}
