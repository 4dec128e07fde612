package bench_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// BenchmarkDeliveries measures the simulator with each driver in the shape of the default
// experiment: messages/cpu-s is how many of the replicas' messages it carries in a second of processor
// time, everything around them included, garbage collection and the checks at the end, too.
func BenchmarkDeliveries(b *testing.B) {
	for _, d := range registry.Drivers {
		b.Run(d.Name, func(b *testing.B) {
			plan, err := experiment.Parse("bench.yaml", []byte(threeRegions+
				"protocols: ["+d.Name+"]\nload: {rate: 150/s, duration: 60s, keys: {count: 1000000}}\n"), registry.Drivers)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var messages uint64
			before := processorTime(b)
			for b.Loop() {
				found, err := bench.Execute(context.Background(), plan, bench.Options{})
				if err != nil {
					b.Fatal(err)
				}
				messages += found.Runs[0].Network.Messages
			}
			b.ReportMetric(float64(messages)/(processorTime(b)-before).Seconds(), "messages/cpu-s")
			b.ReportMetric(float64(messages)/float64(b.N), "messages/op")
		})
	}
}

// processorTime is what the process has taken so far, in user mode and in the kernel.
func processorTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
