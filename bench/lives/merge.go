package lives

import (
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
	var shards []shard.Part
	for _, p := range parts {
		if err := parts[0].Findings.DifferentSearch(p.Findings); err != nil {
			return nil, fmt.Errorf("%s: %w, as in %s", p.Name, err, parts[0].Name)
		}
		shards = append(shards, shard.Part{Name: p.Name, Shard: p.Findings.Shard, Partial: p.Findings.Partial, Found: p.Findings.JSON})
	}
	places, err := shard.Once(shards, "check --shard or scenario --shard")
	if err != nil {
		return nil, err
	}
	first := parts[0].Findings
	merged := *first
	merged.Shard, merged.Searches, merged.Partial = nil, nil, false
	for _, name := range first.Protocols {
		one, err := mergeSearches(name, parts, places)
		if err != nil {
			return nil, err
		}
		merged.Searches = append(merged.Searches, *one)
		if one.Seed != nil {
			break
		}
	}
	return &merged, nil
}

// mergeSearches adds up what shards have found of a protocol, up to the first life that fails. Places says which of the parts is
// which shard.
func mergeSearches(protocol string, parts []Part, places []int) (*Finding, error) {
	sum, missing := Finding{Protocol: protocol}, []string{}
	tally := Tally{Habits: map[string]uint64{}}
	for i, place := range places {
		s := shard.Shard{Index: i + 1, Count: len(places)}
		if place < 0 {
			missing = append(missing, s.String())
			continue
		}
		p := parts[place]
		one := p.Findings.Of(protocol)
		if !p.Findings.isDone(one) {
			missing = append(missing, s.Interrupted(p.Name))
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
