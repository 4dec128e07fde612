package protocols

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quorumbench/protocols/options"
)

// Choices are options by name, as texts: what an experiment, a script, a random life or a result says.
type Choices map[string]string

// Option describes an option of a driver; see package options for how a driver states them.
type Option struct {
	Name         string
	Kind         options.Kind
	Words        []string // that are accepted; see options.Field.Words
	Accepted     string   // values, in words
	Default      string   // in words
	Help         string
	Tries        []string // values that random lives try
	Stream       uint64   // from which they draw it; see options.Field.Stream
	TrustsClocks []string // values with which the protocol is safe only if clocks run at nearly the same rate
}

// List describes the driver's options in a cluster of n replicas.
func (d *Driver) List(n int) []Option {
	var list []Option
	for _, f := range d.defaults(n) {
		list = append(list, Option{
			Name: f.Name, Kind: f.Kind(), Words: f.Words(), Accepted: f.Accepted(n), Default: f.Default(), Help: f.Help(),
			Tries: f.Tries(n), Stream: f.Stream(), TrustsClocks: f.TrustsClocks(),
		})
	}
	return list
}

// OptionNames returns the names of the driver's options, in the order of List.
func (d *Driver) OptionNames() []string { return namesOf(d.defaults(1)) }

// Choose returns the options of a cluster of n replicas, a pointer as Driver.Options returns it, with what was
// chosen in place of the defaults. The error is a *FieldError.
func (d *Driver) Choose(n int, chosen Choices) (any, error) {
	var made any
	if d.Options != nil {
		made = d.Options(n)
	}
	fields := options.Fields(made)
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		i := slices.IndexFunc(fields, func(f options.Field) bool { return f.Name == name })
		if i < 0 {
			return nil, &FieldError{optionField(name), fmt.Errorf("found the option %q; accepted for %s: %s",
				name, d.Name, cmp.Or(strings.Join(namesOf(fields), ", "), "none"))}
		}
		if !fields[i].Set(chosen[name]) {
			return nil, d.refuse(fields[i], chosen[name], n)
		}
	}
	return made, d.checkOptions(made, n)
}

// checkOptions holds the values of options against their ranges and words.
func (d *Driver) checkOptions(made any, n int) error {
	for _, f := range options.Fields(made) {
		if !f.IsAccepted(n) {
			return d.refuse(f, f.Text(), n)
		}
	}
	return nil
}

func (d *Driver) refuse(f options.Field, found string, n int) error {
	return &FieldError{optionField(f.Name), fmt.Errorf("found %s: %q; accepted for %s with %d replicas: %s",
		f.Name, found, d.Name, n, f.Accepted(n))}
}

// Texts returns the values of all options, those that are as by default, too.
func Texts(made any) Choices {
	texts := Choices{}
	for _, f := range options.Fields(made) {
		texts[f.Name] = f.Text()
	}
	return texts
}

// Chosen returns those of the texts that are not the defaults of n replicas: the choices that a cluster of
// another size may be set up with.
func (d *Driver) Chosen(n int, texts Choices) Choices {
	chosen := Choices{}
	for _, f := range d.defaults(n) {
		if text, made := texts[f.Name]; made && text != f.Text() {
			chosen[f.Name] = text
		}
	}
	return chosen
}

// Words returns the same as words for a label, in the order of List: the name of a switch that is on, else
// name and value.
func (d *Driver) Words(n int, texts Choices) []string {
	chosen := d.Chosen(n, texts)
	var words []string
	for _, f := range d.defaults(n) {
		switch value, made := chosen[f.Name]; {
		case !made:
		case value == "on":
			words = append(words, f.Name)
		default:
			words = append(words, f.Name+value)
		}
	}
	return words
}

func (d *Driver) defaults(n int) []options.Field {
	if d.Options == nil {
		return nil
	}
	return options.Fields(d.Options(n))
}

func namesOf(fields []options.Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}
