// Command imports checks that imports point one way: that every room of the module imports only those
// that the table allows, that drivers are named in the registry only, that the registry is named in
// commands and tests only, that reports link no transport, no log and no consensus library, that the
// playground links nothing of live runs, that only bench/peers
// imports the systems it compares with, and that the map in DEVELOPMENT.md names every package.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const module = "quorumbench/"

// A room is a folder with all below it that is no room of its own, and what it may import besides itself.
type room struct {
	folder string
	may    []string
}

var rooms = []room{
	{"cmd", []string{"bench/system", "reports", "reports/page", "reports/site", "bench", "bench/metrics", "bench/run", "bench/verify", "bench/load", "bench/result", "bench/experiment",
		"bench/shard", "bench/site", "bench/site/keys", "bench/store", "bench/lives", "bench/scenario", "bench/placement", "bench/stepwise", "bench/outside", "bench/costs", "deploy", "protocols", "netem", "configs", "playground"}},
	{"deploy", []string{"bench/experiment", "bench/shard", "bench/site/keys", "bench/store", "configs"}},
	{"playground", nil}, // files of a page
	{"reports", []string{"bench/result", "configs"}},
	{"reports/page", []string{"reports", "bench/result", "bench/stepwise", "configs", "playground"}},
	{"reports/site", []string{"reports", "reports/page", "bench/result", "bench/stepwise", "playground"}},
	{"bench/lives", []string{"configs", "bench", "bench/internal", "bench/shard", "bench/run", "bench/verify", "bench/load", "bench/result", "bench/experiment", "protocols", "netem"}},
	{"bench/scenario", []string{"bench/graph", "bench/result", "protocols", "netem", "configs"}},
	{"bench/graph", []string{"bench/result", "protocols"}},
	{"bench/stepwise", []string{"bench/run", "bench/verify", "bench/load", "bench/result", "bench/experiment", "protocols", "netem"}},
	{"bench/metrics", []string{"bench"}},
	{"bench/placement", []string{"bench/result", "protocols"}},
	{"bench/outside", []string{"bench", "bench/experiment", "protocols", "configs"}},
	{"bench/costs", []string{"bench", "bench/experiment", "bench/result"}},
	{"bench/planted", []string{"bench/variants"}},
	{"bench/variants", nil},
	{"bench/internal", nil},                                                // commands, and what only bench and the commands use
	{"bench/peers", []string{"bench", "bench/experiment", "bench/result"}}, // a module of its own
	{"bench", []string{"bench/internal", "bench/shard", "bench/graph", "bench/run", "bench/system", "bench/verify", "bench/load", "bench/result", "bench/experiment", "protocols", "netem", "configs"}},
	{"bench/run", []string{"bench/system", "bench/verify", "bench/load", "bench/result", "bench/experiment", "protocols", "netem", "configs"}},
	{"bench/verify", []string{"bench/system", "bench/load", "bench/result", "bench/experiment", "protocols", "netem", "configs"}},
	{"bench/load", []string{"bench/result", "bench/experiment", "protocols", "netem", "configs"}},
	{"bench/shard", nil},
	{"bench/store", []string{"bench/result"}},
	{"bench/site", []string{"bench", "bench/site/keys", "bench/run", "bench/verify", "bench/result", "bench/experiment", "protocols", "netem", "configs"}},
	{"bench/site/keys", nil},
	{"bench/result", []string{"bench/shard", "bench/system", "bench/experiment", "protocols", "netem", "configs"}},
	{"bench/experiment", []string{"bench/system", "protocols", "netem", "configs"}},
	{"bench/system", []string{"protocols"}},
	{"protocols/prototest", []string{"protocols", "netem"}}, // for tests, which run in virtual time
	{"protocols", nil},
	{"netem", []string{"configs"}},
	{"configs", nil},
}

// testsMay are rooms that the tests of a room may import, too.
var testsMay = map[string][]string{
	"bench/verify":   {"bench/run"},
	"reports":        {"bench", "bench/experiment", "bench/scenario", "protocols"},
	"protocols":      {"protocols/prototest"},
	"bench/stepwise": {"bench"},
	"reports/page":   {"bench", "bench/experiment", "protocols"},
	"reports/site":   {"bench", "bench/experiment", "protocols"},
}

const registry = module + "protocols/registry"

var drivers = []string{"paxos", "paxos1", "fastpaxos", "multipaxos", "raft", "etcdraft", "zab", "mmp3", "epaxos", "sharded", "async"}

// madeOf are drivers that are made of others, which they import.
var madeOf = map[string][]string{"sharded": {"raft", "multipaxos"}}

// reportsLinkNone are parts of the paths of packages that drawing a figure does not take.
var reportsLinkNone = append([]string{"quic", "raft", "tidwall/wal", registry}, driverPaths()...)

// peers is a module of its own, which go list does not go into. It is named here so that its imports are checked, too.
const peers = "bench/peers"

// peersOnly begin the paths of the systems that peers compares with.
var peersOnly = []string{"github.com/hashicorp/", "github.com/nats-io/"}

type pkg struct {
	ImportPath, Name                   string
	Imports, TestImports, XTestImports []string
}

func main() {
	var errs []error
	packages, err := list("./...")
	errs = append(errs, err)
	nested, err := parse(peers)
	errs = append(errs, err)
	packages = append(packages, nested)
	for _, p := range packages {
		errs = append(errs, check(p))
	}
	errs = append(errs, checkMap(packages))
	linked, err := list("-deps", "./reports")
	errs = append(errs, err)
	for _, p := range linked {
		for _, none := range reportsLinkNone {
			if strings.Contains(p.ImportPath, none) {
				errs = append(errs, fmt.Errorf("reports link %s", p.ImportPath))
			}
		}
	}
	errs = append(errs, checkBrowser())
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// browserLinksNone are parts of the paths of packages that a browser has no use for: those of live runs and of the command line.
var browserLinksNone = []string{"quic", "crypto/tls", "net/http", "tidwall/wal", module + "netem/emulator", "spf13/cobra", "gonum.org", module + "reports"}

// checkBrowser returns an error if the program of the playground links what live runs alone need.
func checkBrowser() error {
	if err := errors.Join(os.Setenv("GOOS", "js"), os.Setenv("GOARCH", "wasm")); err != nil {
		return err
	}
	linked, err := list("-deps", "./cmd/playground")
	errs := []error{err}
	for _, p := range linked {
		for _, none := range browserLinksNone {
			if strings.Contains(p.ImportPath, none) {
				errs = append(errs, fmt.Errorf("the playground links %s", p.ImportPath))
			}
		}
	}
	return errors.Join(errs...)
}

// checkMap returns an error unless the lines of the map in DEVELOPMENT.md begin with the packages of the module, each
// once.
func checkMap(packages []pkg) error {
	text, err := os.ReadFile("DEVELOPMENT.md")
	if err != nil {
		return fmt.Errorf("reading the map: %w", err)
	}
	parts := strings.SplitN(string(text), "```\n", 3)
	if len(parts) < 3 {
		return errors.New("DEVELOPMENT.md has no map")
	}
	onMap := map[string]int{}
	for _, line := range strings.Split(parts[1], "\n") {
		if words := strings.Fields(line); len(words) > 0 {
			onMap[words[0]]++
		}
	}
	var errs []error
	for _, p := range packages {
		path := strings.TrimPrefix(p.ImportPath, module)
		if onMap[path] != 1 {
			errs = append(errs, fmt.Errorf("the map in DEVELOPMENT.md names %s %d times, want once", path, onMap[path]))
		}
		delete(onMap, path)
	}
	for path := range onMap {
		errs = append(errs, fmt.Errorf("the map in DEVELOPMENT.md names %s, which is no package", path))
	}
	return errors.Join(errs...)
}

// list returns what go list tells of packages.
func list(arguments ...string) ([]pkg, error) {
	command := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Imports,TestImports,XTestImports"}, arguments...)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	var all []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p pkg
		if err := decoder.Decode(&p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("listing packages: %w", err)
		}
		all = append(all, p)
	}
}

// parse reads the imports of a package from its files. It resolves none of them, so that nothing has to be downloaded.
func parse(folder string) (pkg, error) {
	p := pkg{ImportPath: module + folder}
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		return p, errors.Join(err, fmt.Errorf("%s has no Go files", folder))
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return p, fmt.Errorf("reading imports: %w", err)
		}
		imports := &p.Imports
		if strings.HasSuffix(file, "_test.go") {
			imports = &p.TestImports
		} else {
			p.Name = parsed.Name.Name
		}
		for _, i := range parsed.Imports {
			*imports = append(*imports, strings.Trim(i.Path.Value, `"`))
		}
	}
	return p, nil
}

func check(p pkg) error {
	var errs []error
	from := roomOf(p.ImportPath)
	if from == nil {
		return fmt.Errorf("%s is in no room", p.ImportPath)
	}
	isCommand := p.Name == "main"
	for _, to := range p.Imports {
		errs = append(errs, allowed(p.ImportPath, to, isCommand, isCommand, from.may))
	}
	for _, to := range slices.Concat(p.TestImports, p.XTestImports) {
		errs = append(errs, allowed(p.ImportPath, to, isCommand, true, slices.Concat(from.may, testsMay[from.folder])))
	}
	return errors.Join(errs...)
}

// allowed returns an error unless a package may import another.
func allowed(from, to string, anyRoom, registryToo bool, may []string) error {
	for _, system := range peersOnly {
		if strings.HasPrefix(to, system) && from != module+peers {
			return fmt.Errorf("%s imports %s; only %s may", from, to, peers)
		}
	}
	if !strings.HasPrefix(to, module) {
		return nil
	}
	for _, driver := range driverPaths() {
		if slices.Contains(madeOf[strings.TrimPrefix(from, module+"protocols/")], strings.TrimPrefix(to, module+"protocols/")) {
			continue
		}
		if to == driver && from != driver && from != registry {
			return fmt.Errorf("%s names the driver %s; only %s may", from, to, registry)
		}
	}
	if to == registry {
		if registryToo {
			return nil
		}
		return fmt.Errorf("%s names the registry; only commands and tests may", from)
	}
	room := roomOf(to)
	if room == nil {
		return fmt.Errorf("%s imports %s, which is in no room", from, to)
	}
	if anyRoom || room == roomOf(from) || slices.Contains(may, room.folder) {
		return nil
	}
	return fmt.Errorf("%s must not import %s", from, to)
}

// roomOf returns the room of a package: that with the longest folder that it is in.
func roomOf(path string) (found *room) {
	for i := range rooms {
		folder := module + rooms[i].folder
		if path != folder && !strings.HasPrefix(path, folder+"/") {
			continue
		}
		if found == nil || len(rooms[i].folder) > len(found.folder) {
			found = &rooms[i]
		}
	}
	return found
}

func driverPaths() (paths []string) {
	for _, name := range drivers {
		paths = append(paths, module+"protocols/"+name)
	}
	return paths
}
