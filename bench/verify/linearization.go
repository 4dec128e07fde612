package verify

import (
	"cmp"
	"slices"

	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// explained reports whether the order in which the replicas applied the writes is a linearization of the clients'
// history. Then the history is linearizable, and no search is needed, which can take exponential time. If it is
// not, another order still may be.
//
// The n-th version of a key has position 2n, and a read that returned it position 2n+1. These positions are a
// linearization if no command is positioned before another that was answered before it was issued. Commands at the
// same position are reads of one version, in any order.
func (r *Record) explained(orders orders) bool {
	keys := r.versions(orders)
	byKey := map[uint64][]placed{}
	for _, c := range r.Clients {
		for i := range c.Samples {
			s := &c.Samples[i]
			p, explained := keys[s.Key].place(s, protocols.CommandID{Client: c.ID, Seq: uint64(i) + 1})
			if !explained {
				return false
			}
			if p.at > 0 {
				byKey[s.Key] = append(byKey[s.Key], p)
			}
		}
	}
	for _, commands := range byKey {
		if !inRealTime(commands) {
			return false
		}
	}
	return true
}

// placed is a command with its position in the order of its key. A command with later set may also stand at any
// higher position, since its answer stays true after that; one with earlier set may stand at any lower position.
type placed struct {
	*load.Sample
	at             int
	later, earlier bool
}

// versions holds the versions of a key in the order in which they were applied.
type versions struct {
	values  []uint64                    // of each version, from 1
	written map[protocols.CommandID]int // the version that a write made
	refused map[protocols.CommandID]int // the latest version when a write was refused
	found   map[uint64]int              // the version that has a value
}

// versions returns those of every key. A write takes effect where it was applied for the first time.
func (r *Record) versions(orders orders) map[uint64]*versions {
	keys := map[uint64]*versions{}
	for _, order := range orders { // each key is in one of them: their sequence does not matter
		acked := map[uint64]uint64{} // by client: earlier commands were given up and take no effect; see kv.Store
		for _, id := range order.commands {
			s := r.sample(id)
			if s == nil || id.Seq < acked[id.Client] {
				continue
			}
			acked[id.Client] = max(acked[id.Client], s.Acked)
			if s.Read {
				continue
			}
			k := keys[s.Key]
			if k == nil {
				k = &versions{written: map[protocols.CommandID]int{}, refused: map[protocols.CommandID]int{}, found: map[uint64]int{}}
				keys[s.Key] = k
			}
			k.apply(id, s)
		}
	}
	return keys
}

// apply applies a write as the state machine does.
func (k *versions) apply(id protocols.CommandID, s *load.Sample) {
	if _, refused := k.refused[id]; refused || k.written[id] > 0 {
		return
	}
	latest := len(k.values)
	if s.Version > 0 && s.Version != uint64(latest)+1 {
		k.refused[id] = latest
		return
	}
	k.values = append(k.values, s.Value)
	k.written[id], k.found[s.Value] = latest+1, latest+1
}

// place returns the position of a command, 0 if it has had no effect and no answer; explained is false if its
// answer does not agree with the order.
func (k *versions) place(s *load.Sample, id protocols.CommandID) (p placed, explained bool) {
	if k == nil {
		k = &versions{}
	}
	made := k.written[id]
	latest, refused := k.refused[id]
	switch {
	case s.Answered == result.Never && made == 0:
		return placed{}, true // says nothing, or never took effect
	case made > 0:
		return placed{Sample: s, at: 2 * made}, s.Answered == result.Never || s.Outcome == kv.Outcome_NOTED
	case refused:
		return placed{Sample: s, at: 2*latest + 1}, s.Outcome == kv.Outcome_REFUSED
	case s.Version > 0:
		return k.placeVersion(s)
	case s.Read && s.Value == 0: // the key was absent, before the first write
		return placed{Sample: s, at: 1}, true
	default:
		version := k.found[s.Value]
		return placed{Sample: s, at: 2*version + 1}, s.Read && version > 0
	}
}

// placeVersion is place for a command that names a version and is in no order.
func (k *versions) placeVersion(s *load.Sample) (p placed, explained bool) {
	from := 2*int(s.Version) + 1 // the version is made
	exists := s.Version <= uint64(len(k.values))
	switch {
	case !s.Read:
		return placed{Sample: s, at: from, later: true}, s.Outcome == kv.Outcome_REFUSED && exists
	case s.Outcome == kv.Outcome_NOTED:
		return placed{Sample: s, at: from, later: true}, exists && k.values[s.Version-1] == s.Value
	case s.Outcome == kv.Outcome_DROPPED:
		return placed{Sample: s, at: from + 2, later: true}, s.Version < uint64(len(k.values))
	default: // absent
		return placed{Sample: s, at: from - 2, earlier: true}, true
	}
}

// inRealTime reports whether no command is positioned before another that was answered before it was issued.
func inRealTime(commands []placed) bool {
	issued := slices.Clone(commands)
	slices.SortFunc(issued, func(a, b placed) int { return cmp.Compare(a.Sent, b.Sent) })
	answered := slices.DeleteFunc(commands, func(p placed) bool { return p.Answered == result.Never })
	slices.SortFunc(answered, func(a, b placed) int { return cmp.Compare(a.Answered, b.Answered) })
	least := 0
	for _, p := range issued {
		for len(answered) > 0 && answered[0].Answered < p.Sent {
			if !answered[0].earlier {
				least = max(least, answered[0].at)
			}
			answered = answered[1:]
		}
		if p.at < least && !p.later {
			return false
		}
	}
	return true
}
