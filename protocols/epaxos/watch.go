package epaxos

import (
	"slices"
	"time"

	"quorumbench/protocols"
)

// watch sees to it that what is open of a key is decided in the end (rule 6).
func (r *replica) watch(g *register) {
	if g.watched || g.allExecuted() {
		return
	}
	g.watched = true
	r.open = append(r.open, g)
	r.setWatch()
}

// setWatch sets the timer of rule 6 for what is open now. A submitter that lives has committed it, or has sent its
// messages again, by then.
func (r *replica) setWatch() {
	if r.watchSet || len(r.open) == 0 {
		return
	}
	r.watchSet = true
	for _, g := range r.open {
		for i := range g.columns {
			g.columns[i].asked = g.columns[i].end()
		}
	}
	longest := r.timeout(r.n, 0)
	r.out.SetTimer(watchTimer, 2*longest+time.Duration(r.random.Int64N(int64(longest))))
}

// mostRecovered bounds how many instances are recovered when the timer fires once.
const mostRecovered = 64

// onWatch handles the instances that were open when the timer of rule 6 was set and are undecided: the first time it asks
// the others what they know decided of the key, and after that it recovers the instance.
func (r *replica) onWatch() {
	r.watchSet = false
	recovered := 0
	open := r.open[:0]
	for _, g := range r.open {
		if g.allExecuted() {
			g.watched = false
			for i := range g.columns {
				g.columns[i].asked = 0
			}
			continue
		}
		open = append(open, g)
		fetch := false
		for i := range g.columns {
			c := &g.columns[i]
			for number := c.executed; number < min(c.asked, c.end()); number++ {
				id := position{i, number}
				if g.decided(id) {
					continue
				}
				x := r.instance(g, id)
				switch {
				case x.attempt != nil:
				case !x.asked:
					x.asked, fetch = true, true
				case recovered < mostRecovered:
					recovered++
					r.recover(x)
				}
			}
		}
		if fetch {
			for _, peer := range r.peers {
				r.fetch(g, peer)
			}
		}
	}
	clear(r.open[len(open):])
	if r.open = open; len(open) == 0 {
		r.open = nil
	}
	r.setWatch()
}

// fetch asks a replica for what it knows decided of a key, beyond what is executed here.
func (r *replica) fetch(g *register, from protocols.NodeID) {
	m := r.keyMessage(Kind_FETCH, g)
	for i := range g.columns {
		m.Executed = append(m.Executed, g.columns[i].executed)
	}
	r.out.Send(from, m)
}

// onFetch sends what is decided of a key beyond what another replica has executed: the Commits, or the state of the key
// if some of them are forgotten (rule 15).
func (r *replica) onFetch(from protocols.NodeID, g *register, executed vector) {
	for i := range g.columns {
		if executed.at(i) < g.columns[i].base {
			r.sendState(from, g)
			executed = g.executedVector()
			break
		}
	}
	size := 0
	for i := range g.columns {
		c := &g.columns[i]
		for number := executed.at(i); number < c.end() && size < r.config.Limits.Max(); number++ {
			if x := g.get(position{i, number}); x != nil && x.phase == committed {
				r.out.Send(from, r.commitOf(x))
				size += instanceOverhead + len(x.command)
			}
		}
	}
}

// sendDecided tells a replica of an instance that is decided: its Commit or, if it is forgotten, the state of the key.
func (r *replica) sendDecided(to protocols.NodeID, g *register, id position) {
	if x := g.get(id); x != nil {
		r.out.Send(to, r.commitOf(x))
		return
	}
	r.sendState(to, g)
}

// sendState sends a replica the state of a key.
func (r *replica) sendState(to protocols.NodeID, g *register) {
	m := r.keyMessage(Kind_STATE, g)
	m.State = g.stateMessage()
	r.out.Send(to, m)
}

// executedVector is how far the columns are executed.
func (g *register) executedVector() vector {
	v := make(vector, len(g.columns))
	for i := range g.columns {
		v[i] = g.columns[i].executed
	}
	return v
}

// stateMessage returns the state of a key.
func (g *register) stateMessage() *State {
	s := &State{Slots: g.slots, Executed: g.executedVector(), Register: g.state.State()}
	for i := range g.columns {
		s.Written = append(s.Written, g.columns[i].written)
		s.Read = append(s.Read, g.columns[i].read)
	}
	return s
}

// onState adopts another replica's state of a key, as far as it is further than the one here (rule 15). Of the requests that
// were in instances which it skips, those whose results it has are answered; the others are submitted again.
func (r *replica) onState(m *Message) {
	g := r.register(m.Key)
	var skipped []*request
	own := &g.columns[r.id]
	for number := own.executed; number < min(m.State.Executed[r.id], own.end()); number++ {
		if x := g.get(position{r.id, number}); x != nil && x.request != nil {
			skipped = append(skipped, x.request)
		}
	}
	if !r.adopt(g, m.State) {
		return
	}
	r.out.Measure(measureAdopted, 1)
	r.persistState(g)
	for _, req := range slices.Clone(g.requests) { // executed in the instance of another replica
		if r.answerKnown(g, req) {
			r.endRequest(g, req)
		}
	}
	for _, req := range skipped {
		r.submitAgain(g, req)
	}
	r.checkWaiting(g)
	r.execute(g)
	r.watch(g)
}

// adopt takes over a state of a key, and returns whether there was anything new in it. The writes of a key are executed in
// the same order everywhere, so of two states the one with more writes has all writes of the other; what else the
// other has executed are reads and no-ops, which change nothing.
func (r *replica) adopt(g *register, s *State) bool {
	fresh := false
	for i, executed := range s.Executed {
		fresh = fresh || executed > g.columns[i].executed
	}
	if !fresh {
		return false
	}
	if s.Slots > g.slots {
		if g.state.Restore(s.Register) != nil {
			return false
		}
		g.slots = s.Slots
		r.out.Adopt(protocols.Slot{Key: g.name, Index: g.slots})
	}
	for i, executed := range s.Executed {
		c := &g.columns[i]
		c.written, c.read = max(c.written, s.Written[i]), max(c.read, s.Read[i])
		if executed <= c.executed {
			continue
		}
		c.hear(executed)
		for number := c.executed; number < executed; number++ {
			if x := g.get(position{i, number}); x != nil {
				r.end(x)
			}
		}
		c.executed, c.blocked = executed, false
		c.forget(executed)
	}
	return true
}
