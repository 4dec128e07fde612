package prototest

import (
	"quorumbench/protocols"
	"quorumbench/protocols/host"
)

// Disk is a replica's. It takes as long as the cluster's network says.
type Disk struct {
	host.MemoryDisk
	replica *Replica
	writing []protocols.Record
}

// Write implements host.Disk.
func (d *Disk) Write(records []protocols.Record) (durable bool) {
	r := d.replica
	if r.cluster.Network.Persist == 0 {
		return d.MemoryDisk.Write(records)
	}
	d.writing = records
	incarnation := r.host.Incarnation()
	r.cluster.At(r.Now()+r.cluster.Network.Persist, func() {
		if r.host.Up() && r.host.Incarnation() == incarnation {
			d.MemoryDisk.Write(d.writing)
			d.writing = nil
			r.host.Durable()
		}
	})
	return false
}

// Crash implements host.Disk: the first of the records that are being written come through, any number
// of them.
func (d *Disk) Crash() {
	if n := len(d.writing); n > 0 {
		d.MemoryDisk.Write(d.writing[:d.replica.cluster.random.IntN(n+1)])
	}
	d.writing = nil
}
