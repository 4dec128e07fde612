package explore

import (
	"fmt"
	"math/bits"

	"quorumbench/protocols"
)

// local returns the state of a replica.
func (s *search) local(x *state, r int) *local { return s.locals[s.cells.all[x.cells[r]].local] }

// realTime tells if a command is applied before one that was answered before it was issued.
func (s *search) realTime(x *state) string {
	if s.histories.all[x.history].before == (before{}) {
		return ""
	}
	for b, earlier := range s.histories.all[x.history].before {
		if earlier == 0 {
			continue
		}
		for r := range s.replicas {
			l := s.local(x, r)
			if l.adopted || l.had&(1<<b) == 0 {
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

// compare holds the replica that has moved against the others, one at a time: what it checks is of
// two replicas, and of those that have not moved it is known.
func (s *search) compare(x *state, moved int, at uint32) {
	for r := range s.replicas {
		if r == moved {
			continue
		}
		a, b := min(r, moved), max(r, moved)
		pair := [2]uint32{s.cells.all[x.cells[a]].local, s.cells.all[x.cells[b]].local}
		if _, known := s.pairs[pair]; known {
			continue
		}
		s.pairs[pair] = struct{}{}
		one, other := s.locals[pair[0]], s.locals[pair[1]]
		for i := range min(len(one.applied), len(other.applied)) {
			if p, q := one.applied[i], other.applied[i]; p != q && p != unknown && q != unknown {
				s.violated(ApplyOrder, fmt.Sprintf("place %d: R%d applies %s, R%d %s", i+1, a, s.placeName(p), b, s.placeName(q)), at)
				return
			}
		}
		if s.cluster.Driver.Invariants == nil {
			continue
		}
		nodes := make([]protocols.Node, s.replicas)
		nodes[a], nodes[b] = one.node, other.node
		if err := s.cluster.Driver.Invariants(nodes); err != nil {
			s.violated(Invariants, err.Error(), at)
			return
		}
	}
}

func (s *search) violated(rule, detail string, at uint32) {
	if s.violation == nil {
		s.violation = &Violation{Rule: rule, Detail: detail, Trace: s.trace(at)}
	}
}

// How many rounds of timers finish may take. Replicas that are in each other's way back off
// for random times.
const mostRounds = 60

// ending is from where the cluster is to finish: the replicas' states, and whether messages were lost
// before.
type ending struct {
	locals [mostReplicas]uint32
	lost   bool
}

// finish checks that the cluster finishes from a state if timers fire when they are due, and messages
// arrive in the order in which they were sent. Messages sent before all have arrived, or all that
// have not are lost; none is lost later.
func (s *search) finish(at uint32, lost, prompt bool) {
	x := s.states.get(at)
	now := ending{lost: lost}
	for r := range s.replicas {
		now.locals[r] = s.cells.all[x.cells[r]].local
	}
	if left := s.undone(&now); left != "" && prompt {
		s.violated(Stuck, "all messages have arrived, and "+left, at)
		return
	}
	for range mostRounds {
		if s.finished[now] || s.undone(&now) == "" {
			s.finished[now] = true
			return
		}
		replica, which := s.nextTimer(&now)
		if replica < 0 {
			break
		}
		s.finished[now] = true // or else the search ends here
		post := s.take(&now, replica, event{fire, uint32(which)})
		for len(post) > 0 {
			m := post[0]
			post = append(post[1:], s.take(&now, int(s.letters.all[m].to), event{arrive, m})...)
		}
	}
	what := "all messages have arrived"
	if lost {
		what = "the messages that have not arrived are lost, and none later"
	}
	s.violated(Stuck, what+", and however often timers fire, "+s.undone(&now), at)
}

func (s *search) take(now *ending, replica int, e event) []uint32 {
	result := s.after(now.locals[replica], e)
	now.locals[replica] = result.next
	return result.sends
}

// nextTimer returns the timer that is due next.
func (s *search) nextTimer(now *ending) (replica, which int) {
	replica = -1
	var best timer
	for r := range s.replicas {
		for i, t := range s.locals[now.locals[r]].timers {
			if replica < 0 || t.due < best.due {
				replica, which, best = r, i, t
			}
		}
	}
	return replica, which
}

// undone tells what a cluster has left to do. Of a command nobody may be told whose message was lost.
func (s *search) undone(now *ending) string {
	var had uint8
	for r := range s.replicas {
		had |= s.locals[now.locals[r]].had
	}
	for r := range s.replicas {
		l := s.locals[now.locals[r]]
		switch {
		case l.given&^l.answered != 0:
			return fmt.Sprintf("%s is not answered", s.commandName(uint32(bits.TrailingZeros8(l.given&^l.answered))))
		case had&^l.had != 0 && !l.adopted && !now.lost:
			return fmt.Sprintf("R%d does not apply %s", r, s.commandName(uint32(bits.TrailingZeros8(had&^l.had))))
		case s.cluster.Done != nil && !s.cluster.Done(l.node):
			return fmt.Sprintf("R%d has something left to do", r)
		}
	}
	return ""
}
