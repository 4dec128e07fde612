//go:build !js

package run

import (
	"fmt"
	"path/filepath"
	"sync"

	"github.com/tidwall/wal"

	"quorumbench/protocols"
)

// fileDisk is a log on a real file system. It writes the records of a batch and syncs them to the device, in a
// goroutine of its own, so that the replica can go on meanwhile. Each record has a checksum; see appendFrame. It
// implements disk.
type fileDisk struct {
	path     string
	log      *wal.Log // nil if it could not be opened
	first    uint64   // the index of the first record that is kept
	last     uint64   // the index of the last record
	durable  uint64   // the index of the last record that the replica was told to be durable
	restored [][]byte // the records for the next incarnation, set by restore
	err      error    // the first error; nothing is read or written after it
	frame    []byte   // reused by write

	begin func() (over func()) // called when a write begins; the goroutine calls over when it has ended
	// crashed is called in a crash, when the log is at rest, with its folder and the last record that the replica was told to be
	// durable; nil for nothing. Tests damage the log with it.
	crashed func(logFolder string, durable uint64)
	batches chan batch
	idle    sync.WaitGroup // zero when nothing is being written; all but path, begin, crashed and batches may then be used
}

// batch is the records of one write.
type batch struct {
	records []protocols.Record
	over    func()
}

// newFileDisk makes the log of a replica in a folder.
func newFileDisk(folder string, replica int) (*fileDisk, error) {
	d := &fileDisk{path: filepath.Join(folder, fmt.Sprintf("replica-%d", replica)), first: 1, batches: make(chan batch, 1)}
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

// begins implements asynchronous.
func (d *fileDisk) begins(write func() (over func())) { d.begin = write }

// Write implements host.Disk.
func (d *fileDisk) Write(records []protocols.Record) (durable bool) {
	d.idle.Add(1)
	d.batches <- batch{records, d.begin()}
	return false
}

// written implements disk.
func (d *fileDisk) written() error {
	if d.err == nil {
		d.durable = d.last
	}
	return d.err
}

// Crash implements host.Disk. It waits for a write that is under way, which uses the replica's bytes; nothing of
// it is lost, since the process does not really crash.
func (d *fileDisk) Crash() {
	d.idle.Wait()
	if d.crashed != nil {
		d.crashed(d.path, d.durable)
	}
}

// restore implements disk: it closes the log and reads it again from the file system, as a new process would. Of what
// is damaged, it drops the records that the replica was never told to be durable, as a crash in the middle of a write
// leaves them. Any other damage is an error: a replica that forgot what it has promised would break its protocol's
// rules.
func (d *fileDisk) restore() error {
	d.idle.Wait()
	if d.err != nil {
		return d.err
	}
	if err := d.log.Close(); err != nil {
		d.err = fmt.Errorf("closing %s: %w", d.path, err)
		return d.err
	}
	d.log = nil
	if d.restored, d.err = readFrames(d.path, d.first, d.durable); d.err != nil {
		return d.err
	}
	if d.err = d.open(); d.err == nil && d.last != d.first-1+uint64(len(d.restored)) {
		d.err = fmt.Errorf("the log has %d records from %d on, and %d can be read", d.last-d.first+1, d.first, len(d.restored))
	}
	return d.err
}

// Records implements host.Disk.
func (d *fileDisk) Records() [][]byte {
	records := d.restored
	d.restored = nil
	return records
}

func (d *fileDisk) open() (err error) {
	if d.log, err = wal.Open(d.path, nil); err != nil {
		d.log = nil
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
	defer func() {
		if failure := recover(); failure != nil { // the library's, if somebody has changed its files
			d.err = fmt.Errorf("writing %d records to %s: %v", len(records), d.path, failure)
		}
	}()
	var batch wal.Batch
	var snapshot uint64 // its index, 0 for none
	for i, r := range records {
		index := d.last + uint64(i) + 1
		d.frame = appendFrame(d.frame[:0], index, r.Data)
		batch.Write(index, d.frame)
		if r.Snapshot {
			snapshot = index
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
			return
		}
		d.first = snapshot
	}
}

// close closes the log, and returns the first error since it was made.
func (d *fileDisk) close() error {
	d.idle.Wait()
	close(d.batches)
	if d.log == nil {
		return d.err
	}
	if err := d.log.Close(); err != nil && d.err == nil {
		d.err = fmt.Errorf("closing %s: %w", d.path, err)
	}
	return d.err
}
