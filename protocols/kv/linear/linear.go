// Package linear decides whether what clients saw of a key-value store is linearizable: whether
// there is one order of all operations, in which each stands between its call and its answer,
// that explains every value read. The decision is porcupine's; this package gives it the model
// and treats every key by itself, which is sound because linearizability is local (Herlihy and
// Wing, TOPLAS 1990, theorem 1).
package linear

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Operation is one read or write as its client saw it.
type Operation struct {
	Client   uint64
	Key      string
	Read     bool
	Value    string // written, or found: "" for an absent key
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
	Undecided    Verdict = "not decided" // the time was over; this is not a success
)

type input struct {
	key   string
	read  bool
	value string
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
		slices.Sort(keys)
		parts := make([][]porcupine.Operation, len(keys))
		for i, key := range keys {
			parts[i] = byKey[key]
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, in, out any) (bool, any) {
		if op := in.(input); !op.read {
			return true, op.value
		}
		return out == state, state
	},
	DescribeOperation: func(in, out any) string {
		if op := in.(input); !op.read {
			return fmt.Sprintf("%s := %s", op.key, op.value)
		}
		return fmt.Sprintf("%s is %q", in.(input).key, out)
	},
}

// Check decides about a history, in any order; timeout bounds the real time it may take, zero
// for no bound. Reads without an answer say nothing and are left out. Safe for use by several
// goroutines.
func Check(history []Operation, timeout time.Duration) Verdict {
	switch porcupine.CheckOperationsTimeout(model, operations(history), timeout) {
	case porcupine.Ok:
		return Linearizable
	case porcupine.Illegal:
		return Violated
	default:
		return Undecided
	}
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
			Input:    input{op.Key, op.Read, op.Value}, Output: op.Value,
			Call: int64(op.Called), Return: returned,
		})
	}
	slices.SortFunc(operations, func(a, b porcupine.Operation) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Return, b.Return))
	})
	return operations
}
