package options

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is an option in a struct. Its methods panic where a tag or the field's type is none of those that the
// package knows: an error of the driver's author.
type Field struct {
	Name  string
	tag   reflect.StructTag
	value reflect.Value
}

// Fields returns the options in the struct to which the pointer points, in the order in which they stand
// there. Nil has none.
func Fields(pointer any) []Field {
	if pointer == nil {
		return nil
	}
	value := reflect.ValueOf(pointer).Elem()
	var fields []Field
	for i := range value.NumField() {
		tag := value.Type().Field(i).Tag
		if name := tag.Get("option"); name != "" {
			fields = append(fields, Field{name, tag, value.Field(i)})
		}
	}
	return fields
}

// Help says in one line what the option does.
func (f Field) Help() string { return f.tag.Get("help") }

// Stream is the number of the random stream from which lives draw the option; 0: from the one that the driver's first options
// share.
func (f Field) Stream() uint64 {
	n, _ := strconv.ParseUint(f.tag.Get("stream"), 10, 16)
	return n
}

// TrustsClocks lists the values with which the protocol trusts clocks.
func (f Field) TrustsClocks() []string { return split(f.tag.Get("trustsclocks")) }

// AreSequential tells whether reads are sequentially consistent, and not linearizable, by what was chosen: a pointer to a struct of options.
func AreSequential(pointer any) bool {
	return slices.ContainsFunc(Fields(pointer), func(f Field) bool { return slices.Contains(split(f.tag.Get("sequential")), f.Text()) })
}

var durationType = reflect.TypeFor[time.Duration]()

// Set gives the field the value of a text. It is false, and the field stays as it is, if the text is none
// of the field's type; whether the value is accepted is for IsAccepted to tell.
func (f Field) Set(text string) bool {
	if word := f.tag.Get("zero"); word != "" && text == word {
		f.value.SetZero()
		return true
	}
	if v, own := f.value.Addr().Interface().(encoding.TextUnmarshaler); own {
		return v.UnmarshalText([]byte(text)) == nil
	}
	v, ok := parse(f.value.Type(), text)
	if ok {
		f.value.Set(v.Convert(f.value.Type()))
	}
	return ok
}

// Text returns the value as Set reads it.
func (f Field) Text() string {
	if word := f.tag.Get("zero"); word != "" && f.value.IsZero() {
		return word
	}
	switch v := f.value.Interface().(type) {
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			panic(fmt.Sprintf("options: the value %v of %s has no text: %v", v, f.Name, err))
		}
		return string(text)
	case bool:
		if v {
			return "on"
		}
		return "off"
	}
	return fmt.Sprint(f.value.Interface())
}

// Default says in words what the default is, of a field that holds it.
func (f Field) Default() string { return cmp.Or(f.tag.Get("default"), f.Text()) }

// parse reads a value of one of the types that a field without a text of its own may have.
func parse(t reflect.Type, text string) (v reflect.Value, ok bool) {
	switch {
	case t == durationType:
		d, err := time.ParseDuration(text)
		return reflect.ValueOf(d), err == nil
	case t.Kind() == reflect.Bool:
		isOn := text == "on" || text == "true"
		return reflect.ValueOf(isOn), isOn || text == "off" || text == "false"
	case t.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		return reflect.ValueOf(n), err == nil
	case t.Kind() == reflect.String:
		return reflect.ValueOf(text), true
	}
	panic(fmt.Sprintf("options: an option cannot have the type %v", t))
}

// Kind is what sort of value a field has.
type Kind string

// The kinds of fields.
const (
	Switch   Kind = "switch"   // a bool: on or off
	Number   Kind = "number"   // an int
	Duration Kind = "duration" // a time.Duration
	Word     Kind = "word"     // a string that is one of Words
	Text     Kind = "text"     // of a type with a text of its own
)

// Kind returns what sort of value the field has.
func (f Field) Kind() Kind {
	if _, own := f.value.Addr().Interface().(encoding.TextUnmarshaler); own {
		return Text
	}
	switch {
	case f.value.Type() == durationType:
		return Duration
	case f.value.Kind() == reflect.Bool:
		return Switch
	case f.value.Kind() == reflect.Int:
		return Number
	}
	return Word
}

// Words lists the words that the field accepts: all that there are of a Word, and those that stand for a value of another kind.
func (f Field) Words() []string {
	words := split(f.tag.Get("accepts"))
	if f.Kind() == Switch {
		words = []string{"on", "off"}
	}
	if zero := f.tag.Get("zero"); zero != "" {
		words = append(words, zero)
	}
	return words
}

// IsAccepted tells whether the value is in the range, or one of the words, in a cluster of n replicas.
func (f Field) IsAccepted(n int) bool {
	if f.tag.Get("zero") != "" && f.value.IsZero() {
		return true
	}
	if words := split(f.tag.Get("accepts")); len(words) > 0 {
		return slices.Contains(words, f.value.String())
	}
	from, to, limited := strings.Cut(f.tag.Get("range"), "..")
	return !limited || f.end(from, n) <= f.value.Int() && f.value.Int() <= f.end(to, n)
}

// end is an end of the range.
func (f Field) end(text string, n int) int64 {
	if text == "n" {
		return int64(n)
	}
	value, ok := parse(f.value.Type(), text)
	if !ok {
		panic(fmt.Sprintf("options: the range of %s ends at %q", f.Name, text))
	}
	return value.Int()
}

// Accepted says in words which values the option may have in a cluster of n replicas; with n of 0, in any.
func (f Field) Accepted(n int) string {
	words := split(f.tag.Get("accepts"))
	if f.value.Kind() == reflect.Bool {
		words = []string{"on", "off"}
	}
	if from, to, limited := strings.Cut(f.tag.Get("range"), ".."); limited {
		if to == "n" && n > 0 {
			to = strconv.Itoa(n)
		}
		words = append(words, strings.TrimSpace(from+" to "+to+" "+f.tag.Get("unit")))
		if f.value.Type() == durationType {
			words[0] = "a duration from " + words[0]
		}
	}
	if zero := f.tag.Get("zero"); zero != "" {
		words = append(words, zero)
	}
	return strings.Join(words, ", ")
}

// Tries lists, as texts, the values that random lives try in a cluster of n replicas, of a field that holds
// the default.
func (f Field) Tries(n int) []string {
	var texts []string
	for _, try := range split(f.tag.Get("tries")) {
		from, to, isStretch := strings.Cut(try, "..")
		switch {
		case try == "default":
			texts = append(texts, f.Text())
		case !isStretch:
			texts = append(texts, try)
		default:
			before := texts
			for i := f.end(from, n); i <= f.end(to, n); i++ {
				if text := strconv.FormatInt(i, 10); !slices.Contains(before, text) {
					texts = append(texts, text)
				}
			}
		}
	}
	return texts
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
