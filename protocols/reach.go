package protocols

import "time"

// Reach chooses which of the other replicas to ask: the nearest that answers. A replica that has let a request
// go unanswered is passed over until it answers one. That it sends messages of its own does not count: they
// tell nothing of the way to it, and where only that is cut, every request would be lost at first and take a
// timeout longer. A replica that is passed over is not asked, so that it cannot answer, and one that has come
// back would stay unused for ever; so it is given a single request now and then, first after a second, then
// after twice the time, up to 16 seconds.
//
// Make one with NewReach. Not safe for use by several goroutines.
type Reach struct {
	order []NodeID // nearest first
	peers []silence
}

// silence is what a Reach knows of a replica.
type silence struct {
	silent bool
	pause  time.Duration // between requests, while it is silent
	askAt  time.Duration // when it is given the next one
}

const (
	firstPause = time.Second
	mostPause  = 16 * time.Second
)

// NewReach returns one for some replicas, the nearest first, none of which is silent.
func NewReach(nearest []NodeID) Reach {
	last := NodeID(-1)
	for _, id := range nearest {
		last = max(last, id)
	}
	return Reach{order: nearest, peers: make([]silence, last+1)}
}

// Nearest returns the replica to ask: the nearest that is not silent, or is due for a request. If all are
// silent, none is from now on.
func (r *Reach) Nearest(now time.Duration) NodeID {
	for _, id := range r.order {
		p := &r.peers[id]
		if !p.silent {
			return id
		}
		if now >= p.askAt {
			p.pause = min(2*p.pause, mostPause)
			p.askAt = now + p.pause
			return id
		}
	}
	clear(r.peers)
	return r.order[0]
}

// Choose returns so many replicas to ask, as long as there are so many, the nearest first: those that are not silent, or
// are due for a request; if these are too few, silent ones, too.
func (r *Reach) Choose(count int, now time.Duration) []NodeID {
	count = min(count, len(r.order))
	chosen := make([]NodeID, 0, count)
	var silent []NodeID
	for _, id := range r.order {
		p := &r.peers[id]
		switch {
		case len(chosen) == count:
			return chosen
		case p.silent && now < p.askAt:
			silent = append(silent, id)
			continue
		case p.silent:
			p.pause = min(2*p.pause, mostPause)
			p.askAt = now + p.pause
		}
		chosen = append(chosen, id)
	}
	return append(chosen, silent[:count-len(chosen)]...)
}

// Unanswered notes that a replica has let a request go unanswered for as long as an answer may take.
func (r *Reach) Unanswered(id NodeID, now time.Duration) {
	if p := &r.peers[id]; !p.silent {
		*p = silence{silent: true, pause: firstPause, askAt: now + firstPause}
	}
}

// Silent returns true if a replica has let a request go unanswered and has not answered one since: a request to it is
// there to find out whether it is back.
func (r *Reach) Silent(id NodeID) bool { return r.peers[id].silent }

// Answered notes that a replica has answered a request, however late.
func (r *Reach) Answered(id NodeID) { r.peers[id] = silence{} }
