package bench

import (
	"cmp"
	"slices"

	"quorumbench/protocols"
)

// explained tells whether the order in which the replicas applied the writes explains what the
// clients saw: then the history is linearizable, and no search for another order is needed, which
// may take exponential time. That it does not explain it proves nothing.
//
// Of a key, the n-th write stands at 2n and a read that found it at 2n+1. That is a linearization
// if no command stands before one that was answered before it was issued: commands of the same
// place are then reads of one value, and whatever overlaps may stand in any order.
func (a *attempt) explained(orders map[string]*order) bool {
	written, found := a.places(orders)
	byKey := map[uint64][]placed{}
	for _, c := range a.clients {
		for i := range c.samples {
			s := &c.samples[i]
			at := written[protocols.CommandID{Client: c.id, Seq: uint64(i) + 1}]
			if s.read {
				at = found[finding{s.key, s.value}] + 1 // 1: the key was absent, before the first write
			}
			switch {
			case s.answered == unanswered && (s.read || at == 0):
				continue // says nothing, or never took effect
			case at == 0 || s.read && s.value != 0 && at == 1:
				return false
			}
			byKey[s.key] = append(byKey[s.key], placed{s, at})
		}
	}
	for _, commands := range byKey {
		if !inRealTime(commands) {
			return false
		}
	}
	return true
}

// placed is a command in the order of its key.
type placed struct {
	*sample
	at int
}

// finding is a value in a key.
type finding struct{ key, value uint64 }

// places returns where each write stands, which is where it was applied for the first time, and
// where a value that was found has come from.
func (a *attempt) places(orders map[string]*order) (written map[protocols.CommandID]int, found map[finding]int) {
	written, found = map[protocols.CommandID]int{}, map[finding]int{}
	writes := map[uint64]int{}
	for _, order := range orders { // each key is in one of them: their sequence does not matter
		for _, id := range order.commands {
			s := a.sample(id)
			if s == nil || s.read || written[id] != 0 {
				continue
			}
			writes[s.key]++
			written[id] = 2 * writes[s.key]
			found[finding{s.key, s.value}] = written[id]
		}
	}
	return written, found
}

// inRealTime tells whether every command stands at or behind those that were answered before it
// was issued.
func inRealTime(commands []placed) bool {
	issued := slices.Clone(commands)
	slices.SortFunc(issued, func(a, b placed) int { return cmp.Compare(a.sent, b.sent) })
	answered := slices.DeleteFunc(commands, func(p placed) bool { return p.answered == unanswered })
	slices.SortFunc(answered, func(a, b placed) int { return cmp.Compare(a.answered, b.answered) })
	least := 0
	for _, p := range issued {
		for len(answered) > 0 && answered[0].answered < p.sent {
			least = max(least, answered[0].at)
			answered = answered[1:]
		}
		if p.at < least {
			return false
		}
	}
	return true
}
