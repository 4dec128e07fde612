package bench

import (
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"

	"quorumbench/protocols"
)

// journal notes what a replica has applied, life by life, in each of the orders that replicas must
// agree on: the log, or one of each key. Only steps and end may be used from another goroutine than the
// site's.
type journal struct {
	lives []map[string]*applied
	begun time.Duration // the last of them

	steps atomic.Int64  // commands applied and states adopted, ever
	end   atomic.Uint64 // the last index of the log that the present life has applied; 0 where keys have orders of their own
}

// applied is what a replica has applied of one order in one life: stretches without gaps, of which
// each but the first follows a state that was adopted.
type applied struct {
	stretches []stretch
	gap       bool // an index did not follow the one before
}

// stretch is commands applied one after the other.
type stretch struct {
	first    uint64 // index
	hashes   []uint64
	commands []protocols.CommandID
	begun    time.Duration   // when the state was adopted, or the life began
	when     []time.Duration // each command was applied; of the first life nobody asks
}

func (s *stretch) next() uint64 { return s.first + uint64(len(s.hashes)) }

var journalSeed = maphash.MakeSeed()

func (j *journal) begin(now time.Duration) {
	j.lives, j.begun = append(j.lives, map[string]*applied{}), now
	j.end.Store(0)
}

func (j *journal) add(c protocols.Commit, now time.Duration) {
	j.steps.Add(1)
	if c.Slot.Key == "" {
		j.end.Store(c.Slot.Index)
	}
	life := j.lives[len(j.lives)-1]
	order := life[c.Slot.Key]
	if order == nil {
		order = &applied{stretches: []stretch{{first: 1, begun: j.begun}}}
		life[c.Slot.Key] = order
	}
	last := &order.stretches[len(order.stretches)-1]
	if c.Adopted {
		order.gap = order.gap || c.Slot.Index+1 < last.next()
		if c.Slot.Index+1 > last.next() {
			order.stretches = append(order.stretches, stretch{first: c.Slot.Index + 1, begun: now})
		}
		return
	}
	order.gap = order.gap || c.Slot.Index != last.next()
	last.hashes = append(last.hashes, max(1, maphash.Bytes(journalSeed, c.Command)))
	last.commands = append(last.commands, c.ID)
	if len(j.lives) > 1 {
		last.when = append(last.when, now)
	}
}

// reached is when the replica had applied, or adopted, everything up to an index; ok is false if it
// has not. Nobody asks of the first life.
func (a *applied) reached(index uint64) (when time.Duration, ok bool) {
	for i := range a.stretches {
		s := &a.stretches[i]
		if index < s.first {
			return s.begun, true
		}
		if index < s.next() {
			return s.when[index-s.first], true
		}
	}
	return 0, false
}

// order is what all replicas together have applied of one order.
type order struct {
	hashes   []uint64 // 0: nobody told of it, since all who were there have adopted a later state
	commands []protocols.CommandID
	parts    []part
}

// part is a stretch, and whose it is.
type part struct {
	*stretch
	site, life int
}

// whole tells whether it is known what stands at every place.
func (o *order) whole() bool {
	for _, hash := range o.hashes {
		if hash == 0 {
			return false
		}
	}
	return true
}

// merge adds what a replica has applied. If it contradicts what is there, index is the first place
// where it does, and with is the part that it contradicts there.
func (o *order) merge(p part) (index uint64, with *part) {
	for missing := int(p.next()) - 1 - len(o.hashes); missing > 0; missing-- {
		o.hashes, o.commands = append(o.hashes, 0), append(o.commands, protocols.CommandID{})
	}
	for i, hash := range p.hashes {
		switch at := p.first - 1 + uint64(i); o.hashes[at] {
		case 0:
			o.hashes[at], o.commands[at] = hash, p.commands[i]
		case hash:
		default:
			if with == nil {
				index, with = at+1, o.covering(at+1)
			}
		}
	}
	o.parts = append(o.parts, p)
	return index, with
}

// covering returns the first part in which an index stands.
func (o *order) covering(index uint64) *part {
	for i := range o.parts {
		if p := &o.parts[i]; p.first <= index && index < p.next() {
			return p
		}
	}
	panic(fmt.Sprintf("bench: no part has index %d", index))
}

// at returns the command at an index of the part.
func (p *part) at(index uint64) protocols.CommandID { return p.commands[index-p.first] }
