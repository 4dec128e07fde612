package slab

import (
	"bytes"
	"testing"
)

// Copies keep their bytes whatever is copied after them, appended to them, or done to the original.
func TestCopiesAreApart(t *testing.T) {
	var s Slab
	var copies, want [][]byte
	original := make([]byte, blockSize)
	for i := range 2000 {
		size := i * 7 % 300
		if i%100 == 0 {
			size = blockSize/8 + i // has memory of its own
		}
		for j := range size {
			original[j] = byte(i + j)
		}
		copies = append(copies, s.Clone(original[:size]))
		want = append(want, bytes.Clone(original[:size]))
		_ = append(copies[i], 0xff)
	}
	for i := range copies {
		if !bytes.Equal(copies[i], want[i]) {
			t.Fatalf("copy %d of %d bytes has changed", i, len(want[i]))
		}
	}
}

func TestAllocatesSeldom(t *testing.T) {
	var s Slab
	data := make([]byte, 100)
	if n := testing.AllocsPerRun(1000, func() { s.Clone(data) }); n > 0.1 {
		t.Errorf("%.2f allocations a copy of 100 bytes", n)
	}
}
