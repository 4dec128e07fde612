package load

import (
	"maps"
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"quorumbench/bench/experiment"
	"quorumbench/protocols/kv"
)

func load(arrivals experiment.Arrivals, rate experiment.Rate, keys experiment.Keys) *experiment.Load {
	return &experiment.Load{Arrivals: arrivals, Rate: rate, ValueSize: 16, Keys: keys}
}

func TestPoissonGapsAreExponential(t *testing.T) {
	g := newGenerator(load(experiment.Poisson, 50, experiment.Keys{Count: 1, Distribution: experiment.Uniform}), 1, 0, 0)
	var gaps []float64
	last := time.Duration(0)
	for range 100_000 {
		next := g.arrival()
		gaps = append(gaps, (next - last).Seconds())
		last = next
	}
	mean, deviation := stat.MeanStdDev(gaps, nil)
	if math.Abs(mean-0.02) > 0.0003 || math.Abs(deviation-0.02) > 0.0005 {
		t.Errorf("gaps have mean %.4f s and deviation %.4f s, both should be 0.02", mean, deviation)
	}
}

func TestConstantGapsAreEqual(t *testing.T) {
	g := newGenerator(load(experiment.Constant, 50, experiment.Keys{Count: 1, Distribution: experiment.Uniform}), 1, 0, 0)
	for i := 1; i <= 100; i++ {
		if got := g.arrival(); got != time.Duration(i)*20*time.Millisecond {
			t.Fatalf("arrival %d is at %v", i, got)
		}
	}
}

func TestKeysFollowTheirDistribution(t *testing.T) {
	frequencies := func(keys experiment.Keys) map[string]int {
		g := newGenerator(load(experiment.Poisson, 1, keys), 1, 0, 0)
		count := map[string]int{}
		var c kv.Command
		for range 100_000 {
			g.fill(&c, nil)
			count[string(c.Key)]++
		}
		return count
	}
	uniform := frequencies(experiment.Keys{Count: 10, Distribution: experiment.Uniform})
	for key, n := range uniform {
		if n < 9_500 || n > 10_500 {
			t.Errorf("%s is written %d times of 100000", key, n)
		}
	}
	zipf := frequencies(experiment.Keys{Count: 1000, Distribution: experiment.Zipf, Exponent: 2})
	if ratio := float64(zipf["key-0"]) / float64(zipf["key-1"]); ratio < 3.8 || ratio > 4.2 {
		t.Errorf("with exponent 2 the first key is written %.2f times as often as the second, not 4", ratio)
	}
	if len(uniform) != 10 || len(zipf) > 1000 {
		t.Errorf("%d and %d keys", len(uniform), len(zipf))
	}
}

func TestValuesHaveTheirSizeAndDiffer(t *testing.T) {
	g := newGenerator(load(experiment.Poisson, 1, experiment.Keys{Count: 1, Distribution: experiment.Uniform}), 1, 0, 0)
	var c kv.Command
	g.fill(&c, nil)
	first := string(c.Value)
	g.fill(&c, nil)
	if len(c.Value) != 16 || string(c.Value) == first {
		t.Errorf("values %x and %x", first, c.Value)
	}
	found := map[int]bool{}
	for range 100 {
		g.fill(&c, []int{3, 400})
		found[len(c.Value)] = true
	}
	if !maps.Equal(found, map[int]bool{3: true, 400: true}) {
		t.Errorf("values of the sizes %v, want 3 and 400", found)
	}
}

func TestConflictsGoToOneKeyAndAllElseToKeysOfTheRegionsOwn(t *testing.T) {
	for _, share := range []experiment.Share{0, 0.1, 1} {
		regions := map[string]map[int]bool{} // that have written a key
		common := 0
		for region := range 3 {
			g := newGenerator(load(experiment.Poisson, 1, experiment.Keys{Count: 50, Distribution: experiment.Uniform, Conflicts: &share}), 1, 0, region)
			var c kv.Command
			for range 10_000 {
				n := g.fill(&c, nil).key
				if n == 0 {
					common++
				}
				key := string(c.Key)
				if regions[key] == nil {
					regions[key] = map[int]bool{}
				}
				regions[key][region] = true
			}
		}
		if want := float64(share) * 30_000; math.Abs(float64(common)-want) > 200 {
			t.Errorf("with %v, %d of 30000 commands went to the common key", share, common)
		}
		keys := 0
		for key, writers := range regions {
			if key == "key-0" {
				continue
			}
			keys++
			if len(writers) > 1 {
				t.Errorf("with %v, %s was written from %d regions", share, key, len(writers))
			}
		}
		if want := 150; keys != want && share < 1 || share == 1 && keys > 0 {
			t.Errorf("with %v, there are %d keys besides the common one, want %d", share, keys, want)
		}
	}
}

// In each part of the measured time as many commands arrive as the rate times the factor says; so many parts that a factor
// of another time, or of another region, would be seen.
func TestArrivalsFollowTheRateAsItChanges(t *testing.T) {
	const duration, parts = 1000 * time.Second, 50
	base := experiment.Load{
		Rate: 10, Rates: map[string]experiment.Rate{"hot": 40},
		Warmup: 100 * time.Second, Duration: duration, Peak: 5, Keys: experiment.Keys{Count: 1, Distribution: experiment.Uniform},
		Hours: map[string]float64{"hot": 9},
	}
	for _, test := range []struct {
		arrivals experiment.Arrivals
		set      func(l *experiment.Load)
		want     func(region string, share float64) float64 // factor at a share of the duration
	}{
		{experiment.Poisson, func(*experiment.Load) {}, func(string, float64) float64 { return 1 }},
		{experiment.Ramp, func(*experiment.Load) {}, func(_ string, share float64) float64 { return 1 + 4*share }},
		{experiment.Step, func(l *experiment.Load) { l.Steps = 5 }, func(_ string, share float64) float64 { return 1 + math.Floor(share*5) }},
		{experiment.Burst, func(l *experiment.Load) { l.Every, l.Burst = duration/5, duration/25 }, func(_ string, share float64) float64 {
			if math.Mod(share, 0.2) < 0.04 {
				return 5
			}
			return 1
		}},
		{experiment.Day, func(l *experiment.Load) { l.Every = duration }, func(region string, share float64) float64 {
			hour := share*24 + base.Hours[region]
			if hour >= 24 {
				hour -= 24
			}
			return 5 - 4*math.Abs(math.Remainder(hour-14, 24))/12 // the peak at 14, and 1 at 2
		}},
	} {
		for _, region := range []string{"hot", "cold"} {
			l := base
			l.Arrivals = test.arrivals
			test.set(&l)
			g := newGenerator(l.In(region), 1, 0, 0)
			found, warm := make([]float64, parts), 0.0
			for {
				at := g.arrival() - l.Warmup
				if at >= duration {
					break
				}
				if at < 0 {
					warm++
					continue
				}
				found[int(at*parts/duration)]++
			}
			rate := float64(l.In(region).Rate)
			for i, n := range append(found, warm) {
				middle, length := (float64(i)+0.5)/parts, duration.Seconds()/parts
				if i == parts {
					middle, length = 0, l.Warmup.Seconds()
				}
				want := rate * length * test.want(region, middle)
				if math.Abs(n-want) > 4.5*math.Sqrt(want) {
					t.Errorf("%s in %s, part %d: %.0f arrivals, want %.0f", test.arrivals, region, i, n, want)
				}
			}
		}
	}
}
