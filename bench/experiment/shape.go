package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quorumbench/configs/strictyaml"
	"quorumbench/netem"
)

// Factor says how the rate of an open loop changes while measuring: by a factor from 1 to Load.Peak of the region's rate, if the load is that of a region; see In. During
// the warm-up it is the factor of the beginning.
//
//	ramp     from 1 to the peak, linearly
//	step     from 1 to the peak in load.steps levels of equal length
//	burst    the peak for load.burst, 1 for the rest of each load.every
//	day      between 1, at two o'clock at night, and the peak, at two in the afternoon, linearly; a day takes load.every, and
//	         begins with the midnight of hours: 0
func (l *Load) Factor(at time.Duration) float64 {
	at = max(0, at-l.Warmup)
	rise := l.Peak - 1
	switch l.Arrivals {
	case Ramp:
		return 1 + float64(rise*min(1, float64(at)/float64(l.Duration)))
	case Step:
		level := min(l.Steps-1, int(int64(at)*int64(l.Steps)/int64(l.Duration)))
		return 1 + float64(rise*float64(level)/float64(l.Steps-1))
	case Burst:
		if at%l.Every < l.Burst {
			return l.Peak
		}
	case Day:
		const night, day = 2, 24
		hour := float64(float64(at%l.Every)/float64(l.Every)*day) + l.hour
		since := hour - night
		for since < 0 {
			since += day
		}
		for since >= day {
			since -= day
		}
		if since > day/2 {
			since = day - since
		}
		return 1 + float64(rise*since/(day/2))
	}
	return 1
}

// Varies reports whether the rate changes while measuring.
func (l *Load) Varies() bool { return slices.Contains([]Arrivals{Ramp, Step, Burst, Day}, l.Arrivals) }

// MeanFactor is about the mean of Factor while measuring.
func (l *Load) MeanFactor() float64 {
	if !l.Varies() {
		return 1
	}
	const parts = 1000
	sum := 0.0
	for i := range parts {
		sum += l.Factor(l.Warmup + l.Duration*time.Duration(i)/parts)
	}
	return sum / parts
}

// checkShape checks the settings of a rate that changes, and fills in their defaults.
func (p *Plan) checkShape(doc *strictyaml.Document, _ *netem.Topology) error {
	l := &p.Experiment.Load
	for _, c := range []struct {
		path string
		set  bool
		with []Arrivals
	}{
		{"load.peak", l.Peak != 0, []Arrivals{Ramp, Step, Burst, Day}},
		{"load.steps", l.Steps != 0, []Arrivals{Step}},
		{"load.every", l.Every != 0, []Arrivals{Burst, Day}},
		{"load.burst", l.Burst != 0, []Arrivals{Burst}},
		{"load.hours", len(l.Hours) > 0, []Arrivals{Day}},
	} {
		if c.set && !slices.Contains(c.with, l.Arrivals) {
			return doc.Errorf(c.path, "found it with arrivals: %s; accepted: with arrivals: %s", l.Arrivals, strings.Join(texts(c.with), ", "))
		}
	}
	if !l.Varies() {
		return nil
	}
	setDefault(&l.Peak, 10)
	if l.Arrivals == Step {
		setDefault(&l.Steps, 5)
	}
	if l.Arrivals == Burst {
		setDefault(&l.Every, l.Duration/5)
		setDefault(&l.Burst, l.Every/10)
	}
	if l.Arrivals == Day {
		setDefault(&l.Every, l.Duration)
	}
	for _, c := range []struct {
		path     string
		ok       bool
		found    any
		accepted string
	}{
		{"load.peak", Ranges["load.peak"].Has(l.Peak), l.Peak, "a factor from 1 to 10000"},
		{"load.steps", l.Arrivals != Step || Ranges["load.steps"].Has(l.Steps), l.Steps, "2 to 1000"},
		{"load.every", l.Arrivals != Burst && l.Arrivals != Day || l.Every >= 10*time.Millisecond && l.Every <= maxLength, l.Every, "10ms to 24h"},
		{"load.burst", l.Arrivals != Burst || l.Burst > 0 && l.Burst <= l.Every, l.Burst, fmt.Sprintf("more than 0s, up to load.every, %v", l.Every)},
	} {
		if !c.ok {
			return doc.Errorf(c.path, "found %v; accepted: %s", c.found, c.accepted)
		}
	}
	for _, region := range p.Experiment.Clients {
		if most := float64(l.In(region).Rate) * l.Peak; most > float64(MaxRate) {
			return doc.Errorf("load.peak", "found %v, which makes %.0f/s in %s; accepted: up to %v in each region", l.Peak, most, region, MaxRate)
		}
	}
	for _, region := range slices.Sorted(maps.Keys(l.Hours)) {
		path := "load.hours." + region
		if !slices.Contains(p.Experiment.Clients, region) {
			return doc.Errorf(path, "found %q; accepted: %s", region, strings.Join(p.Experiment.Clients, ", "))
		}
		if h := l.Hours[region]; !Ranges["load.hours"].Has(h) {
			return doc.Errorf(path, "found %v; accepted: hours before or after the midnight of the run, -12 to 14", h)
		}
	}
	return nil
}

func texts[T ~string](all []T) []string {
	var words []string
	for _, one := range all {
		words = append(words, string(one))
	}
	return words
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}
