package strictyaml

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Node is a value at a place in a document: a scalar, a list or a mapping.
type Node struct {
	file         string
	line, column int
	kind         kind
	text         string  // of a scalar
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

// IsScalar tells whether the node is a single value: a text, a number, true or false.
func (n *Node) IsScalar() bool { return n.kind != kindNull && !n.IsList() && !n.IsMapping() }

// IsList tells whether the node is a list.
func (n *Node) IsList() bool { return n.kind == kindList }

// IsMapping tells whether the node is a mapping of keys to values.
func (n *Node) IsMapping() bool { return n.kind == kindMapping }

// Text is the text of a scalar, without its quotes, and "" for a list or a mapping.
func (n *Node) Text() string { return n.text }

// Errorf makes an *Error at the node; %w works as in fmt.Errorf.
func (n *Node) Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{File: n.file, Line: n.line, Column: n.column, Msg: err.Error(), cause: errors.Unwrap(err)}
}

// String describes the node as error messages do: "text", 5, a list, a mapping, nothing.
func (n *Node) String() string {
	switch n.kind {
	case kindNull:
		return "nothing"
	case kindString:
		return strconv.Quote(n.text)
	case kindList:
		return "a list"
	case kindMapping:
		return "a mapping"
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

// At returns the value at a path such as "load.rate" or "protocols[1].leader". If it is not in
// the file, it is the nearest thing around it that is: never nil.
func (d *Document) At(path string) *Node {
	node := d.root
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
			return node
		}
		node = next
	}
	return node
}

// Errorf makes an *Error at the place of path, see [Document.At].
func (d *Document) Errorf(path, format string, args ...any) error {
	return d.At(path).Errorf(format, args...)
}
