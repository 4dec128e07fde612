package etcdraft

import (
	"quorumbench/protocols"
	"quorumbench/protocols/forward"
)

// onCommand handles a command of this replica's clients.
func (r *replica) onCommand(in *protocols.Input) {
	if c := r.forwarder.Accept(in, r.out); r.leading {
		r.propose(r.config.ID, c)
	}
}

// propose hands the library a command that replica from has forwarded, or that a client of this replica has
// given. A command that the library drops is forwarded again in time. One that has taken effect is answered with its
// result: its answer was lost or is late.
func (r *replica) propose(from protocols.NodeID, c *forward.Command) {
	if !r.forwarder.Admit(from, c) {
		return
	}
	if result, done := r.store.Result(c.ID()); done || r.store.Acked(c.ID()) {
		r.forwarder.OnApplied(c.ID(), result, r.out)
		return
	}
	r.out.Mark(c.ID(), protocols.MarkProposed)
	_ = r.node.Propose(c.Data) // it fails only when the replica no longer leads, which the next Ready says, too
}
