//go:build unix

package lives_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"quorumbench/bench/lives"
	"quorumbench/protocols/registry"
)

// BenchmarkSearch measures what a life takes: cpu-ms/life is processor time, garbage collection included. A search that
// collected as often as Go does by default took up to twice as much.
func BenchmarkSearch(b *testing.B) {
	for _, d := range registry.Drivers {
		b.Run(d.Name, func(b *testing.B) {
			before := processorTime(b)
			var played uint64
			for b.Loop() {
				found, tally, err := lives.Search(context.Background(), lives.Generator{Driver: d}, 1, 100, nil)
				if err != nil || found != nil {
					b.Fatal(found, err)
				}
				played += tally.Lives
			}
			b.ReportMetric((processorTime(b)-before).Seconds()*1000/float64(played), "cpu-ms/life")
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
