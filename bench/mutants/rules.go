package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"quorumbench/bench/variants"
)

// mutant is one place that is changed by one rule.
type mutant struct {
	ID       int
	Rule     string
	Place    string // file:line
	Function string
	Change   string // what stood there → what stands there
	edit     variants.Edit
}

// The rules, in the order in which reports list them.
const (
	ruleComparison = "comparison" // turned round: < to >=, == to !=
	ruleBoundary   = "boundary"   // moved by one: < to <=, x+1 to x
	ruleCondition  = "condition"  // negated
	ruleOperand    = "operand"    // of && or ||, left out
	ruleExtreme    = "extreme"    // min for max, max for min
	ruleStatement  = "statement"  // that changes state, dropped
	rulePersist    = "persist"    // left out
	ruleQuorum     = "quorum"     // one smaller
	ruleField      = "field"      // of a composite literal, not set
)

var rules = []string{ruleComparison, ruleBoundary, ruleCondition, ruleOperand, ruleExtreme, ruleStatement, rulePersist, ruleQuorum, ruleField}

// What is left out: descriptions of state and messages, invariants (they are checks), and the figures a
// driver tells of itself. Lives cannot tell these from right ones, and need not.
var (
	skippedFiles     = regexp.MustCompile(`(^|/)(describe|invariants)\.go$`)
	skippedFunctions = regexp.MustCompile(`^(String|Text|Error|Floor|floor|Help|[dD]escribe.*|[iI]nvariants?.*|Kinds?)$`)
	skippedCalls     = regexp.MustCompile(`^(Mark|Measure|mark|markAccepted|panic|Errorf|Sprintf|Sprint)$`)
	persistCalls     = regexp.MustCompile(`(?i)^(persist|keep|save)`)
)

// mutate returns the mutants of a package, in the order of its files.
func mutate(s *variants.Sources, p *variants.Package) []mutant {
	m := &mutator{sources: s}
	for _, f := range p.Files {
		if skippedFiles.MatchString(f.Path) {
			continue
		}
		for _, d := range f.Syntax.Decls {
			if g, ok := d.(*ast.FuncDecl); ok && g.Body != nil && g.Type.TypeParams == nil &&
				!skippedFunctions.MatchString(g.Name.Name) && g.Name.Name != "init" && g.Name.Name != "main" {
				m.function = g.Name.Name
				m.walk(g.Body)
			}
		}
	}
	return m.found
}

type mutator struct {
	sources  *variants.Sources
	function string
	found    []mutant
}

// add notes a mutant.
func (m *mutator) add(rule string, pos, end token.Pos, changed, what string) {
	m.found = append(m.found, mutant{
		ID: len(m.found) + 1, Rule: rule, Place: m.sources.Place(pos), Function: m.function, Change: what,
		edit: variants.Edit{Pos: pos, End: end, New: changed},
	})
}

// replace notes a mutant that has another expression in the place of one.
func (m *mutator) replace(rule string, n ast.Node, changed string) {
	m.add(rule, n.Pos(), n.End(), changed, fmt.Sprintf("%s → %s", m.short(n.Pos(), n.End()), strings.Join(strings.Fields(changed), " ")))
}

// drop notes a mutant that has something left out.
func (m *mutator) drop(rule string, n ast.Node, pos, end token.Pos) {
	m.add(rule, pos, end, "", fmt.Sprintf("without %s", m.short(n.Pos(), n.End())))
}

func (m *mutator) text(n ast.Node) string { return m.sources.Text(n.Pos(), n.End()) }

// short is a text in one line, shortened in the middle.
func (m *mutator) short(pos, end token.Pos) string {
	text := strings.Join(strings.Fields(m.sources.Text(pos, end)), " ")
	if runes := []rune(text); len(runes) > 90 {
		return string(runes[:60]) + " … " + string(runes[len(runes)-25:])
	}
	return text
}

// walk notes the mutants of everything below a node.
func (m *mutator) walk(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if skippedCalls.MatchString(called(n)) {
				return false
			}
			m.call(n)
		case *ast.BinaryExpr:
			m.binary(n)
		case *ast.IfStmt:
			m.condition(n.Cond)
		case *ast.ForStmt:
			m.condition(n.Cond)
		case *ast.SwitchStmt:
			if n.Tag == nil {
				for _, c := range n.Body.List {
					for _, e := range c.(*ast.CaseClause).List {
						m.condition(e)
					}
				}
			}
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				if logical(e) {
					m.condition(e)
				}
			}
		case *ast.BlockStmt:
			m.statements(n.List)
		case *ast.CaseClause:
			m.statements(n.Body)
		case *ast.CompositeLit:
			m.fields(n)
		}
		return true
	})
}

// called is the name of the function or method that is called.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

var turned = map[token.Token]token.Token{
	token.LSS: token.GEQ, token.GEQ: token.LSS, token.GTR: token.LEQ, token.LEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL,
}

var moved = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
}

func logical(e ast.Expr) bool {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	return ok && (b.Op == token.LAND || b.Op == token.LOR)
}

func comparison(e ast.Expr) bool {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	return ok && turned[b.Op] != 0
}

func (m *mutator) binary(b *ast.BinaryExpr) {
	x, y := m.text(b.X), m.text(b.Y)
	operator := func(rule string, to token.Token) {
		m.replace(rule, b, fmt.Sprintf("%s %s %s", x, to, y))
	}
	if to, ok := turned[b.Op]; ok {
		operator(ruleComparison, to)
	}
	if to, ok := moved[b.Op]; ok {
		operator(ruleBoundary, to)
	}
	switch b.Op {
	case token.ADD, token.SUB:
		if one, ok := b.Y.(*ast.BasicLit); ok && one.Value == "1" {
			m.replace(ruleBoundary, b, x)
		}
	case token.LAND, token.LOR:
		m.drop(ruleOperand, b.Y, b.X.End(), b.Y.End())
		if !logical(b.X) { // else its own operands are left out one by one
			m.drop(ruleOperand, b.X, b.X.Pos(), b.Y.Pos())
		}
	}
}

// condition notes a condition that is negated. A comparison is turned round anyway.
func (m *mutator) condition(e ast.Expr) {
	if e == nil || comparison(e) {
		return
	}
	if not, ok := ast.Unparen(e).(*ast.UnaryExpr); ok && not.Op == token.NOT {
		m.replace(ruleCondition, e, m.text(not.X))
		return
	}
	m.replace(ruleCondition, e, "!("+m.text(e)+")")
}

var extremes = map[string]string{"min": "max", "max": "min"}

func (m *mutator) call(c *ast.CallExpr) {
	name := called(c)
	if other, ok := extremes[name]; ok && len(c.Args) > 1 {
		if f, ok := c.Fun.(*ast.Ident); ok {
			m.add(ruleExtreme, f.Pos(), f.End(), other, fmt.Sprintf("%s → %s", m.short(c.Pos(), c.End()), other))
		}
	}
	switch {
	case name == "IsQuorum" && len(c.Args) == 1:
		set := m.text(c.Args[0])
		m.add(ruleQuorum, c.Args[0].Pos(), c.Args[0].End(), fmt.Sprintf("(%s) | ((%s) + 1)", set, set),
			m.short(c.Pos(), c.End())+" with one more")
	case name == "MajoritySize", name == "MeetingSize":
		m.replace(ruleQuorum, c, "("+m.text(c)+" - 1)")
	case strings.HasSuffix(m.text(c.Fun), "quorum.Size") && len(c.Args) == 2:
		m.replace(ruleQuorum, c.Args[0], m.text(c.Args[0])+" - 1")
	}
}

// statements notes each statement of a block that changes state and is dropped.
func (m *mutator) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE && !slices.ContainsFunc(s.Lhs, func(e ast.Expr) bool { return !field(e) }) {
				m.drop(ruleStatement, s, s.Pos(), s.End())
			}
		case *ast.IncDecStmt:
			if field(s.X) {
				m.drop(ruleStatement, s, s.Pos(), s.End())
			}
		case *ast.ExprStmt:
			c, ok := s.X.(*ast.CallExpr)
			if !ok || skippedCalls.MatchString(called(c)) {
				continue
			}
			rule := ruleStatement
			if persistCalls.MatchString(called(c)) {
				rule = rulePersist
			}
			m.drop(rule, s, s.Pos(), s.End())
		}
	}
}

// field tells whether what is assigned to is more than a variable.
func field(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr, *ast.StarExpr:
		return true
	case *ast.IndexExpr:
		return field(e.X)
	case *ast.Ident:
		return e.Name == "_"
	}
	return false
}

// fields notes each field of a composite literal that is not set.
func (m *mutator) fields(c *ast.CompositeLit) {
	for i, e := range c.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if _, name := pair.Key.(*ast.Ident); !name {
			continue
		}
		end := c.Rbrace
		if i+1 < len(c.Elts) {
			end = c.Elts[i+1].Pos()
		}
		m.drop(ruleField, pair, pair.Pos(), end)
	}
}
