package run

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"

	"quorumbench/protocols"
)

// disk keeps what a replica persists, for its next life.
type disk interface {
	// write makes records durable. It does not keep their bytes.
	write(records []protocols.Record)
	// tear writes part of the records, as a crash in the middle of it does. A snapshot is there as
	// a whole or not at all.
	tear(records []protocols.Record)
	// records returns what is there, oldest first: the last snapshot and all that was written
	// behind it, and of what was torn the records that came through whole.
	records() [][]byte
}

// noDisk is for runs in which no replica ever comes back.
type noDisk struct{}

func (noDisk) write([]protocols.Record) {}
func (noDisk) tear([]protocols.Record)  {}
func (noDisk) records() [][]byte        { return nil }

// simDisk is a file in memory: records with their length and checksum, one after the other.
type simDisk struct {
	random  *rand.Rand
	content []byte
}

const recordHeader = 8 // length and CRC-32C, little-endian

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (d *simDisk) write(records []protocols.Record) {
	for _, r := range records {
		if r.Snapshot {
			d.content = d.content[:0] // as a new file that is renamed when it is complete
		}
		d.content = binary.LittleEndian.AppendUint32(d.content, uint32(len(r.Data)))
		d.content = binary.LittleEndian.AppendUint32(d.content, crc32.Checksum(r.Data, castagnoli))
		d.content = append(d.content, r.Data...)
	}
}

func (d *simDisk) tear(records []protocols.Record) {
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

// records reads up to the first record that is not whole, and cuts off the rest, which nobody
// was ever told about.
func (d *simDisk) records() [][]byte {
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
