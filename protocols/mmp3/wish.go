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
type wish struct {
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
	if w := r.wishes[id]; w != nil {
		if w.answered {
			r.out.Answer(id, kv.PutResult)
		}
		return
	}
	if r.reads != nil && command.Op == kv.Op_GET && command.Version == 0 {
		r.read(id, command.Key)
		return
	}
	w := &wish{id: id, command: slices.Clone(data), atApply: command.DependsOnState()}
	r.wishes[id] = w
	if r.waitingBytes+len(data) > mostBytes {
		r.flush()
	}
	r.waiting = append(r.waiting, w)
	r.waitingBytes += len(data)
	switch {
	case r.patience == 0 || len(r.waiting) == mostInBatch:
		r.flush()
	case len(r.waiting) == 1:
		r.out.SetTimer(batchTimer, r.patience)
	}
}

// mostInBatch bounds the commands of an instance; mostBytes does so, too, but for a single one that is
// larger.
const mostInBatch = 256

// flush proposes the commands that wait, in one instance (rule 12).
func (r *replica) flush() {
	wishes := r.waiting
	if len(wishes) == 0 {
		return
	}
	r.waiting, r.waitingBytes = nil, 0
	if r.patience > 0 {
		r.out.StopTimer(batchTimer)
		r.out.Measure(measureBatch, int64(len(wishes)))
	}
	for _, w := range wishes {
		r.out.Mark(w.id, protocols.MarkProposed)
	}
	r.place(wishes)
}

// granted tells whether the commands of an instance are those wished for.
func granted(wishes []*wish, commands [][]byte) bool {
	return slices.EqualFunc(wishes, commands, func(w *wish, command []byte) bool { return bytes.Equal(w.command, command) })
}

// wishAgain keeps the end of rule 3 for wishes whose place went to something else.
func (r *replica) wishAgain(wishes []*wish) {
	wishes = slices.DeleteFunc(wishes, func(w *wish) bool { return r.wishes[w.id] != w }) // applied, from another instance
	for _, w := range wishes {
		r.out.Mark(w.id, protocols.MarkRetried)
	}
	if len(wishes) > 0 {
		r.place(wishes)
	}
}

// settle keeps rule 8: it moves on over the committed instances of this replica's column, and
// answers the writes among them.
func (r *replica) settle() {
	for {
		x := r.get(position{r.id, r.settled})
		if x == nil || !x.committed {
			return
		}
		for _, w := range r.placed[r.settled] {
			if !w.atApply {
				r.answer(w, kv.PutResult)
			}
		}
		delete(r.placed, r.settled)
		r.settled++
	}
}

func (r *replica) answer(w *wish, result []byte) {
	if !w.answered {
		w.answered = true
		r.out.Answer(w.id, result)
	}
}

// fulfil notes that a command has been applied, whoever proposed it.
func (r *replica) fulfil(id protocols.CommandID, result []byte) {
	if w := r.wishes[id]; w != nil {
		delete(r.wishes, id)
		r.out.Mark(id, protocols.MarkApplied)
		r.answer(w, result) // rule 9
	}
}

// fulfilSkipped is fulfil for what has been applied in instances that a snapshot has skipped. Of a
// command whose client holds its answer, perhaps from another replica, the sessions keep no result.
func (r *replica) fulfilSkipped() {
	skipped := slices.Collect(maps.Values(r.wishes))
	slices.SortFunc(skipped, func(a, b *wish) int {
		return cmp.Or(cmp.Compare(a.id.Client, b.id.Client), cmp.Compare(a.id.Seq, b.id.Seq))
	})
	for _, w := range skipped {
		if result, done := r.store.Result(w.id); done || w.answered && r.store.Acked(w.id) {
			r.fulfil(w.id, result)
		} else if r.store.Acked(w.id) {
			w.answered = true
			delete(r.wishes, w.id)
		}
	}
}
