package mmp3

import "quorumbench/protocols"

// vector is one LSN for each column.
type vector [replicas]uint64

// raise sets v to the maximum of v and another vector in every column.
func (v *vector) raise(other vector) {
	for c := range v {
		v[c] = max(v[c], other[c])
	}
}

// covers tells whether v is at least as high as another vector in every column.
func (v *vector) covers(other vector) bool {
	for c := range v {
		if v[c] < other[c] {
			return false
		}
	}
	return true
}

// position names an instance: its column and its LSN, from 0.
type position struct {
	column int
	lsn    uint64
}

// String returns the name of the instance as traces print it.
func (p position) String() string { return describeID(uint32(p.column), p.lsn) }

// id returns the name of the instance outside of this package.
func (p position) id() protocols.InstanceID {
	return protocols.InstanceID{Column: p.column, Number: p.lsn}
}
