package result

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestAPackedHistogramHoldsWhatAHistogramHolds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := []time.Duration{-1, 0, 1, 2, 2047, 2048, 2049, 4095, 4096, time.Minute, 1<<36 - 1, 1 << 36, time.Hour}
	for range 10_000 {
		values = append(values, time.Duration(random.Int64N(1<<random.IntN(38))))
	}
	var packer Packer
	for range 2 { // a packer is used again
		h, part := NewHistogram(), (*PackedHistogram)(nil)
		for i, v := range values {
			_ = h.RecordValue(max(1, int64(v)))
			packer.Add(v)
			if i%1000 == 0 {
				part = packer.Pack(part)
			}
		}
		packed := packer.Pack(part)
		if !packed.Histogram().Equals(h) || packed.TotalCount() != h.TotalCount() {
			t.Errorf("%d values are packed, %d in the histogram, or they differ", packed.TotalCount(), h.TotalCount())
		}
		if !PackHistogram(h).Equals(packed) {
			t.Error("the histogram is packed to something else")
		}
		if packer.Pack(nil).TotalCount() != 0 {
			t.Error("the packer is not empty after it was packed")
		}
		values = values[:5000]
	}
	var none *PackedHistogram
	if none.Histogram() != nil || none.TotalCount() != 0 || none.AddTo(NewHistogram()) != 0 || PackHistogram(nil) != nil {
		t.Error("nil is something")
	}
}
