package raft

import "quorumbench/protocols"

// onMessage handles a message. It adopts a higher term (rule 1) unless the handler of the message decides
// about that itself, and ignores answers of a lower term.
func (r *replica) onMessage(from protocols.NodeID, m *Message) {
	if r.ignores(from, m) { // rule 31
		return
	}
	switch kind := m.Kind.(type) { // their handlers compare the terms themselves, or they have none
	case *Message_RequestVote:
		r.onRequestVote(from, m.Term, kind.RequestVote)
		return
	case *Message_Vote:
		r.onVote(from, m.Term, kind.Vote)
		return
	case *Message_Revert:
		r.onRevert(from, kind.Revert)
		return
	case *Message_Forward:
		for _, c := range kind.Forward.Commands {
			if r.role == leader {
				r.propose(from, c)
			}
		}
		return
	case *Message_Reply:
		r.forwarder.OnReply(kind.Reply, r.out)
		return
	}
	if m.Term > r.term { // rule 1: a higher term is adopted
		r.enterTerm(pair{m.Term, protocols.Nobody})
	}
	r.onRequest(from, m)
	if m.Term < r.term { // rule 1: answers of a lower term are ignored
		return
	}
	r.onAnswer(from, m)
}

// onRequest handles the messages that are answered whatever their term: a sender with a lower term is told
// the present one (rule 1).
func (r *replica) onRequest(from protocols.NodeID, m *Message) {
	switch kind := m.Kind.(type) {
	case *Message_AppendEntries:
		if r.acceptLeader(from, m.Term) {
			r.onAppendEntries(from, kind.AppendEntries)
		}
	case *Message_InstallSnapshot:
		if r.acceptLeader(from, m.Term) {
			r.onInstallSnapshot(from, kind.InstallSnapshot)
		}
	case *Message_Confirm:
		if r.acceptLeader(from, m.Term) {
			r.onConfirm(from, kind.Confirm)
		}
	case *Message_PreVote:
		r.onPreVote(from, m.Term, kind.PreVote)
	}
}

// onAnswer handles a message of the present term.
func (r *replica) onAnswer(from protocols.NodeID, m *Message) {
	r.peers[from].lastHeard = r.now
	switch kind := m.Kind.(type) {
	case *Message_PreVoted:
		r.onPreVoted(from, kind.PreVoted)
	case *Message_Appended:
		r.onAppended(from, kind.Appended.Index)
	case *Message_Rejected:
		r.onRejected(from, kind.Rejected)
	case *Message_Ask:
		r.onAsk(from, kind.Ask)
	case *Message_Confirmed:
		r.onConfirmed(from, kind.Confirmed)
	case *Message_TimeoutNow:
		r.onTimeoutNow(from)
	}
}

// send sends a message of the present term, when everything persisted so far is durable.
func (r *replica) send(to protocols.NodeID, kind isMessage_Kind) {
	r.out.Send(to, r.scratch.message(r.term, kind))
}

// others calls do for every other replica of the membership, learners included, in the order of their IDs.
func (r *replica) others(do func(protocols.NodeID)) {
	for _, id := range r.group {
		if id != r.config.ID {
			do(id)
		}
	}
}
