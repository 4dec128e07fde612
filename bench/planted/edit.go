package planted

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"runtime"
	"strings"
)

// Place is where edits are made: a function, a method or a type, as package.function or
// package.Type.method. The package is a folder below protocols, or protocols itself.
type Place struct{ Package, Name string }

func in(place string) Place {
	dir, name, _ := strings.Cut(place, ".")
	return Place{dir, name}
}

// dir is the folder of the place's package below the module's.
func (p Place) dir() string {
	if p.Package == "protocols" {
		return p.Package
	}
	return "protocols/" + p.Package
}

func (p Place) String() string { return p.Package + "." + p.Name }

// Edit is one change of the code at a place.
type Edit struct {
	Place
	action action
	find   string // the code that is changed, which must be in the function exactly once
	code   string // what takes its place, or is inserted
	needs  string // the path of a package that code needs
	row    string // file:line of the edit itself
}

type action uint8

const (
	replacing action = iota
	dropping
	insertingBefore
	insertingAfter
	insertingFirst
	insertingInCase
	addingField
)

// replace puts other code in the place of an expression, or of one or several statements.
func (p Place) replace(find, code string) Edit { return p.edit(replacing, find, code) }

// drop removes one or several statements, an operand of && or ||, or a field of a composite literal.
func (p Place) drop(find string) Edit { return p.edit(dropping, find, "") }

// negate turns a condition round.
func (p Place) negate(find string) Edit { return p.edit(replacing, find, "!("+find+")") }

// before and after put statements beside one or several statements, inCase at the start of a case of a
// switch, first at the start of the function.
func (p Place) before(find, code string) Edit { return p.edit(insertingBefore, find, code) }
func (p Place) after(find, code string) Edit  { return p.edit(insertingAfter, find, code) }
func (p Place) inCase(find, code string) Edit { return p.edit(insertingInCase, find, code) }
func (p Place) first(code string) Edit        { return p.edit(insertingFirst, "", code) }

// field gives a struct type a field more, for what else the bug changes. The type has it in all
// programs with bugs.
func (p Place) field(code string) Edit { return p.edit(addingField, "", code) }

// needing adds the path of a package that the code of the edit uses.
func (e Edit) needing(path string) Edit {
	e.needs = path
	return e
}

func (p Place) edit(action action, find, code string) Edit {
	_, file, line, _ := runtime.Caller(2)
	return Edit{Place: p, action: action, find: find, code: code, row: fmt.Sprintf("%s:%d", filepath.Base(file), line)}
}

// describe says what the edit does.
func (e *Edit) describe() string {
	switch e.action {
	case dropping:
		return fmt.Sprintf("drops `%s`", e.find)
	case insertingBefore:
		return fmt.Sprintf("inserts before `%s`", e.find)
	case insertingAfter:
		return fmt.Sprintf("inserts after `%s`", e.find)
	case insertingFirst:
		return "inserts at the start"
	case insertingInCase:
		return fmt.Sprintf("inserts in the case `%s`", e.find)
	case addingField:
		return fmt.Sprintf("adds the field `%s`", e.code)
	}
	return fmt.Sprintf("replaces `%s`", e.find)
}

// binds tells whether code is an expression with an operator, which wants parentheses where it stands in
// another.
func binds(code string) bool {
	p, err := parsePattern(code)
	if err != nil || p.expr == nil {
		return false
	}
	switch p.expr.(type) {
	case *ast.BinaryExpr, *ast.StarExpr:
		return true
	}
	return false
}
