package quicnet_test

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"quorumbench/netem"
	"quorumbench/netem/emulator"
	"quorumbench/netem/quicnet"
)

// BenchmarkHop measures what a message costs above the delay of the link, from Send to Receive, in
// real time: three replicas send 100 B to each other, a message each millisecond in all.
func BenchmarkHop(b *testing.B) {
	const delay = 10 * time.Millisecond
	for _, mode := range []quicnet.Mode{quicnet.StreamPerBatch, quicnet.OneStream} {
		b.Run(mode.String(), func(b *testing.B) {
			scheduler := emulator.New(0)
			defer scheduler.Close()
			network := emulator.NewNetwork(scheduler, 3, func(from, to int) *netem.Link {
				return netem.NewLink(netem.LinkConfig{Delay: delay}, 1, from, to)
			})
			arrivals := make(chan time.Duration, b.N)
			n, err := quicnet.New(quicnet.Config{
				Replicas: 3,
				Mode:     mode,
				Conn:     func(i int) net.PacketConn { return network.Conn(i) },
				Receive: func(_, _ int, message []byte) {
					arrivals <- scheduler.Now() - time.Duration(binary.LittleEndian.Uint64(message)) - delay
				},
			})
			if err != nil {
				b.Fatal(err)
			}
			defer n.Close()
			if err := n.WaitConnected(context.Background()); err != nil {
				b.Fatal(err)
			}
			scheduler.TakeLateness(emulator.Packets)

			b.ResetTimer()
			start := scheduler.Now()
			for i := range b.N {
				from := i % 3
				scheduler.At(start+time.Duration(i)*time.Millisecond, emulator.Arrivals, emulator.Func(func() {
					message := make([]byte, 100)
					binary.LittleEndian.PutUint64(message, uint64(scheduler.Now()))
					n.Endpoint(from).Send((from+1+i/3%2)%3, message)
				}))
			}
			above := hdrhistogram.New(1, int64(time.Minute), 3)
			for range b.N {
				_ = above.RecordValue(int64(<-arrivals))
			}
			report(b, above, "hop")
			report(b, scheduler.TakeLateness(emulator.Packets), "late")
			var packets uint64
			for from := range 3 {
				for to := range 3 {
					packets += network.Counters(from, to).Packets
				}
			}
			b.ReportMetric(float64(packets)/float64(b.N), "packets/op")
		})
	}
}

func report(b *testing.B, h *hdrhistogram.Histogram, what string) {
	b.ReportMetric(float64(h.ValueAtPercentile(50))/1e3, what+"-p50-µs")
	b.ReportMetric(float64(h.ValueAtPercentile(99))/1e3, what+"-p99-µs")
}
