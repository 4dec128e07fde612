package shard

import (
	"bytes"
	"errors"
	"fmt"
)

// Part is what a shard has found.
type Part struct {
	Name    string // by which errors call it
	Shard   *Shard // nil: of none
	Partial bool   // it was interrupted
	Found   func() ([]byte, error)
}

// Once returns for each shard, in their order, which of the parts counts: its place, or -1 where none is given. A shard that is
// given twice, because it was run again, counts once, and one that came to its end is preferred. Accepted says in errors where
// parts come from, as in "check --shard".
//
// It returns an error for a part of no shard, for parts of different numbers of shards, and for a shard that is given twice, and
// has found something else.
func Once(parts []Part, accepted string) (places []int, err error) {
	if len(parts) == 0 {
		return nil, errors.New("found no findings; accepted: those of all shards")
	}
	for i := range parts {
		p := &parts[i]
		switch first := &parts[0]; {
		case p.Shard == nil:
			return nil, fmt.Errorf("%s: found findings of no shard; accepted: those of %s", p.Name, accepted)
		case p.Shard.Count != first.Shard.Count:
			return nil, fmt.Errorf("%s: found shard %v, and shard %v in %s; accepted: shards of the same number", p.Name, p.Shard, first.Shard, first.Name)
		}
	}
	for range parts[0].Shard.Count {
		places = append(places, -1)
	}
	for i := range parts {
		place := &places[parts[i].Shard.Index-1]
		if *place < 0 {
			*place = i
			continue
		}
		before, p := &parts[*place], &parts[i]
		switch {
		case p.Partial: // if the other one is, too, the shard is not whole anyway
		case before.Partial:
			*place = i
		default:
			a, errA := before.Found()
			b, errB := p.Found()
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				return nil, fmt.Errorf("%s and %s are both shard %v, and differ; accepted: a shard that finds the same whenever it is run", before.Name, p.Name, p.Shard)
			}
		}
	}
	return places, nil
}

// Interrupted describes a shard that is there as an interrupted part only, of that name.
func (s Shard) Interrupted(name string) string {
	return fmt.Sprintf("%v (interrupted, in %s)", s, name)
}
