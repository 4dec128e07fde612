package run

import (
	"bytes"
	"testing"
)

// Copies keep their bytes whatever is copied after them, appended to them, or done to the original.
func TestSlabCopiesAreApart(t *testing.T) {
	var s slab
	var copies, want [][]byte
	original := make([]byte, slabBlock)
	for i := range 2000 {
		size := i * 7 % 300
		if i%100 == 0 {
			size = slabBlock/8 + i // has memory of its own
		}
		for j := range size {
			original[j] = byte(i + j)
		}
		copies = append(copies, s.clone(original[:size]))
		want = append(want, bytes.Clone(original[:size]))
		_ = append(copies[i], 0xff)
	}
	for i := range copies {
		if !bytes.Equal(copies[i], want[i]) {
			t.Fatalf("copy %d of %d bytes has changed", i, len(want[i]))
		}
	}
}

func TestSlabAllocatesSeldom(t *testing.T) {
	var s slab
	data := make([]byte, 100)
	if n := testing.AllocsPerRun(1000, func() { s.clone(data) }); n > 0.1 {
		t.Errorf("%.2f allocations a copy of 100 bytes", n)
	}
}
