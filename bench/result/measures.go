package result

import (
	"maps"
	"slices"

	"quorumbench/protocols"
)

// Measure sums up one of the numbers that drivers and client nodes note, or counts one of their events. What happened
// before measuring began is left out.
type Measure struct {
	Name  string `json:"name"` // as the driver calls it
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

// Together returns the measure of how many instances had to be looked at together in order to execute one, of drivers whose
// instances depend on each other; ok is false if there is none. It is not noted where one was enough.
func Together(all []Measure) (together Measure, ok bool) {
	at := slices.IndexFunc(all, func(m Measure) bool { return CountsTogether(m.Name) })
	if at < 0 {
		return Measure{}, false
	}
	return all[at], true
}

// HasComponents tells whether a replica has executed several instances together because each depends on the others.
func (r *Run) HasComponents() bool {
	return slices.ContainsFunc(r.Measures, func(m Measure) bool { return m.Name == protocols.MeasureComponent })
}

// CountsTogether tells whether a measure of that name is what Together returns.
func CountsTogether(name string) bool {
	return name == protocols.MeasureComponent || name == protocols.MeasureHeads
}

// Join adds the same measure of another run or replica.
func (m *Measure) Join(o Measure) {
	if m.Count == 0 || o.Count > 0 && o.Max > m.Max {
		m.Max = o.Max
	}
	m.Count += o.Count
	m.Sum += o.Sum
}

// formerMeasures maps the names of measures in results of the first edition to their present names.
var formerMeasures = map[string]string{
	"election-ms":         protocols.MeasureElection,
	"recovered":           protocols.MeasureRecovered,
	"snapshot taken over": protocols.MeasureInstalled,
	"installed bytes":     protocols.MeasureInstalled,
	"reverts":             protocols.MarkReverted,
}

// renameMeasures gives the measures of a result their present names.
func renameMeasures(r *Result) {
	for i := range r.Runs {
		for j := range r.Runs[i].Measures {
			if m := &r.Runs[i].Measures[j]; formerMeasures[m.Name] != "" {
				m.Name = formerMeasures[m.Name]
			}
		}
	}
}

// Measures holds the measures of one node, by name.
type Measures map[string]*Measure

// Add notes an event and its number.
func (m Measures) Add(event string, value int64) {
	one := m[event]
	if one == nil {
		one = &Measure{Name: event}
		m[event] = one
	}
	one.Join(Measure{Count: 1, Sum: value, Max: value})
}

// SumMeasures sums up the measures of all nodes, sorted by name.
func SumMeasures(all []Measures) []Measure {
	sum := map[string]*Measure{}
	for _, measures := range all {
		for name, one := range measures {
			if sum[name] == nil {
				sum[name] = &Measure{Name: name}
			}
			sum[name].Join(*one)
		}
	}
	var sorted []Measure
	for _, name := range slices.Sorted(maps.Keys(sum)) {
		sorted = append(sorted, *sum[name])
	}
	return sorted
}
