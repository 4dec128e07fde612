package etcdraft

import (
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
)

// onMessage delivers a message if those before it have been delivered, and else holds it (rule 3).
func (r *replica) onMessage(from protocols.NodeID, data []byte) {
	m := &Message{}
	if protocols.Decode(data, m) != nil {
		return // no replica of this driver has sent it
	}
	if m.Number == 0 { // commands and replies: they need no order
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
		case raftpb.MsgApp, raftpb.MsgHeartbeat, raftpb.MsgSnap:
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
	}
}

// send numbers a message of the library and sends it (rule 3). After a snapshot it sets the timer at which
// the snapshot is reported as failed (rule 5). With a vote granted, the election timeout begins anew (rule 2).
func (r *replica) send(m *raftpb.Message) {
	if m.GetType() == raftpb.MsgVoteResp && !m.GetReject() {
		r.election.Heard(r.now)
	}
	to := replicaOf(m.GetTo())
	r.streams[to].sent++
	data := encode(m)
	r.out.Send(to, &Message{Stream: r.config.Seed, Number: r.streams[to].sent, Kind: &Message_Raft{Raft: data}})
	if m.GetType() == raftpb.MsgSnap { // rule 5: the library tries again
		answered := r.config.AnswerTimeout(to) + flow.Transmission(len(data))
		r.out.SetTimer(snapshotTimer+2*protocols.TimerID(to), answered)
	}
}
