package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumbench/netem/sim"
)

func TestEventsHappenInOrderAndTheClockGoesWithThem(t *testing.T) {
	var loop sim.Loop[string]
	loop.At(20, "c")
	loop.At(10, "a")
	loop.At(10, "b")
	loop.At(30, "at the end")
	loop.At(31, "later")
	var got []string
	loop.Run(30, func(event string) {
		got = append(got, fmt.Sprint(event, " ", int64(loop.Now())))
		if event == "a" {
			loop.At(5, "missed") // has passed
			loop.At(15, "on the way")
		}
	})
	want := []string{"a 10", "b 10", "missed 10", "on the way 15", "c 20", "at the end 30"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if loop.Now() != 30 || loop.Len() != 1 {
		t.Errorf("Now = %d, Len = %d, want 30 and 1", loop.Now(), loop.Len())
	}
}

func TestTheClockGoesOnWithoutEventsAndNeverBack(t *testing.T) {
	var loop sim.Loop[int]
	loop.Run(time.Second, func(int) { t.Error("something happened") })
	if _, ok := loop.Next(time.Millisecond); ok || loop.Now() != time.Second {
		t.Errorf("Next = %v, Now = %v, want nothing at 1s", ok, loop.Now())
	}
}

// BenchmarkLoop keeps a thousand events going, each of which enters another one.
func BenchmarkLoop(b *testing.B) {
	var loop sim.Loop[uint32]
	for i := range uint32(1000) {
		loop.At(time.Duration(i), i)
	}
	left := b.N
	b.ReportAllocs()
	b.ResetTimer()
	for left > 0 {
		event, _ := loop.Next(1 << 62)
		loop.At(loop.Now()+time.Duration(event*2654435761>>20), event+1)
		left--
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
