package explore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
)

// A replica does not know how to copy itself, nor how to tell whether it is in the same state as
// another. Both are done here by looking into it, unexported fields included. Only tests do this.

var (
	durationType = reflect.TypeFor[time.Duration]()
	randomType   = reflect.TypeFor[*rand.Rand]()
	outboxType   = reflect.TypeFor[*protocols.Outbox]()
	messageType  = reflect.TypeFor[proto.Message]()
)

// types remembers what is to be known of struct types.
type types struct {
	ignored  map[string]bool // fields, as Type.field
	counted  map[reflect.Type][]int
	messages map[reflect.Type]bool
}

// fields returns those of a struct that count: all that are not ignored.
func (s *types) fields(t reflect.Type) []int {
	counted, known := s.counted[t]
	if !known {
		for i := range t.NumField() {
			if !s.ignored[t.Name()+"."+t.Field(i).Name] {
				counted = append(counted, i)
			}
		}
		s.counted[t] = counted
	}
	return counted
}

// isMessage tells whether a struct is a protobuf message, here one that is held by value.
func (s *types) isMessage(t reflect.Type) bool {
	is, known := s.messages[t]
	if !known {
		is = reflect.PointerTo(t).Implements(messageType)
		s.messages[t] = is
	}
	return is
}

// field makes a field of an addressable struct readable and settable, exported or not.
func field(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
}

// addressable returns v, in a place of its own if it has none.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	placed := reflect.New(v.Type()).Elem()
	placed.Set(v)
	return placed
}

// copier copies what hangs together: two pointers to one thing become two pointers to one copy.
type copier struct {
	types  *types                // ignored fields are left empty
	copies map[any]reflect.Value // of what a pointer points to
	plain  map[reflect.Type]bool // types without references, which are copied by assignment
}

// copyNode returns a copy that shares nothing with the node that either of them could change.
func (c *copier) copyNode(n protocols.Node) protocols.Node {
	clear(c.copies)
	source := reflect.ValueOf(&n).Elem()
	target := reflect.New(source.Type()).Elem()
	c.copy(target, source)
	return target.Interface().(protocols.Node)
}

func (c *copier) copy(to, from reflect.Value) {
	if c.isPlain(from.Type()) {
		to.Set(from)
		return
	}
	switch from.Kind() {
	case reflect.Pointer:
		if from.IsNil() || from.Type() == outboxType {
			return // every step brings an outbox of its own
		}
		known, copied := c.copies[from.Interface()]
		if !copied {
			if m, ok := from.Interface().(proto.Message); ok {
				known = reflect.ValueOf(proto.Clone(m))
				c.copies[from.Interface()] = known
			} else {
				known = reflect.New(from.Type().Elem())
				c.copies[from.Interface()] = known
				c.copy(known.Elem(), from.Elem())
			}
		}
		to.Set(known)
	case reflect.Interface:
		if !from.IsNil() {
			inner := addressable(from.Elem())
			made := reflect.New(inner.Type()).Elem()
			c.copy(made, inner)
			to.Set(made)
		}
	case reflect.Struct:
		if c.types.isMessage(from.Type()) {
			proto.Merge(to.Addr().Interface().(proto.Message), from.Addr().Interface().(proto.Message))
			return
		}
		for _, i := range c.types.fields(from.Type()) {
			c.copy(field(to, i), field(from, i))
		}
	case reflect.Slice:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		if c.isPlain(from.Type().Elem()) {
			reflect.Copy(to, from)
			return
		}
		fallthrough
	case reflect.Array:
		for i := range from.Len() {
			c.copy(to.Index(i), from.Index(i))
		}
	case reflect.Map:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeMapWithSize(from.Type(), from.Len()))
		for key, value := range from.Seq2() {
			if !c.isPlain(key.Type()) {
				panic(fmt.Sprintf("explore: cannot copy a map with keys of type %v", key.Type()))
			}
			made := reflect.New(value.Type()).Elem()
			c.copy(made, addressable(value))
			to.SetMapIndex(key, made)
		}
	default:
		if !from.IsZero() {
			panic(fmt.Sprintf("explore: cannot copy a replica that holds a %v", from.Type()))
		}
	}
}

// isPlain tells whether a value of that type may be copied by assignment.
func (c *copier) isPlain(t reflect.Type) bool {
	if plain, known := c.plain[t]; known {
		return plain
	}
	plain := false
	switch t.Kind() {
	case reflect.Array:
		plain = c.isPlain(t.Elem())
	case reflect.Struct:
		plain = true
		for i := range t.NumField() {
			plain = plain && c.isPlain(t.Field(i).Type)
		}
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map, reflect.Func, reflect.Chan, reflect.UnsafePointer:
	default:
		plain = true // numbers, booleans, strings
	}
	c.plain[t] = plain
	return plain
}

// encoder writes down a replica's state, the same bytes for the same state. It leaves out what
// decides nothing but when something happens: durations and random generators; and the fields it
// is told to ignore.
type encoder struct {
	types *types
	met   map[any]int // what pointers point to, numbered as it is met
}

func (e *encoder) encode(data []byte, n protocols.Node) []byte {
	clear(e.met)
	return e.append(data, reflect.ValueOf(&n).Elem())
}

func (e *encoder) append(data []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(data, 1)
		}
		return append(data, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.Type() == durationType {
			return data
		}
		return binary.AppendVarint(data, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return binary.AppendUvarint(data, v.Uint())
	case reflect.Float32, reflect.Float64:
		return binary.AppendUvarint(data, math.Float64bits(v.Float()))
	case reflect.String:
		data = binary.AppendUvarint(data, uint64(v.Len()))
		return append(data, v.String()...)
	case reflect.Pointer:
		if v.IsNil() || v.Type() == outboxType || v.Type() == randomType {
			return append(data, 0)
		}
		if number, again := e.met[v.Interface()]; again {
			return binary.AppendUvarint(append(data, 2), uint64(number))
		}
		e.met[v.Interface()] = len(e.met)
		return e.append(append(data, 1), v.Elem())
	case reflect.Interface:
		if v.IsNil() {
			return append(data, 0)
		}
		data = append(append(append(data, 1), v.Elem().Type().String()...), 0)
		return e.append(data, addressable(v.Elem()))
	case reflect.Struct:
		if e.types.isMessage(v.Type()) {
			encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(v.Addr().Interface().(proto.Message))
			if err != nil {
				panic(fmt.Sprintf("explore: encoding a %v: %v", v.Type(), err)) // an invalid message type
			}
			return append(binary.AppendUvarint(data, uint64(len(encoded))), encoded...)
		}
		for _, i := range e.types.fields(v.Type()) {
			data = e.append(data, field(v, i))
		}
		return data
	case reflect.Slice:
		data = binary.AppendUvarint(data, uint64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(data, v.Bytes()...)
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			data = e.append(data, v.Index(i))
		}
		return data
	case reflect.Map:
		return e.appendMap(data, v)
	}
	if v.IsZero() {
		return append(data, 0)
	}
	panic(fmt.Sprintf("explore: cannot encode a replica that holds a %v", v.Type()))
}

// appendMap writes a map in the order of its encoded keys.
func (e *encoder) appendMap(data []byte, v reflect.Value) []byte {
	type entry struct {
		key   []byte
		value reflect.Value
	}
	var entries []entry
	for key, value := range v.Seq2() {
		entries = append(entries, entry{e.append(nil, addressable(key)), value})
	}
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	data = binary.AppendUvarint(data, uint64(len(entries)))
	for _, each := range entries {
		data = e.append(append(data, each.key...), addressable(each.value))
	}
	return data
}
