package run

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"quorumbench/protocols"
)

func newDisk(seed uint64) *memoryDisk {
	return &memoryDisk{random: rand.New(rand.NewPCG(seed, 0))}
}

// someRecords are records of 0 to 19 bytes.
func someRecords(from, to int) []protocols.Record {
	var all []protocols.Record
	for i := from; i < to; i++ {
		all = append(all, protocols.Record{Data: bytes.Repeat([]byte{byte(i)}, i%20)})
	}
	return all
}

// same reports whether what came back is what was written.
func same(got [][]byte, written ...[]protocols.Record) bool {
	return slices.EqualFunc(got, slices.Concat(written...), func(data []byte, r protocols.Record) bool { return bytes.Equal(data, r.Data) })
}

func TestADiskKeepsWhatWasWritten(t *testing.T) {
	d := newDisk(1)
	want := someRecords(0, 50)
	d.write(want[:20])
	d.write(nil)
	d.write(want[20:])
	if got := d.records(); !same(got, want) {
		t.Errorf("%d records of %d came back, or others", len(got), len(want))
	}
}

// A crash in the middle of writing leaves the first of the records, whole, and at least the last is
// lost: else it would not have been in the middle. What was written before is not touched.
func TestATornRecordIsDroppedAndTheWholeOnesStay(t *testing.T) {
	left := map[int]bool{}
	for seed := range uint64(200) {
		d := newDisk(seed)
		before, torn, after := someRecords(0, 5), someRecords(5, 9), someRecords(9, 12)
		d.write(before)
		d.writeTorn(torn)
		got := d.records()
		n := len(got) - len(before)
		if n < 0 || n >= len(torn) || !same(got, before, torn[:n]) {
			t.Fatalf("seed %d: of 5 records written and 4 torn came back %q", seed, got)
		}
		left[n] = true
		d.write(after) // the next incarnation writes behind them
		if got := d.records(); !same(got, before, torn[:n], after) {
			t.Fatalf("seed %d: the next incarnation restores %q", seed, got)
		}
	}
	if len(left) != 4 {
		t.Errorf("of four torn records, these numbers were left in 200 crashes: %v; want each of 0 to 3", left)
	}
}

// A snapshot takes the place of all before it, at once: a crash leaves what was there, or it.
func TestASnapshotTakesThePlaceOfAllBeforeIt(t *testing.T) {
	before, snapshot, after := someRecords(0, 5), []protocols.Record{{Data: []byte("snapshot"), Snapshot: true}}, someRecords(9, 12)
	d := newDisk(1)
	d.write(before)
	d.write(slices.Concat(snapshot, after))
	if got := d.records(); !same(got, snapshot, after) {
		t.Errorf("came back %q", got)
	}
	old, fresh := 0, 0
	for seed := range uint64(100) {
		d := newDisk(seed)
		d.write(before)
		d.writeTorn(slices.Concat(snapshot, after))
		switch got := d.records(); {
		case same(got, before):
			old++
		case len(got) > 0 && same(got, snapshot, after[:len(got)-1]):
			fresh++
		default:
			t.Fatalf("seed %d: came back %q", seed, got)
		}
	}
	if old == 0 || fresh == 0 {
		t.Errorf("of 100 crashes %d left what was before and %d the snapshot", old, fresh)
	}
}

func TestTearingNothingLeavesNothing(t *testing.T) {
	d := newDisk(1)
	d.writeTorn(nil)
	if got := d.records(); len(got) != 0 {
		t.Errorf("came back %q", got)
	}
}

func TestADamagedRecordEndsWhatIsRead(t *testing.T) {
	want := someRecords(10, 13)
	size := 0 // of the first record on disk
	for at := range 3 * (recordHeader + 13) {
		d := newDisk(1)
		d.write(want)
		if size = recordHeader + len(want[0].Data); at >= len(d.content) {
			break
		}
		d.content[at] ^= 0x40
		got := d.records()
		if at < size && len(got) != 0 || len(got) >= len(want) || !same(got, want[:len(got)]) {
			t.Errorf("with byte %d damaged came back %q", at, got)
		}
	}
}

// Whatever is on the disk, reading ends, finds only records with their checksum, and finds the same
// again.
func FuzzReadingADamagedDisk(f *testing.F) {
	d := newDisk(1)
	d.write(someRecords(0, 4))
	f.Add(d.content)
	f.Add(d.content[:len(d.content)-1])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, content []byte) {
		d := newDisk(1)
		d.content = bytes.Clone(content)
		first := d.records()
		if !bytes.HasPrefix(content, d.content) {
			t.Fatal("reading has changed what was whole")
		}
		again := newDisk(1)
		for _, data := range first {
			again.write([]protocols.Record{{Data: data}})
		}
		if !bytes.Equal(again.content, d.content) {
			t.Fatalf("%d records came back, which are not what is on the disk", len(first))
		}
		if !slices.EqualFunc(first, d.records(), bytes.Equal) {
			t.Fatal("reading again finds something else")
		}
	})
}
