package linear

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"quorumbench/protocols/kv"
)

// Operation is one read or write as its client saw it.
type Operation struct {
	Client   uint64
	Key      string
	Read     bool
	Version  uint64     // that it names, zero for none
	Value    string     // written, or found: "" for an absent key
	Outcome  kv.Outcome // of one that names a version, if answered
	Called   time.Duration
	Answered bool          // without an answer a write may have taken effect at any time, or never
	Returned time.Duration // if answered
}

// Verdict is the outcome of a check.
type Verdict string

// The verdicts.
const (
	Linearizable Verdict = "linearizable"
	Violated     Verdict = "not linearizable"
	Undecided    Verdict = "not decided" // the steps were used up; this is not a success
)

type input struct {
	key     string
	read    bool
	value   string
	version uint64
	counted bool // some command of the key names a version: count them
}

type output struct {
	answered bool
	value    string
	outcome  kv.Outcome
}

// state is what a key is: its latest value and, if versions are counted, the latest version.
type state struct {
	value  string
	latest *version
}

// version is one with all before it: the value of a version may be found long after there are later
// ones, since what a replica knows of a version that exists stays true.
type version struct {
	number uint64
	value  string
	before *version
	hash   uint64 // of the values up to here
}

func (v *version) count() uint64 {
	if v == nil {
		return 0
	}
	return v.number
}

// at is the value of a version that exists.
func (v *version) at(number uint64) string {
	for v.number > number {
		v = v.before
	}
	return v.value
}

func (v *version) next(value string) *version {
	h := fnv.New64a()
	if v != nil {
		h.Write(binary.LittleEndian.AppendUint64(nil, v.hash))
	}
	h.Write([]byte(value))
	return &version{number: v.count() + 1, value: value, before: v, hash: h.Sum64()}
}

// equal tells whether two states are the same; that of other values has the same hash is a chance of
// one in 2⁶⁴.
func (s state) equal(o state) bool {
	if s.latest == nil || o.latest == nil {
		return s.value == o.value && s.latest == o.latest
	}
	return s.value == o.value && s.latest.number == o.latest.number && s.latest.hash == o.latest.hash
}

func (s state) write(op input) state {
	s.value = op.value
	if op.counted {
		s.latest = s.latest.next(op.value)
	}
	return s
}

// step tells whether an operation may have that output in a state, and the state after it.
func (s state) step(op input, out output) (bool, state) {
	if op.version > 0 {
		return s.stepVersion(op, out)
	}
	if op.read {
		return out.value == s.value, s
	}
	return true, s.write(op)
}

// stepVersion is step for an operation that names a version.
func (s state) stepVersion(op input, out output) (bool, state) {
	latest := s.latest.count()
	exists := op.version <= latest
	switch {
	case !op.read && op.version == latest+1:
		return !out.answered || out.outcome == kv.Outcome_NOTED, s.write(op)
	case !op.read:
		return !out.answered || out.outcome == kv.Outcome_REFUSED, s
	case out.outcome == kv.Outcome_NOTED:
		return exists && s.latest.at(op.version) == out.value, s
	case out.outcome == kv.Outcome_DROPPED:
		return op.version < latest, s
	default:
		return !exists, s
	}
}

var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[string][]porcupine.Operation{}
		var keys []string
		for _, op := range history {
			key := op.Input.(input).key
			if byKey[key] == nil {
				keys = append(keys, key)
			}
			byKey[key] = append(byKey[key], op)
		}
		slices.SortFunc(keys, func(a, b string) int { // few operations first, since a search for many may not end
			return cmp.Or(cmp.Compare(len(byKey[a]), len(byKey[b])), cmp.Compare(a, b))
		})
		parts := make([][]porcupine.Operation, len(keys))
		for i, key := range keys {
			parts[i] = byKey[key]
		}
		return parts
	},
	Init:  func() any { return state{} },
	Step:  func(before, in, out any) (bool, any) { return before.(state).step(in.(input), out.(output)) },
	Equal: func(a, b any) bool { return a.(state).equal(b.(state)) },
	DescribeOperation: func(in, out any) string {
		op, result := in.(input), out.(output)
		key := op.key
		if op.version > 0 {
			key = fmt.Sprintf("%s/%d", key, op.version)
		}
		switch {
		case op.read && result.outcome != kv.Outcome_NOTED:
			return fmt.Sprintf("%s is %s", key, strings.ToLower(result.outcome.String()))
		case op.read:
			return fmt.Sprintf("%s is %q", key, result.value)
		case result.outcome != kv.Outcome_NOTED:
			return fmt.Sprintf("%s := %s is %s", key, op.value, strings.ToLower(result.outcome.String()))
		default:
			return fmt.Sprintf("%s := %s", key, op.value)
		}
	},
}

// Check decides about a history, in any order. It searches key by key, those with few operations first, for at most so many steps of the model in all, so
// that the verdict does not depend on the machine; zero: without a bound, although the search can take exponential time.
// Reads without an answer say nothing and are left out. Safe for use by several goroutines.
func Check(history []Operation, steps int) Verdict {
	left := steps
	for _, part := range model.Partition(operations(history)) {
		bounded := model
		if steps > 0 {
			bounded.Step = func(before, in, out any) (bool, any) {
				if left--; left < 0 {
					return false, before // from now on no command fits, so that the search ends soon
				}
				return model.Step(before, in, out)
			}
		}
		bounded.Partition = nil // a single one, so that no two searches run at a time
		switch ok := porcupine.CheckOperations(bounded, part); {
		case ok:
		case steps > 0 && left < 0:
			return Undecided
		default:
			return Violated
		}
	}
	return Linearizable
}

// explainTimeout bounds the real time that an explanation takes: it looks for the longest parts
// of the history that can be explained.
const explainTimeout = 5 * time.Second

// Explain writes an HTML page that shows the history, and how far it can be explained.
func Explain(history []Operation, w io.Writer) error {
	_, info := porcupine.CheckOperationsVerbose(model, operations(history), explainTimeout)
	if err := porcupine.Visualize(model, info, w); err != nil {
		return fmt.Errorf("drawing the history: %w", err)
	}
	return nil
}

// operations are the history as porcupine wants it, in an order of their own.
func operations(history []Operation) []porcupine.Operation {
	operations := make([]porcupine.Operation, 0, len(history))
	counted := map[string]bool{}
	for _, op := range history {
		if op.Version > 0 {
			counted[op.Key] = true
		}
	}
	for i, op := range history {
		if op.Read && !op.Answered {
			continue
		}
		returned := int64(math.MaxInt64)
		if op.Answered {
			returned = int64(op.Returned)
		}
		operations = append(operations, porcupine.Operation{
			ClientId: i, // a client may have several operations under way
			Input:    input{op.Key, op.Read, op.Value, op.Version, counted[op.Key]},
			Output:   output{op.Answered, op.Value, op.Outcome},
			Call:     int64(op.Called), Return: returned,
		})
	}
	slices.SortFunc(operations, func(a, b porcupine.Operation) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Return, b.Return))
	})
	return operations
}
