package verify

import (
	"math"

	"quorumbench/protocols"
)

// entry is a command at an index of an order, in 16 bytes.
type entry struct {
	hash        uint64 // of the command's bytes, not 0; 0 if the command is unknown
	client, seq uint32 // the command's number, or the greatest of these types instead of one that does not fit
}

func newEntry(hash uint64, id protocols.CommandID) entry {
	return entry{hash: hash, client: uint32(min(id.Client, math.MaxUint32)), seq: uint32(min(id.Seq, math.MaxUint32))}
}

func (e entry) id() protocols.CommandID {
	return protocols.CommandID{Client: uint64(e.client), Seq: uint64(e.seq)}
}

// column is a sequence of entries that grows without being copied: a full block stays where it is. The zero value is
// empty.
type column struct {
	full [][]entry // blocks of blockEntries
	last []entry
}

const (
	blockShift   = 12
	blockEntries = 1 << blockShift
)

func (c *column) len() int { return len(c.full)<<blockShift + len(c.last) }

func (c *column) at(i int) entry {
	if block := i >> blockShift; block < len(c.full) {
		return c.full[block][i&(blockEntries-1)]
	}
	return c.last[i&(blockEntries-1)]
}

func (c *column) set(i int, e entry) {
	if block := i >> blockShift; block < len(c.full) {
		c.full[block][i&(blockEntries-1)] = e
	} else {
		c.last[i&(blockEntries-1)] = e
	}
}

func (c *column) add(e entry) {
	switch {
	case len(c.last) == blockEntries:
		c.full, c.last = append(c.full, c.last), make([]entry, 0, blockEntries)
	case len(c.last) == cap(c.last): // most orders of keys stay short
		c.last = append(make([]entry, 0, max(1, min(2*len(c.last), blockEntries))), c.last...)
	}
	c.last = append(c.last, e)
}

// clone returns a column with the same entries that shares nothing with c.
func (c *column) clone() *column {
	d := &column{}
	for i := range c.len() {
		d.add(c.at(i))
	}
	return d
}
