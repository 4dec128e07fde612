package zab

import "quorumbench/protocols"

// onMessage handles a message. What belongs to an epoch counts only for its leader and those who follow it.
func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	epoch := protocols.Ballot(m.Epoch)
	switch kind := m.Kind.(type) {
	case *Message_Vote:
		r.onVote(from, kind.Vote)
	case *Message_NewEpoch:
		r.onNewEpoch(from, epoch)
	case *Message_Forward:
		if r.role == leading && r.stage == broadcasting {
			r.propose(from, kind.Forward.Commands...)
		}
	case *Message_Reply:
		id := protocols.CommandID{Client: kind.Reply.Client, Seq: kind.Reply.Seq}
		r.answer(id, kind.Reply.Result)
	case *Message_Synced:
		r.onSynced(kind.Synced)
	default:
		switch {
		case epoch != r.accepted:
		case r.role == following && from == r.leader:
			r.heard()
			r.onLeader(from, m)
		case r.role == leading:
			r.peers[from].lastHeard = r.now
			r.onFollower(from, m)
		}
	}
}

// heard notes that the replica has heard the leader that it follows.
func (r *replica) heard() {
	r.lastHeard = r.now
	r.election.Heard(r.now)
}

// onLeader handles a message of the leader that this replica follows.
func (r *replica) onLeader(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_NewLeader:
		r.onNewLeader(from, zxid{protocols.Ballot(kind.NewLeader.LastEpoch), kind.NewLeader.LastIndex})
	case *Message_Propose:
		r.onPropose(kind.Propose)
	case *Message_Commit:
		r.onCommit(kind.Commit.Index)
	case *Message_Ping:
		r.onPing(kind.Ping)
	case *Message_Install:
		r.onInstall(from, kind.Install)
	}
}

// onFollower handles a message of a replica that follows this one.
func (r *replica) onFollower(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_AckEpoch:
		r.onAckEpoch(from, kind.AckEpoch)
	case *Message_AckLeader:
		r.onAckLeader(from)
	case *Message_Ack:
		r.onAck(from, kind.Ack.Index)
	case *Message_Missing:
		r.onMissing(from, kind.Missing.Index)
	case *Message_Ask:
		r.onAsk(from, kind.Ask)
	}
}

// send sends a message of the accepted epoch, when everything persisted so far is durable.
func (r *replica) send(to protocols.NodeID, kind isMessage_Kind) {
	r.out.Send(to, r.scratch.message(r.accepted, kind))
}
