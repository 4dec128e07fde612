package host

import (
	"bytes"

	"quorumbench/protocols"
)

// MemoryDisk is a Disk in memory on which nothing is ever torn. The zero value is empty.
type MemoryDisk struct {
	Kept [][]byte // the records, oldest first
}

// Write implements Disk.
func (d *MemoryDisk) Write(records []protocols.Record) {
	for _, r := range records {
		if r.Snapshot {
			d.Kept = nil
		}
		d.Kept = append(d.Kept, bytes.Clone(r.Data))
	}
}

// Tear implements Disk: nothing of what was not durable is kept.
func (d *MemoryDisk) Tear([]protocols.Record) {}

// Records implements Disk.
func (d *MemoryDisk) Records() [][]byte {
	records := make([][]byte, len(d.Kept))
	for i, r := range d.Kept {
		records[i] = bytes.Clone(r)
	}
	return records
}
