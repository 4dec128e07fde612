package verify

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"quorumbench/bench/load"
	"quorumbench/bench/result"
	"quorumbench/protocols/kv"
)

// unexplained returns the keys, in ascending order, for which the order in which the replicas applied the writes is no
// linearization of the clients' history. Another order still may be one, but to look for it can take exponential time.
// A history is linearizable if that of each key is, so only these keys have to be searched.
//
// The n-th version of a key has position 2n, and a read that returned it position 2n+1. These positions are a
// linearization if no command is positioned before another that was answered before it was issued. Commands at the
// same position are reads of one version, in any order.
func (r *Record) unexplained(orders orders) []uint64 { return r.unexplainedWithin(orders, 0) }

// unexplainedWithin is unexplained with times that are moved by so many times the bound of their clock: the sending to before, and the
// answer to after.
func (r *Record) unexplainedWithin(orders orders, bounds time.Duration) []uint64 {
	k := r.versions(orders)
	var keys []uint64
	var commands []placed // of one key
	scratch := &realTime{}
	for key, names := range k.byKey() {
		commands = commands[:0]
		explained := true
		for _, n := range names {
			s := r.Clients[n.client].Samples.At(int(n.index))
			p, agrees := k.keys[key].place(s, k.effects[n.client][n.index])
			explained = explained && agrees
			if p.at > 0 {
				if bounds != 0 {
					p.widen(bounds * r.bound(int(n.client)))
				}
				commands = append(commands, p)
			}
		}
		if !explained || !scratch.holds(commands) {
			keys = append(keys, r.Clients[names[0].client].Samples.At(int(names[0].index)).Key)
		}
	}
	slices.Sort(keys)
	return keys
}

// placed is a command with its position in the order of its key. A command with later set may also stand at any
// higher position, since its answer stays true after that; one with earlier set may stand at any lower position.
type placed struct {
	sent, answered time.Duration // of the command's sample
	at             int
	later, earlier bool
}

func newPlaced(s *load.Sample, at int) placed {
	return placed{sent: s.Sent, answered: s.Answered, at: at}
}

// histories holds the versions of all keys, and what each command did.
type histories struct {
	keys    []*versions       // by the number that they have here
	numbers map[uint64]uint32 // of the keys
	of      [][]uint32        // the key's number of each command, by client and index
	effects [][]effect        // of each command, by client and index
}

// effect is what a write did where it was applied first: nothing yet if it is 0, the n-th version if it is 2n, and
// 2n+1 if it was refused when n versions were there.
type effect uint32

// versions holds the versions of a key in the order in which they were applied.
type versions struct {
	values []uint64       // of each version, from 1
	found  map[uint64]int // the last version that has a value; nil until one is asked for
}

// versions returns those of every key. A write takes effect where it was applied for the first time.
func (r *Record) versions(orders orders) *histories {
	h := &histories{numbers: map[uint64]uint32{}}
	for _, c := range r.Clients {
		of := make([]uint32, c.Samples.Len())
		for i := range of {
			of[i] = h.number(c.Samples.At(i).Key)
		}
		h.of, h.effects = append(h.of, of), append(h.effects, make([]effect, len(of)))
	}
	acked := make([]uint64, len(r.Clients)) // by client: earlier commands were given up and take no effect; see kv.Store
	for _, order := range orders {          // each key is in one of them: their sequence does not matter
		clear(acked)
		for i := range order.len() {
			id := order.id(i)
			s := r.sample(id)
			if s == nil || id.Seq < acked[id.Client-1] {
				continue
			}
			acked[id.Client-1] = max(acked[id.Client-1], s.Acked)
			if !s.Read {
				h.keys[h.of[id.Client-1][id.Seq-1]].apply(s, &h.effects[id.Client-1][id.Seq-1])
			}
		}
	}
	return h
}

// number returns the number of a key, which it gets when it is first asked for.
func (h *histories) number(key uint64) uint32 {
	n, known := h.numbers[key]
	if !known {
		n = uint32(len(h.keys))
		h.numbers[key] = n
		h.keys = append(h.keys, &versions{})
	}
	return n
}

// name tells a command: a client and an index in its samples.
type name struct{ client, index uint32 }

// byKey returns the commands of each key, by the key's number.
func (h *histories) byKey() iter.Seq2[int, []name] {
	begin := make([]uint32, len(h.keys)+1)
	for _, of := range h.of {
		for _, key := range of {
			begin[key+1]++
		}
	}
	for key := range h.keys {
		begin[key+1] += begin[key]
	}
	next := slices.Clone(begin)
	all := make([]name, begin[len(h.keys)])
	for client, of := range h.of {
		for i, key := range of {
			all[next[key]] = name{uint32(client), uint32(i)}
			next[key]++
		}
	}
	return func(yield func(int, []name) bool) {
		for key := range h.keys {
			if !yield(key, all[begin[key]:begin[key+1]]) {
				return
			}
		}
	}
}

// apply applies a write as the state machine does, unless it has had an effect before.
func (k *versions) apply(s *load.Sample, did *effect) {
	if *did != 0 {
		return
	}
	latest := len(k.values)
	if s.Version > 0 && s.Version != uint64(latest)+1 {
		*did = effect(2*latest + 1)
		return
	}
	k.values = append(k.values, s.Value)
	*did = effect(2 * (latest + 1))
}

// version returns the last version that has a value, 0 if there is none.
func (k *versions) version(value uint64) int {
	if k.found == nil {
		k.found = make(map[uint64]int, len(k.values))
		for i, v := range k.values {
			k.found[v] = i + 1
		}
	}
	return k.found[value]
}

// place returns the position of a command, 0 if it has had no effect and no answer; explained is false if its
// answer does not agree with the order.
func (k *versions) place(s *load.Sample, did effect) (p placed, explained bool) {
	refused := did&1 == 1
	switch {
	case s.Answered == result.Never && (did == 0 || refused):
		return placed{}, true // says nothing, or never took effect
	case refused: // did is 2n+1, which is also its position
		return newPlaced(s, int(did)), s.Outcome == kv.Outcome_REFUSED
	case did != 0: // did is 2n
		return newPlaced(s, int(did)), s.Answered == result.Never || s.Outcome == kv.Outcome_NOTED
	case s.Version > 0:
		return k.placeVersion(s)
	case s.Read && s.Value == 0: // the key was absent, before the first write
		return newPlaced(s, 1), true
	case !s.Read:
		return placed{}, false // answered, and never applied
	default:
		version := k.version(s.Value)
		return newPlaced(s, 2*version+1), version > 0
	}
}

// placeVersion is place for a command that names a version and is in no order.
func (k *versions) placeVersion(s *load.Sample) (p placed, explained bool) {
	from := 2*int(s.Version) + 1 // the version is made
	exists := s.Version <= uint64(len(k.values))
	p = newPlaced(s, from)
	switch {
	case !s.Read:
		p.later = true
		return p, s.Outcome == kv.Outcome_REFUSED && exists
	case s.Outcome == kv.Outcome_NOTED:
		p.later = true
		return p, exists && k.values[s.Version-1] == s.Value
	case s.Outcome == kv.Outcome_DROPPED:
		p.at, p.later = from+2, true
		return p, s.Version < uint64(len(k.values))
	default: // absent
		p.at, p.earlier = from-2, true
		return p, true
	}
}

// realTime holds memory that holds uses again.
type realTime struct{ issued, answered []placed }

// holds reports whether no command is positioned before another that was answered before it was issued.
func (r *realTime) holds(commands []placed) bool {
	r.issued, r.answered = append(r.issued[:0], commands...), r.answered[:0]
	for _, p := range commands {
		if p.answered != result.Never {
			r.answered = append(r.answered, p)
		}
	}
	slices.SortFunc(r.issued, func(a, b placed) int { return cmp.Compare(a.sent, b.sent) })
	slices.SortFunc(r.answered, func(a, b placed) int { return cmp.Compare(a.answered, b.answered) })
	answered, least := r.answered, 0
	for _, p := range r.issued {
		for len(answered) > 0 && answered[0].answered < p.sent {
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
