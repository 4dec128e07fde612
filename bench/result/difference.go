package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"quorumbench/bench/experiment"
)

// Difference is a place in which two results differ.
type Difference struct {
	Place string `json:"place"` // as in runs[2].regions[0].response.p50_ns
	A     string `json:"a"`     // what the first result has there, as JSON; "nothing" if it has nothing there
	B     string `json:"b"`
}

// String tells the place and what is there.
func (d *Difference) String() string { return fmt.Sprintf("%s: %s and %s", d.Place, d.A, d.B) }

// FirstDifference compares two results in everything that one seed determines: experiment, topology, runs with their
// histograms, and what searches found. When they ran, by which program and on which machine is left out. Of a partial
// result or a shard only the runs that are whole are compared. It returns the first difference, nil if there is none, and how
// many runs were compared.
func FirstDifference(a, b *Result) (first *Difference, runs int) {
	if d := a.DifferentExperiment(b); d != nil {
		return d, 0
	}
	wholeA, wholeB := a.wholeRuns(), b.wholeRuns()
	if a.Partial || b.Partial || a.Shard != nil || b.Shard != nil {
		wholeA, wholeB = common(wholeA, wholeB), common(wholeB, wholeA)
	} else if d := compare("knees", a.Knees, b.Knees); d != nil {
		return d, 0
	}
	if len(wholeA) != len(wholeB) {
		return &Difference{"the number of runs", fmt.Sprint(len(wholeA)), fmt.Sprint(len(wholeB))}, 0
	}
	for i := range wholeA {
		place := fmt.Sprintf("runs[%d]", i)
		if d := compare(place, wholeA[i], wholeB[i]); d != nil {
			return d, i
		}
		if d := differentHistograms(place, wholeA[i], wholeB[i]); d != nil {
			return d, i
		}
	}
	return nil, len(wholeA)
}

// DifferentExperiment returns the first difference from the experiment of another result: in settings, protocols, seed or
// delays; nil if there is none.
func (r *Result) DifferentExperiment(other *Result) *Difference {
	if d := compare("experiment", planned(r.Experiment), planned(other.Experiment)); d != nil {
		return d
	}
	return compare("topology", r.Topology, other.Topology)
}

// planned is an experiment as it was before it ran: a search has entered the rates that it tried.
func planned(e experiment.Experiment) experiment.Experiment {
	if e.Load.IsSearch() {
		e.Sweep = nil
	}
	return e
}

// wholeRuns are the runs that were not interrupted.
func (r *Result) wholeRuns() []*Run {
	var whole []*Run
	for i := range r.Runs {
		if !r.Runs[i].Partial {
			whole = append(whole, &r.Runs[i])
		}
	}
	return whole
}

// WholeRuns is the number of runs that were not interrupted.
func (r *Result) WholeRuns() int { return len(r.wholeRuns()) }

// Whole is the run of a protocol at a point in a repeat; nil if the result has none that was not interrupted.
func (r *Result) Whole(protocol, point string, repeat int) *Run {
	for _, run := range r.wholeRuns() {
		if run.is(protocol, point, repeat) {
			return run
		}
	}
	return nil
}

func (r *Run) is(protocol, point string, repeat int) bool {
	return r.Protocol == protocol && r.Point == point && r.Repeat == repeat
}

// common are the runs of a list that another list has, too.
func common(of, in []*Run) []*Run {
	return slices.DeleteFunc(slices.Clone(of), func(one *Run) bool {
		return !slices.ContainsFunc(in, func(other *Run) bool { return other.is(one.Protocol, one.Point, one.Repeat) })
	})
}

// compare compares two values as JSON has them.
func compare(place string, a, b any) *Difference {
	textA, errA := json.Marshal(a)
	textB, errB := json.Marshal(b)
	switch {
	case errA != nil || errB != nil:
		return &Difference{place, fmt.Sprint(errA), fmt.Sprint(errB)}
	case bytes.Equal(textA, textB):
		return nil
	}
	return compareTrees(place, tree(textA), tree(textB))
}

// tree decodes JSON that was just encoded, with numbers as they are written.
func tree(text []byte) (value any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	_ = decoder.Decode(&value)
	return value
}

func compareTrees(place string, a, b any) *Difference {
	switch a := a.(type) {
	case map[string]any:
		b, same := b.(map[string]any)
		if !same {
			break
		}
		keys := slices.Sorted(maps.Keys(a))
		for key := range maps.Keys(b) {
			if _, both := a[key]; !both {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			at := place + "." + key
			valueA, inA := a[key]
			valueB, inB := b[key]
			if inA && inB {
				if d := compareTrees(at, valueA, valueB); d != nil {
					return d
				}
				continue
			}
			d := &Difference{at, "nothing", "nothing"}
			if inA {
				d.A = brief(valueA)
			} else {
				d.B = brief(valueB)
			}
			return d
		}
		return nil
	case []any:
		b, same := b.([]any)
		if !same {
			break
		}
		for i := range max(len(a), len(b)) {
			at := fmt.Sprintf("%s[%d]", place, i)
			switch {
			case i >= len(a):
				return &Difference{at, "nothing", brief(b[i])}
			case i >= len(b):
				return &Difference{at, brief(a[i]), "nothing"}
			}
			if d := compareTrees(at, a[i], b[i]); d != nil {
				return d
			}
		}
		return nil
	}
	if textA, textB := brief(a), brief(b); textA != textB {
		return &Difference{place, textA, textB}
	}
	return nil
}

// brief is a value as JSON; of long ones the beginning.
func brief(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	const most = 120
	if runes := []rune(string(text)); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(text)
}

// differentHistograms compares what latency.hlog has of two runs.
func differentHistograms(place string, a, b *Run) *Difference {
	entriesA, entriesB := a.entries(), b.entries()
	if len(entriesA) != len(entriesB) {
		return &Difference{place + ": histograms in latency.hlog", fmt.Sprint(len(entriesA)), fmt.Sprint(len(entriesB))}
	}
	for i, one := range entriesA {
		other := entriesB[i]
		at := fmt.Sprintf("%s: latency.hlog, %s at %d ms", place, one.tag, one.start.Sub(a.Started).Milliseconds())
		if one.tag != other.tag || !one.start.Equal(other.start) || !one.end.Equal(other.end) {
			return &Difference{at, one.String(), other.String()}
		}
		if !one.histogram.Equals(other.histogram) {
			return &Difference{at, one.histogram.String(), other.histogram.String()}
		}
	}
	return nil
}

func (e entry) String() string {
	return fmt.Sprintf("%s from %s to %s", e.tag, e.start.UTC().Format("15:04:05.000"), e.end.UTC().Format("15:04:05.000"))
}
