// Package slab copies small byte slices with few allocations.
package slab

import "bytes"

// Slab copies many small byte slices into few allocations. A block is freed when none of the copies in it is used any
// more. The zero value is ready for use. Not safe for use by several goroutines.
type Slab struct {
	block []byte // what is used of the present block
}

// blockSize is the size of a block, in bytes. Copies of more than an eighth of it have memory of their own.
const blockSize = 32 << 10

// Clone returns a copy of data. Appending to it does not change other copies.
func (s *Slab) Clone(data []byte) []byte {
	size := len(data)
	if size > blockSize/8 {
		return bytes.Clone(data)
	}
	if size > cap(s.block)-len(s.block) {
		s.block = make([]byte, 0, blockSize)
	}
	start := len(s.block)
	s.block = append(s.block, data...)
	return s.block[start : start+size : start+size]
}
