package planted

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
)

// pattern is code to find in a function: an expression, a field of a composite literal (Key: value), or
// statements that follow each other. Formatting, comments and parentheses do not matter.
type pattern struct {
	expr  ast.Expr   // also of a field; nil for statements
	stmts []ast.Stmt // with expr, the same as a statement
}

func parsePattern(code string) (p pattern, err error) {
	if expr, err := parser.ParseExpr(code); err == nil {
		return pattern{expr: expr, stmts: []ast.Stmt{&ast.ExprStmt{X: expr}}}, nil
	}
	if literal, err := parser.ParseExpr("T{" + code + "}"); err == nil {
		if c, ok := literal.(*ast.CompositeLit); ok && len(c.Elts) == 1 {
			return pattern{expr: c.Elts[0]}, nil
		}
	}
	if p.stmts, err = parseStatements(code); err != nil {
		return p, fmt.Errorf("`%s` is no Go expression and no statements: %w", code, err)
	}
	return p, nil
}

func parseStatements(code string) ([]ast.Stmt, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p; func _() {\n"+code+"\n}", parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return file.Decls[0].(*ast.FuncDecl).Body.List, nil
}

// match is where a pattern was found.
type match struct {
	nodes    []ast.Node // an expression, a case, or statements
	block    bool       // the nodes are statements of a block or case, and can have others beside them
	from, to token.Pos  // with what goes with the nodes if they are dropped; zero: nothing
}

func (m match) pos() token.Pos {
	if m.from != token.NoPos {
		return m.from
	}
	return m.nodes[0].Pos()
}

func (m match) end() token.Pos {
	if m.to != token.NoPos {
		return m.to
	}
	return m.nodes[len(m.nodes)-1].End()
}

// body is the block of an if or a loop, nil if the match is something else.
func (m match) body() *ast.BlockStmt {
	switch n := m.nodes[0].(type) {
	case *ast.IfStmt:
		return n.Body
	case *ast.ForStmt:
		return n.Body
	case *ast.RangeStmt:
		return n.Body
	}
	return nil
}

// expressions returns where the pattern's expression is below a node.
func (p pattern) expressions(below ast.Node) (found []match) {
	ast.Inspect(below, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && same(p.expr, e) {
			if _, parentheses := e.(*ast.ParenExpr); !parentheses { // what is inside is found as well
				found = append(found, match{nodes: []ast.Node{e}})
			}
		}
		return true
	})
	return found
}

// statements returns where the pattern's statements are below a node.
func (p pattern) statements(below ast.Node) (found []match) {
	if len(p.stmts) == 0 {
		return nil
	}
	inBlock := map[ast.Stmt]bool{}
	ast.Inspect(below, func(n ast.Node) bool {
		list := statementsOf(n)
		for i := range list {
			inBlock[list[i]] = true
			if i+len(p.stmts) > len(list) {
				continue
			}
			m := match{block: true}
			for j, want := range p.stmts {
				if !same(want, list[i+j]) {
					break
				}
				m.nodes = append(m.nodes, list[i+j])
			}
			if len(m.nodes) == len(p.stmts) {
				found = append(found, m)
			}
		}
		if s, ok := n.(ast.Stmt); ok && !inBlock[s] && len(p.stmts) == 1 && same(p.stmts[0], s) { // as in if x := f(); …
			found = append(found, match{nodes: []ast.Node{s}})
		}
		return true
	})
	return found
}

// inBlocks returns where the pattern's statements are in blocks and cases.
func (p pattern) inBlocks(below ast.Node) []match {
	return slices.DeleteFunc(p.statements(below), func(m match) bool { return !m.block })
}

// droppable returns where the pattern is statements, or else operands of && and || and fields of
// composite literals, the operator or the comma with them.
func (p pattern) droppable(below ast.Node) []match {
	if found := p.inBlocks(below); len(found) > 0 || p.expr == nil {
		return found
	}
	var found []match
	ast.Inspect(below, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op != token.LAND && n.Op != token.LOR {
				break
			}
			if same(p.expr, n.X) {
				found = append(found, match{nodes: []ast.Node{n.X}, from: n.X.Pos(), to: n.Y.Pos()})
			}
			if same(p.expr, n.Y) {
				found = append(found, match{nodes: []ast.Node{n.Y}, from: n.X.End(), to: n.Y.End()})
			}
		case *ast.CompositeLit:
			for i, e := range n.Elts {
				if !same(p.expr, e) {
					continue
				}
				m := match{nodes: []ast.Node{e}}
				if i+1 < len(n.Elts) {
					m.to = n.Elts[i+1].Pos()
				} else {
					m.to = n.Rbrace // the comma behind the last but one may stay
				}
				found = append(found, m)
			}
		}
		return true
	})
	return found
}

// cases returns the cases of switches that have the pattern's expression.
func (p pattern) cases(below ast.Node) (found []match) {
	ast.Inspect(below, func(n ast.Node) bool {
		if c, ok := n.(*ast.CaseClause); ok && p.expr != nil && slices.ContainsFunc(c.List, func(e ast.Expr) bool { return same(p.expr, e) }) {
			found = append(found, match{nodes: []ast.Node{c}})
		}
		return true
	})
	return found
}

// statementsOf returns the statements of a block or of a case.
func statementsOf(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// same tells whether two pieces of code are the same but for formatting, comments and parentheses.
func same(pattern, code ast.Node) bool {
	return sameValue(reflect.ValueOf(pattern), reflect.ValueOf(code))
}

func sameValue(a, b reflect.Value) bool {
	a, b = inside(a), inside(b)
	if a.IsValid() != b.IsValid() {
		return false
	}
	if !a.IsValid() {
		return true
	}
	if a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		if block, ok := a.Interface().(*ast.BlockStmt); ok && isAny(block) {
			return true
		}
		return sameValue(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			switch of := a.Type().Field(i); {
			case of.Type == position && of.Name == "Ellipsis": // f(x...) is not f(x)
				if a.Field(i).IsZero() != b.Field(i).IsZero() {
					return false
				}
			case of.Type == position, of.Type == object, of.Type == comments:
			case !sameValue(a.Field(i), b.Field(i)):
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface() // names, literals, operators
}

var (
	position = reflect.TypeFor[token.Pos]()
	object   = typeOf(reflect.TypeFor[ast.Ident](), "Obj") // what an identifier stands for, which the parser does not know
	comments = reflect.TypeFor[*ast.CommentGroup]()
)

// typeOf is the type of a struct's field.
func typeOf(t reflect.Type, field string) reflect.Type {
	f, _ := t.FieldByName(field)
	return f.Type
}

// inside is the value without the interface and the parentheses around it.
func inside(v reflect.Value) reflect.Value {
	for v.IsValid() {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
			continue
		}
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			if p, ok := v.Interface().(*ast.ParenExpr); ok {
				v = reflect.ValueOf(p.X)
				continue
			}
		}
		break
	}
	return v
}

// anyBlock stands for any block in what is searched for, and, where an if or a loop is replaced, for the
// block that it had.
const anyBlock = "{ _ }"

// isAny tells whether a block of a pattern stands for any block.
func isAny(block *ast.BlockStmt) bool {
	if len(block.List) != 1 {
		return false
	}
	s, ok := block.List[0].(*ast.ExprStmt)
	if !ok {
		return false
	}
	name, ok := s.X.(*ast.Ident)
	return ok && name.Name == "_"
}
