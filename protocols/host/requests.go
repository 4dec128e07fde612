package host

import (
	"fmt"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// requests are the commands that client nodes have handed to a replica: who waits for which answer. It is
// the replica's side of the standard client. A replica answers a command once an incarnation; if the
// answer is lost the client hands the command over again, here or elsewhere, and the host that has the
// answer gives it again. It keeps an answer until the client says, with a later command, that it wants none
// below some number.
type requests struct {
	clients map[uint64]*session // by CommandID.Client
}

// session is what a host knows of one client.
type session struct {
	node    protocols.NodeID // where the client is
	acked   uint64
	answers map[uint64][]byte // by sequence number; nil: the replica is at work on it
}

// take notes a command and tells whether the replica is to be given it. If it has been answered, answer is
// that answer.
func (r *requests) take(from protocols.NodeID, id protocols.CommandID, acked uint64) (answer []byte, step bool) {
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
	answer = s.answers[id.Seq]
	if answer == nil {
		s.answers[id.Seq] = nil
	}
	return answer, answer == nil
}

// forget drops what the client wants no more.
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

// answered notes an answer and tells which node waits for it. An error tells how the replica has broken
// the contract: each command that it is handed, it answers once an incarnation.
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

// Request hands the replica a command, encoded, that a client node has sent. One that the replica has
// answered in this incarnation is answered again, without asking it. Bytes that are no command are dropped.
func (h *Host) Request(from protocols.NodeID, command []byte, arrived time.Duration) {
	id, acked, err := kv.Header(command)
	if h.node == nil || err != nil {
		return
	}
	answer, step := h.requests.take(from, id, acked)
	if !step {
		h.again = append(h.again, toClient{from, protocols.Answer{ID: id, Result: answer}})
		return
	}
	h.input = protocols.Input{Kind: protocols.InputCommand, From: from, Command: id, Data: command}
	h.Input(&h.input, arrived)
}

// toClient is an answer on its way to a client node.
type toClient struct {
	node protocols.NodeID
	protocols.Answer
}
