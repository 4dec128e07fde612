package prototest

import (
	"fmt"
	"testing"
	"time"

	"quorumbench/protocols"
)

// survivesLossQuickly loses a fifth of all messages, while one client at a time writes. A write takes two exchanges at
// most: between the client's replica and a leader, or two phases, and between a proposer and a quorum. Each attempt of an
// exchange fails with q = 1 - 0.8², and is repeated after a timeout that doubles up to four times. So it takes, on
// average, a round trip and timeout × (q + 2q² + 4q³ + 4q⁴ + …), and less than one of a million exchanges takes more than
// 14 attempts.
func survivesLossQuickly(t *testing.T, driver protocols.Driver, delays protocols.Delays) {
	const (
		loss   = 0.2
		q      = 1 - (1-loss)*(1-loss)
		writes = 100
		tries  = 14
	)
	roundTrip := delays.MaxRoundTrip()
	timeout := protocols.Retry(roundTrip)
	mean := 2 * (roundTrip + time.Duration(float64(timeout)*(q+2*q*q+4*q*q*q/(1-q))))
	most := 2 * 4 * tries * timeout
	c := NewCluster(t, driver, Network{Delays: delays, Loss: loss}, 0, 1)
	c.Put(0, 99, "first", "v")
	c.RunUntilAnswered(time.Minute) // a leader may have to be elected
	var sum time.Duration
	for i := range writes {
		to := protocols.NodeID(i % len(delays))
		id := c.Put(to, uint64(to), fmt.Sprint("key ", i), "v")
		if c.RunUntilAnswered(most); t.Failed() {
			return
		}
		sum += c.Answers[id].Latency
	}
	if got := sum / writes; got > mean {
		t.Errorf("a write takes %v on average with %.0f %% loss; want at most %v: two exchanges over %v with a timeout of %v", got, 100*loss, mean, roundTrip, timeout)
	}
}
