package load

import (
	"hash/fnv"
	"time"

	"quorumbench/protocols/kv"
)

// Sample is one command. Times are since the run began; without an answer, its time is Never.
type Sample struct {
	Intended, Sent, Answered time.Duration
	Applied                  time.Duration // at the region's replica, for the first time
	Key                      uint64
	Value                    uint64 // a hash of what was written or found; 0: nothing
	Version                  uint64 // that the command names; 0: none
	Acked                    uint64 // as the command says: of those before it no answer is wanted any more
	Outcome                  kv.Outcome
	Read                     bool
}

// MustApply tells whether a command that was answered has to be applied: a write, unless it was refused
// because it names a version that is made.
func (s *Sample) MustApply() bool { return !s.Read && s.Outcome != kv.Outcome_REFUSED }

// hashOf is FNV-1a, never 0.
func hashOf(value []byte) uint64 {
	h := fnv.New64a()
	h.Write(value)
	return max(1, h.Sum64())
}
