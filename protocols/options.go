package protocols

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Option is something about a protocol that an experiment may choose.
type Option struct {
	Name    string // what an experiment file calls it
	Summary string // in one line, what it does
	// Values returns what is accepted in a cluster of that many replicas; the first is the default.
	Values func(replicas int) []string
	// TrustsClocks are the values with which the protocol is safe only if the replicas' clocks run at
	// nearly the same rate; the driver says how nearly. Random lives with such a value let them.
	TrustsClocks []string
}

// Options are the choices made, by name. Of a settled cluster every option of the driver is there.
type Options map[string]string

// Switch is Values for an option that is off unless it is turned on.
func Switch(int) []string { return []string{"off", "on"} }

// On tells whether a switch is on.
func (o Options) On(name string) bool { return o[name] == "on" }

// Int returns the value of an option whose values are numbers, 0 if it is not there.
func (o Options) Int(name string) int {
	n, err := strconv.Atoi(o[name])
	if err != nil {
		return 0
	}
	return n
}

// Settle fills in the defaults of the driver's options in a cluster of that many replicas. An
// error names what was found and what is accepted.
func (d *Driver) Settle(chosen Options, replicas int) (Options, error) {
	settled := Options{}
	var names []string
	for _, option := range d.Options {
		values := option.Values(replicas)
		settled[option.Name] = values[0]
		names = append(names, option.Name)
		if value, made := chosen[option.Name]; made {
			if !slices.Contains(values, value) {
				return nil, fmt.Errorf("found %s: %q; accepted for %s with %d replicas: %s",
					option.Name, value, d.Name, replicas, strings.Join(values, ", "))
			}
			settled[option.Name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		switch {
		case slices.Contains(names, name):
		case len(names) == 0:
			return nil, fmt.Errorf("found the option %q; accepted for %s: none", name, d.Name)
		default:
			return nil, fmt.Errorf("found the option %q; accepted for %s: %s", name, d.Name, strings.Join(names, ", "))
		}
	}
	return settled, nil
}

// Unsettle returns those options whose values are not the defaults: the choices that a cluster of
// another size may be settled with.
func (d *Driver) Unsettle(settled Options, replicas int) Options {
	chosen := Options{}
	for _, option := range d.Options {
		if value := settled[option.Name]; value != option.Values(replicas)[0] {
			chosen[option.Name] = value
		}
	}
	return chosen
}

// Chosen returns the same in the driver's order as words for a label: the name of a switch that is on,
// else name and value.
func (d *Driver) Chosen(settled Options, replicas int) []string {
	chosen := d.Unsettle(settled, replicas)
	var words []string
	for _, option := range d.Options {
		switch value, made := chosen[option.Name]; {
		case !made:
		case value == "on":
			words = append(words, option.Name)
		default:
			words = append(words, option.Name+value)
		}
	}
	return words
}
