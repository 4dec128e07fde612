package load

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"time"

	"quorumbench/bench/experiment"
	"quorumbench/netem/portable"
	"quorumbench/protocols/kv"
)

// generator draws the arrivals and the commands of one region. They follow from load, seed, repeat and region, so
// that all protocols of a repeat get the same commands. Not safe for use by several goroutines.
type generator struct {
	load   *experiment.Load
	gaps   *rand.Rand
	keys   *rand.Rand
	ops    *rand.Rand
	common *rand.Rand // draws the commands that use the key which all regions share
	sizes  *rand.Rand // draws the sizes of values
	named  *rand.Rand // draws the commands that name a version, and the version
	thin   *rand.Rand // draws which arrivals there are when the rate is below its peak
	hot    *rand.Rand // draws the commands that use hot keys
	moved  *rand.Rand // draws the commands that use a key of another region, and the region
	region uint64
	zipf   *portable.Zipf
	values *rand.ChaCha8
	// later draws the values of read-modify-writes: they are written when the read is answered, which is not at the same time under all
	// protocols, so that their bytes must not come from values.
	later *rand.ChaCha8
	next  time.Duration

	regions  uint64 // with clients
	inserted uint64 // keys, if each write has a new one

	trace          []experiment.Recorded // commands of the region, if the load is a trace
	arrived, taken int                   // how many of them arrival and fill have returned

	sizeAt func(share float64) int // nil if all values have the load's size
}

func newGenerator(load *experiment.Load, seed, repeat uint64, region int) *generator {
	stream := func(kind uint64) *rand.Rand {
		return rand.New(rand.NewPCG(seed, repeat<<32|uint64(region)<<8|kind))
	}
	g := &generator{load: load, gaps: stream(0), keys: stream(1), ops: stream(2), common: stream(3), named: stream(4), sizes: stream(5), thin: stream(6), hot: stream(7), moved: stream(8), region: uint64(region), regions: 1, sizeAt: load.SizeAt()}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], repeat)
	binary.LittleEndian.PutUint64(key[16:], uint64(region))
	g.values = rand.NewChaCha8(key)
	key[24] = 1
	g.later = rand.NewChaCha8(key)
	if load.Traced != nil {
		g.trace = load.Traced.Region[load.Region()]
	}
	if load.Keys.IsRanked() {
		g.zipf = portable.NewZipf(g.keys, load.Keys.Exponent, uint64(load.Keys.Count-1))
	}
	return g
}

// arrival returns when the next command of an open loop arrives, since the load began. Where the rate changes, arrivals are
// drawn at its peak and each is kept with the present share of the peak, which makes them a Poisson process of the present
// rate (Lewis and Shedler, Simulation of nonhomogeneous Poisson processes by thinning, 1979).
func (g *generator) arrival() time.Duration {
	if g.load.IsTraced() {
		if g.arrived == len(g.trace) {
			return g.load.Warmup + g.load.Duration // none any more
		}
		g.arrived++
		return g.trace[g.arrived-1].At
	}
	if g.load.Varies() {
		for {
			g.next += time.Duration(portable.Exponential(g.gaps) / (float64(g.load.Rate) * g.load.Peak) * float64(time.Second))
			if g.thin.Float64()*g.load.Peak < g.load.Factor(g.next) {
				return g.next
			}
		}
	}
	gap := 1 / float64(g.load.Rate)
	if g.load.Arrivals != experiment.Constant {
		gap *= portable.Exponential(g.gaps)
	}
	g.next += time.Duration(gap * float64(time.Second))
	return g.next
}

// version draws the version that a command names, zero for none. Latest is the latest version of the key that the
// clients know. A read mostly names that version, a write the next, and sometimes one before or after it.
func (g *generator) version(op kv.Op, latest uint64) uint64 {
	if g.load.Versions == 0 || g.named.Float64() >= float64(g.load.Versions) {
		return 0
	}
	if op == kv.Op_PUT {
		latest++
	}
	latest = max(1, latest)
	switch g.named.IntN(8) {
	case 0:
		latest++
	case 1:
		latest--
	}
	return max(1, latest)
}

// AppendKey appends the name of the key with a number to b, and returns the extended slice.
func AppendKey(b []byte, n uint64) []byte {
	return strconv.AppendUint(append(b, "key-"...), n, 10)
}

// size draws the size of a value, in bytes: one of sizes or, if there are none, one of the load.
func (g *generator) size(sizes []int) int {
	switch {
	case len(sizes) > 0:
		return sizes[g.sizes.IntN(len(sizes))]
	case g.sizeAt != nil:
		return g.sizeAt(inside(g.sizes))
	}
	return int(g.load.ValueSize)
}

// inside draws a number above 0 and below 1, of 2⁵² that have the same distance from each other.
func inside(random *rand.Rand) float64 { return (float64(random.Uint64()>>12) + 0.5) / (1 << 52) }

// drawn is a command as it is drawn.
type drawn struct {
	key      uint64 // its number
	modifies bool   // it is the read of a read-modify-write
	size     int    // of the value that is written, in bytes
}

// fill makes c a write of the next key, or a read. A value has the load's size or, if there are any, one of the sizes.
func (g *generator) fill(c *kv.Command, sizes []int) (d drawn) {
	if g.load.IsTraced() {
		return g.replay(c)
	}
	read := false
	if reads, all := float64(g.load.Reads), float64(g.load.Reads+g.load.RMW.Share); all > 0 {
		u := g.ops.Float64()
		read = u < all
		d.modifies = read && u >= reads
	}
	d.key = g.key(read)
	if !read || d.modifies {
		d.size = g.size(sizes)
	}
	if read {
		g.setRead(c, d.key)
		return d
	}
	g.setWrite(c, d.key, d.size, g.values)
	return d
}

// replay makes c the next command of a trace.
func (g *generator) replay(c *kv.Command) drawn {
	r := g.trace[g.taken]
	g.taken++
	if r.Op == experiment.RecordedWrite {
		g.setWrite(c, r.Key, r.Size, g.values)
	} else {
		g.setRead(c, r.Key)
	}
	return drawn{key: r.Key, modifies: r.Op == experiment.RecordedRMW, size: r.Size}
}

// appendKey appends the name of the key with a number to b, and returns the extended slice.
func (g *generator) appendKey(b []byte, n uint64) []byte {
	if g.load.IsTraced() {
		return append(b, g.load.Traced.Keys[n]...)
	}
	return AppendKey(b, n)
}

// setRead makes c a read of a key.
func (g *generator) setRead(c *kv.Command, key uint64) {
	c.Key, c.Op, c.Value = g.appendKey(c.Key[:0], key), kv.Op_GET, nil
}

// setWrite makes c a write of a key, with a value of so many bytes.
func (g *generator) setWrite(c *kv.Command, key uint64, size int, values *rand.ChaCha8) {
	c.Key, c.Op = g.appendKey(c.Key[:0], key), kv.Op_PUT
	if cap(c.Value) < size {
		c.Value = make([]byte, size)
	}
	c.Value = c.Value[:size]
	values.Read(c.Value) // never fails
}

// key draws the number of the key of a read, or of a write. Regions that do not share their keys have a range of numbers each.
func (g *generator) key(read bool) uint64 {
	keys := &g.load.Keys
	if keys.Distribution == experiment.Latest {
		return g.latest(read)
	}
	n, count := g.ranked(), uint64(keys.Count)
	switch {
	case keys.Conflicts != nil:
		n += 1 + g.region*count
		if g.common.Float64() < float64(*keys.Conflicts) {
			n = 0
		}
	case keys.Foreign != nil:
		owner := g.region
		if *keys.Foreign > 0 && g.moved.Float64() < float64(*keys.Foreign) {
			owner = (owner + 1 + g.moved.Uint64N(g.regions-1)) % g.regions
		}
		n += owner * count
	}
	return n
}

// ranked draws a number from 0 to the number of keys, by their distribution.
func (g *generator) ranked() uint64 {
	keys := &g.load.Keys
	switch {
	case g.zipf != nil:
		return g.zipf.Uint64()
	case keys.Distribution != experiment.Hotspot:
		return g.keys.Uint64N(uint64(keys.Count))
	case g.hot.Float64() < float64(keys.HotShare):
		return g.keys.Uint64N(uint64(keys.HotKeys))
	}
	return uint64(keys.HotKeys) + g.keys.Uint64N(uint64(keys.Count-keys.HotKeys))
}

// latest gives a write a new key, and draws the key of a read among the newest ones. The regions take turns in numbering new
// keys, so that no two give the same number. A region knows what it has inserted itself, and takes the others to have inserted as
// many.
func (g *generator) latest(read bool) uint64 {
	newest := uint64(g.load.Keys.Count) + g.inserted*g.regions
	if read {
		return newest - 1 - g.zipf.Uint64()
	}
	g.inserted++
	return newest + g.region
}
