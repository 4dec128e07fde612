package run

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"

	"quorumbench/protocols"
)

// memoryDisk is a log file in memory: one record after the other, each with its length and checksum. It
// implements disk.
type memoryDisk struct {
	random   *rand.Rand
	content  []byte
	discards bool // nothing is kept, since no replica will restart

	begin   func()             // begins a write that takes time; nil if writes take no time
	writing []protocols.Record // the records of that write
}

// Write implements host.Disk.
func (d *memoryDisk) Write(records []protocols.Record) (durable bool) {
	if d.begin == nil {
		d.write(records)
		return true
	}
	d.writing = records
	d.begin()
	return false
}

// written implements disk.
func (d *memoryDisk) written() error {
	d.write(d.writing)
	d.writing = nil
	return nil
}

// restore implements disk. What a crash has torn is cut off by Records.
func (d *memoryDisk) restore() error { return nil }

// Crash implements host.Disk. Of the records being written, a random part reaches the disk.
func (d *memoryDisk) Crash() {
	d.writeTorn(d.writing)
	d.writing = nil
}

// Records implements host.Disk.
func (d *memoryDisk) Records() [][]byte { return d.records() }

const recordHeader = 8 // length and CRC-32C, little-endian

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (d *memoryDisk) write(records []protocols.Record) {
	if d.discards {
		return
	}
	for _, r := range records {
		if r.Snapshot {
			d.content = d.content[:0] // like a new file that is renamed when it is complete
		}
		d.content = binary.LittleEndian.AppendUint32(d.content, uint32(len(r.Data)))
		d.content = binary.LittleEndian.AppendUint32(d.content, crc32.Checksum(r.Data, castagnoli))
		d.content = append(d.content, r.Data...)
	}
}

// writeTorn writes a random number of the records' bytes, fewer than all. A snapshot is written as a whole or
// not at all.
func (d *memoryDisk) writeTorn(records []protocols.Record) {
	size := 0
	for _, r := range records {
		size += recordHeader + len(r.Data)
	}
	if size == 0 {
		return
	}
	left := d.random.IntN(size)
	for i, r := range records {
		whole := recordHeader + len(r.Data)
		if left < whole && r.Snapshot {
			return
		}
		before := len(d.content)
		d.write(records[i : i+1])
		if left < whole {
			d.content = d.content[:before+left]
			return
		}
		left -= whole
	}
}

// records reads up to the first record that is incomplete or fails its checksum, and cuts off the rest, which
// was never reported as durable.
func (d *memoryDisk) records() [][]byte {
	var all [][]byte
	at := 0
	for at+recordHeader <= len(d.content) {
		size := int(binary.LittleEndian.Uint32(d.content[at:]))
		end := at + recordHeader + size
		if end > len(d.content) {
			break
		}
		record := d.content[at+recordHeader : end]
		if crc32.Checksum(record, castagnoli) != binary.LittleEndian.Uint32(d.content[at+4:]) {
			break
		}
		all = append(all, append([]byte{}, record...))
		at = end
	}
	d.content = d.content[:at]
	return all
}
