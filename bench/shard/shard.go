// Package shard divides work between processes that know nothing of each other: each does one of several shards, which it
// learns from its command line or from the engine that has started it, and writes a result of its own.
package shard

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxCount is the greatest number of shards.
const MaxCount = 1_000_000

// Shard is one of several parts of some work. As text it is "2/4", the second of four.
type Shard struct {
	Index int `json:"index"` // from 1
	Count int `json:"count"` // from 1 to MaxCount
}

// Parse reads a shard from a text such as "2/4". The error tells what was found and what is accepted.
func Parse(text string) (Shard, error) {
	index, count, _ := strings.Cut(text, "/")
	s := Shard{}
	var errIndex, errCount error
	s.Index, errIndex = strconv.Atoi(index)
	s.Count, errCount = strconv.Atoi(count)
	if errIndex != nil || errCount != nil || s.Check() != nil {
		return Shard{}, fmt.Errorf("found %q; accepted: i/n, with n from 1 to %d and i from 1 to n, such as 2/4, or auto", text, MaxCount)
	}
	return s, nil
}

// Check returns an error for a shard that cannot be.
func (s Shard) Check() error {
	if s.Count < 1 || s.Count > MaxCount || s.Index < 1 || s.Index > s.Count {
		return fmt.Errorf("found shard %d of %d; accepted: 1 to %d shards, counted from 1", s.Index, s.Count, MaxCount)
	}
	return nil
}

// String is the shard as Parse reads it.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }

// Folder is the name of the folder for the shard's result, below one that all shards share. Names sort as the shards do.
func (s Shard) Folder() string {
	return fmt.Sprintf("shard-%0*d-of-%d", len(strconv.Itoa(s.Count)), s.Index, s.Count)
}

// Has reports whether the shard does an item, counted from 0. Items are dealt out in turn, so that shards of a list whose
// length rises from one end to the other take about as long.
func (s Shard) Has(item int) bool { return item%s.Count == s.Index-1 }

// Size is how many of so many items the shard does, by Has.
func (s Shard) Size(items int) int { return (items + s.Count - s.Index) / s.Count }

// Range is the shard's part of so many items that stay together: the first, counted from 0, and how many there are. The parts
// of all shards follow each other and differ by one at most.
func (s Shard) Range(items uint64) (first, count uint64) {
	index, shards := uint64(s.Index-1), uint64(s.Count)
	each, more := items/shards, items%shards
	first, count = index*each+min(index, more), each
	if index < more {
		count++
	}
	return first, count
}
