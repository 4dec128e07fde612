package planted

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"quorumbench/bench/variants"
)

// resolve finds the places of an edit in the sources. Its errors tell which line of the table to mend,
// and where the code may be now.
func (e *Edit) resolve(s *variants.Sources) (variants.Edit, error) {
	out, err := e.locate(s)
	if err != nil {
		return out, fmt.Errorf("bench/planted/%s: the edit that %s in %v: %w", e.row, e.describe(), e.Place, err)
	}
	out.Import = e.needs
	return out, nil
}

func (e *Edit) locate(s *variants.Sources) (out variants.Edit, err error) {
	p, err := s.Package(e.dir())
	if err != nil {
		return out, fmt.Errorf("%w (has the package moved? this edit names it)", err)
	}
	if e.action == addingField {
		return e.addField(p)
	}
	f, err := e.function(p)
	if err != nil {
		return out, err
	}
	if e.action == insertingFirst {
		return insert(f.Body.Lbrace+1, "\n"+e.code+"\n"), nil
	}
	m, err := e.match(s, p, f)
	if err != nil {
		return out, err
	}
	switch e.action {
	case insertingBefore:
		return insert(m.pos(), e.code+"\n"), nil
	case insertingAfter:
		return insert(m.end(), "\n"+e.code), nil
	case insertingInCase:
		return insert(m.nodes[0].(*ast.CaseClause).Colon+1, "\n"+e.code+"\n"), nil
	case dropping:
		return variants.Edit{Pos: m.pos(), End: m.end()}, nil
	}
	out = variants.Edit{Pos: m.pos(), End: m.end(), New: e.code}
	if body := m.body(); body != nil {
		out.New = strings.Replace(e.code, anyBlock, s.Text(body.Pos(), body.End()), 1)
	}
	if _, ok := m.nodes[0].(ast.Expr); ok && binds(e.code) {
		out.New = "(" + e.code + ")"
	}
	return out, nil
}

func insert(at token.Pos, code string) variants.Edit {
	return variants.Edit{Pos: at, End: at, New: code}
}

// match finds the code of an edit in a function, exactly once.
func (e *Edit) match(s *variants.Sources, p *variants.Package, f *ast.FuncDecl) (match, error) {
	find, err := e.finder()
	if err != nil {
		return match{}, err
	}
	found := find(f.Body)
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) > 1 {
		return match{}, fmt.Errorf("%s has this %d times (%s); add the statement before or behind it to what is searched for",
			e.Name, len(found), places(s, found))
	}
	var elsewhere []string
	for _, file := range p.Files {
		for _, d := range file.Syntax.Decls {
			if g, ok := d.(*ast.FuncDecl); ok && g.Body != nil && g != f {
				for _, m := range find(g.Body) {
					elsewhere = append(elsewhere, fmt.Sprintf("in %s, %s", nameOf(g), s.Place(m.pos())))
				}
			}
		}
	}
	if len(elsewhere) > 0 {
		return match{}, fmt.Errorf("%s (%s) does not have this any more; it is %s", e.Name, s.Place(f.Pos()), strings.Join(elsewhere, "; "))
	}
	return match{}, fmt.Errorf("%s (%s) does not have this any more, and no function of the package does; find what has become of it and change the edit",
		e.Name, s.Place(f.Pos()))
}

// finder returns what finds the code of the edit below a node, as what the edit can change.
func (e *Edit) finder() (func(ast.Node) []match, error) {
	p, err := parsePattern(e.find)
	if err != nil {
		return nil, err
	}
	switch e.action {
	case insertingBefore, insertingAfter:
		return p.inBlocks, nil
	case insertingInCase:
		return p.cases, nil
	case dropping:
		return p.droppable, nil
	}
	with, err := parsePattern(e.code)
	if err != nil {
		return nil, err
	}
	if p.expr != nil && with.expr != nil {
		return p.expressions, nil
	}
	return p.statements, nil
}

func places(s *variants.Sources, found []match) string {
	var all []string
	for _, m := range found {
		all = append(all, s.Place(m.pos()))
	}
	return strings.Join(all, ", ")
}

// nameOf is a function's name as places have it: the name, or Type.method.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return name.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// function finds the function of an edit.
func (e *Edit) function(p *variants.Package) (*ast.FuncDecl, error) {
	_, method, _ := strings.Cut("."+e.Name, ".")
	method = method[strings.LastIndex(method, ".")+1:]
	var receiver, like []string
	for _, file := range p.Files {
		for _, d := range file.Syntax.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			name := nameOf(f)
			if name == e.Name {
				return f, nil
			}
			if f.Name.Name == method {
				like = append(like, name)
			}
			if before, _, is := strings.Cut(name, "."); is && strings.HasPrefix(e.Name, before+".") {
				receiver = append(receiver, f.Name.Name)
			}
		}
	}
	switch {
	case len(like) > 0:
		return nil, fmt.Errorf("package %s has no %s; it has %s", e.Package, e.Name, strings.Join(like, ", "))
	case len(receiver) > 0:
		return nil, fmt.Errorf("package %s has no %s; methods of that type are %s", e.Package, e.Name, strings.Join(receiver, ", "))
	}
	return nil, fmt.Errorf("package %s has no %s; has it been renamed?", e.Package, e.Name)
}

// addField finds the struct type of an edit.
func (e *Edit) addField(p *variants.Package) (out variants.Edit, err error) {
	for _, file := range p.Files {
		ast.Inspect(file.Syntax, func(n ast.Node) bool {
			if t, ok := n.(*ast.TypeSpec); ok && t.Name.Name == e.Name {
				if s, ok := t.Type.(*ast.StructType); ok {
					out = insert(s.Fields.Closing, e.code+"\n")
				}
			}
			return true
		})
	}
	if out.Pos == token.NoPos {
		return out, fmt.Errorf("package %s has no struct type %s", e.Package, e.Name)
	}
	return out, nil
}
