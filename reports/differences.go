package reports

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"quorumbench/bench/result"
)

// condition is something that two runs must share for their latencies to be set side by side.
type condition struct{ name, value string }

// free names the keys of an experiment in which compared runs may differ: they are what is
// compared, in which world, how often, and what is demanded of it. The topology is compared as it
// was used, not by the name of its file, and faults by their texts; see conditionsOf.
var free = []string{"name", "protocols", "world", "simulation", "repeats", "seed", "thresholds", "topology", "labels", "faults"}

// conditionsOf lists the conditions of a result: whatever an experiment file says under keys that
// are not free, and the delays that came of it.
func conditionsOf(r *result.Result) []condition {
	name := r.Topology.Name
	if name == r.Experiment.Name {
		name = "that of the experiment's own file" // which has no name of its own; its delays are compared
	}
	all := []condition{{"topology", name}}
	for i, row := range r.Topology.OneWay {
		all = append(all, condition{fmt.Sprintf("one-way delays from region %d", i+1), fmt.Sprint(row)})
	}
	e := r.Experiment
	e.Transport.Mode = e.StreamMode() // auto stands for it
	faults := make([]string, len(e.Faults))
	for i := range e.Faults {
		f := &e.Faults[i]
		if faults[i] = fmt.Sprintf("%s at %v", f, f.At); f.For > 0 {
			faults[i] += fmt.Sprintf(" for %v", f.For)
		}
	}
	all = append(all, condition{"faults", cmp.Or(strings.Join(faults, ", "), "none")})
	all = appendConditions(all, "", reflect.ValueOf(e))
	return appendConditions(all, simulationKey, reflect.ValueOf(e.Simulation))
}

// simulationKey is what the names of the costs in a simulated run begin with.
const simulationKey = "simulation."

// appendConditions walks the fields of a struct and names them as experiment files do.
func appendConditions(all []condition, prefix string, v reflect.Value) []condition {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		key, _, _ := strings.Cut(cmp.Or(tag.Get("yaml"), tag.Get("json")), ",")
		switch {
		case prefix+key == "load.trace": // where the file was; load.traced is what it has
		case !v.Type().Field(i).IsExported(): // what a run fills in for itself
		case prefix == "" && slices.Contains(free, key):
		case v.Field(i).Kind() == reflect.Struct:
			all = appendConditions(all, prefix+key+".", v.Field(i))
		case v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil():
			all = append(all, condition{prefix + key, "nothing"})
		default:
			all = append(all, condition{prefix + key, fmt.Sprint(v.Field(i).Interface())})
		}
	}
	return all
}

// differences says in which conditions a result differs from another, with both values. Two simulated results do not
// differ by their transport, which neither has used, and only two simulated ones by the costs of a simulation.
func differences(a, b *result.Result, nameA, nameB string) []string {
	others := conditionsOf(b)
	value := func(name string, of []condition) string {
		i := slices.IndexFunc(of, func(c condition) bool { return c.name == name })
		if i < 0 {
			return "nothing"
		}
		return of[i].value
	}
	var found []string
	simulated := a.Experiment.IsSimulated() && b.Experiment.IsSimulated()
	for _, c := range conditionsOf(a) {
		if simulated && strings.HasPrefix(c.name, "transport.") || !simulated && strings.HasPrefix(c.name, simulationKey) {
			continue
		}
		if other := value(c.name, others); other != c.value {
			found = append(found, fmt.Sprintf("%s: %s in %s, %s in %s", c.name, c.value, nameA, other, nameB))
		}
	}
	return found
}
