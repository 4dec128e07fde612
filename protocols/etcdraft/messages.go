package etcdraft

import (
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
)

// onMessage delivers a message if those before it have been delivered, and else holds it (rule 3).
func (r *replica) onMessage(from protocols.NodeID, data []byte) {
	m := &Message{}
	if protocols.Decode(data, m) != nil {
		return // no replica of this driver has sent it
	}
	if m.Number == 0 { // it needs no order
		r.deliver(from, m)
		return
	}
	s := &r.streams[from]
	s.lastHeard = r.now
	switch {
	case m.Stream < s.incarnation:
		return // of an earlier incarnation: seeds rise from each to the next
	case s.early == nil || m.Stream > s.incarnation:
		s.incarnation, s.delivered, s.early = m.Stream, 0, map[uint64]*Message{}
	}
	switch {
	case m.Number <= s.delivered:
		r.deliver(from, m) // late or duplicated: the library handles that
	case m.Number == s.delivered+1:
		s.delivered++
		r.deliver(from, m)
		r.deliverEarly(from)
	default:
		if len(s.early) == 0 {
			r.out.SetTimer(earlyTimer+2*protocols.TimerID(from), earlyTimeout)
		}
		s.early[m.Number] = m
	}
}

// deliver hands a message to the library, or to the forwarder.
func (r *replica) deliver(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Raft:
		var inner raftpb.Message
		if proto.Unmarshal(kind.Raft, &inner) != nil {
			return // no replica of this driver has sent it
		}
		switch inner.GetType() {
		case raftpb.MsgApp, raftpb.MsgHeartbeat:
			if inner.GetTerm() >= r.hard.GetTerm() {
				r.election.Heard(r.now)
			}
		}
		_ = r.node.Step(&inner) // an error is about a message that the library ignores
	case *Message_Forward:
		for _, c := range kind.Forward.Commands {
			if r.leading {
				r.propose(from, c)
			}
		}
	case *Message_Reply:
		r.forwarder.OnReply(kind.Reply, r.out)
	case *Message_Piece:
		r.onPiece(from, kind.Piece)
	case *Message_Ask:
		r.onAsk(from, kind.Ask)
	}
}

// send numbers a message of the library and sends it (rule 3). In place of a snapshot, the follower is told of it (rule
// 8). With a vote granted, the election timeout begins anew (rule 2).
func (r *replica) send(m *raftpb.Message) {
	to := replicaOf(m.GetTo())
	switch {
	case m.GetType() == raftpb.MsgSnap:
		r.sendHead(to, m.GetSnapshot())
		return
	case m.GetType() == raftpb.MsgVoteResp && !m.GetReject():
		r.election.Heard(r.now)
	}
	r.streams[to].sent++
	r.out.Send(to, &Message{Stream: r.config.Seed, Number: r.streams[to].sent, Kind: &Message_Raft{Raft: encode(m)}})
}
