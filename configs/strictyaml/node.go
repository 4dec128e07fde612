package strictyaml

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Node is a value at a place in a document: a scalar, a list or a mapping.
type Node struct {
	file         string
	line, column int
	kind         kind
	text         string  // of a scalar
	textColumn   int     // of a scalar on one line that is written as it reads: where its first character stands; else 0
	items        []*Node // of a list
	entries      []entry // of a mapping, in the order of the file
}

type entry struct {
	key   *Node // a scalar
	value *Node
}

type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindInteger
	kindFloat
	kindString
	kindList
	kindMapping
)

// IsScalar reports whether the node is a single value: a text, a number, true or false.
func (n *Node) IsScalar() bool { return n.kind != kindNull && !n.IsList() && !n.IsMapping() }

// IsList reports whether the node is a list.
func (n *Node) IsList() bool { return n.kind == kindList }

// IsMapping reports whether the node is a mapping of keys to values.
func (n *Node) IsMapping() bool { return n.kind == kindMapping }

// Text is the text of a scalar, without its quotes, and "" for a list or a mapping.
func (n *Node) Text() string { return n.text }

// Errorf makes an *Error at the node; %w works as in fmt.Errorf.
func (n *Node) Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{File: n.file, Line: n.line, Column: n.column, Msg: err.Error(), cause: errors.Unwrap(err)}
}

// ErrorAtf is Errorf at a character of the scalar's text, the first being 1. It is an error at the node where the
// text is written in another way than it reads, on several lines or with escapes.
func (n *Node) ErrorAtf(character int, format string, args ...any) error {
	at := *n
	if n.textColumn > 0 {
		at.column = n.textColumn + character - 1
	}
	return at.Errorf(format, args...)
}

// maxShown is how many characters of a text an error shows.
const maxShown = 100

// String describes the node as error messages do: "text", 5, a list, a mapping, nothing.
func (n *Node) String() string {
	switch n.kind {
	case kindNull:
		return "nothing"
	case kindString:
		if runes := []rune(n.text); len(runes) > maxShown {
			return strconv.Quote(string(runes[:maxShown])) + "…"
		}
		return strconv.Quote(n.text)
	case kindList:
		return "a list"
	case kindMapping:
		return "a mapping"
	}
	return n.text
}

// Flow is the node as a line of YAML, with brackets, braces and quotes, which reads as the same node.
func (n *Node) Flow() string {
	switch n.kind {
	case kindNull:
		return "null"
	case kindString:
		text, err := json.Marshal(n.text)
		if err != nil {
			panic(fmt.Sprintf("strictyaml: quoting %q: %v", n.text, err)) // a text cannot fail
		}
		return string(text)
	case kindList:
		items := make([]string, len(n.items))
		for i, item := range n.items {
			items[i] = item.Flow()
		}
		return "[" + strings.Join(items, ", ") + "]"
	case kindMapping:
		entries := make([]string, len(n.entries))
		for i, e := range n.entries {
			entries[i] = e.key.Flow() + ": " + e.value.Flow()
		}
		return "{" + strings.Join(entries, ", ") + "}"
	}
	return n.text
}

func (n *Node) get(key string) *Node {
	for _, e := range n.entries {
		if e.key.text == key {
			return e.value
		}
	}
	return nil
}

// Document is a decoded file, kept so that a later check can point at the place of a value.
type Document struct {
	root *Node
}

// Keys returns the keys of a mapping, in the order of the file; nothing else has any.
func (n *Node) Keys() []*Node {
	var keys []*Node
	for _, e := range n.entries {
		keys = append(keys, e.key)
	}
	return keys
}

// Items returns the values of a list, in the order of the file; nothing else has any.
func (n *Node) Items() []*Node { return n.items }

// Pairs goes through the keys of a mapping and their values, in the order of the file; nothing else has any.
func (n *Node) Pairs() iter.Seq2[*Node, *Node] {
	return func(yield func(key, value *Node) bool) {
		for _, e := range n.entries {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// At returns the value at a path such as "load.rate" or "protocols[1].leader". If it is not in
// the file, it is the nearest thing around it that is: never nil.
func (d *Document) At(path string) *Node { return d.root.At(path) }

// At is [Document.At] for the values in a node.
func (n *Node) At(path string) *Node {
	node, _ := n.find(path)
	return node
}

// Has reports whether there is a value at a path.
func (d *Document) Has(path string) bool {
	_, is := d.root.find(path)
	return is
}

// find is At, and reports whether the value is in the file.
func (n *Node) find(path string) (node *Node, is bool) {
	node = n
	for step := range strings.SplitSeq(strings.ReplaceAll(path, "[", ".["), ".") {
		if step == "" {
			continue
		}
		next := node.get(step)
		if index, isIndex := strings.CutPrefix(step, "["); isIndex {
			i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			if err == nil && i >= 0 && i < len(node.items) {
				next = node.items[i]
			}
		}
		if next == nil {
			return node, false
		}
		node = next
	}
	return node, true
}

// With returns the document with another value at a path of keys, such as "load.rate", whether or not
// there is one. Mappings on the way are made where they are missing. The document itself stays as it is.
func (d *Document) With(path string, value *Node) *Document {
	return &Document{root: d.root.with(strings.Split(path, "."), value)}
}

func (n *Node) with(steps []string, value *Node) *Node {
	if len(steps) == 0 {
		return value
	}
	changed := *n
	changed.entries = slices.Clone(n.entries)
	for i := range changed.entries {
		if e := &changed.entries[i]; e.key.text == steps[0] {
			e.value = e.value.with(steps[1:], value)
			return &changed
		}
	}
	at := Node{file: value.file, line: value.line, column: value.column}
	key, rest := at, at
	key.kind, key.text = kindString, steps[0]
	rest.kind = kindMapping
	changed.entries = append(changed.entries, entry{&key, rest.with(steps[1:], value)})
	return &changed
}

// Root is the document's only value.
func (d *Document) Root() *Node { return d.root }

// Decode is what the package's Decode does, once more.
func (d *Document) Decode(into any) error { return d.root.Decode(into) }

// Errorf makes an *Error at the place of path, see [Document.At].
func (d *Document) Errorf(path, format string, args ...any) error {
	return d.At(path).Errorf(format, args...)
}
