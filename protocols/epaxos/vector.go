package epaxos

import "slices"

// vector has a number for each column: it stands for all instances of a key below. Vectors are shared and never changed;
// nil stands for no instances.
type vector []uint64

// at returns the number of a column.
func (v vector) at(column int) uint64 {
	if v == nil {
		return 0
	}
	return v[column]
}

// has tells whether an instance is in the vector.
func (v vector) has(id position) bool { return id.number < v.at(id.column) }

// equal tells whether two vectors are the same.
func (v vector) equal(other []uint64) bool { return slices.Equal(v, other) }

// union returns the vector of what is in either of two. It is v if the other adds nothing.
func (v vector) union(other []uint64) vector {
	raised := v
	for c, number := range other {
		if number <= v.at(c) {
			continue
		}
		if &raised[0] == &v[0] {
			raised = slices.Clone(v)
		}
		raised[c] = number
	}
	return raised
}

// position names an instance of a key.
type position struct {
	column int
	number uint64
}
