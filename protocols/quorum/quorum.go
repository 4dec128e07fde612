// Package quorum holds quorum systems: monotone predicates over sets of replicas.
package quorum

import "math/bits"

// Majority is the size of the smallest sets of n replicas of which any two intersect.
func Majority(n int) int { return n/2 + 1 }

// Meeting is the size of the smallest sets of n replicas that each intersect every set of the given
// size, 1 ≤ size ≤ n.
func Meeting(n, size int) int { return n + 1 - size }

// Votes counts the distinct replicas, of up to 64, that have answered one request. The zero
// value has none.
type Votes uint64

// Add notes the answer of replica i, 0 ≤ i < 64; a second answer of the same one does not count.
func (v *Votes) Add(i int32) { *v |= 1 << uint(i) }

// Has tells whether replica i has answered.
func (v Votes) Has(i int32) bool { return v&(1<<uint(i)) != 0 }

// Count is the number of replicas that have answered.
func (v Votes) Count() int { return bits.OnesCount64(uint64(v)) }
