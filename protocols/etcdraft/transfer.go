package etcdraft

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
	"google.golang.org/protobuf/proto"

	"quorumbench/protocols"
	"quorumbench/protocols/flow"
	"quorumbench/protocols/snapshot"
)

// The transfer of a snapshot to a follower, in pieces that it asks for (rule 8).

// sendHead tells a follower which snapshot is on offer: the one of the library's message, unless another is on offer already.
func (r *replica) sendHead(to protocols.NodeID, s *raftpb.Snapshot) {
	head := r.sender.Head(r.now)
	if head == nil {
		head = &snapshot.Piece{Index: s.GetMetadata().GetIndex(), Size: uint64(proto.Size(s))}
	}
	r.sendPiece(to, head)
}

// sendPiece sends a follower a piece. If it asks for no other when this one should have been answered, the snapshot is
// reported as failed.
func (r *replica) sendPiece(to protocols.NodeID, p *snapshot.Piece) {
	r.out.Send(to, &Message{Kind: &Message_Piece{Piece: &Piece{Term: r.hard.GetTerm(), Piece: p}}})
	r.out.SetTimer(pieceTimer+2*protocols.TimerID(to), r.config.AnswerTimeout(to)+flow.Transmission(len(p.Data)))
}

// onAsk sends a follower the piece that it asks for, unless that is on its way, or the log has what it needs by now.
func (r *replica) onAsk(from protocols.NodeID, a *snapshot.Ask) {
	r.streams[from].lastHeard = r.now
	if !r.needsSnapshot(from) {
		return
	}
	latest := func() (uint64, []byte) {
		s, err := r.storage.Snapshot()
		if err != nil {
			return 0, nil // the follower is told when the library tries again
		}
		return s.GetMetadata().GetIndex(), encode(s)
	}
	if p := r.sender.Piece(from, a, r.now, r.config.AnswerTimeout(from), r.config.Limits, latest); p != nil {
		r.sendPiece(from, p)
	}
}

// needsSnapshot returns true if this replica leads, and its log lacks entries that a follower has not confirmed.
func (r *replica) needsSnapshot(follower protocols.NodeID) (needs bool) {
	if !r.leading {
		return false
	}
	first, _ := r.bounds()
	r.node.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) {
		if replicaOf(id) == follower {
			needs = p.Match+1 < first
		}
	})
	return needs
}

// onPiece takes a piece of the leader's snapshot and asks for the next. The whole is handed to the library. If it covers no
// more than this replica has applied, its index is enough: the library answers what is committed here.
func (r *replica) onPiece(from protocols.NodeID, m *Piece) {
	r.streams[from].lastHeard = r.now
	if m.GetTerm() < r.hard.GetTerm() || m.GetPiece().GetIndex() == 0 {
		return
	}
	r.election.Heard(r.now)
	s := &raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{Index: proto.Uint64(m.Piece.Index)}}
	if m.Piece.Index > r.applied {
		whole, _ := r.receiver.Add(from, m.Piece, r.now)
		if whole == nil {
			r.out.Send(from, &Message{Kind: &Message_Ask{Ask: r.receiver.Ask(from)}})
			return
		}
		if proto.Unmarshal(whole, s) != nil {
			return // no replica of this driver has sent it
		}
	}
	_ = r.node.Step(&raftpb.Message{ // an error is about a message that the library ignores
		Type: raftpb.MsgSnap.Enum(), From: proto.Uint64(number(from)), To: proto.Uint64(number(r.config.ID)),
		Term: proto.Uint64(m.GetTerm()), Snapshot: s,
	})
}
