package etcdraft

import (
	"maps"
	"slices"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
)

// patience is how long a message that came early waits for those before it: longer than packets of
// one link overtake each other, and much shorter than a round trip.
const patience = 10 * time.Millisecond

// stream is what is known of the messages to and from a peer (rule 3).
type stream struct {
	sent  uint64        // the number of the last one sent
	heard time.Duration // when the last one came

	life  uint64              // of the peer
	taken uint64              // the number of the last one taken, or given up
	early map[uint64]*Message // by number: behind a gap
}

// send numbers a message of the library and sends it.
func (r *replica) send(m *raftpb.Message) {
	to := replicaOf(m.GetTo())
	r.streams[to].sent++
	data := encode(m)
	r.out.Send(to, &Message{Stream: r.config.Seed, Number: r.streams[to].sent, Kind: &Message_Raft{Raft: data}})
	if m.GetType() == raftpb.MsgSnap { // rule 5
		answered := r.config.Patience(to) + flow.Transmission(len(data))
		r.out.SetTimer(snapshotTimer+2*protocols.TimerID(to), answered)
	}
}

// onMessage takes what has its turn, and keeps what has not.
func (r *replica) onMessage(from protocols.NodeID, data []byte) {
	m := &Message{}
	if protocols.Decode(data, m) != nil {
		return // nothing but a replica of this driver sends; skip what is not ours
	}
	if m.Number == 0 { // commands and replies: they need no order
		r.take(from, m)
		return
	}
	s := &r.streams[from]
	s.heard = r.now
	switch {
	case m.Stream < s.life:
		return // of a former life: seeds rise from life to life
	case s.early == nil || m.Stream > s.life:
		s.life, s.taken, s.early = m.Stream, 0, map[uint64]*Message{}
	}
	switch {
	case m.Number <= s.taken:
		r.take(from, m) // late or doubled: the library knows what to do with it
	case m.Number == s.taken+1:
		s.taken++
		r.take(from, m)
		r.goOn(from)
	default:
		if len(s.early) == 0 {
			r.out.SetTimer(earlyTimer+2*protocols.TimerID(from), patience)
		}
		s.early[m.Number] = m
	}
}

// goOn takes the messages that have waited for the one just taken.
func (r *replica) goOn(from protocols.NodeID) {
	s := &r.streams[from]
	if len(s.early) == 0 {
		return
	}
	for m := s.early[s.taken+1]; m != nil; m = s.early[s.taken+1] {
		s.taken++
		delete(s.early, s.taken)
		r.take(from, m)
	}
	timer := earlyTimer + 2*protocols.TimerID(from)
	if len(s.early) == 0 {
		r.out.StopTimer(timer)
	} else {
		r.out.SetTimer(timer, patience)
	}
}

// skip gives up the messages before the first that has waited for too long.
func (r *replica) skip(from protocols.NodeID) {
	s := &r.streams[from]
	if len(s.early) == 0 {
		return
	}
	s.taken = slices.Min(slices.Collect(maps.Keys(s.early))) - 1
	r.goOn(from)
}
