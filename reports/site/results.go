package site

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"quorumbench/bench/result"
	"quorumbench/bench/stepwise"
	"quorumbench/reports/page"
)

// What is looked at, at most.
const (
	mostDepth   = 5     // folders below each other
	mostResults = 2_000 // that are listed
	mostFolders = 20_000
	mostRun     = 512 << 20 // bytes of a run.json
)

const runFile = "run.json"

// folder is the folder that is shown. Safe for use by several goroutines.
type folder struct {
	root *os.Root

	mu    sync.Mutex
	known map[string]known // by path
}

// known is what the list says of a result, read when its run.json had that size and time.
type known struct {
	size    int64
	changed time.Time
	about   about
}

// about is a line of the list.
type about struct {
	Path, Name, World, Protocols, Regions string
	Seed                                  uint64
	Repeats                               int
	Started                               time.Time
	Problem                               string // instead of all that, if it cannot be read
	Partial, Invalid                      bool
}

// list returns the results, the latest first. It does not follow symbolic links to folders.
func (f *folder) list() ([]about, error) {
	var all []about
	folders := 0
	err := fs.WalkDir(f.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil // a folder that must not be read
		case len(all) >= mostResults || folders >= mostFolders:
			return fs.SkipAll
		case entry.IsDir():
			folders++
			if name != "." && (strings.HasPrefix(entry.Name(), ".") || strings.Count(name, "/") >= mostDepth) {
				return fs.SkipDir
			}
		case entry.Name() == runFile && entry.Type().IsRegular():
			all = append(all, f.about(path.Dir(name)))
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b about) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.Path, b.Path))
	})
	return all, err
}

// about reads what the list says of the result in a folder.
func (f *folder) about(at string) about {
	info, err := f.root.Stat(path.Join(at, runFile))
	if err != nil {
		return about{Path: at, Problem: err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if was, found := f.known[at]; found && was.size == info.Size() && was.changed.Equal(info.ModTime()) {
		return was.about
	}
	now := known{info.Size(), info.ModTime(), f.read(at)}
	if f.known == nil {
		f.known = map[string]known{}
	}
	f.known[at] = now
	return now.about
}

func (f *folder) read(at string) about {
	a := about{Path: at}
	file, err := f.root.Open(path.Join(at, runFile))
	if err != nil {
		a.Problem = err.Error()
		return a
	}
	defer file.Close()
	var r result.Result
	if err := json.NewDecoder(io.LimitReader(file, mostRun)).Decode(&r); err != nil {
		a.Problem = "reading run.json: " + err.Error()
		return a
	}
	e := &r.Experiment
	e.Complete()
	a.Name, a.World, a.Seed, a.Repeats, a.Started, a.Partial = e.Name, string(e.World), e.Seed, e.Repeats, r.Started, r.Partial
	a.Protocols, a.Regions, a.Invalid = strings.Join(r.Labels(), ", "), strings.Join(e.Clients, ", "), len(r.Invalid()) > 0
	return a
}

// errOutside is the error for paths that are no result below the folder.
var errOutside = errors.New("no result of that path; accepted: one of the list")

// result reads the result in a folder. The files must be inside of the folder that is shown, links followed.
func (f *folder) result(at string) (*result.Result, error) {
	if !fs.ValidPath(at) {
		return nil, errOutside
	}
	for _, name := range []string{runFile, "latency.hlog", "SHA256SUMS"} {
		file, err := f.root.Open(path.Join(at, name)) // which refuses what leads outside
		switch {
		case err == nil:
			_ = file.Close()
		case name == "SHA256SUMS" && errors.Is(err, fs.ErrNotExist):
		default:
			return nil, errOutside
		}
	}
	return result.Read(filepath.Join(f.root.Name(), filepath.FromSlash(at)))
}

// writes reads the writes beside a result, nil if there are none.
func (f *folder) writes(at string) *stepwise.Told {
	file, err := f.root.Open(path.Join(at, page.WritesFile))
	if err != nil {
		return nil
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, mostRun))
	if err != nil {
		return nil
	}
	told, err := stepwise.Parse(data)
	if err != nil {
		return nil
	}
	return told
}
