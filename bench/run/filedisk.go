package run

import (
	"fmt"
	"path/filepath"
	"sync"

	"github.com/tidwall/wal"

	"quorumbench/protocols"
)

// fileDisk is a log on a real file system. It writes the records of a batch and syncs them to the device, in a
// goroutine of its own, so that the replica can go on meanwhile. It implements disk.
type fileDisk struct {
	path string
	log  *wal.Log
	last uint64 // the index of the last record
	err  error  // the first error; nothing is written after it

	begin   func() (over func()) // called when a write begins; the goroutine calls over when it has ended
	batches chan batch
	idle    sync.WaitGroup // zero when nothing is being written; log, last and err may then be used
}

// batch is the records of one write.
type batch struct {
	records []protocols.Record
	over    func()
}

// newFileDisk makes the log of a replica in a folder.
func newFileDisk(folder string, replica int) (*fileDisk, error) {
	d := &fileDisk{path: filepath.Join(folder, fmt.Sprintf("replica-%d", replica)), batches: make(chan batch, 1)}
	if err := d.open(); err != nil {
		return nil, err
	}
	go func() {
		for b := range d.batches {
			d.write(b.records)
			d.idle.Done()
			b.over()
		}
	}()
	return d, nil
}

// Write implements host.Disk.
func (d *fileDisk) Write(records []protocols.Record) (durable bool) {
	d.idle.Add(1)
	d.batches <- batch{records, d.begin()}
	return false
}

// written implements disk.
func (d *fileDisk) written() {}

// Crash implements host.Disk. It waits for a write that is under way, which uses the replica's bytes; nothing of
// it is lost, since the process does not really crash.
func (d *fileDisk) Crash() { d.idle.Wait() }

// Records implements host.Disk.
func (d *fileDisk) Records() [][]byte {
	d.idle.Wait()
	return d.records()
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
	var snapshot uint64 // its index, 0 for none
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
	d.idle.Wait()
	close(d.batches)
	if err := d.log.Close(); err != nil && d.err == nil {
		d.err = fmt.Errorf("closing %s: %w", d.path, err)
	}
	return d.err
}
