package variants

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Errors type-checks what the overlay changes and returns the errors of each variant. An error outside
// of the variants' functions counts for variant 0. It runs go list, for what the packages import.
func (o *Overlay) Errors() (map[int][]error, error) {
	var folders []string
	for path := range o.files {
		folder := "./" + below(o.sources.root, filepath.Dir(path))
		if !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	if len(folders) == 0 {
		return nil, nil
	}
	listed, err := list(o.sources.root, append([]string{"os", "strconv"}, folders...)) // what the switch of variants imports
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, p := range listed {
		exports[p.ImportPath] = p.Export
	}
	found := map[int][]error{}
	for _, p := range listed {
		if slices.Contains(folders, "./"+below(o.sources.root, p.Dir)) {
			if err := o.check(p, exports, found); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// listed is what go list tells of a package.
type listed struct {
	Dir, ImportPath, Export string
	GoFiles                 []string
}

// list returns packages and all that they import, compiled.
func list(root string, packages []string) (all []listed, err error) {
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=Dir,ImportPath,Export,GoFiles"}, packages...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	data, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing what the variants import: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	for {
		var p listed
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("reading what go list prints: %w", err)
		}
		all = append(all, p)
	}
}

func below(root, path string) string {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// check type-checks one package and adds to the errors found.
func (o *Overlay) check(p listed, exports map[string]string, found map[int][]error) error {
	fset := token.NewFileSet()
	note := func(err error) {
		id := 0
		if e, ok := err.(types.Error); ok {
			at := fset.Position(e.Pos)
			id = o.variantAt(at.Filename, at.Offset)
		}
		found[id] = append(found[id], err)
	}
	var names []string
	for _, name := range p.GoFiles {
		names = append(names, filepath.Join(p.Dir, name))
	}
	for path := range o.files {
		if filepath.Dir(path) == p.Dir && !slices.Contains(names, path) {
			names = append(names, path)
		}
	}
	slices.Sort(names)
	var files []*ast.File
	for _, name := range names {
		var text any // nil: as it is on disk
		if changed := o.files[name]; changed != nil {
			text = changed
		}
		f, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parsing the variants: %w", err)
		}
		files = append(files, f)
	}
	lookup := func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s is imported by no package that has variants", path)
		}
		return os.Open(exports[path])
	}
	config := types.Config{Error: note, Importer: importer.ForCompiler(fset, "gc", lookup)}
	_, _ = config.Check(p.ImportPath, fset, files, nil) // errors go to note
	return nil
}

// variantAt returns the variant whose function is at an offset of a changed file, 0 if none is.
func (o *Overlay) variantAt(path string, offset int) int {
	for _, c := range o.copies[path] {
		if c.from <= offset && offset < c.to {
			return c.variant
		}
	}
	return 0
}
