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

// A replica does not know how to tell whether it is in the same state as another. That is done here by
// looking into it, unexported fields included. Only tests do this.

var (
	durationType = reflect.TypeFor[time.Duration]()
	randomType   = reflect.TypeFor[*rand.Rand]()
	outboxType   = reflect.TypeFor[*protocols.Outbox]()
	configType   = reflect.TypeFor[protocols.Config]()
	messageType  = reflect.TypeFor[proto.Message]()
)

// encoder writes down a replica's state, the same bytes for the same state. It leaves out what does not
// change (its Config, functions), what every step brings anew (the outbox), random generators, the fields
// it is told to ignore and, unless clocks count, durations.
type encoder struct {
	ignored map[string]bool // fields, as Type.field
	clocks  bool            // durations are a part of the state

	plans map[reflect.Type]*plan
	met   map[any]int // what pointers point to, numbered as it is met
}

// plan is what is to be known of a struct type.
type plan struct {
	message bool  // it is a protobuf message, here one that is held by value
	fields  []int // those that count
}

func newEncoder(c *Cluster) encoder {
	e := encoder{ignored: map[string]bool{}, clocks: c.Clocks, plans: map[reflect.Type]*plan{}, met: map[any]int{}}
	ignored := []string{
		"batch.arrived", "Outbox.Marks", "Outbox.arena", "Slab.block", "Store.absent", "Store.fresh",
		// The order of keys and clients in a snapshot.
		"Store.first", "Store.last", "Store.firstSession", "Store.lastSession", "Store.stored",
		"entry.key", "entry.number", "entry.next", "session.number", "session.next",
	}
	for _, name := range append(ignored, c.Ignored...) {
		e.ignored[name] = true
	}
	return e
}

func (e *encoder) planOf(t reflect.Type) *plan {
	p := e.plans[t]
	if p != nil {
		return p
	}
	p = &plan{message: reflect.PointerTo(t).Implements(messageType)}
	for i := range t.NumField() {
		f := t.Field(i)
		if !e.ignored[t.Name()+"."+f.Name] && f.Type != configType && f.Type.Kind() != reflect.Func {
			p.fields = append(p.fields, i)
		}
	}
	e.plans[t] = p
	return p
}

// field makes a field of an addressable struct readable, exported or not.
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
		if v.Type() == durationType && !e.clocks {
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
		return e.appendPointer(data, v)
	case reflect.Interface:
		if v.IsNil() {
			return append(data, 0)
		}
		data = append(append(append(data, 1), v.Elem().Type().String()...), 0)
		return e.append(data, addressable(v.Elem()))
	case reflect.Struct:
		return e.appendStruct(data, v)
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

// appendPointer writes what a pointer points to, or, if that is written already, its number.
func (e *encoder) appendPointer(data []byte, v reflect.Value) []byte {
	if v.IsNil() || v.Type() == outboxType || v.Type() == randomType {
		return append(data, 0)
	}
	if number, again := e.met[v.Interface()]; again {
		return binary.AppendUvarint(append(data, 2), uint64(number))
	}
	e.met[v.Interface()] = len(e.met)
	return e.append(append(data, 1), v.Elem())
}

func (e *encoder) appendStruct(data []byte, v reflect.Value) []byte {
	p := e.planOf(v.Type())
	if !p.message {
		for _, i := range p.fields {
			data = e.append(data, field(v, i))
		}
		return data
	}
	m := v.Addr().Interface().(proto.Message)
	start := len(data)
	data, err := protocols.Append(append(data, make([]byte, 4)...), m)
	if err != nil {
		panic(fmt.Sprintf("explore: encoding a %v: %v", v.Type(), err)) // an invalid message type
	}
	binary.LittleEndian.PutUint32(data[start:], uint32(len(data)-start-4))
	return data
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
