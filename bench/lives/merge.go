package lives

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"quorumbench/bench/shard"
)

// Part is what a shard has found, with the name by which errors call it.
type Part struct {
	Name     string
	Findings *Findings
}

// Merge puts what shards have found together to what one process finds, byte for byte. A shard that is given twice, because it
// was run again, counts once, and one that came to its end is preferred.
//
// It returns an error for parts of different searches, for a shard that is given twice and has found something else, and where
// lives are missing that one process would have played: those before the first that fails.
func Merge(parts []Part) (*Findings, error) {
	if len(parts) == 0 {
		return nil, errors.New("found no findings; accepted: those of all shards")
	}
	first := parts[0].Findings
	byShard := map[int]*Part{}
	for i := range parts {
		p := &parts[i]
		switch {
		case p.Findings.Shard == nil:
			return nil, fmt.Errorf("%s: found findings of no shard; accepted: those of check --shard or scenario --shard", p.Name)
		case p.Findings.Shard.Count != first.Shard.Count:
			return nil, fmt.Errorf("%s: found shard %v, and shard %v in %s; accepted: shards of the same number", p.Name, p.Findings.Shard, first.Shard, parts[0].Name)
		}
		if err := first.DifferentSearch(p.Findings); err != nil {
			return nil, fmt.Errorf("%s: %w, as in %s", p.Name, err, parts[0].Name)
		}
		one, err := onceOf(byShard[p.Findings.Shard.Index], p)
		if err != nil {
			return nil, err
		}
		byShard[p.Findings.Shard.Index] = one
	}
	merged := *first
	merged.Shard, merged.Searches = nil, nil
	for _, name := range first.Protocols {
		one, err := mergeSearches(name, byShard, first.Shard.Count)
		if err != nil {
			return nil, err
		}
		merged.Searches = append(merged.Searches, *one)
		if one.Seed != nil {
			break
		}
	}
	merged.Partial = false
	return &merged, nil
}

// mergeSearches adds up what shards have found of a protocol, up to the first life that fails.
func mergeSearches(protocol string, byShard map[int]*Part, count int) (*Finding, error) {
	sum, missing := Finding{Protocol: protocol}, []string{}
	tally := Tally{Habits: map[string]uint64{}}
	for i := range count {
		s := shard.Shard{Index: i + 1, Count: count}
		p := byShard[s.Index]
		if p == nil {
			missing = append(missing, s.String())
			continue
		}
		one := p.Findings.Of(protocol)
		if !p.Findings.isDone(one) {
			missing = append(missing, fmt.Sprintf("%v (interrupted, in %s)", s, p.Name))
			continue
		}
		tally = tally.Plus(one.Tally())
		if one.Seed != nil {
			sum.Seed, sum.Failed = one.Seed, one.Failed
			break
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("found no lives of %s of shard %s; accepted: all shards, each as a whole", protocol, strings.Join(missing, ", "))
	}
	sum.Lives, sum.Commands, sum.Messages, sum.Undecided, sum.Habits = tally.Lives, tally.Commands, tally.Messages, tally.Undecided, tally.Habits
	return &sum, nil
}

// onceOf is the one of two parts of the same shard that counts. The first may be nil.
func onceOf(a, b *Part) (*Part, error) {
	switch {
	case a == nil || a.Findings.Partial && !b.Findings.Partial:
		return b, nil
	case b.Findings.Partial:
		return a, nil // both may be, and then lives of this shard are missing anyway
	}
	textA, errA := a.Findings.JSON()
	textB, errB := b.Findings.JSON()
	if errA != nil || errB != nil || !bytes.Equal(textA, textB) {
		return nil, fmt.Errorf("%s and %s are both shard %v, and differ; accepted: a shard that finds the same whenever it is run", a.Name, b.Name, a.Findings.Shard)
	}
	return a, nil
}
