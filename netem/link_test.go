package netem_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"quorumbench/netem"
)

const (
	ms = time.Millisecond
	us = time.Microsecond
)

// result is what became of a packet.
type result struct {
	due  time.Duration
	fate netem.Fate
}

// send transmits packets of a size at an interval and returns what became of them.
func send(l *netem.Link, packets, size int, every time.Duration) []result {
	results := make([]result, packets)
	for i := range results {
		results[i].due, results[i].fate = l.Transmit(time.Duration(i)*every, size)
	}
	return results
}

func TestPlainLinkDelaysByItsDelayExactly(t *testing.T) {
	l := netem.NewLink(netem.LinkConfig{Delay: 33 * ms}, 1, 0, 1)
	for i, r := range send(l, 100, 1200, 3*us) {
		if want := time.Duration(i)*3*us + 33*ms; r.due != want || r.fate != netem.Delivered {
			t.Fatalf("packet %d: %v at %v, want delivered at %v", i, r.fate, r.due, want)
		}
	}
}

func TestWeatherDependsOnSeedLinkAndPacketIndexOnly(t *testing.T) {
	config := netem.LinkConfig{Delay: 10 * ms, Jitter: ms, Loss: 0.3, Reorder: true}
	fates := func(seed uint64, from, to, size int, every time.Duration) (fates []netem.Fate) {
		for _, r := range send(netem.NewLink(config, seed, from, to), 200, size, every) {
			fates = append(fates, r.fate)
		}
		return fates
	}
	base := fates(1, 0, 1, 100, ms)
	if !slices.Equal(base, fates(1, 0, 1, 1400, 7*us)) {
		t.Error("other sizes and times changed the fates")
	}
	for what, other := range map[string][]netem.Fate{
		"seed":      fates(2, 0, 1, 100, ms),
		"direction": fates(1, 1, 0, 100, ms),
		"link":      fates(1, 0, 2, 100, ms),
	} {
		if slices.Equal(base, other) {
			t.Errorf("another %s left the fates as they were", what)
		}
	}
}

func TestLossIsTheShareConfigured(t *testing.T) {
	const packets = 100_000
	for _, loss := range []float64{0, 0.001, 0.01, 0.05, 0.5, 1} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			lost := 0
			for _, r := range send(netem.NewLink(netem.LinkConfig{Loss: loss}, 7, 0, 1), packets, 100, us) {
				if r.fate == netem.Lost {
					lost++
				}
			}
			// Four standard deviations of a binomial distribution.
			tolerance := 4 * math.Sqrt(packets*loss*(1-loss))
			if math.Abs(float64(lost)-packets*loss) > tolerance {
				t.Errorf("lost %d of %d packets, want %.0f ± %.0f", lost, packets, packets*loss, tolerance)
			}
		})
	}
}

func TestJitterIsNormalAboutTheDelay(t *testing.T) {
	const (
		packets = 100_000
		delay   = 50 * ms
		jitter  = 2 * ms
	)
	l := netem.NewLink(netem.LinkConfig{Delay: delay, Jitter: jitter, Reorder: true}, 11, 0, 1)
	var sum, squares float64
	within := 0 // one standard deviation
	for i, r := range send(l, packets, 100, ms) {
		off := float64(r.due - time.Duration(i)*ms - delay)
		sum += off
		squares += off * off
		if math.Abs(off) <= float64(jitter) {
			within++
		}
	}
	mean, deviation := sum/packets, math.Sqrt(squares/packets)
	if limit := 4 * float64(jitter) / math.Sqrt(packets); math.Abs(mean) > limit {
		t.Errorf("the delays are off by %.0f ns on average, want within %.0f", mean, limit)
	}
	if math.Abs(deviation/float64(jitter)-1) > 0.01 {
		t.Errorf("the standard deviation is %.0f ns, want %d", deviation, jitter)
	}
	if share := float64(within) / packets; math.Abs(share-0.6827) > 0.006 {
		t.Errorf("%.4f of the delays are within a standard deviation, want 0.6827 as in a normal distribution", share)
	}
}

func TestJitterNeverMakesTimeGoBackwards(t *testing.T) {
	l := netem.NewLink(netem.LinkConfig{Delay: ms, Jitter: 5 * ms, Reorder: true}, 13, 0, 1)
	atOnce := 0
	for i, r := range send(l, 1000, 100, ms) {
		switch now := time.Duration(i) * ms; {
		case r.due < now:
			t.Fatalf("packet %d, sent at %v, arrives at %v", i, now, r.due)
		case r.due == now:
			atOnce++
		}
	}
	if atOnce == 0 {
		t.Error("no draw fell below 0: the test shows nothing")
	}
}

func TestPacketsKeepTheirOrderUnlessReorderingIsAskedFor(t *testing.T) {
	for _, reorder := range []bool{false, true} {
		config := netem.LinkConfig{Delay: 10 * ms, Jitter: 3 * ms, Reorder: reorder}
		var last time.Duration
		overtaken := false
		for _, r := range send(netem.NewLink(config, 17, 0, 1), 1000, 100, 100*us) {
			overtaken = overtaken || r.due < last
			last = max(last, r.due)
		}
		if overtaken != reorder {
			t.Errorf("with Reorder %v: a packet was overtaken: %v", reorder, overtaken)
		}
	}
}

func TestRateSpacesPacketsExactly(t *testing.T) {
	for _, c := range []struct {
		name    string
		rate    int64 // bit/s
		size    int   // bytes
		packets int
		last    time.Duration // due
	}{
		{"10 Mbit/s, 1250 B are 1 ms", 10e6, 1250, 100, 100*ms + 5*ms},
		{"1 Gbit/s, 125 B are 1 µs", 1e9, 125, 1000, ms + 5*ms},
		{"3 bit/s, fractions of a nanosecond add up", 3, 1, 9, 24*time.Second + 5*ms},
		{"7 Gbit/s, likewise", 7e9, 1000, 7_000_000, 8*time.Second + 5*ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := netem.NewLink(netem.LinkConfig{Delay: 5 * ms, Rate: c.rate}, 1, 0, 1)
			var due time.Duration
			for range c.packets {
				due, _ = l.Transmit(0, c.size)
			}
			if due != c.last {
				t.Errorf("the last of %d packets is due at %v, want %v", c.packets, due, c.last)
			}
		})
	}
}

func TestLinkThatWasFreeStartsAtOnce(t *testing.T) {
	l := netem.NewLink(netem.LinkConfig{Rate: 8e6}, 1, 0, 1) // 1 B is 1 µs
	for i, c := range []struct{ now, due time.Duration }{
		{0, 100 * us},
		{50 * us, 200 * us}, // waits for the first
		{200 * us, 300 * us},
		{999 * us, 1099 * us},
	} {
		if due, _ := l.Transmit(c.now, 100); due != c.due {
			t.Errorf("packet %d, sent at %v, is due at %v, want %v", i, c.now, due, c.due)
		}
	}
}

func TestFullQueueDropsFromTheTail(t *testing.T) {
	l := netem.NewLink(netem.LinkConfig{Rate: 8e6, Queue: 300}, 1, 0, 1) // 1 B is 1 µs
	for i, c := range []struct {
		now  time.Duration
		fate netem.Fate
	}{
		{0, netem.Delivered},
		{0, netem.Delivered},
		{0, netem.Delivered},        // 300 B wait
		{0, netem.Dropped},          // and no more
		{99 * us, netem.Dropped},    // 201 B wait
		{100 * us, netem.Delivered}, // 200 B
		{100 * us, netem.Dropped},
		{time.Second, netem.Delivered},
	} {
		if _, fate := l.Transmit(c.now, 100); fate != c.fate {
			t.Errorf("packet %d, sent at %v: %v, want %v", i, c.now, fate, c.fate)
		}
	}
}

func TestLostPacketOccupiesTheLink(t *testing.T) {
	l := netem.NewLink(netem.LinkConfig{Rate: 8e6, Loss: 1}, 1, 0, 1)
	l.Transmit(0, 100)
	l.SetConfig(netem.LinkConfig{Rate: 8e6})
	if due, _ := l.Transmit(0, 100); due != 200*us {
		t.Errorf("the packet behind a lost one is due at %v, want 200µs", due)
	}
}

func TestChangeOfConfigurationKeepsWeatherAndOrder(t *testing.T) {
	config := netem.LinkConfig{Delay: 50 * ms, Loss: 0.5}
	steady := send(netem.NewLink(config, 3, 0, 1), 200, 100, ms)

	l := netem.NewLink(config, 3, 0, 1)
	before := send(l, 100, 100, ms)
	faster := config
	faster.Delay = 10 * ms
	l.SetConfig(faster)
	var last time.Duration
	for i := range before {
		last = max(last, before[i].due)
	}
	for i := 100; i < 200; i++ {
		due, fate := l.Transmit(time.Duration(i)*ms, 100)
		if fate != steady[i].fate {
			t.Fatalf("packet %d: %v, want %v as without the change", i, fate, steady[i].fate)
		}
		if fate == netem.Delivered && due < last {
			t.Fatalf("packet %d arrives at %v, before one that was sent earlier and arrives at %v", i, due, last)
		}
	}
}

func TestValidateNamesWhatIsOutOfRange(t *testing.T) {
	for _, c := range []struct {
		config netem.LinkConfig
		want   string
	}{
		{netem.LinkConfig{}, ""},
		{netem.LinkConfig{Delay: ms, Jitter: ms, Loss: 1, Rate: 1, Queue: 1, Reorder: true}, ""},
		{netem.LinkConfig{Delay: -ms}, "found delay -1ms; accepted: 0s or more"},
		{netem.LinkConfig{Jitter: -ms}, "found jitter -1ms; accepted: 0s or more"},
		{netem.LinkConfig{Loss: 5}, "found loss 5; accepted: a share from 0 to 1"},
		{netem.LinkConfig{Loss: math.NaN()}, "found loss NaN; accepted: a share from 0 to 1"},
		{netem.LinkConfig{Rate: -1}, "found rate -1 bit/s; accepted: 0 (unlimited) or more"},
		{netem.LinkConfig{Queue: -1}, "found queue -1 bytes; accepted: 0 (unlimited) or more"},
	} {
		got := ""
		if err := c.config.Validate(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.config, got, c.want)
		}
	}
}

func BenchmarkTransmit(b *testing.B) {
	for _, c := range []struct {
		name   string
		config netem.LinkConfig
	}{
		{"delay", netem.LinkConfig{Delay: 50 * ms}},
		{"everything", netem.LinkConfig{Delay: 50 * ms, Jitter: ms, Loss: 0.01, Rate: 1e9, Queue: 1 << 20}},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := netem.NewLink(c.config, 1, 0, 1)
			var now time.Duration
			b.ReportAllocs()
			for b.Loop() {
				now += us
				l.Transmit(now, 100)
			}
		})
	}
}
