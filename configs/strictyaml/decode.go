package strictyaml

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Unmarshaler is a type that reads itself from a node, for values of which YAML has several
// shapes, such as a word or a mapping. [Node.Decode] reads the parts.
type Unmarshaler interface {
	UnmarshalNode(*Node) error
}

// Decode reads the YAML document data into the value that the pointer into points to, under the
// rules of the package. File is its name in errors. What the document leaves out keeps its value,
// so defaults are set before. It panics if into cannot hold a document whatever it says.
func Decode(file string, data []byte, into any) (*Document, error) {
	doc, err := Parse(file, data)
	if err != nil {
		return nil, err
	}
	if err := doc.Decode(into); err != nil {
		return nil, err
	}
	return doc, nil
}

// Parse reads a YAML document without decoding it. File is its name in errors.
func Parse(file string, data []byte) (*Document, error) {
	root, err := parse(file, data)
	if err != nil {
		return nil, err
	}
	return &Document{root: root}, nil
}

// Decode reads the node into the value that the pointer into points to.
func (n *Node) Decode(into any) error {
	pointer := reflect.ValueOf(into)
	if pointer.Kind() != reflect.Pointer || pointer.IsNil() {
		panic(fmt.Sprintf("strictyaml: decoding into %T, which is no pointer to a value", into))
	}
	return n.decode(pointer.Elem())
}

var (
	durationType        = reflect.TypeFor[time.Duration]()
	unmarshalerType     = reflect.TypeFor[Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (n *Node) decode(into reflect.Value) error {
	if u, ok := into.Addr().Interface().(Unmarshaler); ok {
		return n.place(u.UnmarshalNode(n))
	}
	if u, ok := into.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if !n.IsScalar() {
			return n.mismatch(into.Type())
		}
		return n.place(u.UnmarshalText([]byte(n.text)))
	}
	if into.Type() == durationType {
		return n.decodeDuration(into)
	}
	switch into.Kind() {
	case reflect.Pointer:
		value := reflect.New(into.Type().Elem())
		if err := n.decode(value.Elem()); err != nil {
			return err
		}
		into.Set(value)
		return nil
	case reflect.Struct:
		return n.decodeStruct(into)
	case reflect.Map:
		return n.decodeMap(into)
	case reflect.Slice:
		return n.decodeList(into)
	}
	return n.decodeScalar(into)
}

// place gives an error the node's place, unless it has a place already.
func (n *Node) place(err error) error {
	if err == nil {
		return nil
	}
	if placed, ok := err.(*Error); ok {
		return placed
	}
	return n.Errorf("%w", err)
}

// mismatch says that the node is not what the type wants.
func (n *Node) mismatch(want reflect.Type) error {
	return n.Errorf("found %v; accepted: %s", n, accepted(want))
}

// accepted describes the values that a type accepts.
func accepted(t reflect.Type) string {
	pointer := reflect.PointerTo(t)
	switch {
	case t == durationType:
		return "a duration with its unit, such as 10s or 250ms"
	case pointer.Implements(unmarshalerType):
		return "a value"
	case pointer.Implements(textUnmarshalerType):
		return "a word"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return accepted(t.Elem())
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "a mapping"
	case reflect.Struct:
		return "a mapping with " + strings.Join(keys(t), ", ")
	}
	if integer := integers(t); integer != "" {
		return integer
	}
	panic(fmt.Sprintf("strictyaml: cannot decode into the type %v", t))
}

// integers describes the range of an integer type; it is empty for other types.
func integers(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint64:
		return "a whole number from 0"
	case reflect.Int8, reflect.Int16, reflect.Int32:
		limit := int64(1) << (t.Bits() - 1)
		return fmt.Sprintf("a whole number from %d to %d", -limit, limit-1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return fmt.Sprintf("a whole number from 0 to %d", uint64(1)<<t.Bits()-1)
	}
	return ""
}

func (n *Node) decodeDuration(into reflect.Value) error {
	switch n.kind {
	case kindString:
		d, err := time.ParseDuration(n.text)
		if err != nil {
			return n.mismatch(durationType)
		}
		into.SetInt(int64(d))
		return nil
	case kindInteger, kindFloat:
		return n.Errorf("found %v without a unit; accepted: %s; did you mean %vs?", n, accepted(durationType), n)
	}
	return n.mismatch(durationType)
}

func (n *Node) decodeScalar(into reflect.Value) error {
	want := into.Type()
	describe := accepted(want) // panics for a type that is none of these
	switch {
	case want.Kind() == reflect.String && n.kind == kindString:
		into.SetString(n.text)
		return nil
	case want.Kind() == reflect.String && n.IsScalar():
		return n.Errorf("found %v; accepted: %s; did you mean %q, in quotes?", n, describe, n.text)
	case want.Kind() == reflect.Bool && n.kind == kindBool:
		into.SetBool(strings.EqualFold(n.text, "true"))
		return nil
	case into.CanFloat() && (n.kind == kindInteger || n.kind == kindFloat):
		if f, err := strconv.ParseFloat(n.text, want.Bits()); err == nil {
			into.SetFloat(f)
			return nil
		}
	case into.CanInt() && n.kind == kindInteger:
		if i, err := strconv.ParseInt(n.text, n.base(), want.Bits()); err == nil {
			into.SetInt(i)
			return nil
		}
	case into.CanUint() && n.kind == kindInteger:
		if u, err := strconv.ParseUint(n.text, n.base(), want.Bits()); err == nil {
			into.SetUint(u)
			return nil
		}
	}
	return n.mismatch(want)
}

// base is the base in which a whole number is read: 10, or that of its prefix, as in 0x1f. A number with a leading zero is
// a mistake, since some take it for an octal one.
func (n *Node) base() int {
	digits := strings.TrimLeft(n.text, "+-")
	if len(digits) > 1 && digits[0] == '0' && (digits[1] >= '0' && digits[1] <= '9' || digits[1] == '_') {
		return invalidBase
	}
	return 0
}

// invalidBase makes package strconv return an error.
const invalidBase = 1

func (n *Node) decodeList(into reflect.Value) error {
	if !n.IsList() {
		return n.mismatch(into.Type())
	}
	list := reflect.MakeSlice(into.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		if err := item.decode(list.Index(i)); err != nil {
			return err
		}
	}
	into.Set(list)
	return nil
}

func (n *Node) decodeMap(into reflect.Value) error {
	t := into.Type()
	if t.Key().Kind() != reflect.String {
		panic(fmt.Sprintf("strictyaml: cannot decode into the type %v: its keys are no strings", t))
	}
	if !n.IsMapping() {
		return n.mismatch(t)
	}
	mapping := reflect.MakeMapWithSize(t, len(n.entries))
	for _, e := range n.entries {
		value := reflect.New(t.Elem()).Elem()
		if err := e.value.decode(value); err != nil {
			return err
		}
		mapping.SetMapIndex(reflect.ValueOf(e.key.text).Convert(t.Key()), value)
	}
	into.Set(mapping)
	return nil
}

func (n *Node) decodeStruct(into reflect.Value) error {
	t := into.Type()
	if !n.IsMapping() {
		return n.mismatch(t)
	}
	known := keys(t)
	for _, e := range n.entries {
		i, ok := fieldOf(t, e.key.text)
		if !ok {
			return e.key.Errorf("found the unknown key %q; accepted: %s%s",
				e.key.text, strings.Join(known, ", "), DidYouMean(e.key.text, known))
		}
		if err := e.value.decode(into.Field(i)); err != nil {
			return err
		}
	}
	return n.missing(t)
}

// missing tells of all keys that a struct requires and the mapping does not have.
func (n *Node) missing(t reflect.Type) error {
	var missing []reflect.StructField
	for i := range t.NumField() {
		if key, required := tag(t.Field(i)); required && n.get(key) == nil {
			missing = append(missing, t.Field(i))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if len(missing) == 1 {
		key, _ := tag(missing[0])
		return n.Errorf("found no key %q; accepted: %s", key, accepted(missing[0].Type))
	}
	var names, wanted []string
	for _, field := range missing {
		key, _ := tag(field)
		names, wanted = append(names, strconv.Quote(key)), append(wanted, key+", "+accepted(field.Type))
	}
	last := len(names) - 1
	return n.Errorf("found no keys %s and %s; accepted: %s", strings.Join(names[:last], ", "), names[last], strings.Join(wanted, "; "))
}

// tag reads a field's key, "" if it has none, and whether it is required.
func tag(f reflect.StructField) (key string, required bool) {
	key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return key, option == "required"
}

// keys are the keys that a struct accepts, in the order of its fields.
func keys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if key, _ := tag(t.Field(i)); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

func fieldOf(t reflect.Type, key string) (index int, ok bool) {
	for i := range t.NumField() {
		if k, _ := tag(t.Field(i)); k == key && key != "" {
			return i, true
		}
	}
	return 0, false
}
