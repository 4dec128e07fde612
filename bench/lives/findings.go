package lives

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"quorumbench/bench"
	"quorumbench/bench/result"
	"quorumbench/bench/shard"
	"quorumbench/configs"
	"quorumbench/protocols"
)

// FindingsFile is the name of the file, in a folder, that has Findings.
const FindingsFile = "check.json"

// findingsSchema is the version of FindingsFile. It rises when a reader of the old form would misread the new one.
const findingsSchema = 1

// maxFindings is the greatest size of a file that is read, in bytes.
const maxFindings = 64 << 20

// Findings are what searches of several drivers have found, one after the other, in a range of seeds. They follow from the seeds
// and from the program alone: neither time nor machine are in them.
type Findings struct {
	Schema    int          `json:"schema"`
	Tool      string       `json:"tool"` // this program's version
	Go        string       `json:"go"`
	From      uint64       `json:"from"`  // the first seed, of all shards together
	Seeds     uint64       `json:"seeds"` // how many, of all shards together
	Habit     string       `json:"habit,omitempty"`
	Scenario  string       `json:"scenario,omitempty"`      // whose seeds are played, in place of random lives
	Script    string       `json:"script_sha256,omitempty"` // of the scenario
	Protocols []string     `json:"protocols"`               // to be searched, in this order, until one fails
	Shard     *shard.Shard `json:"shard,omitempty"`         // nil: all seeds
	Partial   bool         `json:"partial"`                 // the search has not come to its end
	Searches  []Finding    `json:"searches"`                // one of each protocol, up to the first that fails
}

// Finding is what the search of one driver has found.
type Finding struct {
	Protocol  string            `json:"protocol"`
	Lives     uint64            `json:"lives"` // played, of seeds that follow each other; the last is the one that fails
	Commands  uint64            `json:"commands"`
	Messages  uint64            `json:"messages"`
	Undecided uint64            `json:"checks_not_decided"`
	Habits    map[string]uint64 `json:"lives_by_habit"`
	Seed      *uint64           `json:"failing_seed"` // the lowest; null if no life failed
	Failed    []result.Check    `json:"failed,omitempty"`
}

// NewFindings are those of a search that has not begun: of one shard, or of all seeds if it is nil.
func NewFindings(generators []Generator, from, seeds uint64, s *shard.Shard) *Findings {
	machine := bench.ThisMachine()
	f := &Findings{Schema: findingsSchema, Tool: machine.Tool, Go: machine.Go, From: from, Seeds: seeds, Shard: s, Partial: true, Searches: []Finding{}}
	for _, g := range generators {
		f.Protocols = append(f.Protocols, g.Driver.Name)
		if g.Habit != nil {
			f.Habit = g.Habit.Name
		}
		if g.Scenario != nil {
			f.Scenario, f.Script = g.Scenario.Name, g.Scenario.Sum
		}
	}
	return f
}

// Range are the seeds of this shard: the first and how many. The seeds of a shard follow each other, so that the lives before the
// first that fails are those that one process plays before it.
func (f *Findings) Range() (first, count uint64) {
	if f.Shard == nil {
		return f.From, f.Seeds
	}
	first, count = f.Shard.Range(f.Seeds)
	return f.From + first, count
}

// Of is what was found of a protocol; nil if its search has not begun.
func (f *Findings) Of(protocol string) *Finding {
	i := slices.IndexFunc(f.Searches, func(one Finding) bool { return one.Protocol == protocol })
	if i < 0 {
		return nil
	}
	return &f.Searches[i]
}

// Enter sets what was found of a protocol until now.
func (f *Findings) Enter(d *protocols.Driver, t Tally, found *Found) {
	one := Finding{Protocol: d.Name, Lives: t.Lives, Commands: t.Commands, Messages: t.Messages, Undecided: t.Undecided, Habits: t.Habits}
	if one.Habits == nil {
		one.Habits = map[string]uint64{} // as in what is merged
	}
	if found != nil {
		one.Seed, one.Failed = &found.Seed, found.Failed
	}
	if before := f.Of(d.Name); before != nil {
		*before = one
	} else {
		f.Searches = append(f.Searches, one)
	}
	f.Partial = !f.ends()
}

// ends reports whether all searches have come to their ends, or the last to a life that fails.
func (f *Findings) ends() bool {
	for _, name := range f.Protocols {
		switch one := f.Of(name); {
		case !f.isDone(one):
			return false
		case one.Seed != nil:
			return true
		}
	}
	return true
}

// isDone reports whether a search has come to its end.
func (f *Findings) isDone(one *Finding) bool {
	_, count := f.Range()
	return one != nil && (one.Seed != nil || one.Lives == count)
}

// Tally is what was played.
func (f *Finding) Tally() Tally {
	return Tally{Lives: f.Lives, Commands: f.Commands, Messages: f.Messages, Undecided: f.Undecided, Habits: f.Habits}
}

// Failing is the search that has found a life that fails; nil if none has.
func (f *Findings) Failing() *Finding {
	for i := range f.Searches {
		if f.Searches[i].Seed != nil {
			return &f.Searches[i]
		}
	}
	return nil
}

// DifferentSearch returns an error if other findings are not of the same search, apart from the shard.
func (f *Findings) DifferentSearch(other *Findings) error {
	for _, c := range []struct{ what, a, b string }{
		{"quorumbench", f.Tool, other.Tool}, {"a program built with", f.Go, other.Go},
		{"the first seed", fmt.Sprint(f.From), fmt.Sprint(other.From)}, {"the number of seeds", fmt.Sprint(f.Seeds), fmt.Sprint(other.Seeds)},
		{"the habit", orNone(f.Habit), orNone(other.Habit)}, {"the scenario", orNone(f.Scenario), orNone(other.Scenario)},
		{"a script with the SHA-256", orNone(f.Script), orNone(other.Script)},
		{"the protocols", strings.Join(f.Protocols, ", "), strings.Join(other.Protocols, ", ")},
	} {
		if c.a != c.b {
			return fmt.Errorf("found another search: %s %s; accepted: %s", c.what, c.b, c.a)
		}
	}
	return nil
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// SameSearch returns an error if other findings are not of the same search and the same shard of it.
func (f *Findings) SameSearch(other *Findings) error {
	if err := f.DifferentSearch(other); err != nil {
		return err
	}
	if a, b := shardName(f.Shard), shardName(other.Shard); a != b {
		return fmt.Errorf("found the findings of %s; accepted: of %s", b, a)
	}
	return nil
}

func shardName(s *shard.Shard) string {
	if s == nil {
		return "all seeds"
	}
	return "shard " + s.String()
}

// JSON is the content of FindingsFile.
func (f *Findings) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(f, "", "  ")
	return append(data, '\n'), err
}

// ReadFindings reads FindingsFile of a folder.
func ReadFindings(folder string) (*Findings, error) {
	path := filepath.Join(folder, FindingsFile)
	data, err := configs.ReadFile(path, maxFindings)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s has no %s", folder, FindingsFile)
	case err != nil:
		return nil, fmt.Errorf("reading findings: %w", err)
	}
	f := &Findings{}
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// check checks that findings fit together.
func (f *Findings) check() error {
	if f.Schema != findingsSchema {
		return fmt.Errorf("found schema %d; accepted: %d, which this quorumbench writes", f.Schema, findingsSchema)
	}
	if f.Seeds < 1 || f.From+f.Seeds < f.From || len(f.Protocols) == 0 {
		return fmt.Errorf("found %d seeds from %d on, of %d protocols; expected one or more of each", f.Seeds, f.From, len(f.Protocols))
	}
	if f.Shard != nil {
		if err := f.Shard.Check(); err != nil {
			return err
		}
	}
	first, count := f.Range()
	if len(f.Searches) > len(f.Protocols) {
		return fmt.Errorf("found %d searches of %d protocols; expected one of each at most", len(f.Searches), len(f.Protocols))
	}
	for i := range f.Searches {
		one := &f.Searches[i]
		switch {
		case one.Protocol != f.Protocols[i]:
			return fmt.Errorf("searches[%d]: found %q; expected %s", i, one.Protocol, f.Protocols[i])
		case one.Lives > count:
			return fmt.Errorf("searches[%d]: found %d lives; expected %d at most", i, one.Lives, count)
		case one.Seed != nil && (*one.Seed < first || *one.Seed-first+1 != one.Lives || len(one.Failed) == 0):
			return fmt.Errorf("searches[%d]: found that seed %d failed after %d lives from %d on, with %d checks that failed; expected that it is the last, and one or more",
				i, *one.Seed, one.Lives, first, len(one.Failed))
		}
	}
	if f.Partial == f.ends() {
		return fmt.Errorf("found partial: %t; the searches say otherwise", f.Partial)
	}
	return nil
}
