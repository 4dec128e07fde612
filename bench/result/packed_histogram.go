package result

import (
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// PackedHistogram holds what a histogram of NewHistogram holds, in 16 bytes for each value that occurs instead of
// 216 KiB. Its methods accept nil, which is no histogram.
type PackedHistogram struct {
	bars  []bar // by value
	count int64
}

// bar is how often values of a bucket occur; value is the least of the bucket.
type bar struct{ value, count int64 }

// PackHistogram packs a histogram, which stays as it is; nil if there is none.
func PackHistogram(h *hdrhistogram.Histogram) *PackedHistogram {
	if h == nil {
		return nil
	}
	p := &PackedHistogram{count: h.TotalCount()}
	for _, b := range h.Distribution() {
		if b.Count > 0 {
			p.bars = append(p.bars, bar{b.From, b.Count})
		}
	}
	return p
}

// TotalCount is the number of values.
func (p *PackedHistogram) TotalCount() int64 {
	if p == nil {
		return 0
	}
	return p.count
}

// Equals tells whether two histograms hold the same.
func (p *PackedHistogram) Equals(other *PackedHistogram) bool {
	if p == nil || other == nil {
		return p == other
	}
	return slices.Equal(p.bars, other.bars)
}

// String tells how many values there are, and from which to which.
func (p *PackedHistogram) String() string {
	if p == nil || len(p.bars) == 0 {
		return "no values"
	}
	return fmt.Sprintf("%d values from %v to %v", p.count, time.Duration(p.bars[0].value), time.Duration(p.bars[len(p.bars)-1].value))
}

// All yields the least value of each bucket that has any, in nanoseconds, and how many it has, by value.
func (p *PackedHistogram) All() iter.Seq2[int64, int64] {
	return func(yield func(value, count int64) bool) {
		if p == nil {
			return
		}
		for _, b := range p.bars {
			if !yield(b.value, b.count) {
				return
			}
		}
	}
}

// AddTo adds the values to a histogram of nanoseconds, and returns how many of them it refused.
func (p *PackedHistogram) AddTo(h *hdrhistogram.Histogram) (dropped int64) {
	if p == nil {
		return 0
	}
	for _, b := range p.bars {
		if h.RecordValues(b.value, b.count) != nil {
			dropped += b.count
		}
	}
	return dropped
}

// Histogram unpacks the histogram; nil if there is none.
func (p *PackedHistogram) Histogram() *hdrhistogram.Histogram {
	if p == nil {
		return nil
	}
	h := NewHistogram()
	p.AddTo(h)
	return h
}

// The buckets of a histogram from NewHistogram: 2,048 of one nanosecond, then for each power of two 1,024 more.
const (
	halfBits = 10
	buckets  = 26<<halfBits + 1<<halfBits
)

// Packer counts values in the buckets of a histogram and packs them, again and again. The zero value is ready for use.
type Packer struct {
	counts      []int64 // by bucket
	least, most int     // the buckets in use
	count       int64
}

// Add adds a value, unless histograms refuse it.
func (p *Packer) Add(d time.Duration) {
	v := uint64(max(1, d))
	shift := bits.Len64(v|(2<<halfBits-1)) - halfBits - 1
	if at := shift<<halfBits + int(v>>shift); at < buckets {
		p.add(at, 1)
	}
}

func (p *Packer) add(at int, n int64) {
	if p.counts == nil {
		p.counts = make([]int64, buckets)
	}
	if p.count == 0 {
		p.least, p.most = at, at
	}
	p.least, p.most = min(p.least, at), max(p.most, at)
	p.counts[at] += n
	p.count += n
}

// Pack returns what was added since the last call, together with what is in more.
func (p *Packer) Pack(more *PackedHistogram) *PackedHistogram {
	if more != nil {
		for _, b := range more.bars {
			shift := bits.Len64(uint64(b.value)|(2<<halfBits-1)) - halfBits - 1
			p.add(shift<<halfBits+int(b.value>>shift), b.count)
		}
	}
	packed := &PackedHistogram{count: p.count}
	if p.count == 0 {
		return packed
	}
	n := 0
	for _, count := range p.counts[p.least : p.most+1] {
		if count > 0 {
			n++
		}
	}
	packed.bars = make([]bar, 0, n)
	for at := p.least; at <= p.most; at++ {
		if count := p.counts[at]; count > 0 {
			shift := max(0, at>>halfBits-1)
			packed.bars = append(packed.bars, bar{int64(at-shift<<halfBits) << shift, count})
			p.counts[at] = 0
		}
	}
	p.count = 0
	return packed
}
