package bench

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// disk keeps what a replica persists, for its next life.
type disk interface {
	// write makes records durable. It does not keep their bytes.
	write(records [][]byte)
	// tear writes part of the records, as a crash in the middle of it does.
	tear(records [][]byte)
	// records returns what is there, oldest first: all that was written, and of what was torn the
	// records that came through whole.
	records() [][]byte
}

// noDisk is for runs in which no replica ever comes back.
type noDisk struct{}

func (noDisk) write([][]byte)    {}
func (noDisk) tear([][]byte)     {}
func (noDisk) records() [][]byte { return nil }

// simDisk is a file in memory: records with their length and checksum, one after the other.
type simDisk struct {
	random  *rand.Rand
	content []byte
}

const recordHeader = 8 // length and CRC-32C, little-endian

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (d *simDisk) write(records [][]byte) {
	for _, r := range records {
		d.content = binary.LittleEndian.AppendUint32(d.content, uint32(len(r)))
		d.content = binary.LittleEndian.AppendUint32(d.content, crc32.Checksum(r, castagnoli))
		d.content = append(d.content, r...)
	}
}

func (d *simDisk) tear(records [][]byte) {
	before := len(d.content)
	d.write(records)
	if added := len(d.content) - before; added > 0 {
		d.content = d.content[:before+d.random.IntN(added)]
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
