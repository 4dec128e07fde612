package keypaxos

import (
	"fmt"
	"slices"
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Request is a command of one of this replica's clients that is not answered yet.
type Request struct {
	Read bool

	id           protocols.CommandID
	version      uint64 // that the command names; 0: none
	value        []byte // the encoded command; nil for a read
	proposed     bool
	attempts     int        // that were refused
	unanswered   int        // attempts that ended without an answer
	before       unanswered // the last of these
	lostVersions int        // versions that another write got
	hurried      int        // attempts that were outrun (rule 16)
	level        bool       // the read may be answered when version upTo is applied (rule 17)
	upTo         uint64
	arrived      time.Duration
	attempt      Proposal
	next         *Request
}

// onCommand answers a command at once if its outcome is known, or queues it behind the requests of its key.
func (r *Replica) onCommand(id protocols.CommandID, data []byte) {
	var command kv.Command
	if err := command.UnmarshalVTUnsafe(data); err != nil {
		panic(fmt.Sprintf("keypaxos: command %v is not a kv.Command: %v", id, err)) // the host encodes commands: a programming error
	}
	g := r.register(command.Key)
	req := r.memory.requests.New()
	*req = Request{Read: command.Op == kv.Op_GET, id: id, version: command.Version, arrived: r.now}
	if result, done := g.outcome(req); done {
		if result != nil {
			r.Out.Answer(id, result)
		}
		return
	}
	if !req.Read {
		req.value = slices.Clone(data)
	}
	at := &g.requests
	for ; *at != nil; at = &(*at).next {
		if (*at).id == id {
			return
		}
	}
	*at = req
	r.propose(g)
}

// levelAt tells whether the request is a read that may be answered with the state after the given version (rule 17).
func (req *Request) levelAt(version uint64) bool { return req.level && version >= req.upTo }

// Waited returns for how long the request has waited for its answer.
func (r *Replica) Waited(req *Request) time.Duration { return r.now - req.arrived }

// outcome returns whether a request is done, and its result: nil if the client holds that already. A
// request that names a version is done as soon as that version exists (rule 8).
func (g *Register) outcome(req *Request) (result []byte, done bool) {
	if result, done = g.state.Result(req.id); done {
		return result, true
	}
	op := kv.Op_PUT
	if req.Read {
		op = kv.Op_GET
	}
	return g.state.Known(op, req.version)
}

// markProposed notes that a proposal serves the request from now on.
func (r *Replica) markProposed(req *Request) {
	req.proposed = true
	r.Out.Mark(req.id, protocols.MarkProposed)
}

// answer sends a request's result to its client.
func (r *Replica) answer(req *Request, result []byte) {
	r.Out.Mark(req.id, protocols.MarkCommitted)
	r.Out.Mark(req.id, protocols.MarkApplied)
	r.Out.Answer(req.id, result)
}
