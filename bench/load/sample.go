package load

import (
	"hash/fnv"
	"time"

	"quorumbench/protocols/kv"
)

// Sample is what is known of one command. Times are since the run began, and result.Never for what has not
// happened.
type Sample struct {
	Intended, Sent, Answered time.Duration
	Applied                  time.Duration // at the region's replica, for the first time
	Key                      uint64
	Value                    uint64 // a hash of the value that was written or read; 0 for none
	Version                  uint64 // the version that the command names; 0 for none
	Acked                    uint64 // the command says that no answers are wanted to commands before this number
	Outcome                  kv.Outcome
	Read                     bool
}

// MustApply reports whether a command, once answered, must take effect at every replica: a write does, unless it
// was refused because it names a version that exists already.
func (s *Sample) MustApply() bool { return !s.Read && s.Outcome != kv.Outcome_REFUSED }

// hashOf is the FNV-1a hash of a value, and 1 instead of 0.
func hashOf(value []byte) uint64 {
	h := fnv.New64a()
	h.Write(value)
	return max(1, h.Sum64())
}
