package host

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// requests holds the commands that client nodes have sent to a replica, and which node waits for the answer. It is the
// replica's side of the standard client. A replica answers each command once an incarnation. If the answer is lost,
// the client sends the command again, here or to another replica, and a host that has the answer gives it again. The
// host keeps an answer until the client says, with a later command, that it does not want it any more.
type requests struct {
	clients map[uint64]*session // by CommandID.Client
}

// session is what a host knows of one client.
type session struct {
	node    protocols.NodeID // where the client is
	acked   uint64
	answers map[uint64][]byte // by sequence number; nil: the replica is at work on it
}

// take records a command that came from a client node. If the replica has answered it already, answer is that answer.
// If not, again says whether the replica has been handed it before.
func (r *requests) take(from protocols.NodeID, id protocols.CommandID, acked uint64) (answer []byte, again bool) {
	if r.clients == nil {
		r.clients = map[uint64]*session{}
	}
	s := r.clients[id.Client]
	if s == nil {
		s = &session{answers: map[uint64][]byte{}}
		r.clients[id.Client] = s
	}
	s.node = from
	s.forget(acked)
	answer, again = s.answers[id.Seq]
	if !again {
		s.answers[id.Seq] = nil
	}
	return answer, again
}

// forget drops the answers that the client does not want any more, those to commands before acked.
func (s *session) forget(acked uint64) {
	if acked <= s.acked {
		return
	}
	if acked-s.acked > uint64(len(s.answers)) {
		for seq := range s.answers {
			if seq < acked {
				delete(s.answers, seq)
			}
		}
	} else {
		for seq := s.acked; seq < acked; seq++ {
			delete(s.answers, seq)
		}
	}
	s.acked = acked
}

// answered records an answer and returns the node that waits for it. It returns an error if the replica violates the
// contract, by which it answers each command that it was handed once an incarnation, and no other.
func (r *requests) answered(a protocols.Answer) (node protocols.NodeID, waits bool, err error) {
	s := r.clients[a.ID.Client]
	if s != nil && a.ID.Seq < s.acked {
		return protocols.Nobody, false, nil // nobody wants it any more
	}
	if s == nil {
		return protocols.Nobody, false, fmt.Errorf("answers %v, which it was not handed", a.ID)
	}
	known, handed := s.answers[a.ID.Seq]
	switch {
	case !handed:
		return protocols.Nobody, false, fmt.Errorf("answers %v, which it was not handed", a.ID)
	case known != nil:
		return protocols.Nobody, false, fmt.Errorf("answers %v a second time", a.ID)
	}
	s.answers[a.ID.Seq] = append([]byte{}, a.Result...)
	return s.node, true, nil
}

// Request gives the replica an encoded command that a client node has sent. If the replica has answered the command in
// this incarnation, the host gives the answer again and the replica does not get it; it does not get it, either, if its
// answer waits for the disk. Bytes that are no command are dropped.
func (h *Host) Request(from protocols.NodeID, command []byte, arrived time.Duration) {
	id, acked, err := kv.Header(command)
	if h.node == nil || err != nil {
		return
	}
	answer, again := h.requests.take(from, id, acked)
	switch {
	case answer != nil:
		h.again = append(h.again, toClient{from, protocols.Answer{ID: id, Result: answer}})
		return
	case again && (h.batch.answers(id) || h.writing.answers(id)):
		return
	}
	h.input = protocols.Input{Kind: protocols.InputCommand, From: from, Command: id, Data: command}
	h.Input(&h.input, arrived)
}

// answers reports whether the batch holds the answer to a command.
func (b *batch) answers(id protocols.CommandID) bool {
	return slices.ContainsFunc(b.Answers, func(a protocols.Answer) bool { return a.ID == id })
}

// toClient is an answer with the client node that it is for.
type toClient struct {
	node protocols.NodeID
	protocols.Answer
}
