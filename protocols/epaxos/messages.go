package epaxos

import (
	"quorumbench/protocols"
)

// decode decodes a message into r.in. Key and command are parts of the data.
func (r *replica) decode(data []byte) error {
	r.in.ResetVT()
	r.in.Key, r.in.Command = nil, nil
	return r.in.UnmarshalVTUnsafe(data)
}

// receive handles a valid message. A request for an instance that is decided is answered with the decision (rule 5).
func (r *replica) receive(from protocols.NodeID, m *Message) {
	switch m.Kind {
	case Kind_FETCH:
		if g := r.byKey[string(m.Key)]; g != nil {
			r.onFetch(from, g, m.Executed)
		}
		return
	case Kind_STATE:
		r.onState(m)
		return
	}
	g := r.register(m.Key)
	if !r.nearEnough(g, m) {
		if r.now >= g.fetchAfter {
			g.fetchAfter = r.now + r.timeoutOf(from, 0)
			r.fetch(g, from)
		}
		return
	}
	if g.decided(m.position()) {
		switch m.Kind {
		case Kind_PREACCEPT, Kind_ACCEPT, Kind_RECOVER, Kind_VALIDATE:
			r.sendDecided(from, g, m.position())
		}
		return
	}
	switch m.Kind {
	case Kind_PREACCEPT:
		r.onPreAccept(from, g, m)
	case Kind_PREACCEPTED:
		r.onPreAccepted(from, m)
	case Kind_ACCEPT:
		r.onAccept(from, g, m)
	case Kind_ACCEPTED:
		r.onAccepted(from, m)
	case Kind_COMMIT:
		r.onCommit(g, m)
	case Kind_RECOVER:
		r.onRecover(from, g, m)
	case Kind_RECOVERED:
		r.onRecovered(from, m)
	case Kind_VALIDATE:
		r.onValidate(from, g, m)
	case Kind_VALIDATED:
		r.onValidated(from, m)
	case Kind_WAITING:
		r.onWaiting(g, m)
	case Kind_REFUSED:
		r.onRefused(from, m)
	}
}

// position returns which instance of the key a message names.
func (m *Message) position() position { return position{int(m.Column), m.Number} }

// message returns a message about an instance, whose memory the next call reuses.
func (r *replica) message(kind Kind, x *instance, b protocols.Ballot) *Message {
	r.sent = Message{
		Kind: kind, Key: x.register.key, Column: uint32(x.column), Number: x.number, Ballot: uint64(b),
		Conflicts: r.sent.Conflicts[:0],
	}
	return &r.sent
}

// valueMessage returns a message with a value. A nil command is a no-op.
func (r *replica) valueMessage(kind Kind, x *instance, b protocols.Ballot, command []byte, deps vector) *Message {
	m := r.message(kind, x, b)
	m.Command, m.Deps = command, deps
	return m
}

// answerTo returns the answer to a request.
func (r *replica) answerTo(kind Kind, x *instance, request *Message) *Message {
	m := r.message(kind, x, protocols.Ballot(request.Ballot))
	m.Try = request.Try
	return m
}

// keyMessage returns a message about a key.
func (r *replica) keyMessage(kind Kind, g *register) *Message {
	r.sent = Message{Kind: kind, Key: g.key, Conflicts: r.sent.Conflicts[:0]}
	return &r.sent
}
