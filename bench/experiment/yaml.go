package experiment

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// YAML writes the experiment as a file with all defaults filled in, which reads as the same experiment. A topology file is
// named by the path that the experiment names.
func (e *Experiment) YAML() ([]byte, error) {
	var initial Experiment
	swept := ""
	if e.Sweep != nil {
		swept = e.Sweep.Path
	}
	all := mappingOf(reflect.ValueOf(e).Elem(), reflect.ValueOf(defaults("", &initial)).Elem(), "", swept)
	all = slices.DeleteFunc(all, func(item yaml.MapItem) bool { return item.Key == "regions" }) // replicas and clients are
	text, err := yaml.MarshalWithOptions(all, yaml.Indent(2), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("writing the experiment %s as YAML: %w", e.Name, err)
	}
	return text, nil
}

// mappingOf is a struct as a mapping by its yaml tags, without what is zero both there and in the defaults, and without the
// setting that is swept over. Path is where the struct is: empty, or "load." and so on.
func mappingOf(value, initial reflect.Value, path, swept string) yaml.MapSlice {
	var all yaml.MapSlice
	for i := range value.NumField() {
		key, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ",")
		field, otherwise := value.Field(i), initial.Field(i)
		if key == "" || path+key == swept || field.IsZero() && otherwise.IsZero() {
			continue
		}
		node := nodeOf(field, otherwise, path+key+".", swept)
		switch load, isLoad := value.Addr().Interface().(*Load); {
		case isLoad && key == "rate" && load.Rates != nil:
			node = load.Rates
		case path+key == "replicas":
			node = placesOf(field.Interface().([]string))
		}
		if section, isSection := node.(yaml.MapSlice); isSection && len(section) == 0 {
			continue
		}
		all = append(all, yaml.MapItem{Key: key, Value: node})
	}
	return all
}

func nodeOf(value, initial reflect.Value, path, swept string) any {
	switch one := value.Interface().(type) {
	case *Sweep:
		return yaml.MapSlice{{Key: one.Path, Value: one.Values}}
	case time.Duration:
		return one.String()
	case encoding.TextMarshaler:
		text, err := one.MarshalText()
		if err != nil {
			return err.Error() // which no reader accepts
		}
		return string(text)
	}
	switch value.Kind() {
	case reflect.Pointer:
		return nodeOf(value.Elem(), reflect.Zero(value.Type().Elem()), path, swept)
	case reflect.Struct:
		return mappingOf(value, initial, path, swept)
	case reflect.Slice:
		list := make([]any, value.Len())
		for i := range list {
			list[i] = nodeOf(value.Index(i), reflect.Zero(value.Type().Elem()), "", "")
		}
		return list
	case reflect.String:
		return value.String()
	}
	return value.Interface()
}

// placesOf undoes Names: in a file, a region with two replicas stands there twice.
func placesOf(names []string) []string {
	places := slices.Clone(names)
	for i, name := range names {
		for _, before := range places[:i] {
			if number, isNumbered := strings.CutPrefix(name, before+"#"); isNumbered && strings.Trim(number, "0123456789") == "" && number != "" {
				places[i] = before
			}
		}
	}
	return places
}
