package host

import (
	"bytes"

	"quorumbench/protocols"
)

// MemoryDisk is a Disk in memory on which writing takes no time. The zero value is empty.
type MemoryDisk struct {
	Kept [][]byte // the records, oldest first
}

// Write implements Disk.
func (d *MemoryDisk) Write(records []protocols.Record) (durable bool) {
	for _, r := range records {
		if r.Snapshot {
			d.Kept = nil
		}
		d.Kept = append(d.Kept, bytes.Clone(r.Data))
	}
	return true
}

// Crash implements Disk: nothing is being written.
func (d *MemoryDisk) Crash() {}

// Records implements Disk.
func (d *MemoryDisk) Records() [][]byte {
	records := make([][]byte, len(d.Kept))
	for i, r := range d.Kept {
		records[i] = bytes.Clone(r)
	}
	return records
}
