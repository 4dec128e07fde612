package mmp3

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// wish is a client's command on its way.
type request struct {
	id       protocols.CommandID
	command  []byte
	atApply  bool   // rule 9: its answer depends on state
	lsn      uint64 // of its place in this replica's column, when it has one
	answered bool
}

func (r *replica) onCommand(id protocols.CommandID, data []byte) {
	command := &r.scratch.command
	if err := protocols.Decode(data, command); err != nil {
		panic(fmt.Sprintf("mmp3: command %v is not a kv.Command: %v", id, err)) // made by the host of this replica
	}
	if result, done := r.store.Result(id); done { // rule 11
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
		r.read(id, command.Key)
		return
	}
	req := &request{id: id, command: slices.Clone(data), atApply: command.DependsOnState()}
	r.requests[id] = req
	if r.batchBytes+len(data) > maxBytes {
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

// maxBatch bounds the commands of an instance; maxBytes does so, too, but for a single one that is
// larger.
const maxBatch = 256

// flush proposes the commands that wait, in one instance (rule 12).
func (r *replica) flush() {
	requests := r.batch
	if len(requests) == 0 {
		return
	}
	r.batch, r.batchBytes = nil, 0
	if r.batchDelay > 0 {
		r.out.StopTimer(batchTimer)
		r.out.Measure(measureBatch, int64(len(requests)))
	}
	for _, req := range requests {
		r.out.Mark(req.id, protocols.MarkProposed)
	}
	r.propose(requests)
}

// sameCommands tells whether the commands of an instance are those wished for.
func sameCommands(requests []*request, commands [][]byte) bool {
	return slices.EqualFunc(requests, commands, func(req *request, command []byte) bool { return bytes.Equal(req.command, command) })
}

// proposeAgain keeps the end of rule 3 for wishes whose place went to something else.
func (r *replica) proposeAgain(requests []*request) {
	requests = slices.DeleteFunc(requests, func(req *request) bool { return r.requests[req.id] != req }) // applied, from another instance
	for _, req := range requests {
		r.out.Mark(req.id, protocols.MarkRetried)
	}
	if len(requests) > 0 {
		r.propose(requests)
	}
}

// settle keeps rule 8: it moves on over the committed instances of this replica's column, and
// answers the writes among them.
func (r *replica) advanceCommitted() {
	for {
		x := r.get(position{r.id, r.committedBelow})
		if x == nil || !x.committed {
			return
		}
		for _, req := range r.proposed[r.committedBelow] {
			if !req.atApply {
				r.answer(req, kv.PutResult)
			}
		}
		delete(r.proposed, r.committedBelow)
		r.committedBelow++
	}
}

func (r *replica) answer(req *request, result []byte) {
	if !req.answered {
		req.answered = true
		r.out.Answer(req.id, result)
	}
}

// fulfil notes that a command has been applied, whoever proposed it.
func (r *replica) complete(id protocols.CommandID, result []byte) {
	if req := r.requests[id]; req != nil {
		delete(r.requests, id)
		r.out.Mark(id, protocols.MarkApplied)
		r.answer(req, result) // rule 9
	}
}

// completeSkipped is fulfil for what has been applied in instances that a snapshot has skipped. Of a
// command whose client holds its answer, perhaps from another replica, the sessions keep no result.
func (r *replica) completeSkipped() {
	skipped := slices.Collect(maps.Values(r.requests))
	slices.SortFunc(skipped, func(a, b *request) int {
		return cmp.Or(cmp.Compare(a.id.Client, b.id.Client), cmp.Compare(a.id.Seq, b.id.Seq))
	})
	for _, req := range skipped {
		if result, done := r.store.Result(req.id); done || req.answered && r.store.Acked(req.id) {
			r.complete(req.id, result)
		} else if r.store.Acked(req.id) {
			req.answered = true
			delete(r.requests, req.id)
		}
	}
}
