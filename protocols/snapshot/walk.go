package snapshot

import (
	"time"

	"quorumbench/protocols"
	"quorumbench/protocols/kv"
)

// Walk encodes the state of a store for a snapshot, a bounded part of it in each step of the replica, while the replica
// goes on. The zero value has no snapshot under way. Not safe for use by several goroutines.
type Walk struct {
	Index    uint64 // of the last slot of the log that has taken effect in the snapshot
	capture  *kv.Capture
	timerSet bool
}

// walkPause is how long a replica that gets no input waits between two steps of a walk.
const walkPause = time.Millisecond

// UnderWay returns true if a snapshot has been begun, and is not whole yet. Until it is, the log after it must be kept.
func (w *Walk) UnderWay() bool { return w.capture != nil }

// Begin begins a snapshot of the present state, in place of one that is under way.
func (w *Walk) Begin(index uint64, store *kv.Store) { w.Index, w.capture = index, store.Capture() }

// Cancel gives up the snapshot that is under way, if there is one.
func (w *Walk) Cancel() { w.capture = nil }

// Step encodes at most the configured number of bytes, and one entry more. It returns the state when it is whole: then
// the walk is over. Otherwise it sets the timer, so that the walk goes on without other input. The replica calls
// it once in each step while a snapshot is under way, and OnTimer when the timer has fired.
func (w *Walk) Step(c *protocols.Config, timer protocols.TimerID, out *protocols.Outbox) (state []byte, whole bool) {
	if w.capture == nil {
		return nil, false
	}
	if w.capture.Advance(c.SnapshotStepBytes()) {
		state, w.capture = w.capture.Bytes(), nil
		return state, true
	}
	if !w.timerSet {
		w.timerSet = true
		out.SetTimer(timer, walkPause)
	}
	return nil, false
}

// OnTimer notes that the timer has fired. The next Step sets it again.
func (w *Walk) OnTimer() { w.timerSet = false }
