package bench_test

import (
	"context"
	"testing"

	"quorumbench/bench"
	"quorumbench/bench/experiment"
	"quorumbench/protocols/registry"
)

// BenchmarkDeliveries measures the simulator with each driver in the shape of the default
// experiment: messages/s is how many of the replicas' messages it carries in a second of real time,
// on one core, everything around them included.
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
			for b.Loop() {
				found, err := bench.Execute(context.Background(), plan, bench.Options{})
				if err != nil {
					b.Fatal(err)
				}
				messages += found.Runs[0].Network.Messages
			}
			b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(float64(messages)/float64(b.N), "messages/op")
			b.ReportMetric(62*float64(b.N)/b.Elapsed().Seconds(), "virtual-s/s")
		})
	}
}
