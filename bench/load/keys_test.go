package load

import (
	"math"
	"testing"

	"quorumbench/protocols/kv"
)

// keysOf counts how often each key is used by reads, and by writes, of a hundred thousand commands of a region of three.
func keysOf(t *testing.T, load string, region int) (reads, writes map[uint64]float64) {
	t.Helper()
	g := newGenerator(&planned(t, load).Load, 1, 0, region)
	g.regions = 3
	reads, writes = map[uint64]float64{}, map[uint64]float64{}
	var c kv.Command
	for range 100_000 {
		n := g.fill(&c, nil).key
		if c.Op == kv.Op_GET {
			reads[n]++
		} else {
			writes[n]++
		}
	}
	return reads, writes
}

// Below, at and above an exponent of 1, keys are used in proportion to that power of their rank.
func TestKeysAreUsedByTheirRank(t *testing.T) {
	for load, exponent := range map[string]float64{
		"{keys: {count: 1000, distribution: zipf, exponent: 0.5}}":  0.5,
		"{keys: {count: 1000, distribution: zipf, exponent: 0.99}}": 0.99,
		"{keys: {count: 1000, distribution: zipf, exponent: 1}}":    1,
		"{keys: {count: 1000, distribution: zipf}}":                 1.01,
		"{keys: {count: 1000, distribution: zipf, exponent: 2}}":    2,
	} {
		sum := 0.0
		for k := 1; k <= 1000; k++ {
			sum += math.Pow(float64(k), -exponent)
		}
		_, writes := keysOf(t, load, 0)
		for _, k := range []int{1, 2, 3, 10} {
			want := 100_000 * math.Pow(float64(k), -exponent) / sum
			if got := writes[uint64(k-1)]; math.Abs(got-want) > 4.5*math.Sqrt(want) {
				t.Errorf("%s: key %d is written %v times, want %.0f", load, k, got, want)
			}
		}
		last := 0.0 // the rarer half
		for k := uint64(500); k < 1000; k++ {
			last += writes[k]
		}
		want := 0.0
		for k := 501; k <= 1000; k++ {
			want += 100_000 * math.Pow(float64(k), -exponent) / sum
		}
		if math.Abs(last-want) > 4.5*math.Sqrt(want) {
			t.Errorf("%s: the rarer half of the keys is written %v times, want %.0f", load, last, want)
		}
		for k := range writes {
			if k >= 1000 {
				t.Errorf("%s: found key %d", load, k)
			}
		}
	}
}

func TestAFewKeysAreHot(t *testing.T) {
	_, writes := keysOf(t, "{keys: {count: 1000, distribution: hotspot, hot_keys: 5, hot_share: 60%}}", 0)
	hot := 0.0
	for k, n := range writes {
		if k < 5 {
			hot += n
			near(t, "the use of a hot key", n, 12_000, 0.05)
		} else if k >= 1000 || n > 100 {
			t.Errorf("key %d is written %v times, want about 40", k, n)
		}
	}
	near(t, "the use of all hot keys", hot, 60_000, 0.02)
	if len(writes) != 1000 {
		t.Errorf("%d keys were written, want 1000", len(writes))
	}
}

// A region uses its own keys, and with a share of the commands those of the others, each alike.
func TestKeysArePartitioned(t *testing.T) {
	for region := range 3 {
		for load, foreign := range map[string]float64{
			"{keys: {count: 100, foreign: 0%}}": 0, "{keys: {count: 100, foreign: 20%}}": 0.2, "{keys: {count: 100, foreign: 100%}}": 1,
		} {
			_, writes := keysOf(t, load, region)
			var of [3]float64
			for k, n := range writes {
				if k >= 300 {
					t.Fatalf("%s: found key %d", load, k)
				}
				of[k/100] += n
			}
			for owner, got := range of {
				want := 100_000 * foreign / 2
				if owner == region {
					want = 100_000 * (1 - foreign)
				}
				if math.Abs(got-want) > 4.5*math.Sqrt(want) {
					t.Errorf("%s: region %d used keys of region %d %v times, want %.0f", load, region, owner, got, want)
				}
			}
		}
	}
}

// Under latest each write has a key that no other write has, of any region, and reads use the newest keys most.
func TestReadsUseTheLatestKeys(t *testing.T) {
	const load = "{reads: 90%, keys: {count: 1000, distribution: latest, exponent: 0.99}}"
	writers := map[uint64]int{}
	for region := range 3 {
		_, writes := keysOf(t, load, region)
		for k, n := range writes {
			if writers[k]++; n > 1 || writers[k] > 1 || k < 1000 {
				t.Errorf("key %d is written %v times in region %d", k, n, region)
			}
		}
		near(t, "the number of new keys", float64(len(writes)), 10_000, 0.05)
	}
	g := newGenerator(&planned(t, load).Load, 1, 0, 1)
	g.regions = 3
	var c kv.Command
	ages, newest := map[uint64]float64{}, uint64(1000)
	for range 200_000 {
		if n := g.fill(&c, nil).key; c.Op == kv.Op_PUT {
			newest += 3
		} else {
			ages[newest-1-n]++
		}
	}
	sum := 0.0
	for k := 1; k <= 1000; k++ {
		sum += math.Pow(float64(k), -0.99)
	}
	for _, k := range []int{1, 2, 10} {
		want := 180_000 * math.Pow(float64(k), -0.99) / sum
		near(t, "reads of one of the newest keys", ages[uint64(k-1)], want, 0.06)
	}
	for age := range ages {
		if age >= 1000 {
			t.Errorf("found a read of the key that is number %d from the newest", age)
		}
	}
}
