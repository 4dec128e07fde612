package bench

import (
	"maps"
	"slices"
)

// Measure sums up a number that a driver notes, or how often an event happened that it counts.
// What happened before measuring began is left out.
type Measure struct {
	Name  string `json:"name"` // the driver's word
	Count int64  `json:"count"`
	Sum   int64  `json:"sum"` // of the numbers; 0 of an event that has none
	Max   int64  `json:"max"`
}

// Mean is the mean of the numbers, 0 if there are none.
func (m Measure) Mean() float64 {
	if m.Count == 0 {
		return 0
	}
	return float64(m.Sum) / float64(m.Count)
}

// Join adds what another run, or another replica, has noted of the same.
func (m *Measure) Join(o Measure) {
	if m.Count == 0 || o.Count > 0 && o.Max > m.Max {
		m.Max = o.Max
	}
	m.Count += o.Count
	m.Sum += o.Sum
}

// measures are those of one site.
type measures map[string]*Measure

func (m measures) add(event string, value int64) {
	one := m[event]
	if one == nil {
		one = &Measure{Name: event}
		m[event] = one
	}
	one.Join(Measure{Count: 1, Sum: value, Max: value})
}

// sumMeasures sums up those of all sites, by name.
func sumMeasures(sites []*site) []Measure {
	sum := map[string]*Measure{}
	for _, s := range sites {
		for name, one := range s.measures {
			if sum[name] == nil {
				sum[name] = &Measure{Name: name}
			}
			sum[name].Join(*one)
		}
	}
	var all []Measure
	for _, name := range slices.Sorted(maps.Keys(sum)) {
		all = append(all, *sum[name])
	}
	return all
}
