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

// Samples are the commands of a region's clients, in the order in which they were issued. They grow without being copied
// (except for the first block, which may stay short), and a pointer to a sample is good until the next Add. The zero value is empty.
type Samples struct {
	full [][]Sample // blocks of blockSamples
	last []Sample
}

const (
	blockShift   = 10
	blockSamples = 1 << blockShift
)

// Len is the number of samples.
func (s *Samples) Len() int { return len(s.full)<<blockShift + len(s.last) }

// At returns a sample, counted from 0.
func (s *Samples) At(i int) *Sample {
	if block := i >> blockShift; block < len(s.full) {
		return &s.full[block][i&(blockSamples-1)]
	}
	return &s.last[i&(blockSamples-1)]
}

// Add appends a sample.
func (s *Samples) Add(one Sample) {
	if len(s.last) == blockSamples {
		s.full, s.last = append(s.full, s.last), make([]Sample, 0, blockSamples)
	}
	s.last = append(s.last, one)
}

// MustApply reports whether a command, once answered, must take effect at every replica: a write does, unless it
// was refused because it names a version that exists already.
func (s *Sample) MustApply() bool { return !s.Read && s.Outcome != kv.Outcome_REFUSED }

// Hash is the FNV-1a hash of a value, and 1 instead of 0, as Sample.Value has it.
func Hash(value []byte) uint64 {
	h := fnv.New64a()
	h.Write(value)
	return max(1, h.Sum64())
}
