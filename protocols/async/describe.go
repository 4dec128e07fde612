package async

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// describe returns a message as text.
func describe(data []byte) string {
	var m Message
	if protocols.Decode(data, &m) != nil {
		return ""
	}
	switch kind := m.Kind.(type) {
	case *Message_Writes:
		words := []string{"Writes"}
		for _, w := range kind.Writes.Writes {
			words = append(words, fmt.Sprintf("%d.%d %s", w.Stream, w.Index, kv.Describe(w.Command)))
		}
		return strings.Join(words, " ")
	case *Message_Applied:
		text := "Applied " + strings.ReplaceAll(fmt.Sprint(kind.Applied.Applied), " ", ",")
		if kind.Applied.Ask {
			text += " and you?"
		}
		return text
	}
	return ""
}

// invariants reports two replicas that have applied the same writes and have different values, and one that has forgotten a
// write that another lacks.
func invariants(nodes []protocols.Node) error {
	var up []*replica
	for _, node := range nodes {
		if r, alive := node.(*replica); alive {
			up = append(up, r)
		}
	}
	for i, r := range up {
		for _, other := range up[:i] {
			for s := range r.streams {
				if base := r.applied[s] - uint64(len(r.streams[s].held)); other.applied[s] < base {
					return fmt.Errorf("replica %d has forgotten stream %d up to %d, and replica %d has applied it up to %d", r.id, s, base, other.id, other.applied[s])
				}
			}
			if !slices.Equal(r.applied, other.applied) {
				continue
			}
			for _, name := range slices.Sorted(maps.Keys(r.keys)) {
				if k, same := r.keys[name], other.keys[name]; same == nil || !bytes.Equal(k.value, same.value) {
					return fmt.Errorf("replicas %d and %d have applied %v, and differ in the value of %q", other.id, r.id, r.applied, name)
				}
			}
		}
	}
	return nil
}
