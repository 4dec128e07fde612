package strictyaml

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parse reads the one document of a file into nodes.
func parse(file string, data []byte) (*Node, error) {
	p := reader{file: file}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the mark that some editors put before UTF-8
	if err := p.checkUTF8(data); err != nil {
		return nil, err
	}
	if err := p.checkMarks(data); err != nil {
		return nil, err
	}
	tokens := lexer.Tokenize(string(data))
	if err := p.checkDepth(tokens); err != nil {
		return nil, err
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, p.syntaxError(err)
	}
	var docs []*Node
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		root, err := p.read(doc.Body)
		if err != nil {
			return nil, err
		}
		docs = append(docs, root)
	}
	switch len(docs) {
	case 0:
		return nil, p.errorf(nil, "found an empty document; accepted: a mapping of keys to values")
	case 1:
		return docs[0], nil
	}
	return nil, docs[1].Errorf("found a second document; accepted: one document a file")
}

// reader turns the parser's tree into nodes and refuses what strict files do without.
type reader struct {
	file string
}

// at is a node at the place of a token; one without a place is put at the start of the file.
func (p reader) at(t *token.Token) *Node {
	n := &Node{file: p.file, line: 1, column: 1}
	if t != nil && t.Position != nil {
		n.line, n.column = max(1, t.Position.Line), max(1, t.Position.Column)
	}
	return n
}

func (p reader) errorf(t *token.Token, format string, args ...any) error {
	return p.at(t).Errorf(format, args...)
}

// checkUTF8 refuses a file that is not UTF-8, at the first byte that is not.
func (p reader) checkUTF8(data []byte) error {
	if utf8.Valid(data) {
		return nil
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	line := data[bytes.LastIndexByte(data[:at], '\n')+1 : at]
	place := &Node{file: p.file, line: 1 + bytes.Count(data[:at], []byte("\n")), column: 1 + utf8.RuneCount(line)}
	return place.Errorf("found the byte 0x%02x, which is not UTF-8; accepted: UTF-8", data[at])
}

// checkMarks refuses a file with too many marks of punctuation and lines, at the first mark too many. They bound the
// number of tokens, with which the parser's time grows: a file of 7 MB took it more than 25 s.
func (p reader) checkMarks(data []byte) error {
	marks, line, start := 0, 1, 0
	for i, b := range data {
		if b == '\n' || b > ' ' && b < '0' || b > '9' && b < 'A' || b > 'Z' && b < 'a' || b > 'z' && b < 0x7f {
			if marks++; marks > maxMarks {
				place := &Node{file: p.file, line: line, column: 1 + utf8.RuneCount(data[start:i])}
				return place.Errorf("found more than %d marks of punctuation and lines; accepted: up to that", maxMarks)
			}
		}
		if b == '\n' {
			line, start = line+1, i+1
		}
	}
	return nil
}

const (
	maxMarks  = 500_000 // the links between 256 regions take up to 330,000
	maxDepth  = 100     // of lists and mappings in brackets; the parser's time grows with its square
	maxScalar = 4096    // bytes of a single value or key
)

// checkDepth refuses lists and mappings in brackets that are nested too deep for the parser, and keys with question
// marks, which nest as well.
func (p reader) checkDepth(tokens token.Tokens) error {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.MappingKeyType:
			return p.errorf(t, "found a key with a question mark; accepted: a word and a colon")
		}
		if depth > maxDepth {
			return p.errorf(t, "found lists or mappings that are nested more than %d deep; accepted: up to that", maxDepth)
		}
	}
	return nil
}

func (p reader) syntaxError(err error) error {
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		return p.errorf(syntax.GetToken(), "found what is not YAML: %s", syntax.GetMessage())
	}
	return p.errorf(nil, "found what is not YAML: %w", err)
}

func (p reader) read(from ast.Node) (*Node, error) {
	n := p.at(from.GetToken())
	switch from := from.(type) {
	case *ast.NullNode:
		n.kind = kindNull
	case *ast.BoolNode:
		n.kind, n.text = kindBool, from.GetToken().Value
	case *ast.IntegerNode:
		n.kind, n.text = kindInteger, from.GetToken().Value
	case *ast.FloatNode:
		n.kind, n.text = kindFloat, from.GetToken().Value
	case *ast.StringNode:
		n.kind, n.text = kindString, from.Value
		if from.GetToken().Type == token.StringType && isNumber(n.text) {
			n.kind = kindFloat // such as 1e3, which the parser takes for a text
		}
	case *ast.LiteralNode:
		n.kind, n.text = kindString, from.Value.Value
	case *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = kindString, from.GetToken().Value
	case *ast.SequenceNode:
		n.kind = kindList
		for _, value := range from.Values {
			item, err := p.read(value)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
	case *ast.MappingNode:
		return p.readMapping(n, from.Values, from.IsFlowStyle)
	case *ast.MappingValueNode:
		return p.readMapping(n, []*ast.MappingValueNode{from}, false)
	default:
		return nil, n.Errorf("found a YAML %s; accepted: plain values, lists and mappings", from.Type().YAMLName())
	}
	if len(n.text) > maxScalar {
		return nil, n.Errorf("found a value of %d bytes; accepted: up to %d", len(n.text), maxScalar)
	}
	return n, nil
}

// isNumber reports whether a text is a finite number.
func isNumber(text string) bool {
	f, err := strconv.ParseFloat(text, 64)
	return err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

func (p reader) readMapping(n *Node, values []*ast.MappingValueNode, isFlow bool) (*Node, error) {
	n.kind = kindMapping
	seen := map[string]bool{}
	for i, value := range values {
		key, err := p.read(value.Key)
		if err != nil {
			return nil, err
		}
		if !key.IsScalar() {
			return nil, key.Errorf("found %v as a key; accepted: a word", key)
		}
		if i == 0 && !isFlow { // the parser places a mapping without braces at its first colon
			n.line, n.column = key.line, key.column
		}
		if seen[key.text] {
			return nil, key.Errorf("found the key %q twice; accepted: once", key.text)
		}
		seen[key.text] = true
		if value.Value == nil {
			return nil, key.Errorf("found no value for the key %q", key.text)
		}
		item, err := p.read(value.Value)
		if err != nil {
			return nil, err
		}
		n.entries = append(n.entries, entry{key, item})
	}
	return n, nil
}
