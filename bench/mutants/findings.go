package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"quorumbench/bench/result"
	"quorumbench/bench/shard"
	"quorumbench/configs"
)

// findingsFile is the name of the file, in a folder, that has findings.
const findingsFile = "mutants.json"

// findingsSchema is the version of findingsFile.
const findingsSchema = 1

// maxFindings is the greatest size of a file that is read, in bytes.
const maxFindings = 64 << 20

// findings are what became of mutants: of those of a shard, or of all. They follow from the sources and the options; neither time nor machine
// are in them.
type findings struct {
	Schema    int          `json:"schema"`
	Go        string       `json:"go"`
	Of        string       `json:"of"`
	At        string       `json:"at,omitempty"`
	Lives     uint64       `json:"lives"`
	Sample    int          `json:"sample"`
	Seed      uint64       `json:"seed"`
	Scenarios bool         `json:"scenarios"`
	Tests     bool         `json:"tests"`
	Total     int          `json:"total"`           // mutants of the package
	Tried     int          `json:"tried"`           // of all shards together
	Mutants   string       `json:"mutants_sha256"`  // of the list of those, and of the sources that they are made of
	Shard     *shard.Shard `json:"shard,omitempty"` // nil: all
	Partial   bool         `json:"partial"`
	Verdicts  []finding    `json:"verdicts"` // in the order of the mutants
}

// finding is what became of a mutant.
type finding struct {
	Index    int    `json:"index"` // among those that are tried, from 0
	Place    string `json:"place"`
	Function string `json:"function"`
	Rule     string `json:"rule"`
	Change   string `json:"change"`
	Driver   string `json:"driver,omitempty"`
	Seed     uint64 `json:"seed,omitempty"`
	By       string `json:"by,omitempty"`
	Lives    uint64 `json:"lives"`
	Test     string `json:"test,omitempty"`
}

func findingOf(i int, v *verdict) finding {
	return finding{i, v.Place, v.Function, v.Rule, v.Change, v.Driver, v.Seed, v.By, v.Lives, v.Test}
}

// verdict is the finding as the report takes it.
func (f *finding) verdict() verdict {
	return verdict{mutant: mutant{Rule: f.Rule, Place: f.Place, Function: f.Function, Change: f.Change}, Driver: f.Driver, Seed: f.Seed, By: f.By, Lives: f.Lives, Test: f.Test}
}

// newFindings are those of mutants none of which was played. Sources is a checksum of what they are made of.
func newFindings(o options, total int, all []mutant, sources string) *findings {
	hash := sha256.New()
	fmt.Fprintln(hash, sources)
	for _, m := range all {
		fmt.Fprintf(hash, "%s\t%s\t%s\t%s\n", m.Place, m.Function, m.Rule, m.Change)
	}
	return &findings{Schema: findingsSchema, Go: runtime.Version(), Of: o.of, At: o.at, Lives: o.seeds, Sample: o.sample, Seed: o.seed, Scenarios: o.scenarios, Tests: o.tests,
		Total: total, Tried: len(all), Mutants: fmt.Sprintf("%x", hash.Sum(nil)), Shard: o.shard, Partial: true, Verdicts: []finding{}}
}

// mine reports whether the shard tries a mutant, by its index.
func (f *findings) mine(i int) bool { return f.Shard == nil || f.Shard.Has(i) }

// options are those of the report.
func (f *findings) options() options {
	return options{of: f.Of, sample: f.Sample, seed: f.Seed, seeds: f.Lives}
}

// verdicts are what the report takes.
func (f *findings) verdicts() []verdict {
	var all []verdict
	for i := range f.Verdicts {
		all = append(all, f.Verdicts[i].verdict())
	}
	return all
}

// different returns an error if other findings are not of the same mutants, apart from the shard.
func (f *findings) different(other *findings) error {
	for _, c := range []struct{ what, a, b string }{
		{"of", f.Of, other.Of}, {"at", f.At, other.At}, {"seeds", fmt.Sprint(f.Lives), fmt.Sprint(other.Lives)}, {"sample", fmt.Sprint(f.Sample), fmt.Sprint(other.Sample)},
		{"seed", fmt.Sprint(f.Seed), fmt.Sprint(other.Seed)}, {"scenarios", fmt.Sprint(f.Scenarios), fmt.Sprint(other.Scenarios)}, {"tests", fmt.Sprint(f.Tests), fmt.Sprint(other.Tests)},
	} {
		if c.a != c.b {
			return fmt.Errorf("found -%s %s; accepted: %s", c.what, c.b, c.a)
		}
	}
	if f.Go != other.Go || f.Mutants != other.Mutants {
		return fmt.Errorf("found mutants of other sources or of another Go (%s); accepted: of the same sources, with %s", other.Go, f.Go)
	}
	return nil
}

func (f *findings) json() ([]byte, error) {
	data, err := json.MarshalIndent(f, "", "  ")
	return append(data, '\n'), err
}

// readFindings reads findingsFile of a folder.
func readFindings(folder string) (*findings, error) {
	path := filepath.Join(folder, findingsFile)
	data, err := configs.ReadFile(path, maxFindings)
	if err != nil {
		return nil, fmt.Errorf("reading findings: %w", err)
	}
	f := &findings{}
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if f.Schema != findingsSchema {
		return nil, fmt.Errorf("%s: found schema %d; accepted: %d", path, f.Schema, findingsSchema)
	}
	if f.Shard != nil {
		if err := f.Shard.Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	last := -1
	for _, v := range f.Verdicts {
		if v.Index <= last || v.Index >= f.Tried || !f.mine(v.Index) {
			return nil, fmt.Errorf("%s: found mutant %d after %d; accepted: mutants of the shard, in order, below %d", path, v.Index, last, f.Tried)
		}
		last = v.Index
	}
	if whole := f.size(); !f.Partial && len(f.Verdicts) != whole {
		return nil, fmt.Errorf("%s: found %d verdicts; accepted: %d, or partial: true", path, len(f.Verdicts), whole)
	}
	return f, nil
}

// size is how many mutants the shard tries.
func (f *findings) size() int {
	if f.Shard == nil {
		return f.Tried
	}
	return f.Shard.Size(f.Tried)
}

// keeper stores findings while mutants are played. A nil one stores nothing.
type keeper struct {
	mutex    sync.Mutex
	folder   *result.Folder
	findings *findings
}

// openKeeper takes the folder of a search, or of its shard below it. Where it has been begun and resumed is true, it goes on with what is there.
func openKeeper(fresh *findings, place string, resumed bool) (*keeper, error) {
	if fresh.Shard != nil {
		place = filepath.Join(place, fresh.Shard.Folder())
	}
	k := &keeper{findings: fresh}
	_, err := os.Stat(filepath.Join(place, findingsFile))
	if !resumed || errors.Is(err, fs.ErrNotExist) {
		k.folder, err = result.Reserve(place)
		return k, err
	}
	if k.findings, err = readFindings(place); err != nil {
		return nil, err
	}
	if err = fresh.different(k.findings); err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	k.folder, err = result.ReopenWith(place, findingsFile)
	return k, err
}

// before is what an earlier process has found of a mutant; nil if nothing.
func (k *keeper) before(i int) *finding {
	if k == nil {
		return nil
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if at, found := slices.BinarySearchFunc(k.findings.Verdicts, i, func(f finding, i int) int { return f.Index - i }); found {
		f := k.findings.Verdicts[at]
		return &f
	}
	return nil
}

// keep stores what became of a mutant.
func (k *keeper) keep(i int, v *verdict) error {
	if k == nil {
		return nil
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	at, found := slices.BinarySearchFunc(k.findings.Verdicts, i, func(f finding, i int) int { return f.Index - i })
	if !found {
		k.findings.Verdicts = slices.Insert(k.findings.Verdicts, at, finding{})
	}
	k.findings.Verdicts[at] = findingOf(i, v)
	return k.store()
}

// end stores that all mutants were played.
func (k *keeper) end() error {
	if k == nil {
		return nil
	}
	k.findings.Partial = false
	return k.store()
}

func (k *keeper) store() error {
	content, err := k.findings.json()
	if err != nil {
		return err
	}
	return k.folder.Put(findingsFile, content)
}

// merge puts what shards have found together to what one process finds. A shard that is given twice counts once; those that are missing are
// named.
func merge(folders []string) (*findings, error) {
	var all []*findings
	var shards []shard.Part
	for _, folder := range folders {
		f, err := readFindings(folder)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
		if err := all[0].different(f); err != nil {
			return nil, fmt.Errorf("%s: %w, as in %s", folder, err, folders[0])
		}
		shards = append(shards, shard.Part{Name: folder, Shard: f.Shard, Partial: f.Partial, Found: f.json})
	}
	places, err := shard.Once(shards, "-shard")
	if err != nil {
		return nil, err
	}
	merged := *all[0]
	merged.Shard, merged.Partial, merged.Verdicts = nil, false, nil
	var missing []string
	for i, place := range places {
		s := shard.Shard{Index: i + 1, Count: len(places)}
		switch {
		case place < 0:
			missing = append(missing, s.String())
		case all[place].Partial:
			missing = append(missing, s.Interrupted(folders[place]))
		default:
			merged.Verdicts = append(merged.Verdicts, all[place].Verdicts...)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("found no mutants of shard %s; accepted: all shards, each as a whole", strings.Join(missing, ", "))
	}
	slices.SortFunc(merged.Verdicts, func(a, b finding) int { return a.Index - b.Index })
	return &merged, nil
}
