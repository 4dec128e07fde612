// Package variants builds one program that holds several versions of some functions, and runs one of
// them. What the versions are for is the caller's: bugs planted by hand (package planted), or mutants
// made by rule (bench/mutants).
//
// A variant is a set of edits: ranges of the source text and what takes their place. Each function that
// a variant edits is copied, the copy edited, and the function itself begins with a switch:
//
//	func (r *replica) place(wishes []*wish) { switch variantOn { case 7: r.place_7(wishes); return }
//		…
//	}
//	func (r *replica) place_7(wishes []*wish) { … }
//
// The changed files take the place of the real ones by go build -overlay, so that the sources stay as
// they are. The environment variable QUORUMBENCH_VARIANT, read when the program starts, says which
// variant runs; 0, or nothing, is the program as it is.
package variants

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Environment is the variable that says which variant runs.
const Environment = "QUORUMBENCH_VARIANT"

// Sources are the packages of the module, parsed when they are asked for. Not safe for use by several
// goroutines.
type Sources struct {
	Fset     *token.FileSet // of all packages
	root     string
	packages map[string]*Package
}

// Read returns the sources of the module in a folder.
func Read(root string) (*Sources, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("reading the sources in %s: %w", root, err)
	}
	return &Sources{Fset: token.NewFileSet(), root: root, packages: map[string]*Package{}}, nil
}

// Package is a package without its tests and without generated code.
type Package struct {
	Dir   string // slash-separated, below the module's folder
	Files []*File
}

// File is one source file.
type File struct {
	Path   string // absolute
	Text   []byte
	Syntax *ast.File
}

// Package parses the package in a folder below the module's.
func (s *Sources) Package(dir string) (*Package, error) {
	if p := s.packages[dir]; p != nil {
		return p, nil
	}
	folder := filepath.Join(s.root, filepath.FromSlash(dir))
	listed, err := build.Default.ImportDir(folder, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the package in %s: %w", dir, err)
	}
	p := &Package{Dir: dir}
	for _, name := range listed.GoFiles {
		if strings.HasSuffix(name, ".pb.go") {
			continue
		}
		f := &File{Path: filepath.Join(folder, name)}
		if f.Text, err = os.ReadFile(f.Path); err != nil {
			return nil, fmt.Errorf("reading the package in %s: %w", dir, err)
		}
		if f.Syntax, err = parser.ParseFile(s.Fset, f.Path, f.Text, parser.SkipObjectResolution); err != nil {
			return nil, fmt.Errorf("reading the package in %s: %w", dir, err)
		}
		p.Files = append(p.Files, f)
	}
	s.packages[dir] = p
	return p, nil
}

// Place is file:line of a position, the file below the module's folder.
func (s *Sources) Place(pos token.Pos) string {
	at := s.Fset.Position(pos)
	if below, err := filepath.Rel(s.root, at.Filename); err == nil {
		at.Filename = filepath.ToSlash(below)
	}
	return fmt.Sprintf("%s:%d", at.Filename, at.Line)
}

// Text is the source text from one position up to another of the same file.
func (s *Sources) Text(pos, end token.Pos) string {
	f, _ := s.file(pos)
	if f == nil {
		return ""
	}
	return string(f.Text[s.Fset.Position(pos).Offset:s.Fset.Position(end).Offset])
}

func (s *Sources) file(pos token.Pos) (*File, *Package) {
	for _, p := range s.packages {
		for _, f := range p.Files {
			if f.Syntax.FileStart <= pos && pos <= f.Syntax.FileEnd {
				return f, p
			}
		}
	}
	return nil, nil
}

// Edit puts a text in the place of what stands from Pos up to End, within one function; from Pos to Pos
// it inserts. An edit outside of functions, as of a type that gets a field, is part of all variants.
type Edit struct {
	Pos, End token.Pos
	New      string
	Import   string // the path of a package that New needs, if the file does not import it
}

// Variant is a program with some edits.
type Variant struct {
	ID    int // from 1 on
	Edits []Edit
}

// Overlay is a set of changed files.
type Overlay struct {
	sources *Sources
	files   map[string][]byte // by absolute path
	copies  map[string][]span // by path, where the functions of the variants are
}

// span is where, in the text of a changed file, a function of a variant is.
type span struct{ from, to, variant int }

// Compose returns the overlay that holds all the variants.
func (s *Sources) Compose(all []Variant) (*Overlay, error) {
	o := &Overlay{sources: s, files: map[string][]byte{}, copies: map[string][]span{}}
	changed := map[*File]*change{}
	for _, v := range all {
		for _, e := range v.Edits {
			f, p := s.file(e.Pos)
			if f == nil || v.ID < 1 {
				return nil, fmt.Errorf("variant %d has an edit outside of the sources, or no number", v.ID)
			}
			c := changed[f]
			if c == nil {
				c = &change{sources: s, file: f, functions: map[*ast.FuncDecl]map[int][]Edit{}}
				changed[f] = c
				o.files[filepath.Join(filepath.Dir(f.Path), "variant_switch.go")] = switchFile(f.Syntax.Name.Name)
			}
			if err := c.add(v.ID, e); err != nil {
				return nil, fmt.Errorf("variant %d, in package %s: %w", v.ID, p.Dir, err)
			}
		}
	}
	for f, c := range changed {
		text, copies, err := c.compose()
		if err != nil {
			return nil, err
		}
		o.files[f.Path], o.copies[f.Path] = text, copies
	}
	return o, nil
}

// switchFile is a file that says which variant runs.
func switchFile(name string) []byte {
	return fmt.Appendf(nil, `package %s

import (
	"os"
	"strconv"
)

var variantOn = func() int {
	n, _ := strconv.Atoi(os.Getenv(%q))
	return n
}()
`, name, Environment)
}

// change is what becomes of one file.
type change struct {
	sources   *Sources
	file      *File
	functions map[*ast.FuncDecl]map[int][]Edit // by variant
	always    []Edit
	imports   []string
}

func (c *change) add(variant int, e Edit) error {
	if e.Import != "" && !slices.Contains(c.imports, e.Import) && !slices.ContainsFunc(c.file.Syntax.Imports, func(i *ast.ImportSpec) bool {
		return strings.Trim(i.Path.Value, `"`) == e.Import
	}) {
		c.imports = append(c.imports, e.Import)
	}
	f := function(c.file.Syntax, e.Pos, e.End)
	if f == nil {
		if !slices.Contains(c.always, e) {
			c.always = append(c.always, e)
		}
		return nil
	}
	if f.Name.Name == "init" || f.Name.Name == "main" || e.Pos < f.Body.Pos() {
		return fmt.Errorf("%s: %s cannot have variants there: only bodies of ordinary functions can", c.sources.Place(e.Pos), f.Name.Name)
	}
	if c.functions[f] == nil {
		c.functions[f] = map[int][]Edit{}
	}
	c.functions[f][variant] = append(c.functions[f][variant], e)
	return nil
}

// function returns the function that a range is in, nil if it is in none.
func function(file *ast.File, pos, end token.Pos) *ast.FuncDecl {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && f.Pos() <= pos && end <= f.End() {
			return f
		}
	}
	return nil
}

// compose returns the text of the file, and where in it the functions of the variants are.
func (c *change) compose() ([]byte, []span, error) {
	whole := c.always
	for _, path := range c.imports {
		whole = append(whole, Edit{Pos: c.file.Syntax.Name.End(), End: c.file.Syntax.Name.End(), New: fmt.Sprintf("; import %q", path)})
	}
	var behind bytes.Buffer
	var copies []span
	for _, d := range c.file.Syntax.Decls { // in the order of the file
		f, ok := d.(*ast.FuncDecl)
		if !ok || c.functions[f] == nil {
			continue
		}
		head, call, err := signature(f)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.sources.Place(f.Pos()), err)
		}
		var cases strings.Builder
		ids := sortedKeys(c.functions[f])
		for _, id := range ids {
			fmt.Fprintf(&cases, "case %d: %s; ", id, call(id))
			edits := append(slices.Clone(c.functions[f][id]), head...)
			edits = append(edits, Edit{Pos: f.Name.End(), End: f.Name.End(), New: fmt.Sprintf("_%d", id)})
			text, err := c.splice(f.Pos(), f.End(), edits)
			if err != nil {
				return nil, nil, fmt.Errorf("variant %d: %w", id, err)
			}
			from := behind.Len()
			behind.WriteString("\n" + text + "\n")
			copies = append(copies, span{from, behind.Len(), id})
		}
		whole = append(whole, head...)
		start := f.Body.Lbrace + 1
		whole = append(whole, Edit{Pos: start, End: start, New: " switch variantOn { " + cases.String() + "}; "})
	}
	text, err := c.splice(c.file.Syntax.FileStart, c.file.Syntax.FileEnd, whole)
	if err != nil {
		return nil, nil, err
	}
	for i := range copies {
		copies[i].from += len(text)
		copies[i].to += len(text)
	}
	return append([]byte(text), behind.Bytes()...), copies, nil
}

// splice returns the text between two positions with the edits done.
func (c *change) splice(pos, end token.Pos, edits []Edit) (string, error) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int {
		if a.Pos != b.Pos {
			return int(a.Pos - b.Pos)
		}
		return int(a.End - b.End)
	})
	var out strings.Builder
	at := pos
	for _, e := range edits {
		if e.Pos < at {
			return "", fmt.Errorf("%s: two edits change the same text", c.sources.Place(e.Pos))
		}
		out.WriteString(c.sources.Text(at, e.Pos))
		out.WriteString(e.New)
		at = e.End
	}
	out.WriteString(c.sources.Text(at, end))
	return out.String(), nil
}

// signature returns the edits that give names to what has none in a function's head, and how a variant
// is called with them.
func signature(f *ast.FuncDecl) (edits []Edit, call func(id int) string, err error) {
	fresh := 0
	named := func(field *ast.Field) (names []string) {
		if len(field.Names) == 0 {
			fresh++
			name := fmt.Sprintf("unnamed%d", fresh)
			edits = append(edits, Edit{Pos: field.Type.Pos(), End: field.Type.Pos(), New: name + " "})
			return []string{name}
		}
		for _, n := range field.Names {
			name := n.Name
			if name == "_" {
				fresh++
				name = fmt.Sprintf("unnamed%d", fresh)
				edits = append(edits, Edit{Pos: n.Pos(), End: n.End(), New: name})
			}
			names = append(names, name)
		}
		return names
	}
	if f.Type.TypeParams != nil {
		return nil, nil, fmt.Errorf("%s has type parameters, which variants cannot have", f.Name.Name)
	}
	prefix := ""
	if f.Recv != nil {
		prefix = named(f.Recv.List[0])[0] + "."
	}
	var arguments []string
	for _, field := range f.Type.Params.List {
		names := named(field)
		if _, variadic := field.Type.(*ast.Ellipsis); variadic {
			names[0] += "..."
		}
		arguments = append(arguments, names...)
	}
	return edits, func(id int) string {
		c := fmt.Sprintf("%s%s_%d(%s)", prefix, f.Name.Name, id, strings.Join(arguments, ", "))
		if f.Type.Results.NumFields() > 0 {
			return "return " + c
		}
		return c + "; return"
	}, nil
}

func sortedKeys[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
