package epaxos

import (
	"bytes"
	"fmt"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// request is a command of one of this replica's clients that is not executed yet.
type request struct {
	id       protocols.CommandID
	command  []byte
	writes   bool
	version  uint64 // that a read names; 0: none
	early    bool   // the answer does not depend on the state: the option answer: commit gives it at commit
	answered bool
}

// onCommand answers a command at once if its result is known (rule 11: it takes effect once), or submits it.
func (r *replica) onCommand(id protocols.CommandID, data []byte) {
	if r.requests[id] != nil {
		return
	}
	c := &r.command
	c.Reset()
	if err := c.UnmarshalVTUnsafe(data); err != nil {
		panic(fmt.Sprintf("epaxos: command %v is not a kv.Command: %v", id, err)) // the host encodes commands: a programming error
	}
	g := r.register(c.Key)
	req := &request{id: id, command: bytes.Clone(data), writes: c.Op != kv.Op_GET, version: c.Version, early: !c.DependsOnState()}
	if r.answerKnown(g, req) {
		return
	}
	r.requests[id] = req
	g.requests = append(g.requests, req)
	r.out.Mark(id, protocols.MarkProposed)
	r.submit(g, req)
}

// answerKnown answers a request whose command is executed already, and tells whether it is over. So is a command whose
// client wants no answer any more, and a read of a version that is known to exist. A write that names a version which
// exists is not answered here, though it can have no effect: another replica may have submitted it, too, and it would
// stand in the order of the key behind writes that began after the answer.
func (r *replica) answerKnown(g *register, req *request) bool {
	result, over := g.state.Result(req.id)
	if !over && !req.writes {
		result, over = g.state.Known(kv.Op_GET, req.version)
	}
	if over && result != nil {
		r.answer(req, result)
	}
	return over
}

// answer answers a request, unless it is answered already.
func (r *replica) answer(req *request, result []byte) {
	if !req.answered {
		req.answered = true
		r.out.Answer(req.id, result)
	}
}

// endRequest forgets a request.
func (r *replica) endRequest(g *register, req *request) {
	delete(r.requests, req.id)
	g.requests = slices.DeleteFunc(g.requests, func(other *request) bool { return other == req })
	if len(g.requests) == 0 {
		g.requests = nil
	}
}

// complete ends the request of a command that is executed, in whichever instance. A nil result means that the client wants
// no answer any more.
func (r *replica) complete(g *register, req *request, result []byte) {
	r.endRequest(g, req)
	r.out.Mark(req.id, protocols.MarkApplied)
	if result != nil {
		r.answer(req, result)
	}
}

// submitAgain submits the command of a request in a new instance, after its instance became a no-op (rule 11) or was
// executed elsewhere without that its result is known here. It does not if the request is over.
func (r *replica) submitAgain(g *register, req *request) {
	if r.requests[req.id] != req {
		return
	}
	if r.answerKnown(g, req) {
		r.endRequest(g, req)
		return
	}
	r.out.Mark(req.id, protocols.MarkRetried)
	r.submit(g, req)
}
