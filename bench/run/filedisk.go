package run

import (
	"fmt"
	"path/filepath"

	"github.com/tidwall/wal"

	"quorumbench/protocols"
)

// fileDisk is a log on a real file system: what a batch of steps persists is written and synced
// to the device before anything the batch wants is sent.
type fileDisk struct {
	path string
	log  *wal.Log
	last uint64 // the index of the last record
	err  error  // the first; nothing is written behind it
}

// newFileDisk makes the log of a replica in a folder.
func newFileDisk(folder string, replica int) (*fileDisk, error) {
	d := &fileDisk{path: filepath.Join(folder, fmt.Sprintf("replica-%d", replica))}
	return d, d.open()
}

func (d *fileDisk) open() (err error) {
	if d.log, err = wal.Open(d.path, nil); err != nil {
		return fmt.Errorf("opening the log of a replica in %s: %w", d.path, err)
	}
	if d.last, err = d.log.LastIndex(); err != nil {
		return fmt.Errorf("reading the log of a replica in %s: %w", d.path, err)
	}
	return nil
}

func (d *fileDisk) write(records []protocols.Record) {
	if len(records) == 0 || d.err != nil {
		return
	}
	var batch wal.Batch
	var snapshot uint64 // its index
	for i, r := range records {
		batch.Write(d.last+uint64(i)+1, r.Data)
		if r.Snapshot {
			snapshot = d.last + uint64(i) + 1
		}
	}
	if err := d.log.WriteBatch(&batch); err != nil {
		d.err = fmt.Errorf("writing %d records to %s: %w", len(records), d.path, err)
		return
	}
	d.last += uint64(len(records))
	if snapshot > 0 {
		if err := d.log.TruncateFront(snapshot); err != nil {
			d.err = fmt.Errorf("dropping what is before a snapshot from %s: %w", d.path, err)
		}
	}
}

// tear writes nothing: a live replica crashes between its batches.
func (d *fileDisk) tear([]protocols.Record) {}

// records closes the log and reads it again from the file system, as a new process would.
func (d *fileDisk) records() [][]byte {
	if d.err != nil {
		return nil
	}
	if d.err = d.log.Close(); d.err == nil {
		d.err = d.open()
	}
	if d.err != nil || d.last == 0 {
		return nil
	}
	var all [][]byte
	first, err := d.log.FirstIndex()
	d.err = err
	for i := first; i <= d.last && d.err == nil; i++ {
		var record []byte
		if record, d.err = d.log.Read(i); d.err == nil {
			all = append(all, record)
		}
	}
	return all
}

func (d *fileDisk) close() error {
	if err := d.log.Close(); err != nil && d.err == nil {
		d.err = fmt.Errorf("closing %s: %w", d.path, err)
	}
	return d.err
}
