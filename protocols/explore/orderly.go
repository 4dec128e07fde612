package explore

import "slices"

// inOrder reaches the states that come next by what an orderly network does: the message that is next
// arrives or is kept back, a replica is cut off or is not any more.
func (s *search) inOrder(at uint32) {
	was := s.states.get(at)
	h := s.histories.all[was.history]
	if queue := s.soups[was.queue]; len(queue) > 0 {
		m, to := queue[0], int(s.letters.all[queue[0]].to)
		rest := was
		rest.queue = s.soupOf(queue[1:])
		arrived := s.move(s.cells.all[was.cells[to]], event{arrive, m})
		s.reach(s.moved(&rest, to, &arrived), at, to, &arrived)
		if int(h.late) < s.cluster.Network.Late {
			kept := h
			kept.late++
			rest.history = s.histories.number(kept)
			rest.cells[to] = s.send(was.cells[to], m)
			s.reach(rest, at, to, &move{event: event{delay, m}})
		}
		if int(h.doubled) < s.cluster.Network.Doubled {
			twice := h
			twice.doubled++
			rest.history = s.histories.number(twice)
			rest.cells[to] = was.cells[to]
			again := s.move(s.cells.all[s.send(was.cells[to], m)], event{arrive, m})
			s.reach(s.moved(&rest, to, &again), at, to, &again)
		}
	}
	for r := range s.replicas {
		next, e, changed := was, event{cut, uint32(r)}, h
		switch {
		case h.cut&(1<<r) != 0:
			e.kind = heal
			changed.cut &^= 1 << r
		case int(h.cuts) < s.cluster.Network.Cuts && h.cut == 0:
			changed.cuts++
			changed.cut |= 1 << r
			next.queue = s.soupOf(slices.DeleteFunc(slices.Clone(s.soups[was.queue]), func(m uint32) bool {
				l := s.letters.all[m]
				return l.from != l.to && (int(l.from) == r || int(l.to) == r)
			}))
		default:
			continue
		}
		next.history = s.histories.number(changed)
		s.reach(next, at, r, &move{event: e})
	}
}

// lossless tells whether everything ever sent has arrived or is under way.
func (s *search) lossless(x *state) bool {
	h := s.histories.all[x.history]
	return h.late == 0 && h.cuts == 0 && h.crashes == 0
}

// without returns a set of messages without one of them.
func (s *search) without(soup, m uint32) uint32 {
	return s.soupOf(slices.DeleteFunc(slices.Clone(s.soups[soup]), func(other uint32) bool { return other == m }))
}
