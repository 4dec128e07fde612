package quicnet_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumbench/netem"
	"quorumbench/netem/quicnet"
)

// TestLossHoldsUpOneStreamButNotManyOfThem is the measurement that the default mode was chosen by:
// 100 ms round trip, 100 B each 10 ms, for 100 s. Run it with -v to see the figures.
func TestLossHoldsUpOneStreamButNotManyOfThem(t *testing.T) {
	const (
		messages = 10_000
		delay    = 50 * ms
	)
	for _, loss := range []float64{0, 0.01, 0.05} {
		t.Run(fmt.Sprintf("%v%%", 100*loss), func(t *testing.T) {
			inBubble(t, 2, netem.LinkConfig{Delay: delay, Loss: loss}, func(t *testing.T, w *world) {
				before := w.network.Counters(0, 1).Packets + w.network.Counters(1, 0).Packets
				for i := range messages {
					w.net.Endpoint(0).Send(1, fmt.Appendf(nil, "%0100d", i))
					time.Sleep(10 * ms)
				}
				var took []time.Duration
				for _, a := range w.after(200 * time.Second) {
					var i int
					if _, err := fmt.Sscanf(a.message, "%d", &i); err != nil {
						t.Fatal(err)
					}
					took = append(took, a.at-time.Duration(i)*10*ms)
				}
				if len(took) != messages {
					t.Fatalf("%d of %d messages arrived", len(took), messages)
				}
				slices.Sort(took)
				packets := w.network.Counters(0, 1).Packets + w.network.Counters(1, 0).Packets - before
				t.Logf("p50 %v, p90 %v, p99 %v, p99.9 %v; %.2f packets a message",
					took[messages/2], took[messages*9/10], took[messages*99/100], took[messages*999/1000],
					float64(packets)/messages)
				switch held := took[messages*9/10] > delay; {
				case w.mode == quicnet.StreamPerBatch && held:
					t.Error("a message in ten or more was held up")
				case w.mode == quicnet.OneStream && loss == 0.05 && !held:
					t.Error("fewer than a message in ten was held up")
				}
			})
		})
	}
}

func TestCloseEndsEverythingWhileMessagesAreUnderWay(t *testing.T) {
	// A goroutine that is left blocks the end of the bubble, which fails the test.
	inBubble(t, 3, netem.LinkConfig{Delay: 50 * ms, Loss: 0.05}, func(t *testing.T, w *world) {
		for i := range 100 {
			w.net.Endpoint(i%3).Send((i+1)%3, make([]byte, 10_000))
			time.Sleep(ms)
		}
		if err := w.net.Close(); err != nil {
			t.Error(err)
		}
		arrived := len(w.after(time.Second))
		w.net.Endpoint(0).Send(1, []byte("after all"))
		if len(w.after(time.Minute)) != arrived {
			t.Error("messages arrived after Close")
		}
	})
}
