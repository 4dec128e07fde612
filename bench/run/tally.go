package run

import (
	"sync/atomic"
	"time"

	"quorumbench/bench/result"
)

// tally counts what a replica of a live run does, so that package costs can compute what each thing costs. Its methods may be
// called by any goroutine; a nil *tally counts nothing.
type tally struct {
	batches, commands, messages, bytes, syncs atomic.Int64
	syncing                                   atomic.Int64 // nanoseconds
}

// worked counts a batch: commands of client nodes, and messages of so many bytes together, sent or received.
func (t *tally) worked(commands, messages, bytes int) {
	if t == nil {
		return
	}
	t.batches.Add(1)
	t.commands.Add(int64(commands))
	t.messages.Add(int64(messages))
	t.bytes.Add(int64(bytes))
}

// synced counts a write to the disk that took so long.
func (t *tally) synced(took time.Duration) {
	if t != nil {
		t.syncs.Add(1)
		t.syncing.Add(int64(took))
	}
}

// addTo adds what was counted so far to w.
func (t *tally) addTo(w *result.Work) {
	if t == nil {
		return
	}
	w.Batches += t.batches.Load()
	w.Commands += t.commands.Load()
	w.Messages += t.messages.Load()
	w.Bytes += t.bytes.Load()
	w.Syncs += t.syncs.Load()
	w.Syncing += time.Duration(t.syncing.Load())
}
