//go:build !js

package run

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quorumbench/bench/experiment"
	"quorumbench/bench/verify"
	"quorumbench/protocols"
	"quorumbench/protocols/registry"
)

// newLog makes a log in a folder of the test.
func newLog(t *testing.T) *fileDisk {
	t.Helper()
	d, err := newFileDisk(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	d.begin = func() func() { return func() {} }
	t.Cleanup(func() { _ = d.close() }) // damaged logs fail
	return d
}

// put writes records and waits until they are on the disk.
func put(t *testing.T, d *fileDisk, records []protocols.Record) {
	t.Helper()
	if d.Write(records) {
		t.Fatal("a file is durable at once")
	}
	d.idle.Wait()
}

// told tells the disk that the replica knows what was written to be durable.
func told(t *testing.T, d *fileDisk) {
	t.Helper()
	if err := d.written(); err != nil {
		t.Fatal(err)
	}
}

// logFile is the log's only file.
func logFile(t *testing.T, d *fileDisk) string {
	t.Helper()
	files, err := os.ReadDir(d.path)
	if err != nil || len(files) != 1 {
		t.Fatalf("found the log files %v, %v; want one", files, err)
	}
	return filepath.Join(d.path, files[0].Name())
}

func TestAFileKeepsWhatWasWritten(t *testing.T) {
	d := newLog(t)
	want := someRecords(0, 50)
	put(t, d, want[:20])
	put(t, d, want[20:])
	told(t, d)
	for range 2 { // restarts
		d.Crash()
		if err := d.restore(); err != nil {
			t.Fatal(err)
		}
		if got := d.Records(); !same(got, want) {
			t.Fatalf("%d records of %d came back, or others", len(got), len(want))
		}
		more := someRecords(50, 55)
		put(t, d, more)
		told(t, d)
		want = slices.Concat(want, more)
	}
	snapshot := protocols.Record{Data: []byte("snapshot"), Snapshot: true}
	put(t, d, []protocols.Record{{Data: []byte("before")}, snapshot, {Data: []byte("after")}})
	told(t, d)
	if err := d.restore(); err != nil {
		t.Fatal(err)
	}
	if got := d.Records(); !same(got, []protocols.Record{snapshot, {Data: []byte("after")}}) {
		t.Errorf("after a snapshot came back %q", got)
	}
}

// writeLog writes a log of one file, whose records have indexes from 1 on, and returns its folder. Ends are the sizes of
// the file after each record.
func writeLog(t *testing.T, records ...protocols.Record) (folder, file string, content []byte, ends []int) {
	t.Helper()
	folder = t.TempDir()
	for i, r := range records {
		frame := appendFrame(nil, uint64(i)+1, r.Data)
		content = append(append(content, byte(len(frame))), frame...)
		ends = append(ends, len(content))
	}
	file = filepath.Join(folder, "00000000000000000001")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder, file, content, ends
}

// A log may be cut at any byte. Records that the replica was never told to be durable may be missing then, from the
// first incomplete one on; if others are missing, the log is refused.
func TestACutLog(t *testing.T) {
	known, unknown := someRecords(1, 5), someRecords(5, 8)
	folder, file, content, ends := writeLog(t, slices.Concat(known, unknown)...)
	for size := range len(content) + 1 {
		if err := os.WriteFile(file, content[:size], 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := readFrames(folder, 1, uint64(len(known)))
		if size < ends[len(known)-1] {
			if err == nil || !strings.Contains(err.Error(), "records up to 4 were synced") {
				t.Errorf("cut at %d bytes, in what was synced: %v", size, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d bytes, behind what was known to be synced: %v", size, err)
		}
		n := 0 // of the unknown records
		for n < len(unknown) && ends[len(known)+n] <= size {
			n++
		}
		if !same(got, known, unknown[:n]) {
			t.Fatalf("cut at %d bytes came back %q", size, got)
		}
	}
}

// The next incarnation writes behind what a cut has left.
func TestAfterACutTheLogGoesOn(t *testing.T) {
	known, unknown := someRecords(1, 5), someRecords(5, 8)
	d := newLog(t)
	put(t, d, known)
	told(t, d)
	put(t, d, unknown)
	content, err := os.ReadFile(logFile(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(logFile(t, d), int64(len(content)-1)); err != nil {
		t.Fatal(err)
	}
	if err := d.restore(); err != nil {
		t.Fatal(err)
	}
	if got := d.Records(); !same(got, known, unknown[:2]) {
		t.Fatalf("after a cut came back %q", got)
	}
	put(t, d, unknown)
	told(t, d)
	if err := d.restore(); err != nil {
		t.Fatal(err)
	}
	if got := d.Records(); !same(got, known, unknown[:2], unknown) {
		t.Fatalf("the next incarnation restores %q", got)
	}
}

// A log with a changed byte, or with other bytes in the middle, is refused, wherever that is.
func TestADamagedLogIsRefused(t *testing.T) {
	records := someRecords(15, 21)
	folder, file, content, _ := writeLog(t, records...)
	for at := range content {
		changed := bytes.Clone(content)
		changed[at] ^= 0x10
		overwritten := append(bytes.Clone(content[:at]), bytes.Repeat([]byte{0xa5}, 64)...)
		missing := append(bytes.Clone(content[:at]), content[at+1:]...)
		for _, damage := range [][]byte{changed, overwritten, missing} {
			if err := os.WriteFile(file, damage, 0o644); err != nil {
				t.Fatal(err)
			}
			if records, err := readFrames(folder, 1, uint64(len(records))); err == nil {
				t.Errorf("with damage at byte %d came back %q", at, records)
			}
		}
	}
}

// Once a log has been refused it stays so.
func TestADamagedLogStaysRefused(t *testing.T) {
	d := newLog(t)
	put(t, d, someRecords(5, 9))
	told(t, d)
	file := logFile(t, d)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range [][]byte{content[:len(content)/2], content} {
		if err := os.WriteFile(file, now, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := d.restore(); err == nil {
			t.Error("the log is restored")
		}
	}
}

func TestALogWithOtherFilesIsRefused(t *testing.T) {
	for name, damage := range map[string]func(file string) error{
		"the file is missing": os.Remove,
		"its folder is":       func(file string) error { return os.RemoveAll(filepath.Dir(file)) },
		"it has another name": func(file string) error {
			return os.Rename(file, filepath.Join(filepath.Dir(file), "00000000000000000002"))
		},
		"there is another one": func(file string) error { return os.WriteFile(filepath.Join(filepath.Dir(file), "new"), nil, 0o644) },
		"it is a folder": func(file string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.Mkdir(file, 0o755)
		},
		"records have changed places": func(file string) error {
			content, err := os.ReadFile(file)
			half := len(content) / 2
			return errorsOf(err, os.WriteFile(file, append(bytes.Clone(content[half:]), content[:half]...), 0o644))
		},
	} {
		d := newLog(t)
		put(t, d, []protocols.Record{{Data: []byte("1234")}, {Data: []byte("5678")}})
		told(t, d)
		if err := damage(logFile(t, d)); err != nil {
			t.Fatal(err)
		}
		if err := d.restore(); err == nil {
			t.Errorf("%s: the log is restored", name)
		}
	}
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// A replica whose log is damaged while it is down stays down. The run ends with its result, is invalid, and blames the
// disk and nobody else. Where a busy machine has synced nothing before the crash, the run is longer the next time.
func TestADamagedLogMakesTheRunInvalid(t *testing.T) {
	for _, scale := range []int{1, 4, 16} {
		if damageLog(t, scale) {
			return
		}
	}
	t.Skip("the machine is too busy: in 4.8 s the replica has synced nothing")
}

// damageLog crashes a replica after 0.3 s times scale, and damages its log. It returns false if nothing of it
// was durable.
func damageLog(t *testing.T, scale int) bool {
	plan, err := experiment.Parse("damage.yaml", fmt.Appendf(nil, `topology: aws-2020-06-05
regions: [us-east-1, us-east-2, ca-central-1]
protocols: [mmp3]
durability: fsync
load: {rate: 50/s, warmup: 0s, duration: %[1]ds, timeout: 1s, keys: {count: 10}}
faults:
  - {at: %[2]dms, for: %[2]dms, crash: us-east-2}
  - {at: %[3]dms, restart: all}
`, scale, 300*scale, 900*scale), registry.Drivers)
	if err != nil {
		t.Fatal(err)
	}
	scratch, enough := t.TempDir(), true
	r := newRunning(Config{Plan: plan, Protocol: plan.Experiment.Protocols[0], Scratch: scratch})
	r.crashed = func(replica int, logFolder string, durable uint64) {
		files, _ := os.ReadDir(logFolder)
		if replica != 1 || len(files) != 1 {
			t.Errorf("replica %d crashes with the log files %v", replica, files)
			return
		}
		file := filepath.Join(logFolder, files[0].Name())
		enough = durable > 0
		if err := os.Truncate(file, 10); err != nil {
			t.Error(err)
		}
	}
	if err := r.live(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !enough {
		return false
	}
	r.finish()
	run := verify.Conclude(r.record, false)
	if !slices.ContainsFunc(run.Invalid, func(reason string) bool {
		return strings.HasPrefix(reason, "the disk of the replica in us-east-2 failed at ") && strings.Contains(reason, "were synced")
	}) {
		t.Errorf("invalid: %q", run.Invalid)
	}
	if failed := run.Failed(); len(failed) > 0 {
		t.Errorf("the protocol is blamed: %v", failed)
	}
	did := workOf(r.places, usage{}) // from which costs are computed
	if did.Commands == 0 || did.Batches == 0 || did.Messages < 2*did.Commands || did.Bytes < did.Messages || did.Syncs == 0 || did.Syncing <= 0 {
		t.Errorf("the replicas did %+v", did)
	}
	if (run.Work == nil) != (run.Usage == nil) {
		t.Errorf("work %v beside usage %v", run.Work, run.Usage)
	}
	if left, _ := os.ReadDir(scratch); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if n := len(r.record.Replicas[1].Incarnations); n != 1 || r.record.Replicas[1].Node != nil {
		t.Errorf("the replica has had %d incarnations", n)
	}
	return true
}

// A write that fails is not reported as durable: the replica stops.
func TestAFailingWriteIsNotDurable(t *testing.T) {
	d := newLog(t)
	put(t, d, someRecords(0, 3))
	told(t, d)
	if err := d.log.Close(); err != nil { // as if the device were gone
		t.Fatal(err)
	}
	put(t, d, someRecords(3, 4))
	if err := d.written(); err == nil || d.durable != 3 {
		t.Errorf("a write to a closed log gives %v, and %d records are durable; want an error and 3", err, d.durable)
	}
	if err := d.restore(); err == nil {
		t.Error("the log is restored after a write has failed")
	}
}

func FuzzReadingADamagedLog(f *testing.F) {
	var content []byte
	for i, r := range someRecords(1, 5) {
		frame := appendFrame(nil, uint64(i)+1, r.Data)
		content = append(append(content, byte(len(frame))), frame...)
	}
	f.Add(content, uint8(4))
	f.Add(content[:len(content)-1], uint8(3))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, uint8(0))
	f.Fuzz(func(t *testing.T, content []byte, durable uint8) {
		folder := t.TempDir()
		file := filepath.Join(folder, "00000000000000000001")
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		records, err := readFrames(folder, 1, uint64(durable))
		if err == nil && len(records) < int(durable) {
			t.Fatalf("%d records of %d came back without an error", len(records), durable)
		}
		left, _ := os.ReadFile(file)
		if err != nil && !bytes.Equal(left, content) || !bytes.HasPrefix(content, left) {
			t.Fatal("what was damaged was changed")
		}
		if err != nil {
			return
		}
		again, err := readFrames(folder, 1, uint64(durable))
		if err != nil || !slices.EqualFunc(records, again, bytes.Equal) {
			t.Fatalf("reading again gives something else: %v", err)
		}
	})
}
