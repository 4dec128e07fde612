package multipaxos

import "quorumbench/protocols"

// onMessage handles a message. Requests under a ballot lower than the promised one are refused; else their
// ballot is promised (rule 1). Answers count only under the promised ballot.
func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	ballot := protocols.Ballot(m.Ballot)
	switch kind := m.Kind.(type) {
	case *Message_Forward:
		if r.role == leader {
			r.propose(from, kind.Forward.Commands...)
		}
	case *Message_Reply:
		if r.forwarder.OnReply(kind.Reply, r.out) {
			r.out.Mark(protocols.CommandID{Client: kind.Reply.Client, Seq: kind.Reply.Seq}, protocols.MarkApplied)
		}
	case *Message_Refuse:
		r.onRefuse(ballot, protocols.Ballot(kind.Refuse.Promised))
	case *Message_Revert:
		r.onRevert(ballot)
	case *Message_Prepare, *Message_Accept, *Message_Heartbeat:
		if m.GetPrepare() == nil {
			r.yield(ballot)
		}
		if r.ignores(from, m.GetPrepare()) { // rule 27
			return
		}
		if ballot < r.promised { // rule 1: refused
			r.send(from, ballot, &Message_Refuse{Refuse: &Refuse{Promised: uint64(r.promised)}})
			return
		}
		r.promise(ballot)
		r.onRequest(from, m)
	default:
		if ballot == r.promised { // else it is about an earlier attempt
			r.onAnswer(from, m)
		} else if m.GetPromise() != nil {
			r.onLatePromise(from, ballot)
		}
	}
}

// onRequest handles a prepare, an accept or a heartbeat whose ballot this replica has promised.
func (r *replica) onRequest(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Prepare:
		r.onPrepare(from, kind.Prepare.First, kind.Prepare.Parts)
	case *Message_Accept:
		r.follow(from)
		r.onAccept(from, kind.Accept)
	case *Message_Heartbeat:
		r.follow(from)
		r.learn(kind.Heartbeat.Commit)
		r.reclaim()
	}
}

// onAnswer handles a message under the promised ballot that asks for no promise: an answer to this replica
// as candidate or leader, a request for what is chosen, or a piece of a snapshot.
func (r *replica) onAnswer(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_Promise:
		r.onPromise(from, kind.Promise)
	case *Message_Accepted:
		r.onAccepted(from, kind.Accepted.First, kind.Accepted.Count)
	case *Message_CatchUp:
		r.onCatchUp(from, kind.CatchUp)
	case *Message_Piece:
		r.onPiece(from, kind.Piece, m.Membership)
	case *Message_Probe:
		r.onProbe(from, kind.Probe.At)
	case *Message_Echo:
		r.onEcho(from, kind.Echo.At)
	case *Message_Stand:
		r.onStand()
	}
}

// send sends a message under the given ballot, when everything persisted so far is durable.
func (r *replica) send(to protocols.NodeID, ballot protocols.Ballot, kind isMessage_Kind) {
	r.out.Send(to, r.scratch.message(ballot, kind))
}

// broadcast sends a message under the promised ballot to all other replicas of the group, when everything persisted so
// far is durable.
func (r *replica) broadcast(kind isMessage_Kind) {
	r.out.Broadcast(r.config.ID, r.group, r.scratch.message(r.promised, kind))
}
