package experiment_test

import (
	"testing"
	"time"

	"quorumbench/bench/experiment"
)

func TestATimeForEachByteIsExactToThePicosecond(t *testing.T) {
	for text, want := range map[string]struct {
		written string
		of      time.Duration // 10,000 bytes
	}{
		"0s": {"0s", 0}, "2.5ns": {"2.5ns", 25 * time.Microsecond}, "0.001ns": {"0.001ns", 10 * time.Nanosecond}, "1us": {"1000ns", 10 * time.Millisecond},
		"0.25µs": {"250ns", 2500 * time.Microsecond},
	} {
		var p experiment.PerByte
		if err := p.UnmarshalText([]byte(text)); err != nil || p.String() != want.written || p.Of(10_000) != want.of {
			t.Errorf("%s: %v, %v, %v for 10,000 bytes; want %s, %v", text, err, p, p.Of(10_000), want.written, want.of)
		}
	}
	for _, text := range []string{"", "3", "-1ns", "1.1us", "1ms", "xns", "NaNns"} {
		if err := new(experiment.PerByte).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
