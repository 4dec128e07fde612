package experiment

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// YAML writes the experiment as a file with all defaults filled in, which reads as the same experiment. A topology file is
// named by the path that the experiment names.
func (e *Experiment) YAML() ([]byte, error) {
	var initial Experiment
	all := mappingOf(reflect.ValueOf(e).Elem(), reflect.ValueOf(defaults("", &initial)).Elem(), "", e.followed())
	all = slices.DeleteFunc(all, func(item yaml.MapItem) bool { return item.Key == "regions" }) // replicas and clients are
	text, err := yaml.MarshalWithOptions(all, yaml.Indent(2), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("writing the experiment %s as YAML: %w", e.Name, err)
	}
	return text, nil
}

// followed lists the paths of the settings that a file must not have, or need not have, since they follow from others: from the sweep,
// from a mix of commands, or from sizes that differ.
func (e *Experiment) followed() (paths []string) {
	swept, l := "", &e.Load
	if e.Sweep != nil {
		swept = e.Sweep.Path
		paths = append(paths, swept)
	}
	if l.Mix != "" || swept == "load.mix" {
		paths = append(paths, "load.reads", "load.rmw.share", "load.keys.distribution")
	}
	if l.Sizes.Distribution != "" || swept == "load.sizes.distribution" {
		paths = append(paths, "load.value_size")
	}
	if l.IsTraced() {
		paths = append(paths, "load.rate", "load.reads", "load.rmw.share", "load.value_size", "load.keys.count", "load.keys.distribution")
	}
	if l.Keys.HotKeys == l.Keys.hotByDefault() {
		paths = append(paths, "load.keys.hot_keys")
	}
	return paths
}

// mappingOf is a struct as a mapping by its yaml tags, without what is zero both there and in the defaults, and without the
// settings that follow from others. Path is where the struct is: empty, or "load." and so on.
func mappingOf(value, initial reflect.Value, path string, followed []string) yaml.MapSlice {
	var all yaml.MapSlice
	for i := range value.NumField() {
		key, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ",")
		field, otherwise := value.Field(i), initial.Field(i)
		if key == "" || slices.Contains(followed, path+key) || field.IsZero() && otherwise.IsZero() {
			continue
		}
		node := nodeOf(field, otherwise, path+key+".", followed)
		switch load, isLoad := value.Addr().Interface().(*Load); {
		case isLoad && key == "rate" && load.Rates != nil && !load.IsTraced():
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

func nodeOf(value, initial reflect.Value, path string, followed []string) any {
	switch one := value.Interface().(type) {
	case *Sweep:
		values := make([]any, len(one.Values))
		for i, value := range one.Values {
			values[i] = plain(value)
		}
		return yaml.MapSlice{{Key: one.Path, Value: values}}
	case TopologyRef:
		if !one.IsInline() {
			return string(one)
		}
		var mapping any
		if err := yaml.UnmarshalWithOptions([]byte(one), &mapping, yaml.UseOrderedMap()); err != nil {
			return err.Error() // which no reader accepts
		}
		return mapping
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
		return nodeOf(value.Elem(), reflect.Zero(value.Type().Elem()), path, followed)
	case reflect.Struct:
		return mappingOf(value, initial, path, followed)
	case reflect.Slice:
		list := make([]any, value.Len())
		for i := range list {
			list[i] = nodeOf(value.Index(i), reflect.Zero(value.Type().Elem()), "", nil)
		}
		return list
	case reflect.String:
		return value.String()
	}
	return value.Interface()
}

// plain is a text as a number or a truth value, if it is one: in quotes it would be read as a text.
func plain(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return x
	}
	if text == "true" || text == "false" {
		return text == "true"
	}
	return text
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
