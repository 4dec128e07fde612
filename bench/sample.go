package bench

import (
	"hash/fnv"
	"time"

	"quorumbench/protocols/kv"
)

// sample is one command. Times are since the run began; without an answer, its time is Never.
type sample struct {
	intended, sent, answered time.Duration
	applied                  time.Duration // at the region's replica, for the first time
	key                      uint64
	value                    uint64 // a hash of what was written or found; 0: nothing
	version                  uint64 // that the command names; 0: none
	acked                    uint64 // as the command says: of those before it no answer is wanted any more
	outcome                  kv.Outcome
	read                     bool
	retries                  int
	data                     []byte // the command, if it may have to be sent again
}

// mustApply tells whether a command that was answered has to be applied: a write, unless it was refused
// because it names a version that is made.
func (s *sample) mustApply() bool { return !s.read && s.outcome != kv.Outcome_REFUSED }

// hashOf is FNV-1a, never 0.
func hashOf(value []byte) uint64 {
	h := fnv.New64a()
	h.Write(value)
	return max(1, h.Sum64())
}
