package explore

import (
	"fmt"
	"math/bits"
)

// history is what else has happened, as far as it matters.
type history struct {
	before  before
	crashes uint8
	pauses  uint8
	late    uint8 // messages that were kept back
	doubled uint8
	cuts    uint8
	cut     uint8 // replicas that are cut off, as bits
}

// before has, for each command, those that were answered before it was issued, as bits, as long as it is
// not settled that they take effect before it. Of commands that are all in an order one that is applied
// somewhere while the later command is not is before it for good: or else the apply order is violated.
// Of a read outside the order it is settled when the read's version and the other's are known.
type before [mostCommands]uint8

// issuedAfter is a state's history after a command is handed to a replica.
func (s *search) issuedAfter(x *state, number uint32) uint32 {
	h := s.histories.all[x.history]
	var answered, applied uint8
	for r := range s.replicas {
		l := s.local(x, r)
		if l.given&(1<<number) != 0 {
			return x.history // it has been issued before
		}
		answered |= l.answered
		applied |= l.had
	}
	for e := range uint32(len(s.commands)) {
		if bit := uint8(1) << e; answered&bit != 0 && s.related(e, number) && (applied&bit == 0 || s.aside(e, number)) {
			h.before[number] |= bit
		}
	}
	return s.histories.number(h)
}

// aside tells whether one of two commands is a read that is in no order.
func (s *search) aside(a, b uint32) bool {
	return s.cluster.ReadsAside && s.reads&(1<<a|1<<b) != 0
}

// related tells whether it matters which of two commands takes effect first: where each key has its own
// order, or of reads that are in none, it does if they name the same key.
func (s *search) related(a, b uint32) bool {
	if s.aside(a, b) && s.cluster.Stale {
		return false
	}
	return !s.cluster.PerKey && !s.aside(a, b) || s.sameKey(a, b)
}

func (s *search) sameKey(a, b uint32) bool {
	return s.cluster.Commands[a].key() == s.cluster.Commands[b].key()
}

// pastOf is a state's history without what is settled.
func (s *search) pastOf(x *state) uint32 {
	h := s.histories.all[x.history]
	if h.before == (before{}) {
		return x.history
	}
	var applied uint8
	for r := range s.replicas {
		applied |= s.local(x, r).had
	}
	for b := range uint32(len(s.commands)) {
		for e := range uint32(len(s.commands)) {
			bit := uint8(1) << e
			switch {
			case h.before[b]&bit == 0:
			case !s.aside(e, b):
				h.before[b] &^= applied & bit
			default:
				_, one := s.version(x, e)
				_, other := s.version(x, b)
				if one && other {
					h.before[b] &^= bit
				}
			}
		}
	}
	return s.histories.number(h)
}

// realTime tells if a command takes effect before one that was answered before it was issued.
func (s *search) realTime(x *state) string {
	h := s.histories.all[x.history]
	if h.before == (before{}) {
		return ""
	}
	for b, earlier := range h.before {
		for rest := earlier; rest != 0; rest &= rest - 1 {
			e := uint32(bits.TrailingZeros8(rest))
			if s.aside(e, uint32(b)) {
				if wrong := s.readInTime(x, e, uint32(b)); wrong != "" {
					return wrong
				}
				earlier &^= 1 << e
			}
		}
		for r := range s.replicas {
			l := s.local(x, r)
			if earlier == 0 || l.had&(1<<b) == 0 || l.adopted(s.cluster.Commands[b].key()) {
				continue
			}
			if missing := earlier &^ l.earlier[b]; missing != 0 {
				return fmt.Sprintf("R%d applies %s before %s, which was answered before the former was issued",
					r, s.commandName(uint32(b)), s.commandName(uint32(bits.TrailingZeros8(missing))))
			}
		}
	}
	return ""
}

// readInTime holds the versions of two commands of a key against each other, of which one was answered
// before the other was issued: the later has a version that is not lower, and a write a higher one.
func (s *search) readInTime(x *state, e, b uint32) string {
	first, one := s.version(x, e)
	second, other := s.version(x, b)
	if !one || !other || first < second || first == second && s.reads&(1<<b) != 0 {
		return ""
	}
	return fmt.Sprintf("%s, of version %d, was answered before %s was issued, of version %d",
		s.commandName(e), first, s.commandName(b), second)
}

// version is the version of the key that a read has returned or a write has made, if it is known.
func (s *search) version(x *state, number uint32) (version int, known bool) {
	bit := uint8(1) << number
	for r := range s.replicas {
		l := s.local(x, r)
		switch {
		case s.reads&bit != 0 && l.answered&bit != 0:
			return int(l.results[number].version), true
		case s.reads&bit == 0 && l.had&bit != 0 && !l.adopted(s.cluster.Commands[number].key()):
			return s.versionAt(&l.notes, number), true
		}
	}
	return 0, false
}

// versionAt is how many writes of the key a replica has applied when it has applied a command.
func (s *search) versionAt(n *notes, number uint32) int {
	before := (n.earlier[number] | 1<<number) &^ s.reads
	count := 0
	for e := range uint32(len(s.commands)) {
		if before&(1<<e) != 0 && s.sameKey(e, number) {
			count++
		}
	}
	return count
}

// misread tells if a read has returned a value that another replica, or the same, has given another
// version.
func (s *search) misread(one, other *notes) string {
	for rest := one.answered & s.reads; rest != 0; rest &= rest - 1 {
		number := uint32(bits.TrailingZeros8(rest))
		read := one.results[number]
		if other.adopted(s.cluster.Commands[number].key()) {
			continue
		}
		wrong := func(what string) string {
			return fmt.Sprintf("R%d answers %s with version %d, %s; at R%d that is %s",
				one.id, s.commandName(number), read.version, s.placeName(read.writer), other.id, what)
		}
		if read.version == 0 && read.writer != noop {
			return wrong("no version")
		}
		for e := range uint32(len(s.commands)) {
			bit := uint8(1) << e
			if other.had&bit == 0 || s.reads&bit != 0 || !s.sameKey(e, number) {
				continue
			}
			if here := s.versionAt(other, e) == int(read.version); here != (uint8(e)+1 == read.writer) {
				return wrong(s.commandName(e) + fmt.Sprintf(" of version %d", s.versionAt(other, e)))
			}
		}
		if !s.cluster.ReadsAside && other.had&(1<<number) != 0 && s.versionAt(other, number) != int(read.version) {
			return wrong(fmt.Sprintf("version %d", s.versionAt(other, number)))
		}
	}
	return ""
}

// writer is the number from 1 of the command that writes a value.
func (s *search) writer(value []byte) uint8 {
	if len(value) == 0 {
		return noop
	}
	if i := int(value[0]) - 'a'; i >= 0 && i < len(s.commands) {
		return uint8(i) + 1
	}
	return unknown
}
