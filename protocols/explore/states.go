package explore

// origin is how a state came about first: from which one, by what.
type origin struct{ from, event uint32 }

// packed is an event at a replica in one number.
func packed(replica int, e event) uint32 {
	return e.number<<7 | uint32(e.kind)<<3 | uint32(replica)
}

func (o origin) unpack() (replica int, e event) {
	return int(o.event & 7), event{eventKind(o.event >> 3 & 15), o.event >> 7}
}

// states are all states met, numbered as they were met: a queue, and an index by what they are, with
// open addressing. They take 36 bytes each, and 5 to 11 for the index.
type states struct {
	count  int
	blocks []*block
	slots  []uint32 // numbers of states, from 1; 0: empty
}

// block is a part of them; what grows by blocks is never copied.
type block struct {
	states  [blockSize]state
	origins [blockSize]origin
}

const blockSize = 1 << 14

func (s *states) get(number uint32) state { return s.blocks[number/blockSize].states[number%blockSize] }
func (s *states) origin(number uint32) origin {
	return s.blocks[number/blockSize].origins[number%blockSize]
}

// enter returns the number of a state, and whether it has not been met before.
func (s *states) enter(x *state, o origin) (number uint32, fresh bool) {
	if 4*s.count >= 3*len(s.slots) {
		s.slots = make([]uint32, max(1<<12, 2*len(s.slots)))
		for n := range s.count {
			known := s.get(uint32(n))
			*s.find(&known) = uint32(n) + 1
		}
	}
	slot := s.find(x)
	if *slot != 0 {
		return *slot - 1, false
	}
	if s.count%blockSize == 0 {
		s.blocks = append(s.blocks, new(block))
	}
	b := s.blocks[s.count/blockSize]
	b.states[s.count%blockSize], b.origins[s.count%blockSize] = *x, o
	s.count++
	*slot = uint32(s.count)
	return *slot - 1, true
}

// find returns the slot of a state, or the empty one where it belongs.
func (s *states) find(x *state) *uint32 {
	mask := uint64(len(s.slots) - 1)
	for h := x.hash(); ; h++ {
		slot := &s.slots[h&mask]
		if *slot == 0 || s.get(*slot-1) == *x {
			return slot
		}
	}
}

func (x *state) hash() uint64 {
	h := uint64(x.history)<<32 | uint64(x.queue)
	for _, cell := range x.cells {
		h = (h ^ uint64(cell)) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	return h
}
