package strictyaml

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
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
	for _, check := range []func(token.Tokens) error{p.checkKinds, p.checkNesting} {
		if err := check(tokens); err != nil {
			return nil, err
		}
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, p.syntaxError(err)
	}
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			return p.read(doc.Body) // there is no other; see checkKinds
		}
	}
	return nil, p.errorf(nil, "found an empty document; accepted: a mapping of keys to values")
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
	maxDepth  = 100     // of lists and mappings; the parser's time grows with its square
	maxScalar = 4096    // bytes of a single value or key
	maxKeys   = 10_000  // of a mapping without braces; the parser's time grows with its square
)

// checkKinds refuses what strict files do without, and a second document, before the parser sees them: many of them take
// it seconds.
func (p reader) checkKinds(tokens token.Tokens) error {
	begun, ended := false, false
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.DirectiveType:
			return p.errorf(t, "found a YAML %s; accepted: plain values, lists and mappings", kindNames[t.Type])
		case token.MappingKeyType:
			return p.errorf(t, "found a key with a question mark; accepted: a word and a colon")
		case token.DocumentEndType:
			if ended {
				return p.errorf(t, "found the end of a second document; accepted: one document a file")
			}
			ended = true
		case token.CommentType:
		default:
			if ended || begun && t.Type == token.DocumentHeaderType {
				return p.errorf(t, "found a second document; accepted: one document a file")
			}
			begun = true
		}
	}
	return nil
}

var kindNames = map[token.Type]string{
	token.AnchorType: "anchor", token.AliasType: "alias", token.TagType: "tag", token.MergeKeyType: "merge key", token.DirectiveType: "directive",
}

// nesting is a list or a mapping without brackets that is open at a place of the file: it ends before what begins further left.
type nesting struct {
	column int
	isList bool
	keys   int
}

// checkNesting refuses lists and mappings that are nested too deep for the parser, and mappings without braces that have too many
// keys. What is part of what follows from the columns.
func (p reader) checkNesting(tokens token.Tokens) error {
	var open []nesting
	brackets := 0
	enter := func(column int, isList bool) *nesting {
		for len(open) > 0 {
			last := &open[len(open)-1]
			if last.column < column || last.column == column && !last.isList && isList {
				break // what begins here is inside of it
			}
			if last.column == column && last.isList == isList {
				return last
			}
			open = open[:len(open)-1]
		}
		open = append(open, nesting{column: column, isList: isList})
		return &open[len(open)-1]
	}
	for i, t := range tokens {
		switch {
		case t.Type == token.SequenceStartType, t.Type == token.MappingStartType:
			brackets++
		case t.Type == token.SequenceEndType, t.Type == token.MappingEndType:
			brackets--
		case brackets > 0:
		case t.Type == token.SequenceEntryType:
			enter(t.Position.Column, true)
		case t.Type == token.MappingValueType && i > 0:
			key := tokens[i-1]
			mapping := enter(key.Position.Column, false)
			if mapping.keys++; mapping.keys > maxKeys {
				return p.errorf(key, "found more than %d keys in a mapping without braces; accepted: up to that, or more in braces", maxKeys)
			}
		}
		if len(open)+brackets > maxDepth {
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
		n.textColumn = textColumn(n.column, from)
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

// textColumn is where the first character of a text stands that begins, with its quotes, in the given column. It is 0 if the text
// is written in another way than it reads.
func textColumn(column int, from *ast.StringNode) int {
	switch written := strings.TrimSpace(from.GetToken().Origin); written {
	case from.Value:
		return column
	case `"` + from.Value + `"`, "'" + from.Value + "'":
		return column + 1
	}
	return 0
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
