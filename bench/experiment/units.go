package experiment

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Rate is a number of events per second, written 50/s, 3000/min.
type Rate float64

var rateUnits = []struct {
	suffix  string
	seconds float64
}{{"/s", 1}, {"/min", 60}, {"/h", 3600}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rate) UnmarshalText(text []byte) error {
	for _, unit := range rateUnits {
		if number, ok := strings.CutSuffix(string(text), unit.suffix); ok {
			if n := parseNumber(number); n > 0 {
				*r = Rate(n / unit.seconds)
				return nil
			}
		}
	}
	return fmt.Errorf("found %q; accepted: a rate above zero with its unit, as in 50/s or 3000/min", text)
}

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String returns the rate per second, with its unit.
func (r Rate) String() string { return strconv.FormatFloat(float64(r), 'g', -1, 64) + "/s" }

// Size is a number of bytes, written 128B, 4KiB, 1MiB.
type Size int

// maxValueSize is the greatest size of a value, well below the greatest message of the transport.
const maxValueSize = 1 << 20

var sizeUnits = []struct {
	suffix string
	bytes  int
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"kB", 1000}, {"MB", 1000 * 1000}, {"B", 1}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	for _, unit := range sizeUnits {
		if number, ok := strings.CutSuffix(string(text), unit.suffix); ok {
			n, err := strconv.Atoi(strings.Trim(number, " \t"))
			if err != nil || n < 0 || n > math.MaxInt32/unit.bytes {
				break
			}
			*s = Size(n * unit.bytes)
			return nil
		}
	}
	return fmt.Errorf("found %q; accepted: a whole number of bytes with its unit, as in 128B, 4KiB, 10kB", text)
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns the size in the largest unit that divides it.
func (s Size) String() string {
	switch {
	case s != 0 && s%(1<<20) == 0:
		return strconv.Itoa(int(s>>20)) + "MiB"
	case s != 0 && s%(1<<10) == 0:
		return strconv.Itoa(int(s>>10)) + "KiB"
	}
	return strconv.Itoa(int(s)) + "B"
}

// Share is a part of a whole, from 0 to 1, written 0% to 100%.
type Share float64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Share) UnmarshalText(text []byte) error {
	if number, ok := strings.CutSuffix(string(text), "%"); ok {
		if n := parseNumber(number); n >= 0 && n <= 100 {
			*s = Share(n / 100)
			return nil
		}
	}
	return fmt.Errorf("found %q; accepted: a share from 0%% to 100%%, as in 0.5%%", text)
}

// MarshalText implements encoding.TextMarshaler. UnmarshalText reads the same share from it, to the last bit.
func (s Share) MarshalText() ([]byte, error) { return []byte(percent(float64(s))), nil }

// String returns the share in percent, to six digits.
func (s Share) String() string { return strconv.FormatFloat(float64(s)*100, 'g', 6, 64) + "%" }

// percent writes a share in percent with as many digits as it takes, six at least, to get the same share by dividing by 100
// what is read. For a share that no text in percent gives, that is the nearest one.
func percent(share float64) string {
	hundred := share * 100
	for digits := 6; digits <= 17; digits++ {
		for _, n := range []float64{hundred, math.Nextafter(hundred, 0), math.Nextafter(hundred, math.Inf(1))} {
			text := strconv.FormatFloat(n, 'g', digits, 64)
			if read, err := strconv.ParseFloat(text, 64); err == nil && read/100 == share {
				return text + "%"
			}
		}
	}
	return strconv.FormatFloat(hundred, 'g', -1, 64) + "%"
}

// Factor is a multiple of the right value, above 0, written 50% or 300%.
type Factor float64

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Factor) UnmarshalText(text []byte) error {
	if number, ok := strings.CutSuffix(string(text), "%"); ok {
		if n := parseNumber(number); n >= 1 && n <= 10_000 {
			*f = Factor(n / 100)
			return nil
		}
	}
	return fmt.Errorf("found %q; accepted: a factor from 1%% to 10000%%, as in 50%% or 300%%", text)
}

// MarshalText implements encoding.TextMarshaler. UnmarshalText reads the same factor from it, to the last bit.
func (f Factor) MarshalText() ([]byte, error) { return []byte(percent(float64(f))), nil }

// String returns the factor in percent, to six digits.
func (f Factor) String() string { return strconv.FormatFloat(float64(f)*100, 'g', 6, 64) + "%" }

// BitRate is a number of bits per second, written 100Mbit/s; zero is unlimited.
type BitRate int64

var bitRateUnits = []struct {
	suffix string
	bits   float64
}{{"Gbit/s", 1e9}, {"Mbit/s", 1e6}, {"kbit/s", 1e3}, {"bit/s", 1}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *BitRate) UnmarshalText(text []byte) error {
	for _, unit := range bitRateUnits {
		if number, ok := strings.CutSuffix(string(text), unit.suffix); ok {
			n := parseNumber(number)
			if !(n*unit.bits >= 1) || n*unit.bits > 1e15 {
				break
			}
			*b = BitRate(n * unit.bits)
			return nil
		}
	}
	return fmt.Errorf("found %q; accepted: bits per second with their unit, as in 100Mbit/s or 512kbit/s", text)
}

// MarshalText implements encoding.TextMarshaler.
func (b BitRate) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// String returns the bit rate in the largest unit of which it is a whole number.
func (b BitRate) String() string {
	for _, unit := range bitRateUnits {
		if n := float64(b) / unit.bits; b != 0 && n == math.Trunc(n) {
			return strconv.FormatFloat(n, 'f', -1, 64) + unit.suffix
		}
	}
	return "0bit/s"
}

// PerByte is a time for each byte, in picoseconds, written 2.5ns or 1us.
type PerByte int64

// maxPerByte is the longest time for a byte.
const maxPerByte PerByte = 1_000_000 // 1 µs

var perByteUnits = []struct {
	suffix      string
	picoseconds float64
}{{"ns", 1e3}, {"us", 1e6}, {"µs", 1e6}, {"s", 1e12}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *PerByte) UnmarshalText(text []byte) error {
	for _, unit := range perByteUnits {
		if number, ok := strings.CutSuffix(string(text), unit.suffix); ok {
			if found := math.Round(parseNumber(number) * unit.picoseconds); found >= 0 && found <= float64(maxPerByte) {
				*p = PerByte(found)
				return nil
			}
			break
		}
	}
	return fmt.Errorf("found %q; accepted: 0s to 1us for each byte, to a thousandth of a nanosecond, as in 2.5ns", text)
}

// MarshalText implements encoding.TextMarshaler.
func (p PerByte) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String returns the time in nanoseconds.
func (p PerByte) String() string {
	if p == 0 {
		return "0s"
	}
	return strconv.FormatFloat(float64(p)/1e3, 'f', -1, 64) + "ns"
}

// Of is the time for so many bytes, cut to nanoseconds.
func (p PerByte) Of(bytes int) time.Duration { return time.Duration(int64(p) * int64(bytes) / 1000) }

// Local is the round trip between clients and a replica in the same region: a duration, or the word measured for
// the topology's value.
type Local string

// localMeasured is the word for a Local that is the topology's.
const localMeasured = "measured"

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Local) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if string(text) != localMeasured && (err != nil || d > time.Minute || !localPattern.Match(text)) {
		return fmt.Errorf("found %q; accepted: a round trip from 0s to 1m, as in 0.5ms, or measured", text)
	}
	*l = Local(text)
	return nil
}

// oneWay returns half of the round trip. With isMeasured, the topology's value is meant instead.
func (l Local) oneWay() (delay time.Duration, isMeasured bool) {
	if l == localMeasured {
		return 0, true
	}
	d, err := time.ParseDuration(string(l))
	if err != nil {
		return 0, false // empty
	}
	return d / 2, false
}
