package mmp3

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// request is a command of one of this replica's clients that is not applied yet.
type request struct {
	id       protocols.CommandID
	command  []byte
	atApply  bool   // answered when applied, since the answer depends on state (rule 9)
	lsn      uint64 // of its instance in this replica's column, once it is proposed
	answered bool
}

// onCommand answers a command at once if it was applied, or if its client wants it no more (rule 11), starts a read outside
// the log (rule 9), or adds the command to the batch.
func (r *replica) onCommand(id protocols.CommandID, data []byte) {
	command := &r.scratch.command
	command.Reset()
	if err := command.UnmarshalVTUnsafe(data); err != nil {
		panic(fmt.Sprintf("mmp3: command %v is not a kv.Command: %v", id, err)) // the host encodes commands: a programming error
	}
	if result, done := r.store.Result(id); done { // rule 11: it was applied before
		r.out.Answer(id, result)
		return
	}
	if req := r.requests[id]; req != nil {
		if req.answered {
			r.out.Answer(id, kv.PutResult)
		}
		return
	}
	if r.reads != nil && command.Op == kv.Op_GET && command.Version == 0 {
		r.read(id, slices.Clone(command.Key))
		return
	}
	if r.store.Acked(id) { // rule 11: it never will be executed
		r.out.Answer(id, nil)
		return
	}
	req := r.memory.requests.New()
	*req = request{id: id, command: r.memory.commands.Clone(data), atApply: command.DependsOnState()}
	r.requests[id] = req
	if r.batchBytes+len(data) > r.config.Limits.Max() {
		r.flush()
	}
	r.batch = append(r.batch, req)
	r.batchBytes += len(data)
	switch {
	case r.batchDelay == 0 || len(r.batch) == maxBatch:
		r.flush()
	case len(r.batch) == 1:
		r.out.SetTimer(batchTimer, r.batchDelay)
	}
}

// maxBatch bounds the number of commands in an instance. maxBytes bounds their size; a single larger command is
// an instance of its own.
const maxBatch = 256

// flush proposes the batch in one instance (rule 12).
func (r *replica) flush() {
	requests := r.batch
	if len(requests) == 0 {
		return
	}
	r.batch, r.batchBytes = r.memory.takeList(), 0
	if r.batchDelay > 0 {
		r.out.StopTimer(batchTimer)
		r.out.Measure(measureBatch, int64(len(requests)))
	}
	for _, req := range requests {
		r.out.Mark(req.id, protocols.MarkProposed)
	}
	r.propose(requests)
}

// sameCommands tells whether an instance holds exactly the commands of the requests.
func sameCommands(requests []*request, commands [][]byte) bool {
	return slices.EqualFunc(requests, commands, func(req *request, command []byte) bool { return bytes.Equal(req.command, command) })
}

// proposeAgain proposes requests in a new instance after their instance was decided with another value (rule 3).
// It leaves out those that were applied from another instance.
func (r *replica) proposeAgain(requests []*request) {
	requests = slices.DeleteFunc(requests, func(req *request) bool { return r.requests[req.id] != req })
	for _, req := range requests {
		r.out.Mark(req.id, protocols.MarkRetried)
	}
	if len(requests) > 0 {
		r.propose(requests)
	}
}

// advanceCommitted moves committedBelow over the committed instances of this replica's column and answers the
// writes in them (rule 8: a write is answered when its instance and all before it in its column are committed).
func (r *replica) advanceCommitted() {
	for {
		x := r.get(position{r.id, r.committedBelow})
		if x == nil || !x.committed {
			return
		}
		requests := r.proposed[r.committedBelow]
		for _, req := range requests {
			if !req.atApply {
				r.answer(req, kv.PutResult)
			}
		}
		delete(r.proposed, r.committedBelow)
		r.memory.returnList(requests)
		r.committedBelow++
	}
}

// answer answers a request, unless it is answered already.
func (r *replica) answer(req *request, result []byte) {
	if !req.answered {
		req.answered = true
		r.out.Answer(req.id, result)
	}
}

// complete ends a request when its command is applied, from an instance of whichever column. If it is not answered
// yet, it is answered with the result (rule 9: what depends on state is answered when applied).
func (r *replica) complete(id protocols.CommandID, result []byte) {
	if req := r.requests[id]; req != nil {
		delete(r.requests, id)
		r.out.Mark(id, protocols.MarkApplied)
		r.answer(req, result)
	}
}

// completeSkipped completes the requests whose commands were applied in instances that a snapshot has skipped. The
// sessions keep no result of a command whose client holds the answer, perhaps from another replica: such a request
// just ends.
func (r *replica) completeSkipped() {
	skipped := slices.Collect(maps.Values(r.requests))
	slices.SortFunc(skipped, func(a, b *request) int { return a.id.Compare(b.id) })
	for _, req := range skipped {
		if result, done := r.store.Result(req.id); done || req.answered && r.store.Acked(req.id) {
			r.complete(req.id, result)
		} else if r.store.Acked(req.id) {
			req.answered = true
			delete(r.requests, req.id)
		}
	}
}
