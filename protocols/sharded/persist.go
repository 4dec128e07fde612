package sharded

import (
	"bytes"

	"quorumbench/protocols"
)

// persist writes a record of a group to disk. A snapshot of the group is written with the records of all groups: it
// replaces everything on the disk (rule 4).
func (r *replica) persist(g *group, record *protocols.Record, out *protocols.Outbox) {
	kept := !r.config.NeverRestarts && !out.Unread
	m := &r.record
	*m = Record{Group: uint32(g.id), Data: record.Data}
	if record.Snapshot {
		g.disk = nil
	}
	if kept {
		g.disk = append(g.disk, bytes.Clone(record.Data))
	}
	if !record.Snapshot {
		out.Persist(m)
		return
	}
	if kept {
		*m = Record{}
		for _, each := range r.groups {
			m.All = append(m.All, &Records{Data: each.disk})
		}
	}
	out.Snapshot(m)
}

// restore takes back a record from the disk, or all records of all groups. One that cannot be decoded is torn: nothing was
// sent that rests on it.
func (r *replica) restore(in *protocols.Input, out *protocols.Outbox) {
	var m Record
	if protocols.Decode(in.Data, &m) != nil || m.Group >= uint32(len(r.groups)) || len(m.All) > 0 && len(m.All) != len(r.groups) {
		return
	}
	if len(m.All) == 0 {
		r.restoreGroup(r.groups[m.Group], m.Data, out)
		return
	}
	for i, records := range m.All {
		r.groups[i].disk = nil
		for _, data := range records.Data {
			r.restoreGroup(r.groups[i], data, out)
		}
	}
}

// restoreGroup gives a group a record of its own. It is kept, to be written with the next snapshot of any group.
func (r *replica) restoreGroup(g *group, data []byte, out *protocols.Outbox) {
	g.disk = append(g.disk, bytes.Clone(data))
	r.step(g, protocols.Input{Kind: protocols.InputRestore, Data: data}, out)
}
