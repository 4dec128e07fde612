package explore

import (
	"reflect"

	"quorumbench/protocols"
	"quorumbench/protocols/host"
)

// disk keeps a replica's records. If the cluster's disks take time, writing ends when the network brings
// the replica the message endOfWrite, which it sends itself: with other messages under way, late, or, if
// the replica crashes first, never.
type disk struct {
	host.MemoryDisk
	slow    bool
	writing []protocols.Record // nil: none are
	began   bool               // writing, since the last event
}

// endOfWrite is no message of any driver: they are not empty.
const endOfWrite = ""

// Write implements host.Disk.
func (d *disk) Write(records []protocols.Record) (durable bool) {
	if !d.slow {
		return d.MemoryDisk.Write(records)
	}
	d.writing, d.began = records, true
	return false
}

// Crash implements host.Disk: nothing is kept of what is being written.
func (d *disk) Crash() { d.writing = nil }

// done makes durable what is being written.
func (d *disk) done() {
	d.MemoryDisk.Write(d.writing)
	d.writing = nil
}

// appendWaiting writes down what a host has not let out yet.
func (e *encoder) appendWaiting(data []byte, h *host.Host) []byte {
	v := reflect.ValueOf(h).Elem()
	for _, name := range []string{"busy", "batch", "writing"} {
		f, _ := v.Type().FieldByName(name)
		data = e.append(data, field(v, f.Index[0]))
	}
	return data
}
