package async

import (
	"time"

	"quorumbench/protocols"
)

// roundTimer is for the rounds of rule 5.
const roundTimer protocols.TimerID = 1

// onMessage handles a message of another replica.
func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Writes:
		for _, w := range kind.Writes.Writes {
			// Of each stream the next write only (rule 2): what is known is skipped, and a gap is filled by rule 5.
			if int(w.Stream) < len(r.streams) && w.Index == r.applied[w.Stream]+1 && len(w.Seen) == len(r.streams) && w.Stamp < mostStamp {
				r.add(w)
			}
		}
		if kind.Writes.More {
			r.sendApplied(from, false)
		}
	case *Message_Applied:
		if len(kind.Applied.Applied) != len(r.streams) {
			return
		}
		r.onApplied(from, kind.Applied)
	}
	r.schedule()
}

// mostStamp bounds stamps, so that there are always higher ones: some 146 years in nanoseconds.
const mostStamp = 1 << 62

// onApplied notes what another replica has, forgets what all have, and sends what the other lacks (rule 5).
func (r *replica) onApplied(from protocols.NodeID, m *Applied) {
	p := &r.peers[from]
	progress := false
	for s, n := range m.Applied {
		progress = progress || n > p.applied[s]
		p.applied[s] = max(p.applied[s], min(n, mostStamp))
	}
	r.forget()
	if m.Ask {
		r.sendApplied(from, false)
	}
	if progress || r.now-p.sentAt >= r.config.AnswerTimeout(from) {
		r.sendMissing(from)
	}
}

// sendMissing sends a replica the writes that it lacks, as many as fit into a message.
func (r *replica) sendMissing(to protocols.NodeID) {
	p := &r.peers[to]
	m, size := &Writes{}, 0
	for s := range r.streams {
		held := r.streams[s].held
		base := r.applied[s] - uint64(len(held)) // of those before only that they are applied everywhere is known
		for i := max(p.applied[s], base) - base; i < uint64(len(held)); i++ {
			if size >= r.config.Limits.Max() {
				m.More = true
				break
			}
			m.Writes = append(m.Writes, held[i])
			size += len(held[i].Command)
		}
	}
	if len(m.Writes) > 0 {
		p.sentAt = r.now
		r.out.Send(to, &Message{Kind: &Message_Writes{Writes: m}})
	}
}

func (r *replica) sendApplied(to protocols.NodeID, ask bool) {
	r.out.Send(to, &Message{Kind: &Message_Applied{Applied: &Applied{Applied: r.applied, Ask: ask}}})
}

// tell asks each replica that is not known to have applied the same what it has.
func (r *replica) tell() {
	for _, to := range r.config.Members {
		if to != r.config.ID && !r.level(to) {
			r.sendApplied(to, true)
		}
	}
}

// level tells whether another replica is known to have applied the same as this one, by both their accounts.
func (r *replica) level(with protocols.NodeID) bool {
	for s, n := range r.peers[with].applied {
		if n != r.applied[s] {
			return false
		}
	}
	return true
}

// schedule sets the timer of the next round, unless all are level.
func (r *replica) schedule() {
	if r.timerSet {
		return
	}
	for _, to := range r.config.Members {
		if to != r.config.ID && !r.level(to) {
			r.timerSet = true
			r.out.SetTimer(roundTimer, r.period+time.Duration(r.id)*time.Millisecond) // not all at once
			return
		}
	}
}

// forget forgets the writes that all have applied.
func (r *replica) forget() {
	for s := range r.streams {
		least := r.applied[s]
		for id := range r.peers {
			if id != r.id {
				least = min(least, r.peers[id].applied[s])
			}
		}
		held := r.streams[s].held
		if base := r.applied[s] - uint64(len(held)); least > base {
			clear(held[:least-base])
			r.streams[s].held = held[least-base:]
		}
	}
}
